/**
 * Requests that two HTTP readers have been known to understand in two ways (RFC 9112 §11.2), by the classes in
 * which such differences are found. Each is one connection's bytes; `%` stands for the case's own mark in its
 * targets, so that what is seen behind several readers can be told apart.
 */
export interface FramingCase {
  readonly name: string
  /** @param host a `Host` that means the gateway. @param mark a path segment of this case alone. */
  readonly bytes: (host: string, mark: string) => string
  /** Requests that a strict reader passes on where nothing stands before it; 0 where it refuses. */
  readonly taken: number
}

type Row = readonly [name: string, taken: number, lines: readonly string[], rest?: string]

/** The second request of a pair that only one of two readers sees. */
const SMUGGLED = 'GET /%/smuggled HTTP/1.1\r\nHost: $\r\n\r\n'
const post = (...fields: readonly string[]) => ['POST /% HTTP/1.1', 'Host: $', ...fields]
const get = (...fields: readonly string[]) => ['GET /% HTTP/1.1', 'Host: $', ...fields]
const CHUNKED = 'Transfer-Encoding: chunked'
const ABC = '3\r\nabc\r\n0\r\n\r\n'

const LENGTHS: readonly Row[] = [
  ['a body of a stated length', 1, post('Content-Length: 3'), 'abc'],
  ['a body of no length', 1, post('Content-Length: 0')],
  ['no body at all', 1, post()],
  ['two requests one after the other', 2, get(), SMUGGLED],
  ['a length of two equal values', 0, post('Content-Length: 3', 'Content-Length: 3'), 'abc'],
  ['two lengths', 0, post('Content-Length: 3', 'Content-Length: 0'), `abc${SMUGGLED}`],
  ['two lengths in a list', 0, post('Content-Length: 3, 0'), `abc${SMUGGLED}`],
  ['two equal lengths in a list', 0, post('Content-Length: 3, 3'), 'abc'],
  ['a length with a plus', 0, post('Content-Length: +3'), 'abc'],
  ['a length with a minus', 0, post('Content-Length: -3'), `abc${SMUGGLED}`],
  ['a length in hexadecimal', 0, post('Content-Length: 0x3'), `abc${SMUGGLED}`],
  ['a length with leading zeros', 0, post('Content-Length: 003'), 'abc'],
  ['a length with a fraction', 0, post('Content-Length: 3.0'), 'abc'],
  ['a length with an exponent', 0, post('Content-Length: 3e0'), 'abc'],
  ['a length with an underscore', 0, post('Content-Length: 1_0'), 'abcdefghij'],
  ['a length with a space inside', 0, post('Content-Length: 1 0'), 'abcdefghij'],
  ['a length beyond 64 bits', 0, post('Content-Length: 18446744073709551619'), `abc${SMUGGLED}`],
  ['an empty length', 0, post('Content-Length:'), SMUGGLED],
  ['a length followed by a vertical tab', 0, post('Content-Length: 3\x0b'), 'abc'],
  ['a length followed by a NUL', 0, post('Content-Length: 3\0'), 'abc'],
  ['a length in other digits', 0, post('Content-Length: \u00b3'), `abc${SMUGGLED}`],
  ['a length before its colon a space', 0, post('Content-Length : 3'), `abc${SMUGGLED}`],
  ['a length before its colon a tab', 0, post('Content-Length\t: 3'), `abc${SMUGGLED}`],
  ['a length with an underscore in its name', 0, post('Content_Length: 3'), `abc${SMUGGLED}`],
]

const CODINGS: readonly Row[] = [
  ['a chunked body', 1, post(CHUNKED), ABC],
  ['a chunked body and a length', 0, post(CHUNKED, 'Content-Length: 5'), `0\r\n\r\n${SMUGGLED}`],
  ['a length and a chunked body', 0, post('Content-Length: 5', CHUNKED), `0\r\n\r\n${SMUGGLED}`],
  ['a chunked body and a length of 0', 0, post('Content-Length: 0', CHUNKED), ABC],
  ['chunked twice', 0, post(CHUNKED, CHUNKED), ABC],
  ['chunked twice in a list', 0, post('Transfer-Encoding: chunked, chunked'), ABC],
  ['chunked in upper case', 0, post('Transfer-Encoding: CHUNKED'), ABC],
  ['chunked not last', 0, post('Transfer-Encoding: chunked, identity'), ABC],
  ['chunked after identity', 0, post('Transfer-Encoding: identity, chunked'), ABC],
  ['chunked after gzip', 0, post('Transfer-Encoding: gzip, chunked'), ABC],
  ['identity alone', 0, post('Transfer-Encoding: identity', 'Content-Length: 3'), 'abc'],
  ['an unknown coding', 0, post('Transfer-Encoding: xchunked'), `${ABC}${SMUGGLED}`],
  ['an unknown coding and a length', 0, post('Transfer-Encoding: x', 'Content-Length: 3'), `abc${SMUGGLED}`],
  ['an empty coding and a length', 0, post('Transfer-Encoding:', 'Content-Length: 3'), `abc${SMUGGLED}`],
  ['chunked with a parameter', 0, post('Transfer-Encoding: chunked;a=b'), ABC],
  ['chunked in quotes', 0, post('Transfer-Encoding: "chunked"'), ABC],
  ['chunked after a vertical tab', 0, post('Transfer-Encoding: \x0bchunked'), ABC],
  ['chunked after a comma', 0, post('Transfer-Encoding: ,chunked'), ABC],
  ['chunked before a comma', 0, post('Transfer-Encoding: chunked,'), ABC],
  [
    'a coding before its colon a space',
    0,
    post('Transfer-Encoding : chunked', 'Content-Length: 3'),
    `abc${SMUGGLED}`,
  ],
  ['a coding with an underscore in its name', 0, post('Transfer_Encoding: chunked'), SMUGGLED],
  ['a coding on a folded line', 0, post('Transfer-Encoding:\r\n chunked'), ABC],
  ['a coding hidden in a folded line', 0, post('X: a\r\n Transfer-Encoding: chunked'), SMUGGLED],
  ['a coding after a bare carriage return', 0, post(`X: a\r${CHUNKED}`), SMUGGLED],
  [
    'a coding after a bare line feed',
    0,
    post(`X: a\n${CHUNKED}`, 'Content-Length: 5'),
    `0\r\n\r\n${SMUGGLED}`,
  ],
  ['a coding in HTTP/1.0', 0, ['POST /% HTTP/1.0', 'Host: $', 'Connection: keep-alive', CHUNKED], ABC],
]

const CHUNKS: readonly Row[] = [
  ['a chunk size with leading zeros', 1, post(CHUNKED), '0003\r\nabc\r\n0\r\n\r\n'],
  ['a chunk size in hexadecimal notation', 0, post(CHUNKED), `0x3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size with a plus', 0, post(CHUNKED), '+3\r\nabc\r\n0\r\n\r\n'],
  ['a chunk size with a minus', 0, post(CHUNKED), '-3\r\nabc\r\n0\r\n\r\n'],
  ['a chunk size with an underscore', 0, post(CHUNKED), '1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n'],
  ['a chunk size beyond 64 bits', 0, post(CHUNKED), `10000000000000003\r\nabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size before it a space', 0, post(CHUNKED), ' 3\r\nabc\r\n0\r\n\r\n'],
  ['no chunk size', 0, post(CHUNKED), '\r\nabc\r\n0\r\n\r\n'],
  ['a chunk longer than its size', 0, post(CHUNKED), `3\r\nabcdef\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk ended by a line feed', 0, post(CHUNKED), `3\r\nabc\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size ended by a line feed', 0, post(CHUNKED), `3\nabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk size ended by a carriage return', 0, post(CHUNKED), `3\rabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['a chunk extension', 1, post(CHUNKED), '3;a=b\r\nabc\r\n0\r\n\r\n'],
  [
    'a chunk extension in quotes with a line feed',
    0,
    post(CHUNKED),
    `3;a="\nx"\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  ['a chunk extension ended by a line feed', 0, post(CHUNKED), `3;a\nabc\r\n0\r\n\r\n${SMUGGLED}`],
  ['chunk extensions of 32 KB', 0, post(CHUNKED), `3;a=${'b'.repeat(32_768)}\r\nabc\r\n0\r\n\r\n`],
  ['a trailer', 1, post(CHUNKED, 'Trailer: x'), '3\r\nabc\r\n0\r\nX: y\r\n\r\n'],
  ['a trailer that is a length', 0, post(CHUNKED), `3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n`],
  ['a trailer ended by a line feed', 0, post(CHUNKED), `3\r\nabc\r\n0\r\nX: y\n\n${SMUGGLED}`],
  ['trailers of 32 KB', 0, post(CHUNKED), `3\r\nabc\r\n0\r\n${'X: y\r\n'.repeat(5500)}\r\n`],
  ['a last chunk of two zeros', 1, post(CHUNKED), '3\r\nabc\r\n00\r\n\r\n'],
]

const LINES: readonly Row[] = [
  ['an empty line before the request', 1, ['\r\nGET /% HTTP/1.1', 'Host: $']],
  ['a space before the first field', 0, ['GET /% HTTP/1.1', ' Host: $', 'Host: $']],
  ['a folded field', 0, get('X: a\r\n b')],
  ['lines ended by line feeds', 0, ['GET /% HTTP/1.1\nHost: $\n\nGET /%/smuggled HTTP/1.1', 'Host: $']],
  ['a NUL in a field', 0, get('X: a\0b')],
  ['a bare carriage return in a field', 0, get('X: a\rb')],
  ['a control character in a field', 0, get('X: a\x01b')],
  ['a character outside ASCII in a field', 0, get('X: caf\u00e9')],
  ['a field without a colon', 0, get('X')],
  ['a field without a name', 0, get(': x')],
  ['a field with a space in its name', 0, get('X Y: z')],
  ['a field with an underscore in its name', 0, get('X_Y: z')],
  ['two Hosts', 0, get('Host: elsewhere.test')],
  ['two equal Hosts', 0, get('Host: $')],
  ['no Host', 0, ['GET /% HTTP/1.1']],
  ['an empty Host', 0, ['GET /% HTTP/1.1', 'Host:']],
  ['a Host of others', 0, ['GET /% HTTP/1.1', 'Host: elsewhere.test']],
  ['a Host with user information', 0, ['GET /% HTTP/1.1', 'Host: a@$']],
  ['a Host with a path', 0, ['GET /% HTTP/1.1', 'Host: $/x']],
  ['two Authorizations', 0, get('Authorization: DPoP a', 'Authorization: DPoP b')],
  ['two purposes', 0, get('Exchange-Purpose: a', 'Exchange-Purpose: b')],
  [
    'a second Authorization as the 66th field',
    0,
    get(
      'Authorization: DPoP a',
      ...Array.from({ length: 63 }, (_, index) => `X-${index}: y`),
      'Authorization: DPoP b',
    ),
  ],
  ['a thousand fields', 0, get(...Array.from({ length: 1000 }, () => 'X: y'))],
  ['fields of 64 KB', 0, get(`X: ${'y'.repeat(65_536)}`)],
  ['a field taken away by Connection', 0, get('Connection: close, Authorization', 'Authorization: DPoP a')],
  ['a body on GET', 0, get('Content-Length: 3'), `abc${SMUGGLED}`],
  ['a chunked body on GET', 0, get(CHUNKED), `${ABC}${SMUGGLED}`],
  ['a body on DELETE', 0, ['DELETE /% HTTP/1.1', 'Host: $', 'Content-Length: 3'], 'abc'],
  ['a body on HEAD', 0, ['HEAD /% HTTP/1.1', 'Host: $', 'Content-Length: 3'], `abc${SMUGGLED}`],
]

const STARTS: readonly Row[] = [
  ['HTTP/0.9', 0, ['GET /%']],
  ['HTTP/1.0', 0, ['GET /% HTTP/1.0', 'Host: $']],
  ['HTTP/1.2', 0, ['GET /% HTTP/1.2', 'Host: $']],
  ['HTTP/2.0', 0, ['GET /% HTTP/2.0', 'Host: $']],
  ['a version with two digits', 0, ['GET /% HTTP/1.10', 'Host: $']],
  ['a version in lower case', 0, ['GET /% http/1.1', 'Host: $']],
  ['two spaces before the version', 1, ['GET /%  HTTP/1.1', 'Host: $']],
  ['a tab before the target', 0, ['GET\t/% HTTP/1.1', 'Host: $']],
  ['a space in the target', 0, ['GET /%/a b HTTP/1.1', 'Host: $']],
  ['a method in lower case', 0, ['get /% HTTP/1.1', 'Host: $']],
  ['a method of others', 0, ['PURGE /% HTTP/1.1', 'Host: $']],
  ['TRACE', 0, ['TRACE /% HTTP/1.1', 'Host: $']],
  ['CONNECT', 0, ['CONNECT $ HTTP/1.1', 'Host: $'], SMUGGLED],
  [
    'an upgrade to h2c',
    0,
    get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
    SMUGGLED,
  ],
  [
    'an upgrade to a WebSocket',
    0,
    get('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAA', 'Sec-WebSocket-Version: 13'),
    SMUGGLED,
  ],
  ['the preface of HTTP/2', 0, ['PRI * HTTP/2.0', '', 'SM']],
  ['an expectation of others', 0, post('Expect: 200-ok', 'Content-Length: 3'), 'abc'],
  ['an absolute target', 0, ['GET http://$/% HTTP/1.1', 'Host: $']],
  ['an absolute target of another host', 0, ['GET http://elsewhere.test/% HTTP/1.1', 'Host: $']],
  ['an asterisk as target', 0, ['OPTIONS * HTTP/1.1', 'Host: $']],
  ['a target without its slash', 0, ['GET % HTTP/1.1', 'Host: $']],
  ...[
    '/../admin',
    '/.',
    '//a',
    '/%2e%2e/admin',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a%00b',
    '/a%0d%0ab',
    '/a%zz',
    '/a%',
    '/a%252fb',
    '/a%c0%afb',
    '/a#b',
    '/a\u00e9',
    '/a\x7f',
    '/a?b#c',
    '/a?b=%00',
    '/a?b=%ff',
    '/a?b=\u00e9',
  ].map((path): Row => [`the target ${JSON.stringify(path)}`, 0, [`GET /%${path} HTTP/1.1`, 'Host: $']]),
]

/** A mark is put for `%` only where it stands alone, so that escapes in targets stay. */
function fill(text: string, host: string, mark: string): string {
  return text.replaceAll('$', () => host).replaceAll(/(?<=[/ ])%(?=[/ \r\n]|$)/g, () => mark)
}

/** All cases, well over a hundred. */
export const FRAMING_CASES: readonly FramingCase[] = [
  ...LENGTHS,
  ...CODINGS,
  ...CHUNKS,
  ...LINES,
  ...STARTS,
].map(([name, taken, lines, rest = '']) => ({
  name,
  taken,
  bytes: (host, mark) => fill(`${lines.join('\r\n')}\r\n\r\n${rest}`, host, mark),
}))

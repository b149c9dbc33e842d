import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../model/errors.ts'

/** Fields that mean one thing only: a second one makes two readers disagree. So does any of ours (`Exchange-…`). */
const SINGLE = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'transfer-encoding',
  'authorization',
  'date',
  'dpop',
  'expect',
  'idempotency-key',
  'max-forwards',
  'range',
  'soapaction',
  'traceparent',
  'content-digest',
  'signature',
  'signature-input',
  'upgrade',
  'user-agent',
  'client-cert',
  'client-cert-chain',
])
const OWN = 'exchange-'

/** The methods that a contract may name, and the two that a browser or a probe asks with. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])
/** `Allow` of an answer to any other method. */
export const ALLOWED_METHODS = [...METHODS].join(', ')

/** Fields a request may have: Node drops what is beyond its own bound in silence, so that one is set higher. */
export const MAX_FIELDS = 64

/** A dot segment, an empty segment, a backslash, a fragment, a control or a non-ASCII character. */
const UNSAFE_PATH = /\/\.{1,2}(?:\/|$)|\/\/|[\\#\0-\x20\x7f-\uffff]/
/** An escaped slash, backslash, dot, percent sign or control character, or an escape that is none. */
const UNSAFE_ESCAPE = /%(?:2f|5c|2e|25|[01][0-9a-f]|7f)|%(?![0-9a-f]{2})/i
const UNSAFE_QUERY = /[#\0-\x20\x7f-\uffff]|%(?:00|(?![0-9a-f]{2}))/i
/** RFC 9110 §5.5: anything but visible ASCII, spaces and tabs is read differently by different readers. */
const UNSAFE_VALUE = /[^\t\x20-\x7e]/
/** RFC 9112 §6.3 allows more digits and leading zeros; readers differ on both. */
const LENGTH = /^(?:0|[1-9]\d{0,15})$/
/** Naming any other field here would have a proxy take it away (RFC 9110 §7.6.1). */
const CONNECTION = /^(?:close|keep-alive|te)?(?:\s*,\s*(?:close|keep-alive|te))*$/i

function malformed(vi: string, en: string): GatewayError {
  return new GatewayError('request_malformed', { detail: { vi, en } })
}

/** The values of `Host`, in lower case, that mean a listener. */
export interface Hosts {
  has(host: string): boolean
}

/**
 * Refuses requests that two readers could understand in two ways (RFC 9112 §11.2): the parser lets them
 * pass, so they are looked for in the fields as they came.
 * @throws `request_malformed` 400 or `method_unsupported` 405, before anything else looks at the request.
 */
export function assertUnambiguous(request: IncomingMessage, hosts: Hosts): void {
  if (request.httpVersion !== '1.1') throw malformed('Chỉ nhận HTTP/1.1.', 'Only HTTP/1.1 is taken.')
  if (!METHODS.has(request.method ?? '')) throw new GatewayError('method_unsupported')
  assertTarget(request.url ?? '')
  const seen = assertFields(request.rawHeaders)
  assertFraming(request, seen)
  const { host, connection, expect } = request.headers
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw malformed('Expect chỉ được là 100-continue.', 'Expect may only be 100-continue.')
  }
  if (connection !== undefined && !CONNECTION.test(connection)) {
    throw malformed(
      'Connection chỉ được là close hoặc keep-alive.',
      'Connection may only be close or keep-alive.',
    )
  }
  if (host === undefined || !hosts.has(host.toLowerCase())) {
    throw malformed('Host không phải của cổng này.', 'Host does not name this gateway.')
  }
}

/** @returns the names of the single fields that are there. */
function assertFields(rawHeaders: readonly string[]): ReadonlySet<string> {
  if (rawHeaders.length > 2 * MAX_FIELDS) {
    throw malformed(`Nhiều nhất ${MAX_FIELDS} tiêu đề.`, `At most ${MAX_FIELDS} fields are taken.`)
  }
  const seen = new Set<string>()
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = (rawHeaders[place] ?? '').toLowerCase()
    if (name.includes('_'))
      throw malformed('Tên tiêu đề có dấu gạch dưới.', 'A field name has an underscore.')
    if (UNSAFE_VALUE.test(rawHeaders[place + 1] ?? '')) {
      throw malformed('Tiêu đề có ký tự ngoài ASCII.', 'A field has a character outside ASCII.')
    }
    if (!SINGLE.has(name) && !name.startsWith(OWN)) continue
    if (seen.has(name)) throw malformed(`Tiêu đề ${name} lặp lại.`, `Field ${name} is repeated.`)
    seen.add(name)
  }
  return seen
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function assertTarget(url: string): void {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const isUnsafe =
    !path.startsWith('/') ||
    UNSAFE_PATH.test(path) ||
    (mark >= 0 && UNSAFE_QUERY.test(url.slice(mark))) ||
    (url.includes('%') && (UNSAFE_ESCAPE.test(path) || !isDecodable(url)))
  if (isUnsafe) throw malformed('Địa chỉ không ở dạng chuẩn.', 'The target is not in its normal form.')
}

function assertFraming(request: IncomingMessage, seen: ReadonlySet<string>): void {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers
  if (coding !== undefined && coding !== 'chunked') {
    throw malformed('Transfer-Encoding chỉ được là chunked.', 'Transfer-Encoding may only be chunked.')
  }
  if (seen.has('content-length') && !LENGTH.test(length ?? '')) {
    throw malformed('Content-Length không ở dạng chuẩn.', 'Content-Length is not in its normal form.')
  }
  const hasBody = coding !== undefined || (length !== undefined && length !== '0')
  const { method = '' } = request
  if (hasBody && WITHOUT_BODY.has(method)) {
    throw malformed(`${method} không được có nội dung.`, `${method} may not have a body.`)
  }
}

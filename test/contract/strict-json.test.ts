import { expect } from 'chai'
import fc from 'fast-check'
import { findJsonFault } from '../../src/contract/json-scanner.ts'
import { ANSWER_LIMITS, parseStrictJson, REQUEST_LIMITS } from '../../src/contract/strict-json.ts'

type Text = string | readonly number[]

function read(text: Text) {
  return parseStrictJson(typeof text === 'string' ? Buffer.from(text) : Uint8Array.from(text), REQUEST_LIMITS)
}

function verdict(text: Text): string {
  const result = read(text)
  return 'value' in result ? 'accepted' : `${result.violation.rule} ${result.violation.pointer}`.trim()
}

const BOM = '\uFEFF'
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const list = (items: number) => `[${Array(items).fill('1').join(',')}]`

/** Texts that every reader takes and takes alike: RFC 8259. */
const ACCEPTED: readonly string[] = [
  '{}',
  '[]',
  'null',
  ' true ',
  '""',
  '"\\u0000\\b\\f\\n\\r\\t\\"\\\\\\/"',
  '"\\uD83D\\uDE00"',
  '"\\ud83d\\ude00 \u{1F600} Huỳnh Bảo Đoan"',
  '"\\uFFFF\\uFEFF"',
  '"\u2028\u2029\u007f"',
  '-0',
  '0',
  '[0, 0.0, 0e5, -0.0e-3]',
  '123.456e78',
  '1E22',
  '1e-20',
  '20e1',
  '0.1',
  '-0.000000000000000000000000000000000000000000000000000000000000000000000000000001',
  String(Number.MAX_SAFE_INTEGER),
  String(Number.MIN_SAFE_INTEGER),
  '9007199254740993.5',
  '{"":0}',
  '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
  '{"a":"a","b":"b"}',
  '{"a:b,c":"{[\\"\\\\"}',
  '{"proto":1,"__proto":1,"Constructor":1}',
  '\t\n\r [ 1 , 2 ]',
  nested(32),
  list(10_000),
  JSON.stringify('x'.repeat(65_536)),
  JSON.stringify({ ['n'.repeat(256)]: 1 }),
]

/** Texts that are not JSON at all. */
const NOT_JSON: readonly Text[] = [
  '',
  ' ',
  '{',
  '[1,]',
  '[,1]',
  '[1 2]',
  '{"a":1,}',
  '{a:1}',
  "{'a':1}",
  '{"a" 1}',
  '{"a":1}}',
  '[1]x',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  '1e',
  'NaN',
  'Infinity',
  'tru',
  'True',
  '"a',
  '"\\x41"',
  '"\\u12"',
  '"tab\tin"',
  '"line\nin"',
  '// note\n1',
  '[1]\u0000',
  '\u00a0[1]',
  '{"\\',
]

const REFUSED: readonly (readonly [text: Text, verdict: string])[] = [
  [`${BOM}{}`, 'byteOrderMark'],
  [[0x22, 0xff, 0x22], 'encoding'],
  [[0x22, 0xc0, 0xaf, 0x22], 'encoding'],
  [[0x22, 0xed, 0xa0, 0x80, 0x22], 'encoding'],
  [[0x22, 0xe1, 0xbb, 0x22], 'encoding'],
  [[0xfe, 0xff, 0x00, 0x31], 'encoding'],
  ['{"a":1,"a":1}', 'duplicateName /a'],
  ['{"a":1,"b":2,"\\u0061":3}', 'duplicateName /a'],
  ['{"a":[{"b":1},{"c":1,"c":2}]}', 'duplicateName /a/1/c'],
  ['{"099188010001":1,"099188010001":2}', 'duplicateName /*'],
  ['{"__proto__":{"admin":true}}', 'reservedName /*'],
  ['{"\\u005f_proto__":1}', 'reservedName /*'],
  ['{"a":{"constructor":1}}', 'reservedName /a/constructor'],
  ['[{"prototype":1}]', 'reservedName /0/prototype'],
  ['"\\uD800"', 'loneSurrogate'],
  ['["ok","\\uDC00"]', 'loneSurrogate /1'],
  ['"\\uD800\\n"', 'loneSurrogate'],
  ['"\\uD800\\uD800"', 'loneSurrogate'],
  ['"\\uDE00\\uD83D"', 'loneSurrogate'],
  ['{"\\ud800":1}', 'loneSurrogate /*'],
  ['9007199254740992', 'unsafeNumber'],
  ['{"n":-9007199254740993}', 'unsafeNumber /n'],
  ['[1,[123456789012345678901234567890]]', 'unsafeNumber /1/0'],
  ['1e400', 'unsafeNumber'],
  ['-1e99999999', 'unsafeNumber'],
  ['[0,1e-400]', 'unsafeNumber /1'],
  ['123.456E-789', 'unsafeNumber'],
  [`0.${'0'.repeat(400)}1`, 'unsafeNumber'],
  [nested(33), `depth ${'/0'.repeat(32)}`],
  ['['.repeat(100_000), `depth ${'/0'.repeat(32)}`],
  ['{"a":'.repeat(100_000), `depth ${'/a'.repeat(32)}`],
  [list(10_001), 'items /10000'],
  [`[${Array(3).fill(list(9000)).join(',')}]`, 'values /2/1996'],
  [JSON.stringify({ a: 'x'.repeat(65_537) }), 'stringLength /a'],
  [JSON.stringify({ ['n'.repeat(257)]: 1 }), 'nameLength /*'],
]

describe('strict JSON', () => {
  it('accepts what all readers read alike, as JSON.parse reads it', () => {
    for (const text of ACCEPTED)
      expect(read(text), text.slice(0, 60)).to.deep.equal({ value: JSON.parse(text) })
  })

  it('refuses what is not JSON', () => {
    for (const text of NOT_JSON) expect(verdict(text), String(text)).to.equal('syntax')
  })

  for (const [text, expected] of REFUSED) {
    const shown = JSON.stringify(text)
    it(`refuses ${shown.length > 48 ? `${shown.slice(0, 45)}…` : shown}: ${expected.slice(0, 40)}`, () => {
      expect(verdict(text)).to.equal(expected)
    })
  }

  it('takes more of an answer than of a question, and is as strict about its meaning', () => {
    const long = Buffer.from(JSON.stringify(['x'.repeat(70_000), ...Array(20_000).fill(1)]))
    expect(parseStrictJson(long, ANSWER_LIMITS)).to.have.property('value')
    expect(parseStrictJson(Buffer.from('{"a":1,"a":1}'), ANSWER_LIMITS)).to.have.property('violation')
  })

  it('never repeats a value or a name that may be one', () => {
    const secret = '099188010001'
    for (const text of [`{"${secret}":1,"${secret}":1}`, `{"${secret}":"\\ud800${secret}"}`]) {
      expect(JSON.stringify(read(text))).not.to.include(secret)
    }
  })

  const texts = fc.oneof(
    fc.json({ maxDepth: 6 }),
    // Pieces that make trouble, in any order: seldom JSON, often nearly.
    fc
      .array(
        fc.constantFrom(
          ...[
            '{',
            '}',
            '[',
            ']',
            ',',
            ':',
            '"',
            '"a"',
            '"b"',
            '"a":',
            '"\\u0061":',
            '"\\ud83d"',
            '\\',
            '\\u',
          ],
          ...[
            '0',
            '-',
            '1e400',
            '0e-1',
            '1e-999',
            '9007199254740993',
            'true',
            'null',
            '"__proto__":',
            'e',
            ' ',
          ],
        ),
        { maxLength: 40 },
      )
      .map((pieces) => pieces.join('')),
    fc.json({ maxDepth: 3 }).map((text) => `{"a":${text},"a":${text}}`),
  )

  it('accepts only what JSON.parse reads equally, and nothing the scanner objects to', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const result = read(text)
        let plain: unknown
        try {
          plain = JSON.parse(text)
        } catch {
          return 'violation' in result
        }
        const fault = findJsonFault(text, REQUEST_LIMITS)
        if ('violation' in result) return fault?.rule === result.violation.rule
        expect(result.value).to.deep.equal(plain)
        return fault === undefined
      }),
      { numRuns: 2000 },
    )
  })

  it('ends on any bytes with a value or a violation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parseStrictJson(bytes, REQUEST_LIMITS)
        return 'value' in result || result.violation.detail.vi !== ''
      }),
      { numRuns: 2000 },
    )
  })
})

import { expect } from 'chai'
import fc from 'fast-check'
import { compileLinear, compilePattern, isPattern, readPattern } from '../../src/contract/pattern.ts'

/** Sources that V8 takes under the flag `u`, of everything that patterns are made of. */
const atom = fc.constantFrom(
  'a',
  'b',
  'ữ',
  '😀',
  '.',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\p{L}',
  '\\P{Lu}',
  '\\-',
  '\\/',
  '\\.',
  '\\u0061',
  '\\u{1f600}',
  '\\x41',
  '\\t',
  '\\0',
  '^',
  '$',
  '\\b',
  '\\B',
  '[ab]',
  '[^a]',
  '[a-c-]',
  '[-a]',
  '[\\d-]',
  '[\\s\\S]',
  '[^\\s]',
  '[\\p{L}’]',
  '[^\\p{Cc}\\p{Nd}]',
  '[\\b\\]^]',
  '[a&&b]',
)
const { pattern } = fc.letrec<{ pattern: string; part: string; group: string }>((tie) => ({
  part: fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: atom }, tie('group')),
      fc.constantFrom('', '', '?', '*', '+', '{2}', '{1,}', '{0,3}', '*?'),
    )
    .map(([one, times]) => (/^[\^$]$|^\\[bB]$/.test(one) ? one : one + times)),
  group: fc.tuple(fc.constantFrom('(', '(?:'), tie('pattern')).map(([open, inner]) => `${open}${inner})`),
  pattern: fc.oneof(
    { weight: 3, arbitrary: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')) },
    fc.tuple(tie('part'), tie('part')).map(([left, right]) => `${left}|${right}`),
  ),
}))
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'c',
      'A',
      'ữ',
      '😀',
      '0',
      '-',
      '/',
      '.',
      ' ',
      '\u00a0',
      '\ufeff',
      '\n',
      '\r',
      '\u2028',
      '\0',
      '\b',
      '’',
      '&',
      ']',
      '^',
    ),
    { maxLength: 8 },
  )
  .map((characters) => characters.join(''))

describe('patterns', () => {
  it('mean the same to the linear engine as to ECMA-262', () => {
    fc.assert(
      fc.property(pattern, text, (source, given) => {
        fc.pre(isPattern(source, 512) && readPattern(source, 8) !== undefined)
        expect(compileLinear(source).test(given), `${source} on ${JSON.stringify(given)}`).to.equal(
          new RegExp(source, 'u').test(given),
        )
      }),
      { numRuns: 3000 },
    )
  })

  it('go to V8 only where going back is provably cheap', () => {
    for (const [source, longest, native] of [
      ['^[0-9]{12}$', 12, true],
      ['^[A-Z]{1,4} ?[0-9]{3,6}$', 12, true],
      ["^\\s*[\\p{L}'][^\\p{Cc}\\p{Nd}]*$", 100, true],
      ['^[a-z]+(?:-[a-z]+)*$', 40, false],
      ['^(a+)+$', 10, false],
      ['^.*a.*b.*c$', 200, false],
      ['a*b', 65_536, false],
      ['^(?:a|^b)*c', 9, false],
    ] as const) {
      expect(compilePattern(source, longest) instanceof RegExp, source).to.equal(native)
    }
    expect(compilePattern('^a$', undefined)).to.not.be.instanceOf(RegExp)
  })

  it('bound the steps of V8 from above', () => {
    // Each alternative of each round is counted, however few of them a text can reach.
    expect(readPattern('^(?:a|b){3}$', 3)?.steps).to.be.greaterThan(2 ** 3)
    expect(readPattern('^(?:a|aa)+$', 40)?.steps).to.be.greaterThan(2 ** 40)
    expect(readPattern('^a*a*a*$', 1000)?.steps).to.be.greaterThan(1000 ** 3)
    expect(readPattern('(?:^a|b)*c', 10)?.steps).to.be.greaterThan(readPattern('^b*c', 10)?.steps ?? 0)
  })

  it('take linear time where V8 would not end', () => {
    const matcher = compilePattern('^(?:a+)+$', 5000)
    expect(matcher.test(`${'a'.repeat(5000)}!`)).to.equal(false)
    expect(matcher.test('a'.repeat(5000))).to.equal(true)
  })

  it('are not read where the engines would differ', () => {
    for (const source of [
      '(?=a)',
      '(?<!a)b',
      '(a)\\1',
      '(?<n>a)\\k<n>',
      '[]',
      '[^]',
      '\\cA',
      '(?i:a)',
      '\\p{Script=Thai}',
      '\\ud800',
    ]) {
      expect(isPattern(source, 512), source).to.equal(true)
      expect(readPattern(source, 10), source).to.equal(undefined)
    }
  })
})

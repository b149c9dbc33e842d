import { expect } from 'chai'
import fc from 'fast-check'
import type { Operation } from '../../src/contract/contract.ts'
import { createIntake } from '../../src/jobs/bulk-intake.ts'
import { isBlank } from '../../src/jobs/data-quality.ts'
import { createFirstSeen } from '../../src/jobs/first-seen.ts'
import type { Violation } from '../../src/model/errors.ts'

const BROKEN: readonly Violation[] = [
  { pointer: '/fullName', rule: 'required', detail: { vi: 'Thiếu.', en: 'It is missing.' } },
]

/** What the operation for one record is asked for: whether a claim keeps its contract. */
function singleWith(judgeBody: Operation['judgeBody']): Operation {
  return { subjectPointer: '/personalId', judgeBody } as Operation
}

function intakeOf(judgeBody: Operation['judgeBody'] = () => undefined) {
  return createIntake({
    single: singleWith(judgeBody),
    seen: createFirstSeen([1, 2]),
    staleBefore: '2025-01-01',
  })
}

describe('what becomes of a record before anybody is asked', () => {
  it('keeps for the consumer what is its own, and asks only the rest', () => {
    const row = { personalId: '099188010001', ref: 'CB-1', unit: '01', asOf: '2024-12-31', extra: 1 }
    expect(intakeOf()(row, 1)).to.deep.equal({
      claim: { personalId: '099188010001', extra: 1 },
      ref: 'CB-1',
      unit: '01',
      groups: 1 << 7,
      faults: [],
      first: 0,
    })
  })

  it('leaves out what is blank, and tells of its own members that are not well formed', () => {
    const row = { personalId: '099188010001', fullName: ' N/A ', ref: 'x'.repeat(65), unit: 'một', asOf: 5 }
    const taken = intakeOf()(row, 1)
    expect(taken.claim).to.equal(undefined)
    expect(taken.faults).to.deep.equal([
      { pointer: '/ref', rule: 'format' },
      { pointer: '/unit', rule: 'format' },
      { pointer: '/asOf', rule: 'format' },
    ])
    expect(taken.groups).to.equal(1 << 4)
    expect(intakeOf()({ personalId: '099188010001', fullName: ' N/A ' }, 1).claim).to.deep.equal({
      personalId: '099188010001',
    })
  })

  it('takes of its own members what is well formed from end to end, and leaves out what is nothing', () => {
    const sound = { personalId: '099188010001', ref: 'x'.repeat(64), unit: '01001', asOf: '2026-01-31' }
    expect(intakeOf()(sound, 1)).to.include({ ref: sound.ref, unit: '01001', groups: 0 })
    const wrong: readonly (readonly [name: string, value: unknown])[] = [
      ...['x01', '01x', '010', 1].map((value) => ['unit', value] as const),
      ...['x2026-01-31', '2026-01-31T00:00', '2026-13-01'].map((value) => ['asOf', value] as const),
    ]
    for (const [name, value] of [...wrong, ['unit', 12]] as const) {
      const { faults, claim } = intakeOf()({ personalId: '099188010001', [name]: value }, 1)
      expect(faults, `${name} ${value}`).to.deep.equal([{ pointer: `/${name}`, rule: 'format' }])
      expect(claim).to.equal(undefined)
    }
    expect(intakeOf()({ ...sound, asOf: '2025-01-01' }, 1).groups).to.equal(0)
    // Longer than any word for nothing, it is a value.
    const row = { personalId: '099188010001', sex: null, fullName: '-'.repeat(12), note: '-'.repeat(13) }
    expect(intakeOf()(row, 1).claim).to.deep.equal({ personalId: '099188010001', note: row.note })
  })

  it('finds out who stood there before, and asks nothing of what breaks the contract', () => {
    const take = intakeOf((claim) => ('fullName' in (claim as object) ? undefined : BROKEN))
    const record = { personalId: '099188010001', fullName: 'An' }
    // One that breaks the contract stands for nobody.
    expect(take({ personalId: '099188010001' }, 1)).to.deep.include({
      claim: undefined,
      groups: 1 << 1,
      faults: [{ pointer: '/fullName', rule: 'required' }],
      first: 0,
    })
    expect(take(record, 2).first).to.equal(0)
    expect(take(record, 3)).to.deep.include({ claim: undefined, first: 2, groups: 1 << 3 })
    expect(take(undefined, 4).faults).to.deep.equal([{ pointer: '', rule: 'syntax' }])
  })

  it('tells of what is stale also where it is broken or stood there before', () => {
    const take = intakeOf((claim) => ('fullName' in (claim as object) ? undefined : BROKEN))
    const stale = { personalId: '099188010001', asOf: '2024-12-31' }
    expect(take(stale, 1).groups).to.equal((1 << 1) | (1 << 7))
    expect(take({ ...stale, fullName: 'An' }, 2).groups).to.equal(1 << 7)
    expect(take({ ...stale, fullName: 'An' }, 3).groups).to.equal((1 << 3) | (1 << 7))
  })

  it('takes nobody for another whose subject is no text', () => {
    const take = intakeOf()
    expect([1, 2].map((line) => take({ personalId: line }, line).first)).to.deep.equal([0, 0])
  })

  it('looks for nobody twice where the operation is about nobody', () => {
    const { subjectPointer: _, ...single } = singleWith(() => undefined)
    const seen = createFirstSeen([1, 2])
    const take = createIntake({ single: single as Operation, seen, staleBefore: '2025-01-01' })
    const row = { personalId: '099188010001' }
    expect([take(row, 1).claim, take(row, 2).claim]).to.deep.equal([row, row])
  })

  it('calls blank what people write where they know nothing, and nothing else', () => {
    const words = ['n/a', 'NA', 'null', 'None', 'không rõ', 'Không có', '-', '---', '...', '??', '', ' ']
    for (const word of words) expect(isBlank(` ${word}\t`), word).to.equal(true)
    for (const word of ['0', '-1', 'Na Thị', 'An', 'không', 'nul', 'N', '.5', '\u212ahông']) {
      expect(isBlank(word), word).to.equal(false)
    }
    for (const [value, expected] of [
      [null, true],
      [undefined, true],
      [0, false],
      [false, false],
      [['-'], false],
    ] as const) {
      expect(isBlank(value), JSON.stringify(value)).to.equal(expected)
    }
    const blank = /^\s*(?:n\/?a|null|none|không rõ|không có|-+|\.+|\?+)?\s*$/iu
    const near = fc.string({ unit: fc.constantFrom(...'nNaA/ulLoekKhôngrõcó-.? 0xZ\u212a'), maxLength: 8 })
    fc.assert(
      fc.property(fc.oneof(near, fc.constantFrom(...words), fc.string()), (text) => {
        expect(isBlank(text)).to.equal(blank.test(text))
      }),
      { numRuns: 2000 },
    )
  })
})

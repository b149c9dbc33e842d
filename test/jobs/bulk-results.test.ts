import { expect } from 'chai'
import { emptyCounts } from '../../src/jobs/bulk.ts'
import type { Taken } from '../../src/jobs/bulk-intake.ts'
import { conclude, type Finding } from '../../src/jobs/bulk-results.ts'
import { type ErrorGroup, emptyTally, groupBits, groupOf, qualityOf } from '../../src/jobs/data-quality.ts'

const TAKEN: Taken = { claim: {}, ref: undefined, unit: undefined, groups: 0, faults: [], first: 0 }

/** Tells of records one after the other. @returns what was told, and the counts. */
function tell(records: readonly (readonly [Partial<Taken>, Finding | undefined])[]) {
  const counts = emptyCounts()
  const lines = records.map(([taken, finding], place) =>
    JSON.parse(conclude(counts, place + 1, { ...TAKEN, ...taken }, finding)),
  )
  return { counts, lines }
}

const total = (change: object) => ({ ...emptyTally(), ...change })
const outcomes = (change: object) => ({ ...emptyTally().outcomes, ...change })

describe('what is told of a record', () => {
  it('is what the provider found, its reference beside it, and only the fields that are not exact', () => {
    const { lines } = tell([
      [{ ref: 'CB "1"' }, { matched: true, fields: { fullName: 'exact', birthDate: 'exact' } }],
      [{}, { matched: true, fields: { fullName: 'exact', birthDate: 'tones' } }],
      [{}, { matched: false }],
      [{}, { found: false }],
      [{}, { found: true }],
    ])
    expect(lines).to.deep.equal([
      { record: 1, ref: 'CB "1"', outcome: 'matched' },
      { record: 2, outcome: 'matched', fields: { fullName: 'exact', birthDate: 'tones' } },
      { record: 3, outcome: 'differs', groups: [8] },
      { record: 4, outcome: 'not_found', groups: [5] },
      { record: 5, outcome: 'differs', groups: [8] },
    ])
  })

  it('is, where nobody was asked, what breaks its rules or where it stood before', () => {
    const fault = { pointer: '/fullName', rule: 'required' }
    const { lines, counts } = tell([
      [{ claim: undefined, groups: groupBits([1, 7]), faults: [fault] }, undefined],
      [{ claim: undefined, groups: groupBits([3]), first: 1 }, undefined],
    ])
    expect(lines).to.deep.equal([
      { record: 1, outcome: 'invalid', faults: [fault], groups: [1, 7] },
      { record: 2, outcome: 'duplicate', first: 1, groups: [3] },
    ])
    expect(counts.total).to.deep.equal(
      total({
        records: 2,
        outcomes: outcomes({ invalid: 1, duplicate: 1 }),
        groups: { ...emptyTally().groups, 1: 1, 3: 1, 7: 1 },
        failing: { ...emptyTally().failing, complete: 1, clean: 1, live: 1 },
      }),
    )
  })

  it('counts by field and rung, and by administrative unit where the record names one', () => {
    const { counts } = tell([
      [{ unit: '01' }, { matched: true, fields: { fullName: 'exact' } }],
      [{ unit: '01' }, { matched: true, fields: { fullName: 'exact' } }],
      [{ unit: '79' }, { matched: false, fields: { fullName: 'different', sex: 'exact' } }],
      [{}, { found: false }],
    ])
    expect(counts.fields).to.deep.equal({ fullName: { exact: 2, different: 1 }, sex: { exact: 1 } })
    expect(counts.units).to.have.all.keys('01', '79')
    expect(counts.units['01']).to.deep.equal(total({ records: 2, outcomes: outcomes({ matched: 2 }) }))
    expect(counts.units['79']).to.deep.include({ records: 1, outcomes: outcomes({ differs: 1 }) })
    expect(counts.total.records).to.equal(4)
  })

  it('counts units together beyond as many as there ever were', () => {
    const units = Array.from({ length: 20_002 }, (_, index) => String(index).padStart(5, '0'))
    const { counts } = tell(
      [...units, '00000', '20001'].map((unit) => [{ unit }, { matched: true }] as const),
    )
    expect(Object.keys(counts.units)).to.have.length(20_001)
    expect(counts.units['00000']?.records).to.equal(2)
    expect(counts.units['_other']?.records).to.equal(3)
  })
})

describe('the quality of data', () => {
  it('has a group of letter 4856 for each rule of a contract', () => {
    const groups = ['required', 'x-consistent-person', 'minimum', 'maximum', 'exclusiveMinimum'].map((rule) =>
      groupOf({ rule }),
    )
    expect(groups).to.deep.equal([1, 6, 2, 2, 2])
    const others = ['exclusiveMaximum', 'enum', 'format', 'type', 'pattern'].map((rule) => groupOf({ rule }))
    expect(others).to.deep.equal([2, 2, 4, 4, 4])
  })

  it('is the weighted share of records free of each criterion’s groups', () => {
    const faults: readonly (readonly ErrorGroup[])[] = [[1], [2, 3], [4], [5], [6], [7], [8], [], [], []]
    const { counts } = tell(
      faults.map((groups) => [{ groups: groupBits(groups) }, { matched: true }] as const),
    )
    expect(counts.total.failing).to.deep.equal({ accurate: 2, complete: 1, clean: 2, live: 1, consistent: 1 })
    const weights = { accurate: 3, complete: 1, clean: 1, live: 1, consistent: 0 }
    const told = qualityOf(counts.total, weights)
    expect(told?.index).to.equal(83.3)
    expect(told?.criteria.map(({ id, share, weight }) => [id, share, weight])).to.deep.equal([
      ['accurate', 80, 3],
      ['complete', 90, 1],
      ['clean', 80, 1],
      ['live', 90, 1],
      ['consistent', 90, 0],
    ])
    expect(qualityOf(emptyTally(), weights)).to.equal(undefined)
  })
})

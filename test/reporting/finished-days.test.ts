import { expect } from 'chai'
import type { AuditConditions, AuditCount, Dimension } from '../../src/reporting/audit-query.ts'
import { withFinishedDays } from '../../src/reporting/finished-days.ts'

const MINUTE = 60_000

describe('counting days that are over', () => {
  let nowMs = Date.parse('2026-11-22T03:00:00Z')
  let asked: AuditConditions[] = []
  let fails = false
  const count = async (conditions: AuditConditions): Promise<readonly AuditCount[]> => {
    asked.push(conditions)
    if (fails) throw new Error('the database is away')
    return [{ values: [], count: asked.length }]
  }
  const remembering = () => withFinishedDays({ count, now: () => nowMs })
  // Vietnam's days begin at 17:00 UTC.
  const over: AuditConditions = {
    since: new Date('2026-10-31T17:00:00Z'),
    until: new Date('2026-11-21T17:00:00Z'),
  }
  const by: readonly Dimension[] = ['service']

  beforeEach(() => {
    nowMs = Date.parse('2026-11-22T03:00:00Z')
    asked = []
    fails = false
  })

  it('is done once a minute for the same question, and anew for another', async () => {
    const counting = remembering()
    const first = await counting(over, by)
    expect(await counting({ ...over }, ['service'])).to.equal(first)
    expect(asked).to.have.length(1)
    await counting(over, ['provider'])
    await counting({ ...over, parties: ['H29/mot-cua'] }, by)
    await counting({ ...over, parties: ['H26/mot-cua'] }, by)
    expect(asked).to.have.length(4)
    nowMs += MINUTE
    await counting(over, by)
    expect(asked).to.have.length(5)
  })

  it('is done each time where a day still runs, or records themselves are asked for', async () => {
    const counting = remembering()
    for (const conditions of [
      { ...over, until: new Date('2026-11-21T17:00:01Z') },
      { since: over.since },
      { ...over, exchange: '019a0000-0000-7000-8000-000000000001' },
      { ...over, leaves: [1] },
      { ...over, treeSize: 5 },
      { ...over, tagged: { kind: 'officer', tags: [] } },
    ] satisfies AuditConditions[]) {
      const before = asked.length
      await counting(conditions, by)
      await counting(conditions, by)
      expect(asked.length - before, JSON.stringify(conditions)).to.equal(2)
    }
  })

  it('remembers no failure', async () => {
    const counting = remembering()
    fails = true
    for (let turn = 0; turn < 2; turn += 1) {
      const failed = await counting(over, by).catch((error: unknown) => error)
      expect(failed).to.be.instanceOf(Error)
    }
    fails = false
    expect(await counting(over, by)).to.deep.equal([{ values: [], count: 3 }])
  })

  it('remembers no more than it may, the latest', async () => {
    const counting = remembering()
    for (let place = 0; place < 200; place += 1) await counting({ ...over, service: `s${place}` }, by)
    await counting({ ...over, service: 's199' }, by)
    expect(asked).to.have.length(200)
    await counting({ ...over, service: 's0' }, by)
    expect(asked).to.have.length(201)
  })
})

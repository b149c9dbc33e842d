import { expect } from 'chai'
import { dayInVietnam, dueMonths, dueSpans, holdsOver, settledUntil } from '../../src/ledger/retention.ts'

const HOLD = {
  id: 'VA-12',
  authority: 'TAND 12/2026',
  fromMonth: '2026-02',
  toMonth: '2026-04',
  untilDay: '2026-12-31',
}

const DAYS = { level1Days: 10, level2Days: 10, level3Days: 30, level4Days: 100, level5Days: 100 }

describe('retention of private parts', () => {
  it('goes by the days of the security level of the subsystem that answered', () => {
    const subsystems = [
      { id: 'G01/dan-cu', securityLevel: 4 },
      { id: 'G12/thue', securityLevel: 2 },
      { id: 'H29/mot-cua', securityLevel: 3 },
      { id: 'H30/mot-cua', securityLevel: 3 },
    ]
    const spans = dueSpans(subsystems, DAYS, Date.parse('2026-06-15T00:00:00Z'))
    expect(spans.map(({ levels, beforeMs, providers }) => [levels, beforeMs, providers])).to.deep.equal([
      [[1, 2], Date.parse('2026-06-05T00:00:00Z'), ['G12/thue']],
      [[3], Date.parse('2026-05-16T00:00:00Z'), ['H29/mot-cua', 'H30/mot-cua']],
      [[4, 5], Date.parse('2026-03-07T00:00:00Z'), ['G01/dan-cu']],
    ])
  })

  it('takes a whole month, whoever answered, once it is past the longest span', () => {
    const months = ['2025-12', '2026-01', '2026-02', '2026-03']
    const due = (day: string) => dueMonths(months, DAYS, Date.parse(day))
    expect(due('2026-06-15T00:00:00Z')).to.deep.equal(['2025-12', '2026-01', '2026-02'])
    expect(due('2026-06-08T23:59:59Z')).to.deep.equal(['2025-12', '2026-01'])
  })

  it('looks again from the first month that a hold kept, and else from where it ended', () => {
    const [fromMs, beforeMs] = [Date.parse('2026-01-10T00:00:00Z'), Date.parse('2026-06-01T00:00:00Z')]
    const settled = (today: string, from = fromMs) =>
      new Date(settledUntil({ fromMs: from, beforeMs }, [HOLD], today)).toISOString().slice(0, 10)
    expect(settled('2026-12-31')).to.equal('2026-02-01')
    expect(settled('2026-12-31', Date.parse('2026-03-10T00:00:00Z'))).to.equal('2026-03-10')
    expect(settled('2027-01-01')).to.equal('2026-06-01')
    expect(settled('2026-12-31', Date.parse('2026-05-01T00:00:00Z'))).to.equal('2026-06-01')
  })

  it('is held back in the months of a hold up to its last day', () => {
    const held = (month: string, today: string) => holdsOver(month, today, [HOLD]).length === 1
    expect(
      ['2026-01', '2026-02', '2026-04', '2026-05'].map((month) => held(month, '2026-12-31')),
    ).to.deep.equal([false, true, true, false])
    expect(held('2026-03', '2027-01-01')).to.equal(false)
  })

  it('takes the day from Vietnam’s clock', () => {
    expect(dayInVietnam(Date.parse('2026-12-31T17:00:00Z'))).to.equal('2027-01-01')
    expect(dayInVietnam(Date.parse('2026-12-31T16:59:59Z'))).to.equal('2026-12-31')
  })
})

import { expect } from 'chai'
import { dayInVietnam, holdsOver, isPastRetention } from '../../src/ledger/retention.ts'

const HOLD = {
  id: 'VA-12',
  authority: 'TAND 12/2026',
  fromMonth: '2026-02',
  toMonth: '2026-04',
  untilDay: '2026-12-31',
}

describe('retention of identifying keys', () => {
  it('counts whole months behind the present one', () => {
    const now = Date.parse('2026-06-15T00:00:00Z')
    expect(isPastRetention('2026-02', 3, now)).to.equal(true)
    expect(isPastRetention('2026-03', 3, now)).to.equal(false)
    expect(isPastRetention('2025-12', 1, Date.parse('2026-02-01T00:00:00Z'))).to.equal(true)
    expect(isPastRetention('2026-01', 1, Date.parse('2026-02-28T23:59:59Z'))).to.equal(false)
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

import { expect } from 'chai'
import fc from 'fast-check'
import type { Figures } from '../../src/reporting/figures.ts'
import { divide, growthOf, isCovered, KPIS, type PairCount } from '../../src/reporting/kpi.ts'
import {
  closedPart,
  dayOf,
  parsePeriod,
  previousPeriod,
  samePeriodBefore,
  startOf,
} from '../../src/reporting/period.ts'
import { PROVINCES, provinceOf } from '../../src/reporting/provinces.ts'
import { createReport } from '../../src/reporting/report.ts'
import { suppressSmall } from '../../src/reporting/suppression.ts'

const pair = (consumer: string, count: number, outcome: PairCount['outcome'] = 'delivered'): PairCount => ({
  consumer,
  provider: 'G01/dan-cu',
  service: 'G01/dan-cu/cong-dan/v1',
  outcome,
  count,
})

describe('periods', () => {
  it('reads years, halves, quarters, months and days, and nothing else', () => {
    expect(parsePeriod('2026-H1')).to.include({ from: '2026-01-01', until: '2026-07-01' })
    expect(parsePeriod('2026-Q4')).to.include({ from: '2026-10-01', until: '2027-01-01' })
    expect(parsePeriod('2026')).to.include({ from: '2026-01-01', until: '2027-01-01' })
    expect(parsePeriod('2024-02-29')).to.include({ until: '2024-03-01' })
    for (const wrong of ['2026-H3', '2026-13', '2026-02-30', '26', '2026-Q', '2026-W01', '']) {
      expect(parsePeriod(wrong), wrong).to.equal(undefined)
    }
  })

  it('takes days from the calendar of UTC+7', () => {
    expect(dayOf(Date.parse('2026-06-30T16:59:59Z'))).to.equal('2026-06-30')
    expect(dayOf(Date.parse('2026-06-30T17:00:00Z'))).to.equal('2026-07-01')
    expect(startOf('2026-07-01').toISOString()).to.equal('2026-06-30T17:00:00.000Z')
  })

  it('compares a running period up to yesterday with the same days a year before', () => {
    const period = parsePeriod('2026-Q4')
    if (period === undefined) throw new Error('no period')
    const closed = closedPart(period, '2026-11-22')
    expect(closed).to.include({ from: '2026-10-01', until: '2026-11-22' })
    expect(samePeriodBefore(closed)).to.include({ from: '2025-10-01', until: '2025-11-22' })
  })
})

describe('key figures', () => {
  it('have a title, a unit, a formula and what counts, in both languages', () => {
    for (const definition of Object.values(KPIS)) {
      for (const text of Object.values(definition)) {
        expect(text.vi).to.not.equal('')
        expect(text.en).to.not.equal('')
      }
    }
  })

  it('give no growth where the log was not open throughout the base period', () => {
    const base = { id: 'b', from: '2025-01-01', until: '2025-07-01' }
    expect(isCovered(base, '2025-01-01')).to.equal(true)
    expect(isCovered(base, '2025-01-02')).to.equal(false)
    expect(isCovered(base, undefined)).to.equal(false)
    expect(isCovered({ ...base, until: base.from }, '2024-01-01')).to.equal(false)
    expect(growthOf(500, 100, false)).to.deep.equal({ kind: 'incomplete' })
  })

  it('give no percentage on a base under 30', () => {
    expect(growthOf(500, 29, true)).to.deep.equal({ kind: 'small_base' })
    expect(growthOf(45, 30, true)).to.deep.equal({ kind: 'ratio', ratio: 0.5 })
  })

  it('count a merged province as one, before the merger and after', () => {
    const rows = divide(
      {
        current: [pair('H21/mot-cua', 167)],
        closed: [pair('H21/mot-cua', 167)],
        base: [pair('H21/mot-cua', 40), pair('H08/mot-cua', 60)],
        covered: true,
      },
      'province',
    )
    expect(rows).to.have.length(1)
    expect(rows[0]).to.deep.include({ key: '52', closed: 167, base: 100 })
    expect(rows[0]?.growth.kind === 'ratio' && rows[0].growth.ratio).to.be.closeTo(0.67, 1e-12)
  })

  it('know 34 provinces, 7 of them cities, made of the 63 codes before', () => {
    expect(PROVINCES).to.have.length(34)
    expect(PROVINCES.filter(({ city }) => city)).to.have.length(7)
    const agencies = PROVINCES.flatMap((province) => province.agencies)
    expect(new Set(agencies).size).to.equal(63)
    expect(agencies.toSorted()).to.deep.equal(
      Array.from({ length: 63 }, (_, place) => `H${String(place + 1).padStart(2, '0')}`),
    )
    expect(provinceOf('H29.12/mot-cua')?.name).to.equal('TP. Hồ Chí Minh')
    expect(provinceOf('G01/dan-cu')).to.equal(undefined)
    expect(new Set(PROVINCES.map(({ column, row }) => `${column}/${row}`)).size).to.equal(34)
  })

  it('never let a count under 10 be seen or be worked out from the total', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 }), { maxLength: 12 }), (counts) => {
        const shown = suppressSmall(counts)
        const hidden = counts.filter((_, place) => shown[place] === undefined)
        for (const [place, count] of counts.entries()) {
          if (count > 0 && count < 10) expect(shown[place]).to.equal(undefined)
          if (shown[place] !== undefined) expect(shown[place]).to.equal(count)
        }
        if (hidden.length === 1) expect(counts.filter((count) => count > 0)).to.have.length(1)
      }),
    )
  })
})

describe('a report for publication', () => {
  const figures = (current: readonly PairCount[], base: readonly PairCount[]): Figures => ({
    period: { id: '2026', from: '2026-01-01', until: '2027-01-01' },
    compare: 'same-period',
    closed: { id: '2026', from: '2026-01-01', until: '2027-01-01' },
    base: { id: '2025', from: '2025-01-01', until: '2026-01-01' },
    opening: '2024-01-01',
    counts: { current, closed: current, base, covered: true },
    total: { total: 0, delivered: 0, refused: 0, failed: 0 },
    closedTotal: 0,
    baseTotal: 0,
    growth: { kind: 'incomplete' },
    dailyMean: undefined,
    success: undefined,
    cumulative: 0,
    covered: new Set(),
    latency: undefined,
  })
  const pair = (consumer: string, count: number): PairCount => ({
    consumer,
    provider: 'G01/dan-cu',
    service: 'G01/dan-cu/cong-dan/v1',
    outcome: 'delivered',
    count,
  })
  const same = (_by: unknown, key: string) => ({ vi: key, en: key })

  it('leaves out small counts of the base too, and what could be reckoned from them', () => {
    const now = [pair('G05/a', 900), pair('G06/a', 500), pair('G07/a', 40)]
    const before = [pair('G05/a', 300), pair('G06/a', 3), pair('G07/a', 60)]
    const parts = { figures: figures(now, before), by: 'agency', nameOf: same } as const
    const shown = createReport({ ...parts, suppressed: true }).rows
    expect(shown.map(({ exchanges }) => exchanges)).to.deep.equal([900, 500, 40])
    // 3 is small; 60 is the next smallest, without which the total would give it away.
    expect(shown.map(({ base }) => base)).to.deep.equal([300, undefined, undefined])
    expect(shown.map(({ growth }) => growth?.kind)).to.deep.equal(['ratio', undefined, undefined])
    expect(createReport({ ...parts, suppressed: false }).rows.map(({ base }) => base)).to.deep.equal([
      300, 3, 60,
    ])
  })
})

describe('the period before', () => {
  const baseOf = (id: string, until?: string) => {
    const period = parsePeriod(id)
    if (period === undefined) throw new Error(id)
    const { from, until: end } = previousPeriod(period, { ...period, until: until ?? period.until })
    return `${from} ${end}`
  }

  it('is all of the one before where the period is over, else as many days of it', () => {
    expect(baseOf('2026-Q1')).to.equal('2025-10-01 2026-01-01')
    expect(baseOf('2026-03')).to.equal('2026-02-01 2026-03-01')
    expect(baseOf('2026')).to.equal('2025-01-01 2026-01-01')
    expect(baseOf('2026-11-22')).to.equal('2026-11-21 2026-11-22')
    expect(baseOf('2026-Q4', '2026-11-22')).to.equal('2026-07-01 2026-08-22')
    expect(baseOf('2026-03', '2026-03-31')).to.equal('2026-02-01 2026-03-01')
  })
})

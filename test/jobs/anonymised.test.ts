import { expect } from 'chai'
import fc from 'fast-check'
import { anonymise, encodeRow } from '../../src/jobs/anonymised.ts'
import type { UnitResolution } from '../../src/model/administrative-unit.ts'
import { type AnonymityRules, createGeneraliser, MAX_CLASSES } from '../../src/model/anonymity.ts'
import { GatewayError } from '../../src/model/errors.ts'

const SECRET = 'ID-'

/** Communes of provinces by their first digit; those with 9 may be in two, those with 8 are not known. */
function resolveUnit(code: string, asOf: string): UnitResolution {
  const first = code.slice(0, 1)
  const provinces = first === '8' ? [] : first === '9' ? ['90', '91'] : [`0${first}`]
  const candidates = provinces.map((province) => ({ code, name: code, province }))
  return { code, asOf, scheme: 'x', resolution: 'exact', candidates }
}

const PLACES = { resolveUnit, today: '2026-11-22' }

const RULES: AnonymityRules = {
  k: 3,
  l: 2,
  pageSize: 100,
  columns: {
    personalId: { is: 'identifier' },
    born: { is: 'quasi', as: 'years', width: 10 },
    commune: { is: 'quasi', as: 'province' },
    sex: { is: 'quasi' },
    illness: { is: 'sensitive' },
    amount: { is: 'plain', as: 'band', width: 100 },
    remark: { is: 'plain' },
  },
}

const secret = fc.nat(999).map((number) => `${SECRET}${number}`)
const row = fc.record({
  personalId: secret,
  born: fc.oneof(fc.integer({ min: 1980, max: 1999 }).map(String), fc.constant('1985-02-03'), fc.constant(7)),
  commune: fc.oneof(
    fc.constantFrom('10001', '10002', '20001', '90001', '80001'),
    fc.record({ province: fc.constantFrom('10', '20'), asOf: fc.constant('2020-01-01'), detail: secret }),
  ),
  sex: fc.constantFrom('male', 'female'),
  illness: fc.constantFrom('hen', 'lao phổi', null),
  amount: fc.oneof(fc.integer({ min: -50, max: 250 }), fc.constant('12')),
  remark: fc.oneof(fc.constantFrom('Bưu điện “Ð”', true, 3), fc.record({ hidden: secret })),
  notNamed: secret,
})
const rules = fc.record({ k: fc.integer({ min: 2, max: 6 }), l: fc.integer({ min: 1, max: 3 }) })

/** As a provider's pages are kept. */
function keep(rows: readonly object[], by: AnonymityRules): () => AsyncIterable<Buffer> {
  const generalise = createGeneraliser(by, PLACES)
  const lines = rows.map((each) => encodeRow(generalise(each)))
  const half = lines.length >> 1
  return async function* () {
    yield Buffer.from(lines.slice(0, half).join(''))
    yield Buffer.from(lines.slice(half).join(''))
  }
}

async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = []
  for await (const piece of pieces) read.push(piece)
  return Buffer.concat(read).toString()
}

const parseLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const classOf = ({ born, commune, sex }: Record<string, unknown>) => JSON.stringify([born, commune, sex])

/** What may leave, or the refusal where nothing may. */
async function leave(rows: readonly object[], by: AnonymityRules, rowsOfShare?: number) {
  try {
    const { facts, pieces } = await anonymise(by, keep(rows, by), rowsOfShare)
    return { facts, text: await textOf(pieces()), again: await textOf(pieces()) }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

describe('a set made anonymous', () => {
  it('lets no class smaller than k leave, and none without l values of a sensitive column', () =>
    fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 120 }), rules, async (rows, given) => {
        const left = await leave(rows, { ...RULES, ...given })
        if (left instanceof GatewayError) return
        for (const own of Map.groupBy(parseLines(left.text), classOf).values()) {
          expect(own.length).to.be.at.least(given.k)
          expect(new Set(own.map(({ illness }) => illness)).size).to.be.at.least(given.l)
        }
      }),
    ))

  it('lets every class leave that is large and varied enough, and counts what it leaves out', () =>
    fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 120 }), rules, fc.nat(30), async (rows, given, share) => {
        const by = { ...RULES, ...given }
        const told = rows.map((each) => JSON.parse(createGeneraliser(by, PLACES)(each).text))
        const fit = [...Map.groupBy(told, classOf).values()].filter(
          (own) => own.length >= given.k && new Set(own.map(({ illness }) => illness)).size >= given.l,
        )
        const left = await leave(rows, by, share)
        if (left instanceof GatewayError) {
          expect([left.code, fit]).to.deep.equal(['anonymity_unmet', []])
          return
        }
        expect(left.facts.released + left.facts.suppressed).to.equal(rows.length)
        expect(left.facts.classes).to.equal(fit.length)
        expect(parseLines(left.text)).to.have.deep.members(fit.flat())
      }),
    ))

  it('lets no direct identifier leave, nor what no rule names, nor what a member hides', () =>
    fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), async (rows) => {
        const kept = await textOf(keep(rows, { ...RULES, k: 2, l: 1 })())
        expect(kept).to.not.contain(SECRET)
        const left = await leave(rows, { ...RULES, k: 2, l: 1 })
        if (!(left instanceof GatewayError)) expect(left.text).to.not.contain(SECRET)
      }),
    ))

  it('is the same bytes each time and whatever order its rows came in', () =>
    fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 20, maxLength: 60 }), fc.nat(20), async (rows, share) => {
        const by = { ...RULES, k: 2, l: 1 }
        const [one, other] = [await leave(rows, by, share), await leave(rows.toReversed(), by)]
        if (one instanceof GatewayError || other instanceof GatewayError) return
        expect(one.again).to.equal(one.text)
        expect(other.text).to.equal(one.text)
      }),
    ))

  it('tells dates as spans of years, amounts as bands and communes as provinces, else nothing', () => {
    const generalise = createGeneraliser(RULES, PLACES)
    const tell = (of: object) => JSON.parse(generalise(of).text)
    const place = { province: '30', ward: '30001', asOf: '2021-01-01' }
    expect(tell({ born: '1987-12-31', commune: '20001', amount: 250, sex: 'male' })).to.deep.equal({
      born: '1980-1989',
      commune: '02',
      sex: 'male',
      illness: null,
      amount: '200-299',
      remark: null,
    })
    expect(tell({ born: '1987', commune: place, amount: -1 })).to.include({
      born: '1980-1989',
      commune: '03',
      amount: '-100--1',
    })
    for (const born of ['87', '1987-1', 'x', 1987, null]) expect(tell({ born })).to.include({ born: null })
    for (const commune of ['90001', '80001', 10001, {}, { province: 10 }]) {
      expect(tell({ commune })).to.include({ commune: null })
    }
    for (const amount of ['5', Number.NaN, null]) expect(tell({ amount })).to.include({ amount: null })
  })

  it('leaves whole, in pieces of a quarter of a megabyte and not in one', async () => {
    const by: AnonymityRules = {
      k: 2,
      pageSize: 1,
      columns: { sex: { is: 'quasi' }, remark: { is: 'plain' } },
    }
    const rows = Array.from({ length: 4000 }, (_, index) => ({
      sex: index < 2500 ? 'male' : 'female',
      remark: `${index}`.padStart(200, 'x'),
    }))
    const { pieces } = await anonymise(by, keep(rows, by), 1000)
    const made: Buffer[] = []
    for await (const piece of pieces()) made.push(piece)
    expect(Buffer.concat(made).toString().split('\n')).to.have.members([
      '',
      ...rows.map((each) => JSON.stringify(each)),
    ])
    const sizes = made.map(({ length }) => length)
    expect(sizes.length).to.equal(4)
    expect(Math.max(...sizes)).to.be.within(262_144, 262_144 + 300)
  })

  it('is refused where no class is large enough, or there are too many of them', async () => {
    const alone = [
      { born: '1980', sex: 'male' },
      { born: '1990', sex: 'male' },
    ]
    expect(await leave(alone, RULES)).to.include({ code: 'anonymity_unmet' })
    const fine: AnonymityRules = { ...RULES, columns: { sex: { is: 'quasi' } } }
    const many = Array.from({ length: 2 * (MAX_CLASSES + 1) }, (_, index) => ({ sex: `${index >> 1}` }))
    const refused = await leave(many, { ...fine, k: 2, l: 1 })
    expect(refused).to.include({ code: 'anonymity_unmet' })
    expect(refused instanceof GatewayError && refused.detail?.en).to.contain(String(MAX_CLASSES))
  })
})

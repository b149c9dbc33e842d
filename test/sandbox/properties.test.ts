import { expect } from 'chai'
import fc from 'fast-check'
import { agreesWithBirth, isPersonalId, isTaxCode } from '../../src/contract/formats.ts'
import type { TestDataWish } from '../../src/contract/sandbox-requests.ts'
import { AGENCIES, AGENCY_NAMES } from '../../src/sandbox/agencies.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { enterpriseAt, taxCodeOf } from '../../src/sandbox/enterprise.ts'
import { PARCEL_COUNT } from '../../src/sandbox/parcel-place.ts'
import { POPULATION_SIZE } from '../../src/sandbox/person-number.ts'
import { sampleParcel, samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { createTestData } from '../../src/sandbox/test-data.ts'
import { compileSchemas, contractOf, operationOf } from './contracts.ts'

const country = createCountry()
const now = () => new Date('2026-11-22T01:30:00.000Z')
const person = fc.nat(POPULATION_SIZE - 1)

/** Every member of a document, however deep, by its name. */
function membersOf(value: unknown, name = ''): readonly (readonly [name: string, value: unknown])[] {
  if (Array.isArray(value)) return value.flatMap((item) => membersOf(item, name))
  if (typeof value !== 'object' || value === null) return [[name, value]]
  return Object.entries(value).flatMap(([member, inner]) => membersOf(inner, member))
}

/** What each kind of identifier has to be so that it can be nobody's. */
const NOBODYS: readonly (readonly [name: RegExp, isNobodys: (value: string) => boolean])[] = [
  [/personalId$/i, (value) => value.startsWith('099') && isPersonalId(value, true)],
  [
    /(?:taxCode|enterpriseCode|parentTaxCode)$/i,
    (value) => /^(?:99|099)/.test(value) && isTaxCode(value, true),
  ],
  [/^idCardNumber$/, (value) => /^99\d{7}$/.test(value)],
  [/^socialInsuranceNumber$/, (value) => /^99\d{8}$/.test(value)],
  [/^cardNumber$/, (value) => /^[A-Z]{2}\d{3}99\d{8}$/.test(value)],
  [/^(?:serial|certificateSerial)$/, (value) => /^[ZWJF][A-ZĐ] \d{6,8}$/.test(value)],
]

function assertNobodys(document: unknown): void {
  for (const [name, value] of membersOf(document)) {
    if (typeof value !== 'string') continue
    for (const [kind, isNobodys] of NOBODYS) {
      if (kind.test(name)) expect(isNobodys(value), `${name}: ${value}`).to.equal(true)
    }
  }
}

/** Wishes of every kind. */
const wishes: fc.Arbitrary<TestDataWish> = fc.record(
  {
    kind: fc.constantFrom('person', 'household', 'parcel', 'enterprise'),
    count: fc.integer({ min: 1, max: 3 }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    sex: fc.constantFrom('male', 'female'),
    dead: fc.boolean(),
    idCardNumber: fc.boolean(),
    hardName: fc.boolean(),
    ownsParcel: fc.constant(true as const),
    restriction: fc.constantFrom('mortgage', 'planning', 'none'),
  },
  { requiredKeys: ['kind', 'count', 'seed'] },
)

describe('whatever the sandbox draws', () => {
  const catalogue = compileSchemas(true)

  it('is what the contract says, at every agency that knows something of a person', () => {
    const asked = AGENCY_NAMES.flatMap((agency) =>
      AGENCIES[agency]
        .create(country, now)
        .filter(({ kind, identifiers }) => kind !== 'submit' && identifiers.join() === 'personalId')
        .map((operation) => ({ agency, operation })),
    )
    expect(asked.length).to.be.above(8)
    const contract = new Map(
      AGENCY_NAMES.flatMap((agency) =>
        [...(catalogue.catalogue.contract(contractOf(agency))?.operations.values() ?? [])].map(
          (operation) => [`${agency} ${operation.pathTemplate}`, operation.id] as const,
        ),
      ),
    )
    fc.assert(
      fc.property(person, (index) => {
        const { verify } = samplePerson(index, country)
        for (const { agency, operation } of asked) {
          const { status, body } = operation.answer({ body: verify, idempotencyKey: undefined })
          const id = contract.get(`${agency} ${operation.path}`) ?? ''
          operationOf(catalogue, agency, id).checkResponse(status, body)
          assertNobodys(body)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('has identifiers of the right form that can be nobody’s', () => {
    fc.assert(
      fc.property(person, fc.nat(PARCEL_COUNT - 1), fc.nat(4_000_000), (index, parcel, enterprise) => {
        assertNobodys([samplePerson(index, country), sampleTaxpayer(index), sampleParcel(parcel, country)])
        expect(isTaxCode(taxCodeOf(enterpriseAt(enterprise)), true)).to.equal(true)
      }),
      { numRuns: 300 },
    )
    const draw = createTestData(country)
    fc.assert(
      fc.property(wishes, (wish) => {
        const items = draw(wish)
        assertNobodys(items)
        expect(draw(wish)).to.deep.equal(items)
        expect(items.length).to.be.at.most(wish.count ?? 1)
      }),
      { numRuns: 40 },
    )
  })

  it('is refused where one digit is wrong that a check can see', () => {
    const digit = fc.nat(9)
    const swap = (text: string, at: number, to: number) => text.slice(0, at) + to + text.slice(at + 1)
    fc.assert(
      fc.property(fc.nat(4_000_000), fc.nat(9), digit, (index, at, to) => {
        const taxCode = taxCodeOf(enterpriseAt(index))
        fc.pre(taxCode[at] !== String(to))
        expect(isTaxCode(swap(taxCode, at, to), true), taxCode).to.equal(false)
        expect(isTaxCode(`${swap(taxCode, at, to)}-001`, true)).to.equal(false)
      }),
    )
    fc.assert(
      // The digits that say sex, century and year; those behind them no check knows.
      fc.property(person, fc.integer({ min: 3, max: 5 }), digit, (index, at, to) => {
        const { personalId, birthDate, sex } = samplePerson(index, country).verify
        fc.pre(personalId[at] !== String(to))
        expect(agreesWithBirth(personalId, birthDate, sex)).to.equal(true)
        expect(agreesWithBirth(swap(personalId, at, to), birthDate, sex), personalId).to.equal(false)
      }),
    )
  })

  it('is nobody outside a sandbox', () => {
    fc.assert(
      fc.property(person, (index) => {
        expect(isPersonalId(samplePerson(index, country).verify.personalId, false)).to.equal(false)
      }),
    )
  })
})

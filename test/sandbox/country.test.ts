import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import { isPersonalId, isTaxCode } from '../../src/contract/formats.ts'
import {
  createUnitResolver,
  type Province,
  type UnitResolution,
} from '../../src/model/administrative-unit.ts'
import { compareNames } from '../../src/model/name-match.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { enterpriseAt, taxCodeOf } from '../../src/sandbox/enterprise.ts'
import { PARCEL_COUNT, parcelAt, parcelKeyOf } from '../../src/sandbox/parcel-place.ts'
import {
  LAST_YEAR,
  type Person,
  POPULATION_SIZE,
  parsePersonalId,
  personAt,
  personalIdOf,
} from '../../src/sandbox/person-number.ts'
import { type Address, FORMER_PLACES, WARDS } from '../../src/sandbox/places.ts'
import { sampleParcel, samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { ANSWERED_ENDINGS, misconductFor, SCENARIOS } from '../../src/sandbox/scenarios.ts'
import { createSandboxUnits } from '../../src/sandbox/units.ts'

const PROVINCES = join(import.meta.dirname, '../../config/registry/provinces.yaml')

const country = createCountry()
const person = fc.nat(POPULATION_SIZE - 1).map(personAt)
const index = fc.nat(PARCEL_COUNT - 1)

function find(personalId: string | undefined): Person {
  const found = parsePersonalId(personalId ?? '', ANSWERED_ENDINGS)
  if (found === undefined) throw new Error('not in the register')
  return found
}

/** Every text in a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

function digestOf(seed: number): string {
  const { citizens, parcels, taxpayers } = createCountry(seed)
  const hash = createHash('sha256')
  for (let at = 0; at < 200; at += 1) {
    hash.update(JSON.stringify(citizens.recordOf(personAt(at * 499_979))))
    hash.update(JSON.stringify(parcels.recordOf(parcelAt(at * 339_019))))
    hash.update(JSON.stringify(taxpayers.recordOf({ enterprise: enterpriseAt(at * 23_999) })))
  }
  return hash.digest('hex')
}

describe('the synthetic country', () => {
  it('is the same for the same seed, today and on every machine', () => {
    expect(digestOf(2026)).to.equal(digestOf(2026))
    expect(digestOf(2026)).to.equal('78fcfab6af3864fa210d2735823a549f63af6bb3bcbddab868e3a41b336965c1')
    expect(digestOf(2026)).not.to.equal(digestOf(2027))
  })

  it('holds 100 million people, each with an own number that leads back to them', () => {
    expect(POPULATION_SIZE).to.be.at.least(100_000_000)
    fc.assert(
      fc.property(fc.nat(POPULATION_SIZE - 1), fc.nat(POPULATION_SIZE - 1), (one, other) => {
        const id = personalIdOf(personAt(one))
        expect(find(id)).to.deep.equal(personAt(one))
        expect(isPersonalId(id, true)).to.equal(true)
        expect(isPersonalId(id, false), 'a real number').to.equal(false)
        expect(id === personalIdOf(personAt(other))).to.equal(one === other)
      }),
    )
  })

  it('gives no ordinary person, parcel or enterprise a number that provokes a fault', () => {
    fc.assert(
      fc.property(person, index, (somebody, at) => {
        expect(misconductFor(personalIdOf(somebody))).to.equal(undefined)
        expect(misconductFor(parcelKeyOf(parcelAt(at)))).to.equal(undefined)
        expect(misconductFor(taxCodeOf(enterpriseAt(at)))).to.equal(undefined)
      }),
    )
  })

  it('knows nobody outside its numbers', () => {
    for (const id of [
      '001190010000',
      '099190000001',
      '099190999999',
      '099030',
      '099926010000',
      '099225x10000',
    ]) {
      expect(parsePersonalId(id, ANSWERED_ENDINGS), id).to.equal(undefined)
    }
  })

  it('writes every text composed and single-spaced', () => {
    fc.assert(
      fc.property(person, index, (somebody, at) => {
        const records = [
          country.citizens.recordOf(somebody),
          country.parcels.recordOf(parcelAt(at)),
          country.taxpayers.recordOf({ enterprise: enterpriseAt(at) }),
        ]
        for (const text of textsIn(records)) {
          expect(text).to.equal(text.normalize('NFC').replace(/\s+/g, ' ').trim())
        }
      }),
    )
  })
})

describe('synthetic families', () => {
  const { families, names, citizens } = country

  it('marry symmetrically, a man and a woman, both adults', () => {
    fc.assert(
      fc.property(person, (somebody) => {
        const spouse = families.spouseOf(somebody)
        fc.pre(spouse !== undefined)
        expect(families.spouseOf(spouse)).to.deep.equal(somebody)
        expect(spouse.sex).not.to.equal(somebody.sex)
        expect(LAST_YEAR - spouse.year).to.be.at.least(20)
        expect(citizens.recordOf(somebody).spouse?.fullName).to.equal(names.fullNameOf(spouse))
        expect(citizens.recordOf(spouse).maritalStatus).to.equal('married')
      }),
    )
  })

  it('have parents in the register, a couple, 24 to 43 years older', () => {
    fc.assert(
      fc.property(person, (somebody) => {
        const record = citizens.recordOf(somebody)
        const { father, mother } = record
        expect(father.personalId === undefined).to.equal(mother.personalId === undefined)
        fc.pre(father.personalId !== undefined)
        const parents = { husband: find(father.personalId), wife: find(mother.personalId) }
        expect(families.coupleOf(parents.husband)).to.deep.equal(parents)
        for (const parent of [parents.husband, parents.wife]) {
          expect(somebody.year - parent.year).to.be.within(24, 43)
        }
        expect(father.fullName).to.equal(names.fullNameOf(parents.husband))
        expect(record.ethnicity).to.equal(names.ethnicityOf(parents.husband))
      }),
    )
  })

  it('live with a head of household who is an adult and heads the own household', () => {
    fc.assert(
      fc.property(person, (somebody) => {
        const head = families.headOf(somebody)
        expect(families.headOf(head)).to.deep.equal(head)
        expect(LAST_YEAR - head.year).to.be.at.least(20)
        const record = citizens.recordOf(somebody)
        expect(record.householdHead.personalId).to.equal(personalIdOf(head))
        expect(record.permanentResidence).to.deep.equal(citizens.recordOf(head).permanentResidence)
        expect(record.householdHead.relationship === 'self').to.equal(
          record.personalId === personalIdOf(head),
        )
      }),
    )
  })

  it('bear the hard names: Đ, ế, ỹ, one word, apostrophes, no family name first, more than 30 letters', () => {
    const all = Array.from({ length: 8_000 }, (_, at) => names.fullNameOf(personAt(at * 12_503)))
    const has = (pattern: RegExp) => all.some((name) => pattern.test(name))
    expect(has(/Đ/)).to.equal(true)
    expect(has(/ế/)).to.equal(true)
    expect(has(/ỹ/)).to.equal(true)
    expect(has(/^\S+$/), 'one word').to.equal(true)
    expect(has(/^K'Brơi$/)).to.equal(true)
    expect(has(/^H'Hen$/)).to.equal(true)
    expect(has(/^Y Thăng Niê Kđăm$/)).to.equal(true)
    expect(all.some((name) => name.replaceAll(' ', '').length > 30)).to.equal(true)
  })

  it('are born on real days, some known by the year only', () => {
    const dates = Array.from({ length: 4_000 }, (_, at) => citizens.birthDateOf(personAt(at * 24_989)))
    expect(dates.some((date) => /^\d{4}$/.test(date))).to.equal(true)
    expect(dates.some((date) => date.endsWith('-02-29'))).to.equal(true)
  })
})

describe('synthetic parcels and taxpayers', () => {
  it('trace a parcel back from its key and from its certificate', () => {
    fc.assert(
      fc.property(index, (at) => {
        const place = parcelAt(at)
        const { parcelKey, certificate } = country.parcels.recordOf(place)
        expect(country.parcels.find(parcelKey)).to.deep.equal(place)
        expect(country.parcels.findBySerial(certificate.serial)).to.deep.equal(place)
        expect(country.parcels.findBySerial(certificate.serial.replace(' ', ''))).to.deep.equal(place)
      }),
    )
  })

  it('know no parcel outside the map and no certificate that was not issued', () => {
    for (const key of [
      '21583_0_1',
      '21583_1000_1',
      '21583_1_401',
      '99999_1_1',
      '21583_1',
      '21583_01_1',
      '',
    ]) {
      expect(country.parcels.find(key), key).to.equal(undefined)
    }
    for (const serial of ['BA 123456', 'ZA 00000001', 'ZA 99999995', 'Z 123456', 'ZZ 123456', '']) {
      expect(country.parcels.findBySerial(serial), serial).to.equal(undefined)
    }
  })

  it('belong to people of the register, in shares that add up to one', () => {
    fc.assert(
      fc.property(index, (at) => {
        const { owners, uses, areaSquareMetres } = country.parcels.recordOf(parcelAt(at))
        for (const { personalId, fullName } of owners) {
          expect(compareNames(fullName, country.names.fullNameOf(find(personalId)))).to.equal('exact')
        }
        const shares = owners.map(({ share }) => share.split('/').map(Number))
        expect(shares.reduce((sum, [over = 0, under = 1]) => sum + over / under, 0)).to.equal(1)
        expect(uses.reduce((sum, use) => sum + use.areaSquareMetres, 0)).to.be.closeTo(areaSquareMetres, 1e-6)
      }),
    )
  })

  it('bear tax codes that begin with 99 and have the right check digit', () => {
    fc.assert(
      fc.property(fc.nat(4_900_499), fc.nat(4_900_499), (one, other) => {
        const taxCode = taxCodeOf(enterpriseAt(one))
        expect(taxCode).to.match(/^99\d{8}$/)
        expect(isTaxCode(taxCode, true)).to.equal(true)
        expect(country.taxpayers.find(taxCode)).to.deep.equal({ enterprise: enterpriseAt(one) })
        expect(taxCode === taxCodeOf(enterpriseAt(other))).to.equal(one === other)
      }),
    )
  })

  it('have directors, and individuals who are taxpayers, in the register', () => {
    fc.assert(
      fc.property(fc.nat(4_900_499), (at) => {
        const { representative } = country.taxpayers.recordOf({ enterprise: enterpriseAt(at) })
        expect(representative?.fullName).to.equal(country.names.fullNameOf(find(representative?.personalId)))
        const { lookUp } = sampleTaxpayer(at * 3 + 2)
        fc.pre(lookUp.taxCode.length === 12)
        const individual = country.taxpayers.find(lookUp.taxCode)
        if (individual === undefined) throw new Error('an individual is missing')
        expect(country.taxpayers.recordOf(individual).name).to.equal(
          country.names.fullNameOf(find(lookUp.taxCode)),
        )
      }),
    )
  })

  it('know dependent units of the enterprises that have them', () => {
    const units = Array.from({ length: 40 }, (_, at) => `${taxCodeOf(enterpriseAt(at))}-001`)
    const known = units.filter((unit) => country.taxpayers.find(unit) !== undefined)
    expect(known.length).to.be.within(1, 39)
    const [unit = ''] = known
    const found = country.taxpayers.find(unit)
    if (found === undefined) throw new Error('not found')
    expect(country.taxpayers.recordOf(found)).to.include({
      kind: 'dependent_unit',
      parentTaxCode: unit.slice(0, 10),
    })
  })

  it('have addresses whose commune is a unit of its day, in the province the address names', () => {
    const resolve = createSandboxUnits()
    const check = ({ scheme, province, ward, asOf }: Address) => {
      const found = resolve(ward, asOf)
      expect([found.scheme, found.resolution], ward).to.satisfy(
        ([list, how]: [string, string]) => list === scheme && how !== 'none',
      )
      const provinces = found.candidates.map((each) => each.province)
      // A former commune went where its province went.
      const into = resolve(province, asOf).candidates.map(({ code }) => code)
      expect(into, ward).to.include.members(provinces)
      if (scheme === 'DVHC-2025-07') expect(found.candidates.map(({ code }) => code)).to.deep.equal([ward])
    }
    fc.assert(
      fc.property(person, index, (one, at) => {
        const record = country.citizens.recordOf(one)
        const { birthRegistrationPlace, hometown, permanentResidence, currentResidence } = record
        for (const each of [birthRegistrationPlace, hometown, permanentResidence, currentResidence])
          check(each)
        check(country.taxpayers.recordOf({ enterprise: enterpriseAt(at % 4_900_499) }).address)
        check(country.parcels.recordOf(parcelAt(at)).address)
      }),
      { numRuns: 1_000 },
    )
    // The same people each time: of random ones some commune would now and then be nobody's.
    const seen = new Set<string>()
    for (let at = 0; at < 5_000; at += 1) {
      const { birthRegistrationPlace, hometown } = country.citizens.recordOf(personAt(at * 19_979))
      for (const { scheme, ward } of [birthRegistrationPlace, hometown]) seen.add(`${scheme} ${ward}`)
    }
    expect(FORMER_PLACES.filter(({ ward }) => seen.has(`DVHC-pre-2025-07 ${ward}`))).to.have.length(53)
  })

  it("resolve as the registry's units do, wherever both know a commune", () => {
    const resolve = createSandboxUnits()
    const registry = createUnitResolver(
      parseAllDocuments(readFileSync(PROVINCES, 'utf8')).map((each) => each.toJS() as Province),
    )
    const told = (each: UnitResolution) => [
      each.resolution,
      each.candidates.map(({ code, province, part }) => `${province} ${code} ${part}`).toSorted(),
    ]
    const codes = [...FORMER_PLACES.map(({ ward }) => ward), ...FORMER_PLACES.map(({ province }) => province)]
    const known = codes.filter((code) => registry(code, '2025-06-30').resolution !== 'none')
    expect(known).to.include.members(['00016', '00028', '27', '58'])
    for (const code of known) {
      expect(told(resolve(code, '2025-06-30')), code).to.deep.equal(told(registry(code, '2025-06-30')))
    }
  })

  it('stand in real communes of the 34 provinces', () => {
    expect(new Set(WARDS.map(({ province }) => province)).size).to.equal(34)
    expect(new Set(WARDS.map(({ code }) => code)).size).to.equal(WARDS.length)
  })
})

describe('samples', () => {
  it('are many: neighbouring indices give different people, parcels and taxpayers', () => {
    const indices = Array.from({ length: 1_000 }, (_, at) => at)
    expect(new Set(indices.map((at) => samplePerson(at).lookUp.personalId)).size).to.equal(1_000)
    expect(new Set(indices.map((at) => sampleParcel(at).lookUp.parcelKey)).size).to.equal(1_000)
    expect(new Set(indices.map((at) => sampleTaxpayer(at).lookUp.taxCode)).size).to.equal(1_000)
  })

  it('name every scenario in both languages', () => {
    for (const { ending, title } of SCENARIOS) {
      expect(ending).to.match(/^\d{6}$/)
      expect(title.vi).not.to.equal(title.en)
    }
  })
})

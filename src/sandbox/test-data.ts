import type { TestDataWish } from '../contract/sandbox-requests.ts'
import type { Country } from './country.ts'
import { createDraw } from './draw.ts'
import { enterpriseAt, taxCodeOf } from './enterprise.ts'
import { PARCEL_COUNT, type ParcelPlace, parcelAt, parcelKeyOf, wardAt } from './parcel-place.ts'
import { type Person, POPULATION_SIZE, personAt, personalIdOf } from './person-number.ts'
import { sampleScenario } from './samples.ts'
import { SCENARIOS } from './scenarios.ts'

/** Somebody or something with the wanted properties, with the identifiers to ask with. */
export type TestDatum = Readonly<Record<string, unknown>>

/** @returns as many as were wanted, or all that were found among those looked at. */
export type DrawTestData = (wish: TestDataWish) => readonly TestDatum[]

/** Topics of draws; 900–909 belong to this file. */
const TOPIC = { person: 900, parcel: 901, enterprise: 902 } as const
/** A wish that little fulfils is given up: nobody is kept waiting. */
const MAX_LOOKED_AT = 30_000
const ENTERPRISES = 1_000_000
const ACTIVE = '00'
/** Of a household a child is found first: its parents are known, a couple's children are not. */
const CHILD_BORN_FROM = 2005

/** Names that systems trip over: one word, apostrophes, breves, Đ beside stacked marks, more than 30 letters. */
export function isHardName(fullName: string): boolean {
  return (
    !fullName.includes(' ') ||
    fullName.length > 30 ||
    /['’ʼ-]|[ŬŭĔĕĬĭɃƀ]/.test(fullName) ||
    (/[Đđ]/.test(fullName) && /[ếỹỵẵữợ]/i.test(fullName))
  )
}

/** @returns the data of a country by wish; the same wish and seed give the same on every machine. */
export function createTestData(country: Country): DrawTestData {
  const { families, names, citizens, parcels, taxpayers, deaths } = country

  function describePerson(person: Person, place?: ParcelPlace): TestDatum {
    const { father, mother, spouse, permanentResidence, idCardNumber } = citizens.recordOf(person)
    const diedOn = deaths(person)
    return {
      personalId: personalIdOf(person),
      ...(idCardNumber !== undefined && { idCardNumber }),
      fullName: names.fullNameOf(person),
      birthDate: citizens.birthDateOf(person),
      sex: person.sex,
      maritalStatus: families.maritalStatusOf(person),
      province: permanentResidence.province,
      ...(diedOn !== undefined && { diedOn }),
      ...(spouse?.personalId !== undefined && { spousePersonalId: spouse.personalId }),
      ...(father.personalId !== undefined && { fatherPersonalId: father.personalId }),
      ...(mother.personalId !== undefined && { motherPersonalId: mother.personalId }),
      ...(place !== undefined && { parcelKey: parcelKeyOf(place) }),
    }
  }

  const isIn = (person: Person, province: string | undefined) =>
    province === undefined || citizens.permanentResidenceOf(person).province === province

  /** What costs least to find out is asked first. */
  function isWanted(person: Person, wish: TestDataWish): boolean {
    const { sex, bornFrom = 0, bornTo = 9999, maritalStatus, dead, idCardNumber, hardName } = wish
    return (
      (sex === undefined || person.sex === sex) &&
      person.year >= bornFrom &&
      person.year <= bornTo &&
      (maritalStatus === undefined || families.maritalStatusOf(person) === maritalStatus) &&
      (dead === undefined || (deaths(person) !== undefined) === dead) &&
      (idCardNumber === undefined || (citizens.idCardNumberOf(person) !== undefined) === idCardNumber) &&
      isIn(person, wish.province) &&
      (hardName === undefined || isHardName(names.fullNameOf(person)) === hardName)
    )
  }

  function personIn(drawn: (topic: number) => number, wish: TestDataWish): TestDatum | undefined {
    if (wish.ownsParcel !== true) {
      const person = personAt(drawn(TOPIC.person) % POPULATION_SIZE)
      return isWanted(person, wish) ? describePerson(person) : undefined
    }
    const place = parcelAt(drawn(TOPIC.parcel) % PARCEL_COUNT)
    const owner = parcels.ownersOf(place).find((person) => isWanted(person, wish))
    return owner && describePerson(owner, place)
  }

  function householdIn(drawn: (topic: number) => number, wish: TestDataWish): TestDatum | undefined {
    const child = personAt(drawn(TOPIC.person) % POPULATION_SIZE)
    if (child.year < CHILD_BORN_FROM || !isIn(child, wish.province)) return undefined
    const parents = families.parentsOf(child)
    const head = families.headOf(child)
    if (parents === undefined || personalIdOf(head) === personalIdOf(child)) return undefined
    const spouse = families.spouseOf(head)
    const members = [head, ...(spouse === undefined ? [] : [spouse]), child]
    return { headPersonalId: personalIdOf(head), members: members.map((person) => describePerson(person)) }
  }

  function parcelIn(drawn: (topic: number) => number, wish: TestDataWish): TestDatum | undefined {
    const { province, owners, restriction } = wish
    const place = parcelAt(drawn(TOPIC.parcel) % PARCEL_COUNT)
    if (province !== undefined && wardAt(place).province !== province) return undefined
    if (owners !== undefined && parcels.ownersOf(place).length !== owners) return undefined
    const record = parcels.recordOf(place)
    const kinds = record.restrictions.map(({ kind }) => kind)
    const isFit =
      restriction === undefined || (restriction === 'none' ? kinds.length === 0 : kinds.includes(restriction))
    if (!isFit) return undefined
    return {
      parcelKey: record.parcelKey,
      certificateSerial: record.certificate.serial,
      province: record.address.province,
      owners: record.owners,
      restrictions: kinds,
    }
  }

  function enterpriseIn(drawn: (topic: number) => number, wish: TestDataWish): TestDatum | undefined {
    const taxpayer = { enterprise: enterpriseAt(drawn(TOPIC.enterprise) % ENTERPRISES) }
    const { name, statusCode, address, representative } = taxpayers.recordOf(taxpayer)
    if (wish.province !== undefined && address.province !== wish.province) return undefined
    if (wish.active !== undefined && (statusCode === ACTIVE) !== wish.active) return undefined
    const taxCode = taxCodeOf(taxpayer.enterprise)
    return { taxCode, name, statusCode, province: address.province, representative }
  }

  const drawers = { person: personIn, household: householdIn, parcel: parcelIn, enterprise: enterpriseIn }

  return (wish) => {
    const { kind, count = 1, seed = 1, scenario } = wish
    if (scenario !== undefined) {
      return SCENARIOS.some(({ ending }) => ending === scenario) ? [{ ...sampleScenario(scenario) }] : []
    }
    const draw = createDraw(seed)
    const found = new Map<string, TestDatum>()
    for (let looked = 0; looked < MAX_LOOKED_AT && found.size < count; looked += 1) {
      const datum = drawers[kind]((topic) => draw(topic, looked), wish)
      if (datum !== undefined) found.set(JSON.stringify(datum), datum)
    }
    return [...found.values()]
  }
}

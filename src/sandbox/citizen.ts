import { type Draw, pick } from './draw.ts'
import type { Couple, Families, MaritalStatus } from './family.ts'
import type { Names } from './names.ts'
import { keyOf, type Person, personalIdOf, type Sex } from './person-number.ts'
import { type Address, currentAddress, FORMER_PROVINCES, formerAddress, WARDS } from './places.ts'

/** Somebody named in another person's record. */
export interface Relative {
  readonly personalId?: string
  readonly idCardNumber?: string
  readonly fullName: string
  readonly nationality: string
}

export interface HouseholdHead extends Relative {
  /** What the head is to the person. */
  readonly relationship: 'self' | 'spouse' | 'father' | 'mother'
}

/** The record that `lookUpCitizen` answers with, without its time. */
export interface CitizenRecord {
  readonly personalId: string
  readonly idCardNumber?: string
  readonly fullName: string
  readonly sex: Sex
  readonly birthDate: string
  readonly ethnicity: string
  readonly religion: string
  readonly nationality: string
  readonly maritalStatus: MaritalStatus
  readonly birthRegistrationPlace: Address
  readonly hometown: Address
  readonly permanentResidence: Address
  readonly currentResidence: Address
  readonly father: Relative
  readonly mother: Relative
  readonly spouse?: Relative
  readonly householdHead: HouseholdHead
}

/** What the population agency holds about each person. */
export interface Citizens {
  recordOf(person: Person): CitizenRecord
  birthDateOf(person: Person): string
  idCardNumberOf(person: Person): string | undefined
  permanentResidenceOf(person: Person): Address
}

/** Topics of draws; 300–399 belong to this file. */
const TOPIC = {
  day: 300,
  yearOnly: 301,
  idCard: 302,
  religion: 303,
  birthPlace: 304,
  hometown: 305,
  ward: 306,
  house: 307,
  moved: 308,
} as const

/** The first day of the list of communes in force. */
const REFORM = '2025-07-01'
/** People born after it never had a nine-digit card. */
const LAST_CARD_YEAR = 1999
/** Of people born before it, some know only the year. */
const CALENDAR_YEAR = 1965
const DAY_MS = 86_400_000

/** Codes of religions, most people having none. */
const RELIGIONS = ['00', '00', '00', '00', '00', '00', '01', '01', '02', '03', '05', '08'] as const

const STREETS = [
  'đường Trần Hưng Đạo',
  'đường Nguyễn Huệ',
  'đường Lê Lợi',
  'đường Điện Biên Phủ',
  'đường 30 Tháng 4',
  'đường Võ Thị Sáu',
] as const
const HAMLETS = ['Thôn', 'Ấp', 'Khóm', 'Xóm', 'Buôn'] as const

/** Street or hamlet of a household, as it suits the kind of commune. */
function detailIn(wardName: string, drawn: number): string {
  const number = 1 + (drawn % 199)
  if (!wardName.startsWith('Phường')) return `${pick(HAMLETS, drawn >>> 8)} ${1 + (drawn % 19)}`
  return `Số ${number} ${pick(STREETS, drawn >>> 8)}`
}

function birthDateIn(draw: Draw, person: Person): string {
  const key = keyOf(person)
  if (person.year < CALENDAR_YEAR && draw(TOPIC.yearOnly, key) % 16 === 0) return String(person.year)
  const first = Date.UTC(person.year, 0, 1)
  const days = (Date.UTC(person.year + 1, 0, 1) - first) / DAY_MS
  return new Date(first + (draw(TOPIC.day, key) % days) * DAY_MS).toISOString().slice(0, 10)
}

/** Nine digits behind 99, which no province was given. One card may be two people's, as in the old books. */
function idCardNumberIn(draw: Draw, person: Person): string | undefined {
  if (person.year > LAST_CARD_YEAR) return undefined
  return `99${String(draw(TOPIC.idCard, keyOf(person)) % 10_000_000).padStart(7, '0')}`
}

function residenceFor(draw: Draw, key: number): Address {
  const ward = pick(WARDS, draw(TOPIC.ward, key))
  return currentAddress(ward, REFORM, detailIn(ward.name, draw(TOPIC.house, key)))
}

/** A place drawn, as the law of the day named it: only the newest births are registered under the new list. */
function placeFor(drawn: number, birthDate: string): Address {
  const day = birthDate.length === 4 ? `${birthDate}-12-31` : birthDate
  if (day < REFORM) {
    const province = pick(FORMER_PROVINCES, drawn)
    return formerAddress(pick(province, Math.floor(drawn / FORMER_PROVINCES.length)), day)
  }
  const ward = pick(WARDS, drawn)
  return { scheme: 'DVHC-2025-07', province: ward.province, ward: ward.code, asOf: day }
}

/** @returns what the register of a country holds. */
export function createCitizens(draw: Draw, families: Families, names: Names): Citizens {
  function refer(person: Person): Relative & { personalId: string } {
    const idCardNumber = idCardNumberIn(draw, person)
    return {
      personalId: personalIdOf(person),
      ...(idCardNumber === undefined ? {} : { idCardNumber }),
      fullName: names.fullNameOf(person),
      nationality: 'VN',
    }
  }

  function permanentResidenceOf(person: Person): Address {
    return residenceFor(draw, keyOf(families.headOf(person)))
  }

  function parentIn(parents: Couple | undefined, child: Person, sex: Sex): Relative {
    if (parents !== undefined) return refer(sex === 'male' ? parents.husband : parents.wife)
    return { fullName: names.nameForebear(child, sex), nationality: 'VN' }
  }

  function headFor(person: Person): HouseholdHead {
    const head = families.headOf(person)
    if (keyOf(head) === keyOf(person)) return { ...refer(head), relationship: 'self' }
    if (families.spouseOf(person) !== undefined) return { ...refer(head), relationship: 'spouse' }
    return { ...refer(head), relationship: head.sex === 'male' ? 'father' : 'mother' }
  }

  function recordOf(person: Person): CitizenRecord {
    const key = keyOf(person)
    const parents = families.parentsOf(person)
    const spouse = families.spouseOf(person)
    const birthDate = birthDateIn(draw, person)
    const lineage = parents === undefined ? key : keyOf(parents.husband)
    const residence = permanentResidenceOf(person)
    const hasMoved = draw(TOPIC.moved, key) % 8 === 0
    return {
      ...refer(person),
      sex: person.sex,
      birthDate,
      ethnicity: names.ethnicityOf(person),
      religion: pick(RELIGIONS, draw(TOPIC.religion, key)),
      maritalStatus: families.maritalStatusOf(person),
      birthRegistrationPlace: placeFor(draw(TOPIC.birthPlace, key), birthDate),
      hometown: placeFor(draw(TOPIC.hometown, lineage), birthDate),
      permanentResidence: residence,
      currentResidence: hasMoved ? residenceFor(draw, (key ^ 0x40000000) >>> 0) : residence,
      father: parentIn(parents, person, 'male'),
      mother: parentIn(parents, person, 'female'),
      ...(spouse === undefined ? {} : { spouse: refer(spouse) }),
      householdHead: headFor(person),
    }
  }

  return {
    recordOf,
    birthDateOf: (person) => birthDateIn(draw, person),
    idCardNumberOf: (person) => idCardNumberIn(draw, person),
    permanentResidenceOf,
  }
}

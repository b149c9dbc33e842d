import { type Draw, pick } from './draw.ts'
import { type Enterprise, parseEnterprise, taxCodeOf } from './enterprise.ts'
import type { Names } from './names.ts'
import { BLOCK_SIZE, keyOf, type Person, parsePersonalId, personalIdOf } from './person-number.ts'
import { type Address, currentAddress, WARDS } from './places.ts'
import { ANSWERED_ENDINGS } from './scenarios.ts'

export type Taxpayer = { readonly enterprise: Enterprise } | { readonly person: Person }

/** The record that `lookUpTaxpayer` answers with, without its time. */
export interface TaxpayerRecord {
  readonly taxCode: string
  readonly kind: 'enterprise' | 'dependent_unit' | 'individual'
  readonly name: string
  readonly statusCode: string
  readonly statusReason?: string
  readonly registeredOn: string
  readonly address: Address
  readonly taxOffice: { readonly code: string; readonly name: string }
  readonly parentTaxCode?: string
  readonly representative?: {
    readonly personalId: string
    readonly fullName: string
    readonly position: string
  }
}

/** What the tax agency holds. */
export interface Taxpayers {
  find(taxCode: string): Taxpayer | undefined
  recordOf(taxpayer: Taxpayer): TaxpayerRecord
}

/** Topics of draws; 500–599 belong to this file. */
const TOPIC = {
  status: 500,
  ward: 501,
  name: 502,
  director: 503,
  year: 504,
  branches: 505,
  house: 506,
} as const

const TRADES = 'Xây dựng, Thương mại, Vận tải, Nông sản, Dệt may, Cơ khí, Thủy sản, Phần mềm'.split(', ')
const PROPER = 'Đại Phước, Hòa Bình Xanh, Thế Kỷ, Ánh Dương, Sông Đà Rằng, Ỷ La, Đất Mũi'.split(', ')
const FORMS = ['Công ty TNHH', 'Công ty Cổ phần', 'Doanh nghiệp tư nhân', 'Hợp tác xã'] as const

/** Tax status codes (Circular 90/2026/TT-BTC, Annex I), most taxpayers being active. */
const ACTIVE = '00'
const OTHER_STATUSES = ['01', '03', '05', '06', '07', '09'] as const

/** A key for draws about an enterprise and one of its at most nine units. */
function keyOfEnterprise({ number, branch }: Enterprise): number {
  return number * 10 + branch
}

/** Somebody born in 1950 … 1999. */
function directorOf(draw: Draw, enterprise: Enterprise): Person {
  const key = keyOfEnterprise(enterprise)
  const drawn = draw(TOPIC.director, key)
  const year = 1950 + (draw(TOPIC.year, key) % 50)
  return { sex: drawn % 3 === 0 ? 'female' : 'male', year, offset: (drawn >>> 2) % BLOCK_SIZE }
}

function statusOf(draw: Draw, key: number): Pick<TaxpayerRecord, 'statusCode' | 'statusReason'> {
  const drawn = draw(TOPIC.status, key)
  if (drawn % 8 !== 0) return { statusCode: ACTIVE, statusReason: '02' }
  return { statusCode: pick(OTHER_STATUSES, drawn >>> 8) }
}

function officeIn(provinceCode: string): TaxpayerRecord['taxOffice'] {
  const provinceName = WARDS.find(({ province }) => province === provinceCode)?.provinceName ?? ''
  return { code: `${provinceCode}100`, name: `Thuế ${provinceName}` }
}

function nameOf(draw: Draw, { number, branch }: Enterprise): string {
  const drawn = draw(TOPIC.name, number)
  const head = `${pick(FORMS, drawn)} ${pick(TRADES, drawn >>> 4)} ${pick(PROPER, drawn >>> 8)} ${number}`
  return branch === 0 ? head : `Chi nhánh ${branch} – ${head}`
}

function registrationDay(draw: Draw, { number }: Enterprise): string {
  const drawn = draw(TOPIC.name, number)
  return `${2018 + (drawn % 8)}-0${1 + ((drawn >>> 4) % 9)}-${10 + ((drawn >>> 8) % 19)}`
}

function addressOfEnterprise(draw: Draw, enterprise: Enterprise): Address {
  const key = keyOfEnterprise(enterprise)
  const ward = pick(WARDS, draw(TOPIC.ward, key))
  return currentAddress(ward, '2025-07-01', `Lô ${1 + (draw(TOPIC.house, key) % 90)}, ${ward.name}`)
}

/** @returns what the tax register of a country holds; individuals and directors are its people. */
export function createTaxpayers(draw: Draw, names: Names, addressOf: (person: Person) => Address): Taxpayers {
  function find(taxCode: string): Taxpayer | undefined {
    if (taxCode.length === 12) {
      const person = parsePersonalId(taxCode, ANSWERED_ENDINGS)
      // Children have no tax code before somebody registers them as dependants.
      return person === undefined || person.year > 2007 ? undefined : { person }
    }
    const enterprise = parseEnterprise(taxCode)
    if (enterprise === undefined) return undefined
    return enterprise.branch <= draw(TOPIC.branches, enterprise.number) % 10 ? { enterprise } : undefined
  }

  function recordOfEnterprise(enterprise: Enterprise): TaxpayerRecord {
    const isHead = enterprise.branch === 0
    const address = addressOfEnterprise(draw, enterprise)
    const director = directorOf(draw, enterprise)
    return {
      taxCode: taxCodeOf(enterprise),
      kind: isHead ? 'enterprise' : 'dependent_unit',
      name: nameOf(draw, enterprise),
      ...statusOf(draw, keyOfEnterprise(enterprise)),
      registeredOn: registrationDay(draw, enterprise),
      address,
      taxOffice: officeIn(address.province),
      ...(isHead ? {} : { parentTaxCode: taxCodeOf({ ...enterprise, branch: 0 }) }),
      representative: {
        personalId: personalIdOf(director),
        fullName: names.fullNameOf(director),
        position: isHead ? 'Giám đốc' : 'Trưởng chi nhánh',
      },
    }
  }

  function recordOfPerson(person: Person): TaxpayerRecord {
    const address = addressOf(person)
    return {
      taxCode: personalIdOf(person),
      kind: 'individual',
      name: names.fullNameOf(person),
      ...statusOf(draw, keyOf(person)),
      registeredOn: `${Math.max(2009, person.year + 18)}-07-01`,
      address,
      taxOffice: officeIn(address.province),
    }
  }

  return {
    find,
    recordOf: (taxpayer) =>
      'person' in taxpayer ? recordOfPerson(taxpayer.person) : recordOfEnterprise(taxpayer.enterprise),
  }
}

import { type Draw, pick } from './draw.ts'
import type { Families } from './family.ts'
import type { Names } from './names.ts'
import {
  findParcel,
  findParcelBySerial,
  indexOf,
  type ParcelPlace,
  parcelKeyOf,
  serialOf,
  wardAt,
} from './parcel-place.ts'
import { BLOCK_SIZE, type Person, personalIdOf } from './person-number.ts'
import { type Address, currentAddress } from './places.ts'

export interface LandUse {
  readonly purpose: string
  readonly areaSquareMetres: number
}

export interface ParcelOwner {
  readonly personalId: string
  readonly fullName: string
  /** A fraction; the shares of one parcel add up to 1. */
  readonly share: string
}

export interface Certificate {
  readonly serial: string
  readonly registerNumber: string
  readonly issuedOn: string
  readonly issuedBy: string
}

export interface Restriction {
  readonly kind: 'mortgage' | 'planning'
  readonly since: string
  readonly holder: string
}

/** The record that `lookUpParcel` answers with, without its time. */
export interface ParcelRecord {
  readonly parcelKey: string
  readonly mapSheet: number
  readonly parcelNumber: number
  readonly address: Address
  readonly areaSquareMetres: number
  readonly uses: readonly LandUse[]
  readonly certificate: Certificate
  readonly owners: readonly ParcelOwner[]
  readonly restrictions: readonly Restriction[]
}

/** What the land agency holds. */
export interface Parcels {
  find(parcelKey: string): ParcelPlace | undefined
  findBySerial(serial: string): ParcelPlace | undefined
  ownersOf(place: ParcelPlace): readonly Person[]
  recordOf(place: ParcelPlace): ParcelRecord
}

/** Topics of draws; 400–499 belong to this file. */
const TOPIC = {
  owner: 400,
  year: 401,
  share: 402,
  use: 403,
  area: 404,
  issue: 405,
  restriction: 406,
} as const

const AGRICULTURAL = ['CLN', 'LUC', 'BHK', 'NTS', 'RSX'] as const

/** Areas in tenths of a square metre, so that their sum is exact. */
function usesOf(draw: Draw, place: ParcelPlace): readonly { purpose: string; tenths: number }[] {
  const index = indexOf(place)
  const drawn = draw(TOPIC.area, index)
  const isUrban = wardAt(place).name.startsWith('Phường')
  const home = { purpose: isUrban ? 'ODT' : 'ONT', tenths: 400 + (drawn % 2600) }
  const field = { purpose: pick(AGRICULTURAL, drawn >>> 12), tenths: 1000 + (drawn % 49_000) }
  return pick([[home], [home], [home, field], [field]], draw(TOPIC.use, index))
}

const twoDigits = (number: number): string => String(number).padStart(2, '0')

function certificateOf(draw: Draw, place: ParcelPlace): Certificate {
  const drawn = draw(TOPIC.issue, indexOf(place))
  const serial = serialOf(place)
  // Never before the youngest possible owner came of age.
  const year = serial.length === 11 ? 2025 : 2018 + (drawn % 7)
  return {
    serial,
    registerNumber: `CS${String(drawn % 100_000).padStart(5, '0')}`,
    issuedOn: `${year}-${twoDigits(1 + ((drawn >>> 4) % 12))}-${twoDigits(1 + ((drawn >>> 8) % 28))}`,
    issuedBy: `Chi nhánh Văn phòng đăng ký đất đai, ${wardAt(place).provinceName}`,
  }
}

function restrictionsOf(draw: Draw, place: ParcelPlace): readonly Restriction[] {
  const drawn = draw(TOPIC.restriction, indexOf(place))
  const since = `2026-${twoDigits(1 + ((drawn >>> 8) % 9))}-15`
  const bank = `Ngân hàng thử nghiệm số ${1 + (drawn % 9)}`
  if (drawn % 5 === 0) return [{ kind: 'mortgage', since, holder: bank }]
  const committee = `Ủy ban nhân dân ${wardAt(place).name}`
  return drawn % 17 === 0 ? [{ kind: 'planning', since, holder: committee }] : []
}

/** @returns what the land register of a country holds; every owner is one of its people. */
export function createParcels(draw: Draw, families: Families, names: Names): Parcels {
  /** Somebody born in 1940 … 1999, so an adult, and the spouse where they own together. */
  function ownersOf(place: ParcelPlace): readonly Person[] {
    const index = indexOf(place)
    const year = 1940 + (draw(TOPIC.year, index) % 60)
    const drawn = draw(TOPIC.owner, index)
    const sex = drawn % 2 === 0 ? 'male' : 'female'
    const owner: Person = { sex, year, offset: (drawn >>> 1) % BLOCK_SIZE }
    const spouse = draw(TOPIC.share, index) % 3 === 0 ? undefined : families.spouseOf(owner)
    return spouse === undefined ? [owner] : [owner, spouse]
  }

  function recordOf(place: ParcelPlace): ParcelRecord {
    const uses = usesOf(draw, place)
    const owners = ownersOf(place)
    const number = `${place.mapSheet}.${place.parcelNumber}`
    return {
      parcelKey: parcelKeyOf(place),
      mapSheet: place.mapSheet,
      parcelNumber: place.parcelNumber,
      address: currentAddress(wardAt(place), '2025-07-01', `Thửa ${number}, ${wardAt(place).name}`),
      areaSquareMetres: uses.reduce((sum, use) => sum + use.tenths, 0) / 10,
      uses: uses.map(({ purpose, tenths }) => ({ purpose, areaSquareMetres: tenths / 10 })),
      certificate: certificateOf(draw, place),
      owners: owners.map((owner) => ({
        personalId: personalIdOf(owner),
        fullName: names.fullNameOf(owner),
        share: `1/${owners.length}`,
      })),
      restrictions: restrictionsOf(draw, place),
    }
  }

  return { find: findParcel, findBySerial: findParcelBySerial, ownersOf, recordOf }
}

import { pick } from './draw.ts'
import { createPermutation } from './permutation.ts'
import { WARDS, type Ward } from './places.ts'
import { ANSWERED_ENDINGS } from './scenarios.ts'

/** A parcel by its place in the cadastral map. */
export interface ParcelPlace {
  /** Index into WARDS. */
  readonly ward: number
  readonly mapSheet: number
  readonly parcelNumber: number
}

const SHEETS = 999
const NUMBERS = 400
/** How many parcels the sandbox knows. */
export const PARCEL_COUNT = WARDS.length * SHEETS * NUMBERS

/** A prime, so that serials are spread over all parcels and can be traced back. */
const SERIALS = createPermutation(PARCEL_COUNT, 40_000_003)
/** First letters that no certificate bears: they are not in the Vietnamese alphabet. */
const SERIAL_LETTERS = 'ZWJF'
const SECOND_LETTERS = 'ABCDEGHIKLMNOPQRSTUVXYĐ'

/** @param index any integer from 0 up; it wraps round after PARCEL_COUNT. */
export function parcelAt(index: number): ParcelPlace {
  const within = index % PARCEL_COUNT
  return {
    ward: Math.floor(within / (SHEETS * NUMBERS)),
    mapSheet: 1 + (Math.floor(within / NUMBERS) % SHEETS),
    parcelNumber: 1 + (within % NUMBERS),
  }
}

/** The place's number in the order of `parcelAt`: a key for draws. */
export function indexOf(place: ParcelPlace): number {
  return (place.ward * SHEETS + place.mapSheet - 1) * NUMBERS + place.parcelNumber - 1
}

/** The commune a parcel lies in. */
export function wardAt(place: ParcelPlace): Ward {
  return pick(WARDS, place.ward)
}

/** `[ward code]_[map sheet]_[parcel number]`. */
export function parcelKeyOf(place: ParcelPlace): string {
  return `${wardAt(place).code}_${place.mapSheet}_${place.parcelNumber}`
}

/**
 * Certificates printed since 01/01/2025 have two letters and eight digits (Circular 10/2024/TT-BTNMT), older
 * ones two letters and six digits; the former are every fifth here.
 */
export function serialOf(place: ParcelPlace): string {
  const number = SERIALS.apply(indexOf(place))
  if (isNewForm(number)) return `ZA ${String(number).padStart(8, '0')}`
  const pair = Math.floor(number / 1_000_000)
  const first = SERIAL_LETTERS.charAt(Math.floor(pair / SECOND_LETTERS.length))
  const second = SECOND_LETTERS.charAt(pair % SECOND_LETTERS.length)
  return `${first}${second} ${String(number % 1_000_000).padStart(6, '0')}`
}

function isNewForm(number: number): boolean {
  return number % 5 === 0
}

function numberOfSerial(serial: string): number | undefined {
  const [, first = '', second = '', digits = ''] = /^(.)(.) ?(\d{6}|\d{8})$/.exec(serial) ?? []
  if (digits.length !== 6) return digits === '' ? undefined : Number(digits)
  const pair = SERIAL_LETTERS.indexOf(first) * SECOND_LETTERS.length + SECOND_LETTERS.indexOf(second)
  return pair < 0 ? undefined : pair * 1_000_000 + Number(digits)
}

/** @returns the parcel whose certificate has this serial, with or without its space. */
export function findParcelBySerial(serial: string): ParcelPlace | undefined {
  const number = numberOfSerial(serial)
  if (number === undefined) return undefined
  const place = parcelAt(SERIALS.undo(number))
  // Whatever number was read: only the serial that was issued for the parcel is its own.
  return serialOf(place).replace(' ', '') === serial.replace(' ', '') ? place : undefined
}

/** @returns the parcel, where the sandbox knows it. */
export function findParcel(parcelKey: string): ParcelPlace | undefined {
  const [code, sheet, number] = parcelKey.split('_')
  const ward = WARDS.findIndex((known) => known.code === code)
  const place = { ward, mapSheet: Number(sheet), parcelNumber: Number(number) }
  const known =
    place.parcelNumber <= NUMBERS || ANSWERED_ENDINGS.has(String(place.parcelNumber).padStart(6, '0'))
  const drawn = ward >= 0 && place.mapSheet >= 1 && place.mapSheet <= SHEETS && place.parcelNumber >= 1
  return drawn && known && parcelKeyOf(place) === parcelKey ? place : undefined
}

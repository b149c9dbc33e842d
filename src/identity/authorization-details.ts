import { GatewayError } from '../model/errors.ts'
import type { DataExchangeDetail } from '../model/exchange.ts'
import { type Members, parseStrictObject } from './strict-json.ts'

const MAX_DETAILS = 16
const MAX_ENTRIES = 64
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const SERVICE = /^[A-Z0-9.]{1,35}\/[a-z0-9-]{1,64}\/[a-z0-9-]{1,64}\/v[1-9]\d{0,2}$/
const POINTER = /^(?=.{2,256}$)(?:\/(?:[^~/\p{Cc}]|~[01])*)+$/u

function isText(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value)
}

/** 1–64 different texts: an empty list would allow nothing, and a member that allows nothing is a mistake. */
function isListOf(pattern: RegExp): (value: unknown) => boolean {
  return (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_ENTRIES &&
    new Set(value).size === value.length &&
    value.every(isText(pattern))
}

/** Every member there is, and what it may hold. */
const MEMBERS = new Map<string, (value: unknown) => boolean>([
  ['type', (value) => value === 'data_exchange'],
  ['service', isText(SERVICE)],
  ['operations', isListOf(NAME)],
  ['purpose', isText(NAME)],
  ['legal_basis', isText(NAME)],
  ['agreement', isText(NAME)],
  ['fields', isListOf(POINTER)],
])

function isDetail(value: unknown): value is DataExchangeDetail {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (!Object.hasOwn(value, 'type')) return false
  return Object.entries(value as Members).every(([name, member]) => MEMBERS.get(name)?.(member) === true)
}

/** @returns the value as details, undefined where it isn't a list of 1–16 well-formed ones. */
export function readDetails(value: unknown): readonly DataExchangeDetail[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_DETAILS) return undefined
  return value.every(isDetail) ? value : undefined
}

/**
 * The `authorization_details` parameter of a token request.
 * @throws GatewayError `authorization_details_invalid` for an unknown type, member or form (RFC 9396 §5).
 */
export function parseDetails(text: string): readonly DataExchangeDetail[] {
  const wrapped = parseStrictObject(Buffer.from(`{"details":${text}}`))
  const isOneValue = wrapped !== undefined && Object.keys(wrapped).length === 1
  const details = isOneValue ? readDetails(wrapped['details']) : undefined
  if (details === undefined) throw new GatewayError('authorization_details_invalid')
  return details
}

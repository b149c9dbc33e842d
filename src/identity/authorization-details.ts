import { GatewayError } from '../model/errors.ts'
import { type Members, parseStrictObject } from './strict-json.ts'

/**
 * What a consumer narrows its own token to (RFC 9396), type `data_exchange`. Absent members don't narrow;
 * the agreement decides in any case.
 */
export interface DataExchangeDetail {
  readonly type: 'data_exchange'
  readonly service?: string
  readonly purpose?: string
  readonly legal_basis?: string
  readonly agreement?: string
  readonly fields?: readonly string[]
}

const TEXT_MEMBERS = ['service', 'purpose', 'legal_basis', 'agreement'] as const
const KNOWN_MEMBERS = new Set<string>(['type', 'fields', ...TEXT_MEMBERS])
const MAX_DETAILS = 16
const MAX_FIELDS = 64

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}]{1,256}$/u.test(value)
}

function isDetail(value: unknown): value is DataExchangeDetail {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const detail = value as Members
  if (detail['type'] !== 'data_exchange') return false
  if (Object.keys(detail).some((name) => !KNOWN_MEMBERS.has(name))) return false
  if (TEXT_MEMBERS.some((name) => detail[name] !== undefined && !isShortText(detail[name]))) return false
  const { fields } = detail
  return (
    fields === undefined ||
    (Array.isArray(fields) && fields.length <= MAX_FIELDS && fields.every(isShortText))
  )
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

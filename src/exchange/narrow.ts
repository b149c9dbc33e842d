import type { Agreement } from '../model/agreement.ts'
import type { DataExchangeDetail } from '../model/exchange.ts'
import { type CompiledGrant, coversPointer } from '../registry/grant.ts'

/** What a token's details are held against. */
export interface NarrowAsk {
  readonly service: string
  readonly operation: string
  readonly purpose: string
  readonly fields: readonly string[] | undefined
  readonly details?: readonly DataExchangeDetail[] | undefined
}

function speaksOf(detail: DataExchangeDetail, agreement: Agreement, ask: NarrowAsk): boolean {
  const { service, operations, purpose, legal_basis: basis } = detail
  return (
    (service === undefined || service === ask.service) &&
    (operations === undefined || operations.includes(ask.operation)) &&
    (purpose === undefined || purpose === ask.purpose) &&
    (basis === undefined || agreement.legalBases.includes(basis)) &&
    (detail.agreement === undefined || detail.agreement === agreement.id)
  )
}

/** Of two sets of pointers what both name, each pointer standing for all below it. */
function intersect(grant: CompiledGrant, named: ReadonlySet<string>): readonly string[] {
  const agreed = grant.fields.filter((pointer) => coversPointer(named, pointer))
  const deeper = [...named].filter((pointer) => !agreed.includes(pointer) && grant.covers(pointer))
  return [...agreed, ...deeper]
}

/**
 * @param given pointers of the fields that a person agreed to.
 * @returns of the fields that may leave those that the person agreed to: where no fields were asked for, an answer
 * under a narrower consent is a narrower answer.
 */
export function withinConsent(
  fields: readonly string[],
  grant: CompiledGrant,
  given: readonly string[],
): readonly string[] {
  const named = new Set(given)
  const kept = fields.filter((pointer) => coversPointer(named, pointer))
  if (kept.length === fields.length) return fields
  const allowed = new Set(fields)
  const deeper = given.filter((pointer) => !kept.includes(pointer) && coversPointer(allowed, pointer))
  return [...kept, ...deeper.filter((pointer) => grant.covers(pointer))]
}

/**
 * Holds a request that an agreement allows to what its token is narrowed to (RFC 9396): it must lie within the
 * details that speak of this service, operation, purpose, legal basis and agreement. They only ever take away.
 * @returns the fields that may leave, the grant's own list where nothing narrows it; undefined where the token
 * does not cover the request.
 */
export function narrow(
  agreement: Agreement,
  grant: CompiledGrant,
  ask: NarrowAsk,
): readonly string[] | undefined {
  const all = ask.fields ?? grant.fields
  if (ask.details === undefined) return all
  const details = ask.details.filter((detail) => speaksOf(detail, agreement, ask))
  if (details.length === 0) return undefined
  if (details.some(({ fields }) => fields === undefined)) return all
  const named = new Set(details.flatMap(({ fields = [] }) => fields))
  if (ask.fields !== undefined) {
    return ask.fields.every((pointer) => coversPointer(named, pointer)) ? ask.fields : undefined
  }
  const both = intersect(grant, named)
  return both.length === 0 && grant.fields.length > 0 ? undefined : both
}

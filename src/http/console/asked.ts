import { AUDIT_SERVICE } from '../../ledger/own-service.ts'
import { GatewayError } from '../../model/errors.ts'
import type { ServiceId } from '../../model/identifier.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { ShownEntry } from '../../reporting/audit-desk.ts'
import { usualPeriod } from '../../reporting/figures.ts'
import { addDays, type Period, parsePeriod, startOf } from '../../reporting/period.ts'
import { type Filters, type IdentifierKind, KINDS, type Sought } from './search-page.ts'

/** An exchange's id as people type it. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** A W3C trace id, or the `traceparent` it came in (W3C Trace Context §3.2.2). */
const TRACE = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/i
/** A place in the log as people write it: `1.234.567`, `#42`. A person’s number and a tax code have more digits. */
const LEAF = /^(?:#\s?(\d{1,15})|(\d{1,3}(?:\.\d{3})+|\d{1,9}))$/
const DAY = /^\d{4}-\d{2}-\d{2}$/

/** @returns the trace id that somebody typed, in lower case. */
export function traceIn(text: string): string | undefined {
  return TRACE.exec(text)?.[1]?.toLowerCase()
}

/** @returns the leaf index that somebody typed. */
export function leafIn(text: string): number | undefined {
  const [, marked, plain] = LEAF.exec(text) ?? []
  const digits = marked ?? plain?.replaceAll('.', '')
  return digits === undefined ? undefined : Number(digits)
}

/** Whether a form named one of the kinds. */
export function isKind(text: string | null): text is IdentifierKind {
  return KINDS.some((kind) => kind === text)
}

/** @returns what kind of identifier a text is. Only asked where nobody said what kind it is: a person's number is digits, a dossier code has groups. */
export function recogniseKind(identifier: string): Sought['kind'] {
  if (/^\d{10}(?:-\d{3})?$|^\d{12}$/.test(identifier)) return 'subject'
  return /\d{6}-|[.-]\d/.test(identifier) && identifier.length > 8 ? 'dossier' : 'officer'
}

const FILTERS = [
  'since',
  'until',
  'consumer',
  'provider',
  'service',
  'outcome',
  'code',
  'trace',
  'readings',
  'cursor',
] as const

/** The filters of an address or a form. */
export function readFilters(form: URLSearchParams): Filters {
  return Object.fromEntries(FILTERS.flatMap((name) => (form.get(name) ? [[name, form.get(name)]] : [])))
}

/** The body `/audit` takes: days of the form become instants. */
export function conditionsOf({ since, until, readings, ...rest }: Filters): Record<string, unknown> {
  return {
    ...rest,
    ...(readings === undefined && rest.service !== AUDIT_SERVICE && { exchangesOnly: true }),
    ...(since !== undefined && DAY.test(since) && { since: startOf(since).toISOString() }),
    ...(until !== undefined && DAY.test(until) && { until: startOf(addDays(until, 1)).toISOString() }),
  }
}

/** The period asked for, or the usual one. @throws GatewayError `request_invalid`. */
export function periodOf(query: URLSearchParams, nowMs: number): Period {
  const period = parsePeriod(query.get('period') ?? usualPeriod(nowMs))
  if (period === undefined) throw new GatewayError('request_invalid')
  return period
}

const MOST_DEEP = 4

/** Members that the contract lets an answer have and the exchange did not pass on; of a part that was, what is missing in it. */
export function withheldFields(registry: Registry, { record }: ShownEntry): readonly string[] {
  const service = registry.services.get(record.service as ServiceId)
  const answer = service?.contract.operations.get(record.operation ?? '')?.members?.().answer
  if (answer === undefined || record.answer?.status !== 200) return []
  const given = record.fields ?? []
  const below = (place: string, depth: number): readonly string[] =>
    answer.namesAt(place).flatMap((name) => {
      const pointer = `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (given.includes(pointer)) return []
      const isPartial = depth < MOST_DEEP && given.some((each) => each.startsWith(`${pointer}/`))
      return isPartial ? below(pointer, depth + 1) : [pointer]
    })
  return below('', 1).toSorted()
}

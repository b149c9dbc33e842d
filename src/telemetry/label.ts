import { type Known, UNKNOWN } from './known.ts'
import type { LabelSource } from './metric-entry.ts'
import { CODES } from './metric-table.ts'

/** What OpenTelemetry puts for a method or error type outside its list: callers choose methods freely. */
export const OTHER_HTTP = '_OTHER'

/** Takes the place of what a full metric has no room for. */
export const OTHER = '_other'

/** RFC 9110 §9 and RFC 5789: the methods OpenTelemetry's conventions know. */
export const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]

const STATUS = /^[1-5]\d\d$/
const ERROR_CODES: ReadonlySet<string> = new Set(CODES)

/** @returns the value where its source admits it, else the word that stands for all such values. */
export function admit(source: LabelSource, value: string, known: Known): string {
  if (typeof source !== 'string') return source.includes(value) ? value : UNKNOWN
  switch (source) {
    case 'given':
      return value
    case 'method':
      return METHODS.includes(value) ? value : OTHER_HTTP
    case 'status':
      return value === '' || STATUS.test(value) ? value : UNKNOWN
    case 'error':
      return value === '' || ERROR_CODES.has(value) || STATUS.test(value) ? value : OTHER_HTTP
    default:
      return known[source].has(value) ? value : UNKNOWN
  }
}

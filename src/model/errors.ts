import { ERRORS, type ErrorCode, type ErrorEntry } from './error-table.ts'
import type { Bilingual } from './identifier.ts'

/** One rule that a document breaks: where and which, never the value (it may be personal data). */
export interface Violation {
  /** JSON Pointer into the document. */
  readonly pointer: string
  /** The schema keyword or format that failed, e.g. `required`, `format`. */
  readonly rule: string
  readonly detail: Bilingual
  /** Of a `required` member that is missing: its name in the contract; the pointer is that of what lacks it. */
  readonly member?: string
}

interface ErrorParticulars {
  /** What exactly was wrong, without any value of personal data. */
  readonly detail?: Bilingual
  readonly errors?: readonly Violation[]
  readonly retryAfterSeconds?: number
  /** For logs only; it never leaves the gateway. */
  readonly cause?: unknown
}

/** @returns what the closed table says of a code that stands in a record; undefined of one it no longer has. */
export function errorEntry(code: string | undefined): ErrorEntry | undefined {
  const entries: Readonly<Record<string, ErrorEntry>> = ERRORS
  return code !== undefined && Object.hasOwn(entries, code) ? entries[code] : undefined
}

/** The one error class: a public half (code and particulars) and a private half (`cause`). */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: Bilingual | undefined
  readonly errors: readonly Violation[]
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, particulars: ErrorParticulars = {}) {
    super(particulars.detail?.en ?? ERRORS[code].title.en, { cause: particulars.cause })
    this.code = code
    this.detail = particulars.detail
    this.errors = particulars.errors ?? []
    this.retryAfterSeconds = particulars.retryAfterSeconds
  }

  get entry(): ErrorEntry {
    return ERRORS[this.code]
  }
}

/** Whatever was thrown, as a GatewayError: what is not one is an `internal_error` with its cause kept private. */
export function asGatewayError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError ? thrown : new GatewayError('internal_error', { cause: thrown })
}

import type { Bilingual } from './identifier.ts'

/** Whose side has to act. */
export type Fault = 'consumer' | 'provider' | 'gateway'

/** Where in an exchange a refusal or failure arose; a metric label. */
export type Stage =
  | 'gate'
  | 'authenticate'
  | 'resolve'
  | 'authorise'
  | 'check_request'
  | 'call'
  | 'check_response'
  | 'record'

export interface ErrorEntry {
  readonly status: number
  readonly fault: Fault
  readonly stage: Stage
  readonly title: Bilingual
  /** What the side at fault can do. */
  readonly fix: Bilingual
  /** The code of RFC 6749 §5.2, RFC 8707 or RFC 9449 that the token endpoint answers with. */
  readonly oauth?: string
}

import type { KeptPart } from '../ledger/private-part.ts'
import type { ExchangeRecord } from '../ledger/record.ts'
import type { TagKind } from '../ledger/tag.ts'
import type { ErrorCode } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'

/** A span of time; open where an end is absent. An exchange's time is that of its receipt, as its id tells. */
export interface TimeSpan {
  readonly since?: Date | undefined
  /** First instant that no longer belongs. */
  readonly until?: Date | undefined
}

/** The tag an identifier has in one month's records. */
export interface MonthTag {
  /** `yyyy-mm`, UTC. */
  readonly month: string
  readonly tag: string
  /** Of a subject: the tag it has among those of a batch. */
  readonly inBatch?: Uint8Array | undefined
}

/** What an auditor looks for; every condition given has to hold. */
export interface AuditConditions extends TimeSpan {
  readonly consumer?: string | undefined
  readonly provider?: string | undefined
  readonly service?: string | undefined
  readonly operation?: string | undefined
  readonly outcome?: Outcome | undefined
  readonly code?: ErrorCode | undefined
  readonly agreement?: string | undefined
  readonly purpose?: string | undefined
  /** A UUID. */
  readonly exchange?: string | undefined
  /** Where in the log, largest first; none of them finds nothing. */
  readonly leaves?: readonly number[] | undefined
  /** Leaves out readings of the log itself. */
  readonly exchangesOnly?: boolean | undefined
  /** The tags a person, officer or dossier had in the months searched; none of them finds nothing. */
  readonly tagged?: { readonly kind: TagKind; readonly tags: readonly MonthTag[] } | undefined
  /** Only exchanges that one of these subsystems asked or answered; none of them finds nothing. */
  readonly parties?: readonly string[] | undefined
  /** Only what stood in the log when it had this many records. */
  readonly treeSize?: number | undefined
}

export interface AuditQuery extends AuditConditions {
  /** Whether entries come with what is kept of their private parts. */
  readonly discloses?: boolean | undefined
  /** Only exchanges with an id before this one: the last of the page before. */
  readonly before?: string | undefined
  /** 1 … MAX_PAGE. */
  readonly limit: number
}

export const MAX_PAGE = 1000

/** A record as it stands in the log. */
export interface AuditEntry {
  readonly leafIndex: number
  /** SHA-256(0x00 ‖ leaf), base64url (RFC 6962 §2.1). */
  readonly leafHash: string
  /** Parsed from the leaf itself, not from the columns made for searching. */
  readonly record: ExchangeRecord
  /** Where it was asked for and the record has one. */
  readonly privatePart?: KeptPart | undefined
}

export interface AuditPage {
  /** By exchange id, so by time of receipt, latest first. */
  readonly entries: readonly AuditEntry[]
  /** Whether there are earlier ones. */
  readonly more: boolean
}

/** What exchanges can be counted by; days are Vietnam's, hours begin at their UTC instant. */
export const DIMENSIONS = [
  'day',
  'hour',
  'consumer',
  'provider',
  'service',
  'operation',
  'outcome',
  'code',
  'agreement',
  'purpose',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** How many exchanges share these values; '' stands for what a record does not have. */
export interface AuditCount {
  readonly values: readonly string[]
  readonly count: number
}

/** What the registry said when an exchange was judged. */
export interface JudgedUnder {
  readonly registry: { readonly version: number; readonly appliedAt: Date } | undefined
  /** The text of the agreement (or, of an audit, the reader's right) as it was then. */
  readonly agreement: unknown
}

/** Reads the exchange log. */
export interface AuditStore {
  search(query: AuditQuery): Promise<AuditPage>
  /** Exact at the moment of asking; groups by the values of `by`, largest count first. */
  count(conditions: AuditConditions, by: readonly Dimension[]): Promise<readonly AuditCount[]>
  judgedUnder(record: ExchangeRecord): Promise<JudgedUnder>
  /** Leaf indexes of the latest records with this W3C trace id; a trace may hold several exchanges. */
  leavesOf(trace: string): Promise<readonly number[]>
  /** Records in the log. */
  treeSize(): Promise<number>
  /**
   * The keyed tags an identifier can have in records of the span, one for each month that has a key; where a
   * month's key was destroyed its records can't be found this way any more.
   */
  tagsOf(kind: TagKind, identifier: string, span: TimeSpan): Promise<readonly MonthTag[]>
}

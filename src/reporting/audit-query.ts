import type { ExchangeRecord } from '../ledger/record.ts'
import type { TagKind } from '../ledger/tag.ts'
import type { ErrorCode } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'

/** A span of time; open where an end is absent. */
export interface TimeSpan {
  readonly since?: Date | undefined
  /** First instant that no longer belongs. */
  readonly until?: Date | undefined
}

/** What an auditor asks the exchange log; every condition given has to hold. */
export interface AuditQuery extends TimeSpan {
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
  /** The tags a person, officer or dossier had in the months searched; none of them finds nothing. */
  readonly tagged?: { readonly kind: TagKind; readonly tags: readonly string[] } | undefined
  /** Only records before this place in the log: the last `leafIndex` of the page before. */
  readonly before?: number | undefined
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
}

export interface AuditPage {
  /** Latest first. */
  readonly entries: readonly AuditEntry[]
  /** Whether there are earlier ones. */
  readonly more: boolean
}

/** Reads the exchange log. */
export interface AuditStore {
  search(query: AuditQuery): Promise<AuditPage>
  /**
   * The keyed tags an identifier can have in records of the span, one for each month that has a key; where a
   * month's key was destroyed its records can't be found this way any more.
   */
  tagsOf(kind: TagKind, identifier: string, span: TimeSpan): Promise<readonly string[]>
}

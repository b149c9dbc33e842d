import type { Frontier } from './merkle.ts'
import type { PrivatePart } from './private-part.ts'
import type { ExchangeRecord } from './record.ts'

/** Where a log stands: all a writer needs to append. */
export interface LedgerHead {
  readonly frontier: Frontier
  /** `at` of the last record, Unix milliseconds; 0 of an empty log. */
  readonly lastAt: number
}

/** One sequenced record with its bytes as they were hashed. */
export interface SequencedRecord {
  readonly index: number
  readonly record: ExchangeRecord
  readonly leaf: Buffer
  readonly leafHash: Buffer
  /** Kept beside the log, under encryption. */
  readonly privatePart: PrivatePart | undefined
  /** Of a batch: its subjects' tags (`SubjectTagger`), made durable with it. */
  readonly subjects: Uint8Array | undefined
}

/** A finished submission's reply, kept (encrypted) so that a repetition gets the same answer. */
export interface SettledReply {
  readonly slot: string
  readonly status: number
  readonly body: string
}

/** Everything one transaction makes durable together. */
export interface Append {
  /** The number of the authority that the deliveries among it were judged under; undefined where there is none. */
  readonly authority: number | undefined
  readonly before: LedgerHead
  readonly after: LedgerHead
  readonly root: Buffer
  readonly records: readonly SequencedRecord[]
  /** Exchange ids whose intent this batch closes. */
  readonly closedIntents: readonly string[]
  readonly settledReplies: readonly SettledReply[]
}

/** A begun exchange whose record is not yet written. */
export interface Intent {
  readonly exchangeId: string
  readonly record: ExchangeRecord
  /** Of its private part; none where it has none. */
  readonly disclosures: readonly string[]
}

/**
 * What became of an append; only `appended` wrote anything. `overtaken`: another writer appended since `before`.
 * `superseded`: another authority is in force than it was judged under.
 */
export type AppendResult = 'appended' | 'overtaken' | 'superseded'

/** An exchange of the batch has its record already; nothing of the batch was written. */
export class DuplicateRecord extends Error {
  override readonly name = 'DuplicateRecord'
}

/** The log's storage. Every promise that resolves has been made durable. */
export interface LedgerStore {
  readHead(): Promise<LedgerHead>
  /** Takes the head's lock until the next `append`: for when writers keep getting in each other's way. */
  lockHead(): Promise<LedgerHead>
  /** @throws DuplicateRecord */
  append(append: Append): Promise<AppendResult>
  writeIntent(intent: Intent): Promise<void>
  /** Intents whose process is gone. */
  orphans(): Promise<readonly Intent[]>
}

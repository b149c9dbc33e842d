import type { ErrorCode } from '../model/error-table.ts'
import type { Consumer } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { BulkFormat } from './bulk-lines.ts'
import { emptyTally, type Tally } from './data-quality.ts'
import type { OrderedSet } from './ordered-set.ts'
import type { QueueDefinition } from './queue.ts'

/**
 * `uploading` until the whole file is there, then `queued` and `running`; `paused` by the consumer, `stopped` because
 * access was refused, `failed` after the last try. These three go on from where they were by `resume`.
 */
export const BULK_STATES = [
  'uploading',
  'queued',
  'running',
  'paused',
  'stopped',
  'failed',
  'cancelled',
  'done',
] as const

export type BulkState = (typeof BULK_STATES)[number]

/** What a bulk job asks, and on whose behalf. Access is decided anew with every batch. */
export interface BulkAsk {
  /** As proven when the job was made. */
  readonly consumer: Consumer
  readonly service: ServiceId
  /** An operation with a batch form, or a set that leaves anonymised. */
  readonly operation: string
  readonly purpose: string
  readonly dossier?: string | undefined
  readonly procedure?: string | undefined
  readonly officer?: string | undefined
  readonly format: BulkFormat
  readonly sizeBytes: number
  /** A record whose `asOf` lies further back than this is stale. */
  readonly staleAfterDays: number
  /** `yyyy-mm-dd`: by which list of administrative units the records' `unit` is; that of the job's day where absent. */
  readonly unitsAsOf?: string | undefined
  /** Of a data set that is read from its provider to leave anonymised: there is no file, then. */
  readonly set?: OrderedSet | undefined
}

/** Counts of a job so far. */
export interface BulkCounts {
  readonly total: Tally
  /** By field and rung, for the records that were found. */
  readonly fields: Record<string, Record<string, number>>
  /** By administrative unit, where the records name one. */
  readonly units: Record<string, Tally>
  /** How many units there are: to count thousands of names at each new one would take minutes. */
  unitCount: number
}

export function emptyCounts(): BulkCounts {
  return { total: emptyTally(), fields: {}, units: {}, unitCount: 0 }
}

export interface BulkJob {
  readonly id: string
  readonly ask: BulkAsk
  readonly state: BulkState
  /** Why it does not go on at the moment. */
  readonly code: ErrorCode | undefined
  readonly receivedBytes: number
  /** Records done. */
  readonly records: number
  /** Batches asked of the provider. */
  readonly exchanges: number
  readonly createdAt: Date
  readonly finishedAt: Date | undefined
  /** From then on nothing of it is kept. */
  readonly expiresAt: Date
}

/** A job as the process holds it that does it. */
export interface ClaimedBulkJob {
  readonly job: BulkJob
  readonly counts: BulkCounts
  /** Each claim has its own: what an earlier holder still writes is refused. */
  readonly epoch: number
}

/** Results of the next records, with all that goes with them, made durable at once or not at all. */
export interface BulkStep {
  readonly id: string
  readonly epoch: number
  /** Records done before it. */
  readonly from: number
  readonly to: number
  readonly exchanges: number
  /** NDJSON. */
  readonly results: Buffer
  readonly counts: BulkCounts
}

export type Appended =
  | { readonly receivedBytes: number; readonly isWhole: boolean }
  | { readonly conflict: true; readonly receivedBytes: number }

/** What is kept of bulk jobs; files and results are encrypted. */
export interface BulkStore {
  create(id: string, ask: BulkAsk): Promise<void>
  find(id: string): Promise<BulkJob | undefined>
  /** The consumer's latest, newest first. */
  list(consumer: string): Promise<readonly BulkJob[]>
  /** Adds to the file at this offset; with the last byte the job is queued. */
  append(id: string, offset: number, piece: readonly Buffer[]): Promise<Appended | undefined>
  pause(id: string): Promise<boolean>
  /** Puts a paused, stopped or failed job back into the queue. */
  resume(id: string): Promise<boolean>
  /** Ends a job and deletes its file and results. */
  cancel(id: string): Promise<boolean>
  /** Takes a queued or running job over; undefined where it is neither. */
  claim(id: string, queueJob: string): Promise<ClaimedBulkJob | undefined>
  input(id: string): AsyncIterable<Buffer>
  /** @returns the job's state; undefined where somebody else has taken it over or it was cancelled. */
  commit(step: BulkStep): Promise<BulkState | undefined>
  /** Ends a claim; a job that was paused meanwhile stays so. */
  end(
    id: string,
    epoch: number,
    state: 'queued' | 'stopped' | 'failed' | 'done',
    code?: ErrorCode,
  ): Promise<void>
  counts(id: string): Promise<BulkCounts>
  results(id: string): AsyncIterable<Buffer>
  /** Lets go of what processes hold that died. @returns their jobs in the queue. */
  releaseDead(): Promise<readonly string[]>
  /** Deletes what has expired. @returns how many jobs. */
  sweep(): Promise<number>
}

export const BULK_QUEUE: QueueDefinition = {
  name: 'bulk',
  order: 'any',
  retries: 20,
  retryDelaySeconds: 1,
  maxRetryDelaySeconds: 600,
  concurrency: 1,
  timeLimitSeconds: 86_000,
  keepDays: 7,
}

export const BULK_SWEEP_QUEUE: QueueDefinition = {
  name: 'bulk-sweep',
  order: 'any',
  retries: 3,
  retryDelaySeconds: 60,
  maxRetryDelaySeconds: 600,
  concurrency: 1,
  timeLimitSeconds: 600,
  keepDays: 1,
}

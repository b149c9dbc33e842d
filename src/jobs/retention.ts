import {
  type DueSpan,
  dayInVietnam,
  dueMonths,
  dueSpans,
  type ErasureStore,
  type HeldMonth,
  heldMonths,
  holdsOver,
  type PersonTag,
  type PersonTraces,
  type RetentionDays,
} from '../ledger/retention.ts'
import type { JobWorkshop, QueueDefinition } from './queue.ts'

/** What an erasure is recorded as. */
export interface ErasureRecord {
  /** How many private parts, or whole months, it takes. */
  readonly found: number
  /** What, and by which rule; never an identifier. */
  readonly query: Readonly<Record<string, unknown>>
}

export interface RetentionParts {
  readonly store: ErasureStore
  /** Registered subsystems, with their security levels. */
  readonly subsystems: () => Iterable<{ readonly id: string; readonly securityLevel: number }>
  readonly days: RetentionDays
  /** Makes an erasure's record durable in the log. @returns its exchange id. */
  readonly record: (erasure: ErasureRecord) => Promise<string>
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What a look at what is due came to. */
export interface DueErasure {
  readonly spans: readonly {
    readonly levels: readonly number[]
    readonly before: string
    readonly records: number
  }[]
  /** Months erased as a whole. */
  readonly months: readonly string[]
  readonly kept: readonly HeldMonth[]
}

async function eraseSpan(span: DueSpan, parts: RetentionParts, isDry: boolean): Promise<number> {
  const { store, record, now } = parts
  const today = dayInVietnam(now())
  const found = await store.countSpan(span, today)
  if (isDry || found === 0) return found
  const { levels, days, beforeMs } = span
  const before = new Date(beforeMs).toISOString()
  const by = await record({ found, query: { class: 'retention', levels, days, before } })
  return store.eraseSpan(span, { by, today })
}

/**
 * Erases what is past its days, each erasure recorded before anything is gone: what is gone without a record would be
 * a loss nobody can explain.
 */
export async function eraseDue(
  parts: RetentionParts,
  isDry: boolean,
  signal?: AbortSignal,
): Promise<DueErasure> {
  const { store, days, record, now } = parts
  const today = dayInVietnam(now())
  const spans: DueErasure['spans'][number][] = []
  for (const span of dueSpans(parts.subsystems(), days, now())) {
    if (signal?.aborted === true) break
    const records = await eraseSpan(span, parts, isDry)
    if (records > 0)
      spans.push({ levels: span.levels, before: new Date(span.beforeMs).toISOString(), records })
  }
  const holds = await store.holds()
  const due = dueMonths(await store.keyMonths(), days, now())
  const free = due.filter((month) => holdsOver(month, today, holds).length === 0)
  const kept = heldMonths(due, today, holds)
  if (isDry || free.length === 0) return { spans, months: free, kept }
  const longest = Math.max(...Object.values(days))
  const by = await record({ found: free.length, query: { class: 'months', months: free, days: longest } })
  return { spans, months: await store.destroy(free, { by, today }), kept }
}

/** @returns where the log is about a person and no hold keeps it, and the months that holds do keep. */
export async function findSubject(
  store: Pick<ErasureStore, 'tracesOf' | 'holds'>,
  tags: readonly PersonTag[],
  today: string,
): Promise<{ readonly traces: PersonTraces; readonly kept: readonly HeldMonth[] }> {
  const holds = await store.holds()
  const isHeld = ({ month }: PersonTag) => holdsOver(month, today, holds).length > 0
  const kept: HeldMonth[] = []
  for (const tag of tags.filter(isHeld)) {
    if (countRecords(await store.tracesOf([tag])) > 0) kept.push(...heldMonths([tag.month], today, holds))
  }
  return { traces: await store.tracesOf(tags.filter((tag) => !isHeld(tag))), kept }
}

/** @returns how many records are about the person. */
export function countRecords({ exchanges, batches }: PersonTraces): number {
  return exchanges.length + batches.length
}

/** The nightly look for what is due; also sent by hand after an erasure, to write ended months' tables anew. */
export const RETENTION_QUEUE: QueueDefinition = {
  name: 'retention',
  order: 'one_per_key',
  retries: 3,
  retryDelaySeconds: 60,
  maxRetryDelaySeconds: 900,
  concurrency: 1,
  timeLimitSeconds: 21_600,
  keepDays: 7,
}
const NIGHTLY = '41 2 * * *'
/** What a job is sent with that only writes ended months anew. */
export const TIDY_ONLY = { only: 'tidy' } as const

/** Defines the nightly job. Before the queue is started. */
export function defineRetention(jobs: JobWorkshop, parts: RetentionParts): void {
  const { store, now } = parts
  jobs.define(RETENTION_QUEUE, async ({ data, signal }) => {
    const isNightly = data['only'] !== TIDY_ONLY.only
    if (isNightly) await eraseDue(parts, false, signal)
    await store.rewrite(new Date(now()).toISOString().slice(0, 7))
    if (isNightly) await store.rewriteCopies()
    return 'done'
  })
  jobs.schedule(RETENTION_QUEUE.name, NIGHTLY)
}

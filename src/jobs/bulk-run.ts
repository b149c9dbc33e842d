import { type Canceller, createCanceller } from '../model/cancellation.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { BulkCounts, BulkStore, ClaimedBulkJob } from './bulk.ts'
import { type BatchParts, type Patience, verifyBatch, withPatience } from './bulk-batch.ts'
import { createIntake, type Taken } from './bulk-intake.ts'
import { type Row, readRows } from './bulk-lines.ts'
import { conclude, type Finding } from './bulk-results.ts'
import { createFirstSeen } from './first-seen.ts'
import type { DoJob, JobResult, QueuedJob } from './queue.ts'
import { gatherSet } from './set-run.ts'

export interface BulkRunParts extends BatchParts, Pick<Patience, 'wait'> {
  readonly store: BulkStore
  readonly registry: () => Registry
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Two random 32-bit numbers. */
  readonly newSeed: () => readonly [number, number]
  /** Told of each step that was made durable. */
  readonly observe: (step: { readonly records: number; readonly seconds: number }) => void
}

/** Batches under way at once: provider and gateway are both busy, and a batch is gone before it counts as long-lived. */
const IN_FLIGHT = 2
/** Results are made durable this often, or when there are this many bytes of them. */
const COMMIT_MS = 500
const COMMIT_BYTES = 524_288
const DAY_MS = 86_400_000

/** Some consecutive records and what the provider said of those that were asked. */
interface Window {
  readonly from: number
  readonly taken: readonly Taken[]
  readonly findings: Promise<readonly Finding[]>
  readonly asked: boolean
}

/** Somebody else holds the job now, or nobody shall: what was not durable is dropped. */
class LetGo extends Error {
  override readonly name = 'LetGo'
}

/** What was refused stays refused until somebody acts; anything else may pass. */
function isRefusal({ code, entry }: GatewayError): boolean {
  if (code === 'quota_exceeded' || entry.status >= 500) return false
  return ['authenticate', 'resolve', 'authorise', 'check_request'].includes(entry.stage)
}

/** Does bulk jobs: reads the file, verifies batch after batch, and writes results that outlive any crash. */
export function createBulkRun(parts: BulkRunParts): DoJob {
  const { store, clock } = parts

  function operationsOf({ job: { ask } }: ClaimedBulkJob) {
    const { contract } = parts.registry().services.get(ask.service) ?? {}
    const operation = contract?.operations.get(ask.operation)
    const single = contract?.operations.get(operation?.batch?.of ?? '')
    if (operation?.batch === undefined || single === undefined) throw new GatewayError('operation_unknown')
    return { operation, single, size: operation.batch.size }
  }

  async function verify(
    claimed: ClaimedBulkJob,
    claims: readonly object[],
    signal: AbortSignal,
    canceller: Canceller,
  ): Promise<readonly Finding[]> {
    if (claims.length === 0) return []
    return withPatience({ wait: parts.wait, signal }, () => {
      const { operation } = operationsOf(claimed)
      return verifyBatch(parts, { ...claimed.job, operation }, claims, canceller)
    })
  }

  /** Cuts the records into windows of a batch each, leaving out those that were done before. */
  async function* windowsOf(
    claimed: ClaimedBulkJob,
    signal: AbortSignal,
    canceller: Canceller,
  ): AsyncIterable<Window> {
    const { job } = claimed
    const { single, size } = operationsOf(claimed)
    const staleBefore = new Date(job.createdAt.getTime() - job.ask.staleAfterDays * DAY_MS)
      .toISOString()
      .slice(0, 10)
    const take = createIntake({ single, seen: createFirstSeen(parts.newSeed()), staleBefore })
    let taken: Taken[] = []
    let claims: object[] = []
    let line = 0
    const close = (): Window => {
      const findings = verify(claimed, claims, signal, canceller)
      // It is looked at in its turn.
      findings.catch(() => {})
      const window = { from: line - taken.length, taken, findings, asked: claims.length > 0 }
      taken = []
      claims = []
      return window
    }
    const add = (row: Row): boolean => {
      line += 1
      const one = take(row, line)
      if (line <= job.records) return false
      taken.push(one)
      if (one.claim !== undefined) claims.push(one.claim)
      return claims.length === size || taken.length === 4 * size
    }
    for await (const rows of readRows(job.ask.format, store.input(job.id))) {
      for (const row of rows) if (add(row)) yield close()
    }
    if (taken.length > 0) yield close()
  }

  /** Gathers windows in their order and makes them durable some at a time. */
  function createWriter({ job, epoch, counts }: ClaimedBulkJob) {
    let done = job.records
    // Bytes, not texts: what is put together of small pieces would stay small pieces in memory for half a second.
    let pending: { readonly results: Buffer[]; bytes: number; records: number; exchanges: number } = {
      results: [],
      bytes: 0,
      records: 0,
      exchanges: 0,
    }
    let sinceMs = clock()

    async function commit(): Promise<void> {
      if (pending.records === 0) return
      const step = pending
      pending = { results: [], bytes: 0, records: 0, exchanges: 0 }
      const from = done
      done += step.records
      const results = Buffer.concat(step.results)
      const { exchanges } = step
      const state = await store.commit({ id: job.id, epoch, from, to: done, exchanges, results, counts })
      parts.observe({ records: step.records, seconds: (clock() - sinceMs) / 1000 })
      sinceMs = clock()
      if (state !== 'running') throw new LetGo()
    }

    return {
      commit,
      done: () => done,
      async add({ from, taken, asked }: Window, findings: readonly Finding[]): Promise<void> {
        const results = Buffer.from(describe(counts, from, taken, findings))
        pending.results.push(results)
        pending.bytes += results.length
        pending.records += taken.length
        if (asked) pending.exchanges += 1
        if (pending.bytes >= COMMIT_BYTES || clock() - sinceMs >= COMMIT_MS) await commit()
      },
    }
  }

  type Writer = ReturnType<typeof createWriter>

  async function run(claimed: ClaimedBulkJob, writer: Writer, signal: AbortSignal): Promise<void> {
    const canceller = createCanceller()
    const flying: Window[] = []
    const land = async () => {
      const window = flying.shift()
      if (window !== undefined) await writer.add(window, await window.findings)
    }
    try {
      for await (const window of windowsOf(claimed, signal, canceller)) {
        flying.push(window)
        if (flying.length >= IN_FLIGHT) await land()
        signal.throwIfAborted()
      }
      while (flying.length > 0) await land()
      await writer.commit()
    } catch (thrown) {
      // What came before the fault is kept; what comes after it is asked for again.
      if (!(thrown instanceof LetGo)) await writer.commit()
      throw thrown
    } finally {
      canceller.abort('gone')
      await Promise.allSettled(flying.map(({ findings }) => findings))
    }
  }

  /** What follows from a fault: given up by refusal, put off, or thrown for the queue to try again. */
  async function settle(
    claimed: ClaimedBulkJob,
    queued: QueuedJob,
    hasAdvanced: boolean,
    thrown: unknown,
  ): Promise<JobResult> {
    const { job, epoch } = claimed
    if (thrown instanceof LetGo) return 'done'
    if (queued.signal.aborted) {
      await store.end(job.id, epoch, 'queued')
      return { againInSeconds: 0 }
    }
    const error = asGatewayError(thrown)
    if (isRefusal(error)) {
      await store.end(job.id, epoch, 'stopped', error.code)
      return 'done'
    }
    // Tries are counted from where it last got on.
    const isPutOff = hasAdvanced || error.code === 'quota_exceeded'
    await store.end(job.id, epoch, queued.isLastAttempt && !isPutOff ? 'failed' : 'queued', error.code)
    if (isPutOff) return { againInSeconds: error.retryAfterSeconds ?? 5 }
    throw thrown
  }

  return async (queued) => {
    const claimed = await store.claim(String(queued.data['job']), queued.id)
    if (claimed === undefined) return 'done'
    const { set } = claimed.job.ask
    const writer = createWriter(claimed)
    let { records: done } = claimed.job
    const onDone = (records: number) => {
      done = records
    }
    try {
      if (set === undefined) await run(claimed, writer, queued.signal)
      else if (!(await gatherSet(parts, claimed, { set, signal: queued.signal, onDone }))) return 'done'
    } catch (thrown) {
      return settle(claimed, queued, Math.max(done, writer.done()) > claimed.job.records, thrown)
    }
    await store.end(claimed.job.id, claimed.epoch, 'done')
    return 'done'
  }
}

function describe(
  counts: BulkCounts,
  from: number,
  taken: readonly Taken[],
  findings: readonly Finding[],
): string {
  let text = ''
  let asked = 0
  for (const [place, one] of taken.entries()) {
    const finding = one.claim === undefined ? undefined : findings[asked]
    if (one.claim !== undefined) asked += 1
    text += conclude(counts, from + place + 1, one, finding)
  }
  return text
}

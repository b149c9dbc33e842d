import { GatewayError } from '../model/errors.ts'
import type { ExchangeFacts, Outcome, Receipt } from '../model/exchange.ts'
import { extend, hashLeaf, rootOf } from './merkle.ts'
import { type ExchangeRecord, encodeLeaf, recordOf } from './record.ts'
import {
  type Append,
  DuplicateRecord,
  type LedgerHead,
  type LedgerStore,
  type SequencedRecord,
  type SettledReply,
} from './store.ts'
import type { Tagger } from './tag.ts'

/** What one batch's append looked like, for metrics. */
export interface AppendObservation {
  readonly outcomes: readonly Outcome[]
  readonly seconds: number
  readonly size: number
  readonly atMs: number
}

interface LedgerParts {
  readonly store: LedgerStore
  readonly tagger: (atMs: number) => Tagger | Promise<Tagger>
  readonly now: () => number
  readonly onAppend: (observation: AppendObservation) => void
  readonly onAvailability: (available: boolean, cause?: unknown) => void
}

/** The tamper-evident exchange log, as one process writes it. */
export interface Ledger {
  /** Throws `ledger_unavailable` while the log is known not to take records: then nothing may be asked. */
  assertAvailable(): void
  /** Makes it durable that an exchange is about to reach its provider. */
  begin(facts: ExchangeFacts): Promise<void>
  /** Makes the exchange's record durable; only then may its reply leave. */
  complete(facts: ExchangeFacts, outcome: Outcome, reply?: SettledReply): Promise<Receipt>
  /** Closes what a crashed process had begun as `interrupted`. @returns how many. */
  closeOrphans(): Promise<number>
  /** Looks whether the log can be reached; the process calls it every so often, traffic or none. */
  probe(): Promise<void>
  queued(): number
  isAvailable(): boolean
  /** Waits until what is queued has been written or has failed. */
  drain(): Promise<void>
}

interface Pending {
  readonly record: ExchangeRecord
  readonly intent: boolean
  readonly reply: SettledReply | undefined
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 256
/** After a conflict the writer takes the head's lock first for this many batches: others are writing too. */
const LOCKED_BATCHES = 200

/** Gives records their place and time, in one step with their bytes and hashes. */
function sequence(head: LedgerHead, pending: readonly Pending[], nowMs: number): Append {
  const at = Math.max(nowMs, head.lastAt)
  const records: SequencedRecord[] = []
  for (const { record } of pending) {
    const timed: ExchangeRecord = { ...record, at }
    const leaf = encodeLeaf(timed)
    records.push({
      index: head.frontier.size + records.length,
      record: timed,
      leaf,
      leafHash: hashLeaf(leaf),
    })
  }
  const frontier = extend(
    head.frontier,
    records.map(({ leafHash }) => leafHash),
  )
  return {
    before: head,
    after: { frontier, lastAt: at },
    root: rootOf(frontier),
    records,
    closedIntents: pending.filter(({ intent }) => intent).map(({ record }) => record.exchange),
    settledReplies: pending.flatMap(({ reply }) => reply ?? []),
  }
}

/** @param parts the store and clock of one log; one ledger writes it for a process. */
export function createLedger(parts: LedgerParts): Ledger {
  const { store, now } = parts
  let queue: Pending[] = []
  let head: LedgerHead | undefined
  let writing = false
  let available = true
  let lockedBatches = 0
  let drained: (() => void) | undefined

  function setAvailable(next: boolean, cause?: unknown): void {
    if (available !== next) parts.onAvailability(next, cause)
    available = next
  }

  async function appendBatch(batch: readonly Pending[]): Promise<Append> {
    for (;;) {
      if (lockedBatches > 0) {
        lockedBatches -= 1
        head = await store.lockHead()
      }
      head ??= await store.readHead()
      const append = sequence(head, batch, now())
      if (await store.append(append)) {
        head = append.after
        return append
      }
      head = undefined
      lockedBatches = LOCKED_BATCHES
    }
  }

  async function write(batch: readonly Pending[]): Promise<void> {
    const startedMs = performance.now()
    try {
      const append = await appendBatch(batch)
      setAvailable(true)
      for (const [place, pending] of batch.entries()) {
        const sequenced = append.records[place]
        if (sequenced === undefined) throw new RangeError('a batch lost a record')
        pending.resolve({ leafIndex: sequenced.index, leafHash: sequenced.leafHash.toString('base64url') })
      }
      parts.onAppend({
        outcomes: batch.map(({ record }) => record.outcome),
        seconds: (performance.now() - startedMs) / 1000,
        size: append.after.frontier.size,
        atMs: append.after.lastAt,
      })
    } catch (cause) {
      head = undefined
      if (cause instanceof DuplicateRecord && batch.length > 1) {
        // Another process closed one of these exchanges as interrupted; the others must not suffer for it.
        for (const pending of batch) await write([pending])
        return
      }
      // Whether the batch became durable may be unknown: the replies are withheld, so the log can only
      // tell of more than left the gateway, never of less.
      if (!(cause instanceof DuplicateRecord)) setAvailable(false, cause)
      const error = new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      for (const { reject } of batch) reject(error)
    }
  }

  async function writeQueue(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH)
      queue = queue.slice(MAX_BATCH)
      await write(batch)
    }
    writing = false
    drained?.()
  }

  function enqueue(
    record: ExchangeRecord,
    intent: boolean,
    reply: SettledReply | undefined,
  ): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      queue.push({ record, intent, reply, resolve, reject })
      if (writing) return
      writing = true
      // Whatever else this turn of the event loop completes joins the same transaction.
      setImmediate(() => void writeQueue())
    })
  }

  function tagged(facts: ExchangeFacts, outcome: Outcome): ExchangeRecord | Promise<ExchangeRecord> {
    const { subject, officer, dossier } = facts
    if (subject === undefined && officer === undefined && dossier === undefined) {
      return recordOf(facts, {}, outcome)
    }
    const withTags = (tag: Tagger) =>
      recordOf(
        facts,
        {
          subject: subject && tag('subject', subject),
          officer: officer && tag('officer', officer),
          dossier: dossier && tag('dossier', dossier),
        },
        outcome,
      )
    const tagger = parts.tagger(facts.receivedAtMs)
    if (!(tagger instanceof Promise)) return withTags(tagger)
    return tagger.then(withTags, (cause: unknown) => {
      throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
    })
  }

  const begun = new Set<string>()
  return {
    assertAvailable() {
      if (!available) throw new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 })
    },
    async begin(facts) {
      try {
        await store.writeIntent({ exchangeId: facts.exchangeId, record: await tagged(facts, 'interrupted') })
        begun.add(facts.exchangeId)
      } catch (cause) {
        setAvailable(false, cause)
        throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      }
    },
    async complete(facts, outcome, reply) {
      const record = await tagged(facts, outcome)
      return enqueue(record, begun.delete(facts.exchangeId), reply)
    },
    async closeOrphans() {
      const orphans = await store.orphans()
      await Promise.all(orphans.map(({ record }) => enqueue(record, true, undefined)))
      return orphans.length
    },
    async probe() {
      try {
        await store.readHead()
        setAvailable(true)
      } catch (cause) {
        setAvailable(false, cause)
      }
    },
    queued: () => queue.length,
    isAvailable: () => available,
    async drain() {
      if (!writing) return
      await new Promise<void>((resolve) => {
        drained = resolve
      })
    },
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../model/errors.ts'
import type { ExchangeFacts, Outcome, Receipt } from '../model/exchange.ts'
import { extend, hashLeaf, rootOf } from './merkle.ts'
import { type PrivatePart, searchTagsOf, type WithheldPart, withhold } from './private-part.ts'
import type { PromiseBatch } from './promise.ts'
import { type ExchangeRecord, encodeLeaf, recordOf } from './record.ts'
import {
  type Append,
  DuplicateRecord,
  type Intent,
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

/** What of a record depends on the authority that an exchange is judged by. */
export interface Verdict {
  readonly outcome: Outcome
  readonly reply: SettledReply | undefined
  /** The authority's number; undefined where nothing is released, so that any will do. */
  readonly authority: number | undefined
}

/**
 * Judges an exchange by what is in force at this moment and notes it in its facts. Asked once at first, and again
 * wherever the log has refused the verdict because something was revoked meanwhile.
 */
export type Judge = () => Verdict

/** What the log needs to be written. */
export interface LedgerParts {
  readonly store: LedgerStore
  /** Number of the authority that judges at this moment; undefined where it is not known to be in force. */
  readonly authority: () => number | undefined
  /** Takes over what is in force, where the log refused what was judged under `refused`; never rejects. */
  readonly catchUp: (refused: number) => Promise<void>
  readonly tagger: (atMs: number) => Tagger | Promise<Tagger>
  /** Of the salts of what is withheld from the leaf. */
  readonly random: (bytes: number) => Buffer
  readonly now: () => number
  readonly promise: PromiseBatch
  readonly onAppend: (observation: AppendObservation) => void
  readonly onAvailability: (available: boolean, cause?: unknown) => void
}

/** The tamper-evident exchange log, as one process writes it. */
export interface Ledger {
  /** Throws `ledger_unavailable` while the log is known not to take records: then nothing may be asked. */
  assertAvailable(): void
  /** Makes it durable that an exchange is about to reach its provider. */
  begin(facts: ExchangeFacts): Promise<void>
  /**
   * Makes the exchange's record durable; only then may its reply leave, and only what was judged last.
   * @param verdict a judge where an answer is to be released, the outcome where none is.
   */
  complete(facts: ExchangeFacts, verdict: Judge | Outcome): Promise<Receipt>
  /**
   * For an exchange whose `complete` failed, so that nobody knows whether its record became durable: waits until the
   * log takes records again and sees to it that there is one, `interrupted` where there was none. Never rejects.
   */
  ensureRecorded(facts: ExchangeFacts): Promise<void>
  /** Resolves once the append under way has ended, if there is one, and whoever waited for it was told. */
  settled(): Promise<void>
  /** Closes what a crashed process had begun as `interrupted`. @returns how many. */
  closeOrphans(): Promise<number>
  /** Looks whether the log can be reached; the process calls it every so often, traffic or none. */
  probe(): Promise<void>
  queued(): number
  isAvailable(): boolean
  /** Waits until what is queued has been written or has failed. */
  drain(): Promise<void>
}

/** A record with what its verdict goes with. */
interface Judged {
  record: ExchangeRecord
  privatePart: PrivatePart | undefined
  reply: SettledReply | undefined
  authority: number | undefined
}

interface Pending extends Judged {
  readonly rejudge: () => void
  readonly intent: boolean
  readonly subjects: Uint8Array | undefined
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 256
/** After a conflict the writer takes the head's lock first for this many batches: others are writing too. */
const LOCKED_BATCHES = 200

/** Gives records their place and time, in one step with their bytes and hashes. */
function sequence(
  head: LedgerHead,
  pending: readonly Pending[],
  authority: number | undefined,
  nowMs: number,
): Append {
  const at = Math.max(nowMs, head.lastAt)
  const records: SequencedRecord[] = []
  for (const { record, privatePart, subjects } of pending) {
    const timed: ExchangeRecord = { ...record, at }
    const leaf = encodeLeaf(timed)
    records.push({
      index: head.frontier.size + records.length,
      record: timed,
      leaf,
      leafHash: hashLeaf(leaf),
      privatePart,
      subjects,
    })
  }
  const frontier = extend(
    head.frontier,
    records.map(({ leafHash }) => leafHash),
  )
  return {
    authority: pending.some((each) => each.authority !== undefined) ? authority : undefined,
    before: head,
    after: { frontier, lastAt: at },
    root: rootOf(frontier),
    records,
    closedIntents: pending.filter(({ intent }) => intent).map(({ record }) => record.exchange),
    settledReplies: pending.flatMap(({ reply }) => reply ?? []),
  }
}

function releasingNothing(outcome: Outcome): Verdict {
  return { outcome, reply: undefined, authority: undefined }
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
  let awaiting: (() => void)[] = []
  let appending: Promise<unknown> = Promise.resolve()

  function setAvailable(next: boolean, cause?: unknown): void {
    if (available !== next) parts.onAvailability(next, cause)
    available = next
    if (!next) return
    const resumed = awaiting
    awaiting = []
    for (const resume of resumed) resume()
  }

  async function untilAvailable(): Promise<void> {
    if (!available) await new Promise<void>((resolve) => awaiting.push(resolve))
  }

  function promised({ before, after, records }: Append): ReturnType<PromiseBatch> {
    const leafHashes = records.map(({ leafHash }) => leafHash)
    const promise = parts.promise(before.frontier.size, leafHashes, after.lastAt)
    // It is looked at once the batch is durable; until then nobody waits for it.
    promise.catch(() => {})
    return promise
  }

  /** Signs while the database writes; what is signed leaves only once it is durable. */
  async function appendBatch(batch: readonly Pending[]) {
    for (;;) {
      if (lockedBatches > 0) {
        lockedBatches -= 1
        head = await store.lockHead()
      }
      head ??= await store.readHead()
      const authority = parts.authority()
      for (const pending of batch) {
        if (pending.authority !== undefined && pending.authority !== authority) pending.rejudge()
      }
      const append = sequence(head, batch, authority, now())
      const promise = promised(append)
      appending = store.append(append)
      const result = await appending
      if (result === 'appended') {
        head = append.after
        return { append, promiseOf: await promise }
      }
      if (result === 'superseded' && authority !== undefined) {
        await parts.catchUp(authority)
        continue
      }
      head = undefined
      lockedBatches = LOCKED_BATCHES
    }
  }

  async function write(batch: readonly Pending[]): Promise<void> {
    const startedMs = performance.now()
    try {
      const { append, promiseOf } = await appendBatch(batch)
      setAvailable(true)
      for (const [place, pending] of batch.entries()) {
        const sequenced = append.records[place]
        if (sequenced === undefined) throw new RangeError('a batch lost a record')
        const { index: leafIndex, leafHash } = sequenced
        pending.resolve({ leafIndex, leafHash: leafHash.toString('base64url'), promise: promiseOf(place) })
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

  function enqueue(intent: boolean, judged: () => Judged, subjects?: Uint8Array): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const rejudge = () => Object.assign(pending, judged())
      const pending: Pending = { ...judged(), rejudge, intent, subjects, resolve, reject }
      queue.push(pending)
      if (writing) return
      writing = true
      // Whatever else this turn of the event loop completes joins the same transaction.
      setImmediate(() => void writeQueue())
    })
  }

  /** Where there is no key to tag with, nothing can be recorded. */
  const untagged = (cause: unknown): never => {
    throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
  }

  /** Of what never changes once an exchange was asked for. */
  function withheldOf(
    facts: ExchangeFacts,
    batchTags?: Uint8Array,
  ): WithheldPart | undefined | Promise<WithheldPart | undefined> {
    const { subject, officer, dossier, note } = facts
    if ([subject, officer, dossier, note, batchTags].every((each) => each === undefined)) return undefined
    const said = batchTags === undefined ? facts : { ...facts, batchTags }
    const tagger = parts.tagger(facts.receivedAtMs)
    if (!(tagger instanceof Promise)) return withhold(said, tagger, parts.random)
    return tagger.then((tag) => withhold(said, tag, parts.random), untagged)
  }

  /** Tags of everybody that a batch asks about; undefined where it asks about nobody. */
  async function subjectsOf({ subjects = [], receivedAtMs }: ExchangeFacts): Promise<Uint8Array | undefined> {
    if (subjects.length === 0) return undefined
    const tagger = await Promise.resolve(parts.tagger(receivedAtMs)).catch(untagged)
    return tagger.ofBatch(subjects)
  }

  function interrupt(
    record: ExchangeRecord,
    privatePart: PrivatePart | undefined,
    subjects?: Uint8Array,
  ): Promise<Receipt> {
    return enqueue(true, () => ({ record, privatePart, reply: undefined, authority: undefined }), subjects)
  }

  async function closeOrphan({ record, disclosures }: Intent): Promise<Receipt> {
    if (disclosures.length === 0) return interrupt(record, undefined)
    const tags = searchTagsOf(disclosures, await parts.tagger(record.receivedAt))
    return interrupt(record, { disclosures, tags })
  }

  const begun = new Set<string>()
  return {
    assertAvailable() {
      if (!available) throw new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 })
    },
    async begin(facts) {
      try {
        const privatePart = await withheldOf(facts)
        const record = recordOf(facts, privatePart?.digests, 'interrupted')
        const disclosures = privatePart?.disclosures ?? []
        await store.writeIntent({ exchangeId: facts.exchangeId, record, disclosures })
        begun.add(facts.exchangeId)
      } catch (cause) {
        setAvailable(false, cause)
        throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      }
    },
    async complete(facts, verdict) {
      const judge = typeof verdict === 'function' ? verdict : () => releasingNothing(verdict)
      const subjects = facts.subjects && (await subjectsOf(facts))
      const privatePart = await withheldOf(facts, subjects)
      const judged = () => {
        const { outcome, reply, authority } = judge()
        return { reply, authority, privatePart, record: recordOf(facts, privatePart?.digests, outcome) }
      }
      return enqueue(begun.delete(facts.exchangeId), judged, subjects)
    },
    async ensureRecorded(facts) {
      for (;;) {
        await untilAvailable()
        try {
          const subjects = await subjectsOf(facts)
          const privatePart = await withheldOf(facts, subjects)
          const record = recordOf(facts, privatePart?.digests, 'interrupted')
          await interrupt(record, privatePart, subjects)
          return
        } catch (thrown) {
          if (thrown instanceof GatewayError && thrown.cause instanceof DuplicateRecord) return
          // Neither written nor there: the log went away again.
          setAvailable(false, thrown)
        }
      }
    },
    async settled() {
      await appending.catch(() => {})
      // Those who waited for it run before the next turn of the event loop.
      await nextTurn()
    },
    async closeOrphans() {
      const orphans = await store.orphans()
      await Promise.all(orphans.map(closeOrphan))
      return orphans.length
    },
    async probe() {
      // What is being written tells as much, and the one connection does one thing at a time.
      if (writing) return
      writing = true
      try {
        await store.readHead()
        setAvailable(true)
      } catch (cause) {
        setAvailable(false, cause)
      }
      await writeQueue()
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

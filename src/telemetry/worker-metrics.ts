import { setTimeout as sleep } from 'node:timers/promises'
import type { Family } from './family.ts'
import type { Metrics } from './metrics.ts'
import { type MetricsSnapshot, mergeSnapshots, takeSnapshot, withoutGauges } from './snapshot.ts'

const ASK = 'lienthong:metrics-ask'
const TELL = 'lienthong:metrics-tell'

interface Ask {
  readonly type: typeof ASK
  readonly round: number
}

interface Tell {
  readonly type: typeof TELL
  /** 0 where nobody asked: a worker's last word. */
  readonly round: number
  readonly snapshot: MetricsSnapshot
}

type Message = Ask | Tell

/** @returns the message where it is one of ours; other messages share the channel. */
function parseMessage(message: unknown): Message | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined
  return message.type === ASK || message.type === TELL ? (message as Message) : undefined
}

/** The worker's side. */
export interface WorkerMetrics {
  /** Takes a message from the primary process; others' messages are left alone. */
  receive(message: unknown): void
  /** Sends the final numbers unasked; called as the worker stops. */
  tellFinal(): void
}

/** @param send to the primary process, e.g. `process.send`. */
export function createWorkerMetrics(metrics: Metrics, send: (message: unknown) => void): WorkerMetrics {
  const tell = (round: number) => send({ type: TELL, round, snapshot: takeSnapshot(metrics.collect()) })
  return {
    receive(message) {
      const parsed = parseMessage(message)
      if (parsed?.type === ASK) tell(parsed.round)
    },
    tellFinal: () => tell(0),
  }
}

/** A worker as the primary process reaches it. */
export interface WorkerPort {
  readonly id: number
  /** May throw where the worker has just gone. */
  send(message: unknown): void
}

interface CollectorParts {
  readonly workers: () => Iterable<WorkerPort>
  /** The primary's own metrics, merged with the workers'. */
  readonly own?: Metrics
  /** Resolves when a round has waited long enough; 2 s where absent. */
  readonly patience?: () => Promise<unknown>
}

/** The primary's side. */
export interface MetricsCollector {
  /** Takes a message from a worker; others' messages are left alone. */
  receive(workerId: number, message: unknown): void
  /** Keeps what a worker that ended has counted, so that the sums never fall. */
  depart(workerId: number): void
  /** Asks every worker; one that does not answer in time counts with its last known numbers. */
  collect(): Promise<readonly Family[]>
}

interface Round {
  readonly number: number
  readonly missing: Set<number>
  readonly finish: () => void
}

export function createMetricsCollector(parts: CollectorParts): MetricsCollector {
  const { patience = () => sleep(2000, undefined, { ref: false }) } = parts
  const latest = new Map<number, MetricsSnapshot>()
  const gone = new Set<number>()
  let departed: MetricsSnapshot = {}
  let rounds = 0
  const open = new Set<Round>()

  function settle(workerId: number, round?: number): void {
    for (const each of open) {
      if (round !== undefined && each.number !== round) continue
      each.missing.delete(workerId)
      if (each.missing.size === 0) each.finish()
    }
  }

  async function ask(): Promise<void> {
    rounds += 1
    const { promise, resolve } = Promise.withResolvers<void>()
    const round: Round = { number: rounds, missing: new Set(), finish: resolve }
    open.add(round)
    for (const worker of parts.workers()) {
      try {
        worker.send({ type: ASK, round: round.number } satisfies Ask)
        round.missing.add(worker.id)
      } catch {
        // It is going; its `depart` follows.
      }
    }
    if (round.missing.size > 0) await Promise.race([promise, patience()])
    open.delete(round)
  }

  return {
    receive(workerId, message) {
      const parsed = parseMessage(message)
      if (parsed?.type !== TELL || gone.has(workerId)) return
      latest.set(workerId, parsed.snapshot)
      settle(workerId, parsed.round)
    },
    depart(workerId) {
      const last = latest.get(workerId)
      latest.delete(workerId)
      gone.add(workerId)
      if (last !== undefined) departed = takeSnapshot(mergeSnapshots([departed, withoutGauges(last)]))
      settle(workerId)
    },
    async collect() {
      await ask()
      const own = parts.own === undefined ? [] : [takeSnapshot(parts.own.collect())]
      return mergeSnapshots([departed, ...own, ...latest.values()])
    },
  }
}

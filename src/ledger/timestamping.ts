import { parseCheckpoint } from './checkpoint.ts'
import type { Hash } from './note.ts'
import { formatTimestampRequest, openTimestamp } from './timestamp.ts'

/** An authority that stamps the log's checkpoints. */
export interface TimestampAuthority {
  /** Within the settings, exports and metrics. */
  readonly name: string
  /** DER certificates that its own has to lead to. */
  readonly certificates: readonly Uint8Array[]
  /** Sends a TimeStampReq. Rejects where there is no whole answer in time. */
  readonly ask: (request: Uint8Array) => Promise<Uint8Array>
}

/** A time stamp over a checkpoint, as it is kept. */
export interface StoredTimestamp {
  readonly size: number
  readonly authority: string
  readonly at: Date
  /** The checkpoint's note that it is over, byte by byte. */
  readonly note: string
  /** TimeStampResp, DER. */
  readonly token: Uint8Array
}

interface TimestampingParts {
  readonly authorities: readonly TimestampAuthority[]
  readonly intervalMs: number
  readonly store: {
    /** The checkpoint to stamp: the newest attested one. */
    latestCheckpoint(): Promise<string | undefined>
    /** When each authority stamped last, and which size. */
    lastTimestamps(): Promise<ReadonlyMap<string, Pick<StoredTimestamp, 'size' | 'at'>>>
    addTimestamp(stamp: StoredTimestamp): Promise<void>
  }
  readonly hash: Hash
  readonly randomBytes: (count: number) => Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onStamped: (authority: string, at: Date) => void
  readonly onFailed: (authority: string, error: unknown) => void
}

/** How long after a failure an authority is asked again. */
const PAUSE_MS = 60_000

/** @returns the step that has the newest checkpoint stamped by each authority whose turn it is. */
export function createTimestamping(parts: TimestampingParts): () => Promise<void> {
  const { authorities, intervalMs, store, hash, now } = parts
  /** When each authority may be asked again. */
  const due = new Map<string, number>()
  let begun = false

  async function begin(): Promise<void> {
    for (const [name, { at }] of await store.lastTimestamps()) {
      due.set(name, at.getTime() + intervalMs)
      parts.onStamped(name, at)
    }
    begun = true
  }

  async function stamp({ name, certificates, ask }: TimestampAuthority, note: string): Promise<void> {
    const size = parseCheckpoint(note)?.size ?? 0
    if ((await store.lastTimestamps()).get(name)?.size === size) return
    const data = new TextEncoder().encode(note)
    const nonce = parts.randomBytes(16)
    try {
      const token = await ask(await formatTimestampRequest(data, { nonce, hash }))
      // What does not verify now would not verify for an auditor either.
      const { at } = await openTimestamp(token, data, { authorities: certificates, hash, nonce })
      await store.addTimestamp({ size, authority: name, at, note, token })
      due.set(name, now() + intervalMs)
      parts.onStamped(name, at)
    } catch (error) {
      due.set(name, now() + PAUSE_MS)
      parts.onFailed(name, error)
    }
  }

  return async () => {
    if (!begun) await begin()
    const waiting = authorities.filter(({ name }) => (due.get(name) ?? 0) <= now())
    if (waiting.length === 0) return
    const note = await store.latestCheckpoint()
    if (note !== undefined) await Promise.all(waiting.map((authority) => stamp(authority, note)))
  }
}

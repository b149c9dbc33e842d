import type { Client } from 'pg'
import type { StorageLog } from './storage-event.ts'

/** Calls `run` once after `delayMs`. @returns takes it back. */
export type Schedule = (run: () => void, delayMs: number) => () => void

export interface RegistryWatchParts {
  /** A new client, not yet connected. */
  readonly connect: () => Client
  readonly readVersion: () => Promise<number>
  readonly log: StorageLog
  readonly schedule?: Schedule
}

type Listener = (version: number) => void
type Watch = (listener: Listener) => () => Promise<void>

export const REGISTRY_CHANNEL = 'registry_changed'

/** How often the version is read, and a lost connection made anew, where no message comes. */
const POLL_MS = 5000

const scheduleTimer: Schedule = (run, delayMs) => {
  const timer = setTimeout(run, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}

/** One connection that listens; it says itself when it is lost. */
function createEar(parts: RegistryWatchParts, tell: Listener) {
  let client: Client | undefined
  /** A server that is away for long is told of once. */
  let toldLost = false

  function lose(lost: Client, code: string): void {
    if (client !== lost) return
    client = undefined
    if (!toldLost) parts.log({ event: 'connection_lost', code })
    toldLost = true
  }

  return {
    /** Connects and listens unless it does already. */
    async listen(): Promise<void> {
      if (client !== undefined) return
      const fresh = parts.connect()
      client = fresh
      fresh.on('error', (error) => lose(fresh, codeOf(error)))
      fresh.on('end', () => lose(fresh, 'ended'))
      fresh.on('notification', ({ payload }) => tell(Number(payload)))
      try {
        await fresh.connect()
        await fresh.query(`LISTEN ${REGISTRY_CHANNEL}`)
        toldLost = false
      } catch (thrown) {
        lose(fresh, codeOf(thrown))
        await fresh.end().catch(() => {})
      }
    },
    async close(): Promise<void> {
      const open = client
      client = undefined
      await open?.end().catch(() => {})
    },
  }
}

/**
 * Watches the registry's version: LISTEN for speed, a reading every few seconds for certainty. It runs while
 * there is a listener.
 */
export function createRegistryWatch(parts: RegistryWatchParts): Watch {
  const { readVersion, schedule = scheduleTimer } = parts
  const listeners = new Set<Listener>()
  const tell: Listener = (version) => {
    for (const listener of listeners) listener(version)
  }
  const ear = createEar(parts, tell)
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined

  async function look(): Promise<void> {
    // Listening comes first: a change after the reading is then heard of.
    await ear.listen()
    try {
      tell(await readVersion())
    } catch {
      // The pool has told of the lost connection; the next reading will tell the version.
    }
    if (listeners.size > 0) cancel ??= schedule(start, POLL_MS)
  }

  function start(): void {
    cancel = undefined
    running = look()
  }

  async function stop(): Promise<void> {
    cancel?.()
    cancel = undefined
    await running
    if (listeners.size === 0) await ear.close()
  }

  return (listener) => {
    listeners.add(listener)
    if (listeners.size === 1) start()
    return async () => {
      if (listeners.delete(listener) && listeners.size === 0) await stop()
    }
  }
}

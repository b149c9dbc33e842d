import { setTimeout as sleep } from 'node:timers/promises'

/** What a part of the gateway does again and again, each time after the one before ended. */
export interface Task {
  readonly everyMs: number
  readonly run: () => Promise<unknown>
  /** Told of a run that failed; the next one comes in its time. */
  readonly onError: (error: unknown) => void
}

/** Starts a task. @returns its end. */
export function repeat({ everyMs, run, onError }: Task): () => void {
  const stopped = new AbortController()
  const loop = async () => {
    while (!stopped.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
      if (!stopped.signal.aborted) await run().catch(onError)
    }
  }
  void loop()
  return () => stopped.abort()
}

import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `task` again and again, each time after the one before ended. @returns its end. */
export function repeat(
  task: () => Promise<unknown>,
  everyMs: number,
  onError: (error: unknown) => void,
): () => void {
  const stopped = new AbortController()
  const run = async () => {
    while (!stopped.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
      if (!stopped.signal.aborted) await task().catch(onError)
    }
  }
  void run()
  return () => stopped.abort()
}

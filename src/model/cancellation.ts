/** Tells what is under way, once, that it is to end. It is the part of `AbortSignal` that an exchange uses. */
export interface Cancellation {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A cancellation in the hand of whoever may end it. */
export interface Canceller extends Cancellation {
  /** Only the first call counts. */
  abort(reason: unknown): void
}

/** Node's `AbortController` does the same over `EventTarget` for five times as much; an exchange needs two. */
export function createCanceller(): Canceller {
  let listeners: readonly (() => void)[] = []
  const canceller = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener(_type: 'abort', listener: () => void) {
      listeners = [...listeners, listener]
    },
    removeEventListener(_type: 'abort', listener: () => void) {
      listeners = listeners.filter((each) => each !== listener)
    },
    abort(reason: unknown) {
      if (canceller.aborted) return
      canceller.aborted = true
      canceller.reason = reason
      for (const listener of listeners) listener()
    },
  }
  return canceller
}

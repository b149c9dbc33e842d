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

class OneCanceller implements Canceller {
  aborted = false
  reason: unknown = undefined
  readonly #listeners: (() => void)[] = []

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const place = this.#listeners.indexOf(listener)
    if (place >= 0) this.#listeners.splice(place, 1)
  }

  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (const listener of [...this.#listeners]) listener()
  }
}

/**
 * Node's `AbortController` does the same over `EventTarget` for five times as much; an exchange needs two. It is an
 * instance of a class, as axios deeply copies plain objects that it is given, and a copy is told nothing.
 */
export function createCanceller(): Canceller {
  return new OneCanceller()
}

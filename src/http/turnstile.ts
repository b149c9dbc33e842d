import { GatewayError } from '../model/errors.ts'

/** Lets a few tasks run at once; others wait, and too many are turned away. */
export type Turnstile = <Result>(task: () => Promise<Result>) => Promise<Result>

/** @throws `gateway_overloaded` 503 where more than `maxWaiting` would wait. */
export function createTurnstile(maxRunning: number, maxWaiting: number): Turnstile {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) throw new GatewayError('gateway_overloaded', { retryAfterSeconds: 1 })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

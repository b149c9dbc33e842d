import { type Cancellation, createCanceller } from '../model/cancellation.ts'
import type { AbortReason } from '../provider/call.ts'

export interface Deadline {
  readonly signal: Cancellation
  clear(): void
}

/**
 * One deadline for a whole call, or a whole plan. It also ends when the consumer hangs up, unless the call changes
 * something at the provider: that is carried through, so that its outcome is known and recorded.
 */
export function startDeadline(timeoutMs: number, consumer: Cancellation | undefined): Deadline {
  const call = createCanceller()
  const end = (reason: AbortReason) => call.abort(reason)
  // Of a part, the whole plan's time may run out first.
  const gone = () => end(consumer?.reason === 'deadline' ? 'deadline' : 'gone')
  const timer = setTimeout(end, timeoutMs, 'deadline')
  if (consumer?.aborted) gone()
  else consumer?.addEventListener('abort', gone)
  return {
    signal: call,
    clear() {
      clearTimeout(timer)
      consumer?.removeEventListener('abort', gone)
    },
  }
}

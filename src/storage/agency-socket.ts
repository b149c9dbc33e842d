import type { Socket } from 'node:net'
import { SqlFault, type SqlFaultKind, type SqlQuestion, type SqlRow } from '../provider/sql-database.ts'

/** How often the bytes of an answer are looked at while it comes. */
const WATCH_MS = 20
/** What protocol and TLS put round a result, at most, beside twice the result itself. */
const ROUND_BYTES = 65_536

/**
 * Tells when more comes over a connection than an answer may have: a driver holds each value whole before it tells of it.
 * @returns a function that ends the watch.
 */
function watchBytes(socket: Socket | undefined, maxBytes: number, tell: () => void): () => void {
  if (socket === undefined) return () => {}
  const most = socket.bytesRead + 2 * maxBytes + ROUND_BYTES
  const timer = setInterval(() => {
    if (socket.bytesRead > most) tell()
  }, WATCH_MS)
  return () => clearInterval(timer)
}

/** One question on one session. */
interface Attempt {
  readonly socket: Socket | undefined
  /** @param end ends it with a fault, where an answer that is still coming is already too much. */
  readonly run: (end: (fault: unknown) => void) => Promise<readonly SqlRow[]>
  readonly kindOf: (error: unknown) => SqlFaultKind
  /** Gives the session back; one whose question did not end in its own time is not used again. */
  readonly release: (isSound: boolean) => void
}

/**
 * Asks within the question's time and size, whatever the driver makes of a server that gives neither end nor error.
 * @throws SqlFault
 */
export async function askWithin(question: SqlQuestion, attempt: Attempt): Promise<readonly SqlRow[]> {
  const { deadline, maxBytes } = question
  const { promise: ended, reject: end } = Promise.withResolvers<never>()
  const abort = () => end(new SqlFault('slow'))
  deadline.addEventListener('abort', abort)
  const unwatch = watchBytes(attempt.socket, maxBytes, () => end(new SqlFault('excess')))
  try {
    if (deadline.aborted) abort()
    const rows = await Promise.race([attempt.run(end), ended])
    attempt.release(true)
    return rows
  } catch (thrown) {
    attempt.release(false)
    throw thrown instanceof SqlFault ? thrown : new SqlFault(attempt.kindOf(thrown), thrown)
  } finally {
    unwatch()
    deadline.removeEventListener('abort', abort)
  }
}

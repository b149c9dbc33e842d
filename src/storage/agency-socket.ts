import type { Socket } from 'node:net'

/** How often the bytes of an answer are looked at while it comes. */
const WATCH_MS = 20
/** What protocol and TLS put round a result, at most, beside twice the result itself. */
const ROUND_BYTES = 65_536

/**
 * Tells when more comes over a connection than an answer may have: a driver holds each value whole before it tells of it.
 * @returns a function that ends the watch.
 */
export function watchBytes(socket: Socket | undefined, maxBytes: number, tell: () => void): () => void {
  if (socket === undefined) return () => {}
  const most = socket.bytesRead + 2 * maxBytes + ROUND_BYTES
  const timer = setInterval(() => {
    if (socket.bytesRead > most) tell()
  }, WATCH_MS)
  return () => clearInterval(timer)
}

/**
 * The cheap provider: a process that answers every request with the same kilobyte, reading no more of HTTP
 * than where a request ends. Its cost has to stay far below that of any subject.
 */
import { createServer } from 'node:net'
import { ANSWER } from './message.ts'
import { announce } from './subjects/announce.ts'

const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH = /\r\ncontent-length: *(\d+)/i

const REPLY = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(ANSWER)}\r\n\r\n${ANSWER}`,
)
const LENGTH_REQUIRED = 'HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/** Bytes of the request at the start of `bytes`; 0 while its head is incomplete, -1 without a length. */
function requestLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return 0
  const length = LENGTH.exec(bytes.toString('latin1', 0, headEnd))?.[1]
  return length === undefined ? -1 : headEnd + HEAD_END.length + Number(length)
}

const server = createServer({ noDelay: true }, (socket) => {
  let received: Buffer | undefined
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk])
    const length = requestLength(received)
    if (length === -1) {
      socket.end(LENGTH_REQUIRED)
      return
    }
    if (length === 0 || received.length < length) return
    received = received.length === length ? undefined : received.subarray(length)
    socket.write(REPLY)
  })
})

announce(server)

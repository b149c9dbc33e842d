import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A wire that can be cut, and may be slow: passes bytes between a port of its own and another. */
export interface TcpProxy {
  readonly port: number
  /** Ends every connection and refuses new ones until `mend`. */
  cut(): void
  /** From the next question with these words on swallows what goes one way, until `cut`. Resolves once it does. */
  swallow(what: 'questions' | 'answers', from: string): Promise<void>
  mend(): void
  close(): Promise<void>
}

/** Hands on what it is given, in its order, each piece this many milliseconds late. */
function createDelay(delayMs: number): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      setTimeout(() => done(null, chunk), delayMs)
    },
  })
}

function createFilter(isSwallowed: (text: string) => boolean): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      if (isSwallowed(chunk.toString('latin1'))) done()
      else done(null, chunk)
    },
  })
}

/** @param options.answerDelayMs how late what the target says arrives. */
export async function startTcpProxy(
  targetPort: number,
  options: { readonly answerDelayMs?: number } = {},
): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let armed:
    | { readonly what: 'questions' | 'answers'; readonly from: string; readonly begun: () => void }
    | undefined
  let swallowing: 'questions' | 'answers' | undefined
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      const { answerDelayMs = 0 } = options
      const filter = createFilter((text) => {
        if (armed !== undefined && socket === near && text.includes(armed.from)) {
          swallowing = armed.what
          armed.begun()
          armed = undefined
        }
        return swallowing === (socket === near ? 'questions' : 'answers')
      })
      if (socket === far && answerDelayMs > 0) socket.pipe(createDelay(answerDelayMs)).pipe(other)
      else socket.pipe(filter).pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    swallow(what, from) {
      return new Promise((resolve) => {
        armed = { what, from, begun: resolve }
      })
    },
    cut() {
      swallowing = undefined
      isCut = true
      end()
    },
    mend() {
      isCut = false
    },
    async close() {
      end()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

import type { Server } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import type { CutReason } from '../telemetry/metric-table.ts'

export interface ConnectionLimits {
  /** Connections one address may hold; an IPv6 network of 64 bits counts as one address. */
  readonly maxConnectionsPerAddress: number
  readonly maxRequestsPerConnection: number
  /** How long an answer may wait for its reader without at least `PROGRESS_BYTES` of it being taken. */
  readonly answerTimeoutMs: number
  readonly checkIntervalMs: number
}

/** What a reader has to take of a waiting answer in each `answerTimeoutMs`, or all of it where it is less. */
const PROGRESS_BYTES = 65_536

/** @returns what stands for a peer in the cap by address: an IPv4 address, or the first 64 bits of an IPv6 one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!isIPv6(address)) return address
  const [left = '', right] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const groups = left === '' ? [] : left.split(':')
  const after = right === undefined || right === '' ? [] : right.split(':')
  const filled =
    right === undefined ? groups : [...groups, ...Array(8 - groups.length - after.length).fill('0'), ...after]
  return filled
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

interface ConnectionParts {
  /** Milliseconds, monotonic. */
  readonly clock: () => number
  readonly onCut: (reason: CutReason) => void
  /** Whether the address is a trusted proxy's, behind which many consumers stand: it is not capped. */
  readonly isProxy: (address: string | undefined) => boolean
}

interface Carrier {
  requests: number
  sinceMs: number
  /** Bytes that had been taken at that moment. */
  taken: number
}

/**
 * Keeps a server's connections within bounds: no address holds more than its share, and who does not read its
 * answer is cut (Node's own timeouts watch requests only).
 */
export function guardConnections(
  server: Server,
  limits: ConnectionLimits,
  { clock, onCut, isProxy }: ConnectionParts,
): void {
  const held = new Map<string, number>()
  const carriers = new Map<Socket, Carrier>()

  server.on('drop', () => onCut('total'))
  server.on('connection', (socket: Socket) => {
    if (isProxy(socket.remoteAddress)) return
    const network = networkOf(socket.remoteAddress ?? '')
    const count = (held.get(network) ?? 0) + 1
    if (count > limits.maxConnectionsPerAddress) {
      onCut('address')
      socket.destroy()
      return
    }
    held.set(network, count)
    socket.once('close', () => {
      const left = (held.get(network) ?? 1) - 1
      if (left === 0) held.delete(network)
      else held.set(network, left)
    })
  })
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection
  server.prependListener('request', ({ socket }, response) => {
    let carrier = carriers.get(socket)
    if (carrier === undefined) {
      carrier = { requests: 0, sinceMs: clock(), taken: 0 }
      carriers.set(socket, carrier)
      socket.once('close', () => carriers.delete(socket))
    }
    carrier.requests += 1
    // Node says `Connection: close` with the last answer, and still waits for the consumer to do it.
    if (carrier.requests >= limits.maxRequestsPerConnection) response.shouldKeepAlive = false
  })

  function sweep(): void {
    const nowMs = clock()
    for (const [socket, state] of carriers) {
      const taken = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || taken - state.taken >= PROGRESS_BYTES) {
        state.sinceMs = nowMs
        state.taken = taken
      } else if (nowMs - state.sinceMs >= limits.answerTimeoutMs) {
        onCut('slow_reader')
        socket.destroy()
      }
    }
  }
  let timer: NodeJS.Timeout | undefined
  server.on('listening', () => {
    timer = setInterval(sweep, limits.checkIntervalMs).unref()
  })
  server.on('close', () => clearInterval(timer))
}

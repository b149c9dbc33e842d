import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { BenchRequest, ClientTls } from './row.ts'

/** Where requests go, and what has to come back. */
export interface Door {
  readonly url: URL
  readonly tls: ClientTls | undefined
  readonly expectedBody: Buffer
}

/** One connection carrying one request at a time. */
export interface Lane {
  /** When its request was sent, by `performance.now()`. */
  sentAtMs: number
  send(request: Buffer): void
  close(): void
}

/** Told once for every request; `fault` is `undefined` where the answer was right. */
export type Answered = (lane: Lane, fault: string | undefined) => void

/** The bytes of a POST to the door. */
export function requestBytes(url: URL, { headers, body }: BenchRequest): Buffer {
  const fields = {
    host: url.host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/**
 * Opens a connection. An answer is right when its status is 200 and its body is, byte for byte, the expected
 * one. A connection closed between two requests is opened again and the request sent once more, as clients do.
 */
export async function openLane(door: Door, answered: Answered): Promise<Lane> {
  let inFlight: Buffer | undefined
  let partial: Buffer | undefined
  /** No answer came over this connection yet: should it be lost now, the door is shut, not merely tidying up. */
  let isFresh = true
  let isClosed = false
  const opening = Promise.withResolvers<void>()
  let socket = dial(door, { ready: opening.resolve, receive, lost })

  function send(request: Buffer): void {
    inFlight = request
    if (socket.destroyed) redial(request)
    else socket.write(request)
  }

  function redial(request: Buffer): void {
    isFresh = true
    socket = dial(door, { ready: () => socket.write(request), receive, lost })
  }

  function settle(fault: string | undefined): void {
    inFlight = undefined
    partial = undefined
    isFresh = false
    answered(lane, fault)
  }

  function receive(chunk: Buffer): void {
    // A server that cuts slow senders answers 408 to a connection on which nothing was asked for a while.
    if (inFlight === undefined || (partial === undefined && isTimeout(chunk))) {
      const request = inFlight
      inFlight = undefined
      socket.destroy()
      if (request !== undefined) {
        inFlight = request
        redial(request)
      }
      return
    }
    if (partial === undefined && isRight(chunk, door.expectedBody)) {
      settle(undefined)
      return
    }
    // The chunk's memory is used again for the next one, so what is kept is copied.
    partial = Buffer.concat([partial ?? Buffer.alloc(0), chunk])
    const verdict = judge(partial, door.expectedBody)
    if (verdict !== 'incomplete') settle(verdict === 'right' ? undefined : verdict.fault)
  }

  function lost(reason: string, from: Socket): void {
    // One that was given up for another may tell of its end late.
    if (isClosed || from !== socket) return
    opening.reject(new Error(`no connection to ${door.url.host} (${reason})`))
    if (inFlight === undefined) return
    if (isFresh || partial !== undefined) settle(`the connection was lost (${reason})`)
    else redial(inFlight)
  }

  const lane: Lane = {
    sentAtMs: 0,
    send,
    close() {
      isClosed = true
      socket.destroy()
    },
  }
  await opening.promise
  return lane
}

interface Line {
  ready(): void
  /** The chunk's memory is only lent until this returns. */
  receive(chunk: Buffer): void
  lost(reason: string, from: Socket): void
}

function dial({ url, tls }: Door, line: Line): Socket {
  const address = { host: url.hostname, port: Number(url.port) }
  const socket = tls === undefined ? dialPlain(address, line) : dialSecure(address, tls, line)
  let reason = 'closed'
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.once('close', () => line.lost(reason, socket))
  return socket
}

interface Address {
  readonly host: string
  readonly port: number
}

/** Reads into one buffer kept for the connection, which costs far less than a stream of fresh ones. */
function dialPlain(address: Address, line: Line): Socket {
  const buffer = Buffer.alloc(16_384)
  const callback = (length: number) => {
    line.receive(buffer.subarray(0, length))
    return true
  }
  return connectTcp({ ...address, noDelay: true, onread: { buffer, callback } }).once('connect', line.ready)
}

function dialSecure(address: Address, { ca, certificate, key }: ClientTls, line: Line): Socket {
  const socket = connectTls({ ...address, ca, cert: certificate, key })
  return socket.setNoDelay(true).on('data', line.receive).once('secureConnect', line.ready)
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * True where `bytes` is one whole answer with status 200 and the expected body. Three comparisons and no
 * parsing: the generator has to cost less than any subject.
 */
function isRight(bytes: Buffer, body: Buffer): boolean {
  const bodyStart = bytes.length - body.length
  const headEnd = bodyStart - HEAD_END.length
  if (headEnd < 12 || bytes[9] !== 0x32 || bytes[10] !== 0x30 || bytes[11] !== 0x30) return false
  if (bytes.compare(HEAD_END, 0, HEAD_END.length, headEnd, bodyStart) !== 0) return false
  return bytes.compare(body, 0, body.length, bodyStart) === 0
}

function isTimeout(bytes: Buffer): boolean {
  return bytes[9] === 0x34 && bytes[10] === 0x30 && bytes[11] === 0x38
}

type Verdict = 'incomplete' | 'right' | { readonly fault: string }

/** The slow way, for answers that came in pieces or are wrong. */
function judge(bytes: Buffer, body: Buffer): Verdict {
  if (isRight(bytes, body)) return 'right'
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return 'incomplete'
  const head = bytes.toString('latin1', 0, headEnd)
  const status = head.slice(9, 12)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  const received = bytes.subarray(headEnd + HEAD_END.length)
  if (length !== undefined && received.length < Number(length)) return 'incomplete'
  const unframed = length === undefined ? ', without Content-Length' : ''
  return { fault: `status ${status}${unframed}: ${received.toString().slice(0, 300)}` }
}

import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { AGENCIES, type AgencyEntry, type AgencyName } from './agencies.ts'
import { type Country, createCountry } from './country.ts'
import type { Door } from './old-population-door.ts'
import { refuse } from './operation.ts'
import {
  type BreakMode,
  type Delay,
  describe,
  type Reply,
  respond,
  respondBroken,
  waitFor,
} from './respond.ts'

export interface SandboxAgencyOptions {
  readonly agency: AgencyName
  /** 0 or absent: any free port. */
  readonly port?: number
  readonly now: () => Date
  /** Waits before late answers; real time where absent. */
  readonly delay?: Delay
  /** Where absent, the country of the contracts' examples. Agencies that share one agree with each other. */
  readonly country?: Country
  /** A header every request must bear; 401 without. Where absent, nothing is asked for. */
  readonly credential?: { readonly header: string; readonly value: string }
}

export interface SandboxAgency {
  readonly agency: AgencyName
  /** Base URL, without a slash at its end. */
  readonly url: string
  readonly port: number
  /** How it behaves now. */
  mode(): BreakMode | 'works'
  /** Makes the whole agency fail until `heal`. Resolves once it does. */
  break(mode: BreakMode): Promise<void>
  /** Resolves once it answers again, on the same port. Rejects where another process took the port. */
  heal(): Promise<void>
  /** Cuts every connection, answered or not. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'
/** A batch of a thousand has some 200 KB. */
const MAX_BODY_BYTES = 1_048_576
/** Longer than any client keeps a connection idle, so that no request meets a connection just closed. */
const KEEP_ALIVE_MS = 120_000

type Body = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the parsed body, or the status that says why there is none. */
async function readBody(request: IncomingMessage): Promise<Body | 400 | 413> {
  const text = await readText(request)
  if (typeof text !== 'string') return text
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : 400
  } catch {
    return 400
  }
}

async function readText(request: IncomingMessage): Promise<string | 400 | 413> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) return 400
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return 413
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  return typeof value === 'string' ? value : undefined
}

function isAdmitted(request: IncomingMessage, credential: SandboxAgencyOptions['credential']): boolean {
  if (credential === undefined) return true
  const given = Buffer.from(headerOf(request, credential.header) ?? '')
  const expected = Buffer.from(credential.value)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function refusal(status: number, code: string, message: string): Reply {
  return { status, text: JSON.stringify(refuse(status, code, message).body) }
}

function send(response: ServerResponse, reply: Reply): void {
  // No answer: the connection stays open until the client gives up or the agency closes.
  if (reply === undefined) return
  const bytes = Buffer.from(reply.text)
  response.writeHead(reply.status, {
    'content-type': reply.contentType ?? 'application/json; charset=utf-8',
    'content-length': bytes.length,
  })
  response.end(bytes)
}

/** Everything an agency says to one request when it works. Nothing is logged. */
function createHandler(options: SandboxAgencyOptions): (request: IncomingMessage) => Promise<Reply> {
  const { agency, now, credential, delay = waitFor, country = createCountry() } = options
  const entry: AgencyEntry = AGENCIES[agency]
  const operations = entry.create(country, now)
  const byPath = new Map(operations.map((operation) => [operation.path, operation]))

  async function answerAt(door: Door, request: IncomingMessage): Promise<Reply> {
    const text = await readText(request)
    if (typeof text !== 'string') return refusal(text, 'body_unreadable', 'Không đọc được nội dung.')
    const asked = door.read(text)
    if (asked === undefined || 'status' in asked) return asked
    const operation = byPath.get(asked.path)
    if (operation === undefined) return refusal(404, 'path_unknown', 'Không có thao tác này.')
    const reply = await respond(operation, { body: asked.body, idempotencyKey: undefined }, delay)
    return reply && door.write(asked.path, reply)
  }

  return async (request) => {
    if (request.method === 'GET' && request.url === '/') return describe(agency, operations)
    if (!isAdmitted(request, credential)) {
      return refusal(401, 'credential_invalid', 'Thiếu hoặc sai khóa truy cập.')
    }
    if (entry.door !== undefined) return answerAt(entry.door, request)
    const operation = byPath.get(request.url ?? '')
    if (operation === undefined) return refusal(404, 'path_unknown', 'Không có thao tác này.')
    if (request.method !== 'POST') return refusal(405, 'method_unsupported', 'Chỉ nhận POST.')
    const body = await readBody(request)
    if (body === 400) return refusal(400, 'body_not_json', 'Nội dung không phải đối tượng JSON.')
    if (body === 413) return refusal(413, 'body_too_large', 'Nội dung quá lớn.')
    return respond(operation, { body, idempotencyKey: headerOf(request, 'idempotency-key') }, delay)
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}

function portTaken(port: number): Bilingual {
  return {
    vi: `Chương trình khác đang dùng cổng ${port} của cơ quan; dừng nó rồi thử lại.`,
    en: `Another program uses the agency's port ${port}; end it and try again.`,
  }
}

/** Starts one agency on loopback. Rejects where the port is taken. */
export async function startSandboxAgency(options: SandboxAgencyOptions): Promise<SandboxAgency> {
  const handle = createHandler(options)
  const delay = options.delay ?? waitFor
  let mode: BreakMode | undefined

  const server = createServer((request, response) => {
    respondBroken(mode, delay)
      .then((broken) => broken ?? handle(request))
      .then((reply) => send(response, reply))
      // Only reading the request can fail, and then nobody is left to answer.
      .catch(() => response.destroy())
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS

  async function listen(port: number): Promise<number> {
    server.listen(port, HOST)
    await once(server, 'listening')
    return portOf(server)
  }

  /** @throws GatewayError (rejects) where another program took the port meanwhile. */
  async function listenAgain(port: number): Promise<void> {
    if (server.listening) return
    await listen(port).catch((cause: unknown) => {
      throw new GatewayError('provider_unavailable', { detail: portTaken(port), cause })
    })
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  const port = await listen(options.port ?? 0)
  return {
    agency: options.agency,
    url: `http://${HOST}:${port}`,
    port,
    mode: () => mode ?? 'works',
    async break(wanted) {
      await (wanted === 'down' ? stop() : listenAgain(port))
      mode = wanted
    },
    async heal() {
      await listenAgain(port)
      mode = undefined
    },
    close: stop,
  }
}

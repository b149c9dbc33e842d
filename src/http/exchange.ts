import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { ANSWER_TYPE, type Conclusion, type Conduct } from '../exchange/conduct.ts'
import type { Answer } from '../exchange/passage.ts'
import { IDEMPOTENCY_KEY } from '../exchange/submission.ts'
import { formatReceipt } from '../ledger/receipt.ts'
import { createCanceller } from '../model/cancellation.ts'
import type { ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { InboundRequest, QuotaState, Receipt, RequestMessage } from '../model/exchange.ts'
import { type ServiceId, serviceIdOf } from '../model/identifier.ts'
import { parseJsonBody, readBody } from './body.ts'
import { credentialsOf, refuseRequest } from './consumer-door.ts'
import { noteOf, optional, PARTICULAR, PURPOSE, purposeOf, traceOf } from './fields.ts'
import { sendProblem } from './server.ts'

export interface ExchangeDoorParts {
  readonly conduct: Conduct
  readonly publicUrl: () => string
  readonly maxBodyBytes: number
  readonly now: () => number
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  /** Hex digits of fresh randomness, for trace and span ids. */
  readonly randomHex: (bytes: number) => string
  /** SHA-256 thumbprint of the request's client certificate, base64url, where there is one. */
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
  /** A fresh nonce for DPoP proofs, where the gateway asks for one. */
  readonly dpopNonce: () => string | undefined
  /** Origin of the log, for receipts. */
  readonly logOrigin: string
  /** Headers that announce the end of a service's version; none for most. */
  readonly announce: (service: ServiceId) => Readonly<Record<string, string>> | undefined
  /** Told of each request that was refused without a consumer to record it for. */
  readonly onStranger: (request: IncomingMessage, error: GatewayError) => void
  /** Told of each request that did not become an exchange. */
  readonly onRefusal: (refusal: {
    method: string
    route: string
    status: number
    code?: ErrorCode | undefined
    totalMs: number
  }) => void
  readonly onInternalError: (error: unknown, exchangeId?: string) => void
}

const ROUTE = '/exchange'
const BELOW_ROUTE = `${ROUTE}/`
/** A compact JWS; `identity/consent.ts` judges it. */
const CONSENT = /^[\w.-]{1,4096}$/
const ADDRESS = /^https?:\/\/[\x21-\x7e]{1,500}$/
const POINTERS = /^\/[^,\s]{0,255}(?:\s*,\s*\/[^,\s]{0,255}){0,63}$/

interface Target {
  readonly service: ServiceId
  readonly path: string
  readonly query: URLSearchParams | undefined
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new GatewayError('request_malformed', {
      cause,
      detail: { vi: 'Địa chỉ không phải UTF-8.', en: 'The target is not UTF-8.' },
    })
  }
}

/** @param url `/exchange/{agency}/{subsystem}/{service}/{version}{path}?query`. */
function parseTarget(url: string): Target {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const [, , agency = '', subsystem = '', name = '', version = '', ...rest] = path.split('/')
  const service = serviceIdOf(agency, subsystem, name, version)
  if (service === undefined) throw new GatewayError('path_unknown')
  return {
    service,
    path: `/${(path.includes('%') ? rest.map(decodeSegment) : rest).join('/')}`,
    query: mark < 0 ? undefined : new URLSearchParams(url.slice(mark + 1)),
  }
}

/** What a signature could cover, read only where there is one or a digest to check. */
function messageOf(request: IncomingMessage, targetUri: string): RequestMessage | undefined {
  const { headers, rawHeaders, method = 'GET' } = request
  if (
    headers['signature'] === undefined &&
    headers['signature-input'] === undefined &&
    headers['content-digest'] === undefined
  ) {
    return undefined
  }
  const fields = new Map<string, string>()
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = (rawHeaders[place] ?? '').toLowerCase()
    const value = (rawHeaders[place + 1] ?? '').trim()
    const known = fields.get(name)
    fields.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return { method, targetUri, fields }
}

/** Until the answers before it on a pipelined connection have left: what is handed over earlier leaves later. */
export async function untilItsTurn(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  await new Promise<void>((resolve) => {
    response.once('socket', () => resolve())
    response.once('close', () => resolve())
  })
}

/** What every reply of an exchange says of it, whichever door it leaves by. @param origin of the log. */
export function replyHeaders(
  inbound: Pick<InboundRequest, 'exchangeId' | 'trace' | 'salt'>,
  { receipt, quota }: { readonly receipt: Receipt | undefined; readonly quota?: QuotaState | undefined },
  origin: string,
): Record<string, string> {
  const { trace } = inbound
  const headers: Record<string, string> = {
    'exchange-id': inbound.exchangeId,
    traceparent: `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`,
  }
  if (receipt) headers['exchange-receipt'] = receiptField(receipt, inbound.salt, origin)
  if (quota) {
    // draft-ietf-httpapi-ratelimit-headers: what the agreement allows, and what of the day is left.
    headers['ratelimit-policy'] = `"second";q=${quota.perSecond};w=1, "day";q=${quota.perDay};w=86400`
    headers['ratelimit'] = `"day";r=${quota.remainingToday};t=${quota.secondsToReset}`
  }
  return headers
}

/** Sends an answer's body as it was recorded; nobody may keep it. */
export function sendAnswer(
  response: ServerResponse,
  { status, body }: Pick<Answer, 'status' | 'body'>,
  headers: Record<string, string>,
): void {
  headers['content-type'] = ANSWER_TYPE
  headers['content-length'] = String(body.length)
  headers['cache-control'] = 'no-store'
  response.writeHead(status, headers)
  // Bytes as text of one byte a character: head and body leave as one string in one write, encoded once.
  response.end(body.toString('latin1'), 'latin1')
}

/**
 * The door of native JSON exchanges: `{METHOD} /exchange/{agency}/{subsystem}/{service}/{version}{path}`. It looks
 * at the path itself: a router would match it once more and change `url` for each exchange.
 */
export function createExchangeDoor(parts: ExchangeDoorParts): RequestHandler {
  const { conduct, now, randomHex } = parts

  async function translate(
    request: IncomingMessage,
    response: ServerResponse,
    receivedAtMs: number,
  ): Promise<InboundRequest> {
    const { method = 'GET', url = ROUTE } = request
    const { service, path, query } = parseTarget(url)
    const body = await readBody(request, parts.maxBodyBytes)
    const gone = createCanceller()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort('gone')
    })
    return {
      exchangeId: parts.newExchangeId(receivedAtMs),
      receivedAtMs,
      credentials: credentialsOf(request, parts),
      service,
      method,
      path,
      query,
      // Who asks about a request made before was asked what for, then.
      purpose: path.startsWith('/-/') ? optional(request, 'exchange-purpose', PURPOSE) : purposeOf(request),
      dossier: optional(request, 'exchange-dossier', PARTICULAR),
      procedure: optional(request, 'exchange-procedure', PARTICULAR),
      officer: optional(request, 'exchange-officer', PARTICULAR),
      note: noteOf(request),
      idempotencyKey: optional(request, 'idempotency-key', IDEMPOTENCY_KEY),
      consent: optional(request, 'exchange-consent', CONSENT),
      notify: optional(request, 'exchange-notify', ADDRESS),
      fields: optional(request, 'exchange-fields', POINTERS)?.split(/\s*,\s*/),
      trace: traceOf(request, randomHex),
      salt: parts.newSalt(),
      message: messageOf(request, parts.publicUrl() + url),
      body,
      json: parseJsonBody(request, body),
      signal: gone,
    }
  }

  /** Not authenticated or not understood: counted, limited, not recorded. */
  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    thrown: unknown,
    receivedAtMs: number,
  ): void {
    const { code, entry } = refuseRequest(request, response, thrown, parts)
    const { method = 'GET' } = request
    parts.onRefusal({ method, route: ROUTE, status: entry.status, code, totalMs: now() - receivedAtMs })
  }

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAtMs = now()
    let inbound: InboundRequest
    let conclusion: Conclusion
    try {
      inbound = await translate(request, response, receivedAtMs)
      conclusion = await conduct(inbound)
    } catch (thrown) {
      refuse(request, response, thrown, receivedAtMs)
      return
    }
    const headers = replyHeaders(inbound, conclusion, parts.logOrigin)
    Object.assign(headers, parts.announce(inbound.service))
    if (response.socket === null) await untilItsTurn(response)
    const ended = conclusion.release()
    if (ended instanceof Error) {
      sendProblem(request, response, ended, {
        publicUrl: parts.publicUrl(),
        exchangeId: inbound.exchangeId,
        traceId: inbound.trace.traceId,
        headers,
      })
      return
    }
    Object.assign(headers, ended.headers, ended.signature)
    if (ended.replayed) headers['idempotency-replayed'] = 'true'
    sendAnswer(response, ended, headers)
  }

  return (request, response, next) => {
    const { url } = request
    if (url.startsWith(BELOW_ROUTE)) return carry(request, response)
    next()
  }
}

/**
 * `Exchange-Receipt`: where the exchange's record stands, its hash, the salt of its two digests, and the log's promise.
 */
export function receiptField(
  { leafIndex, leafHash, promise }: Receipt,
  salt: Uint8Array,
  origin: string,
): string {
  const facts = { origin, index: leafIndex, leafHash: Buffer.from(leafHash, 'base64url'), salt, ...promise }
  return formatReceipt(facts, toBase64)
}

function toBase64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}

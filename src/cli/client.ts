import { randomUUID } from 'node:crypto'
import type { JWK } from 'jose'
import { signRequest } from '../identity/message-holder.ts'
import { createSigningKey } from '../identity/signing-key.ts'
import type { RequestMessage } from '../model/exchange.ts'
import type { Language } from '../model/identifier.ts'
import { writeNote } from '../model/note.ts'
import { type ClientCertificate, createConsumerHttp, type HttpReply } from './consumer-http.ts'
import { parseReplyBody, refusesToken } from './consumer-reply.ts'
import { createAnswerCheck, type GatewayKey } from './consumer-signature.ts'
import { type AccessToken, createProver, createTokenSource } from './consumer-token.ts'
import { usageFault } from './fault.ts'

export interface ConsumerClientOptions {
  /** The gateway's public address, `https://host[:port]`. */
  readonly gatewayUrl: string
  /** The subsystem's id, e.g. `H29/mot-cua`. */
  readonly clientId: string
  /** The subsystem's registered key: it signs assertions and proofs. */
  readonly privateJwk: JWK
  /** `dpop` by default; `bearer` works for sandbox subsystems only. */
  readonly binding?: 'dpop' | 'bearer' | 'certificate'
  /** Of answers' words for people; `vi` by default. */
  readonly language?: Language
  /** For one request; 35,000 by default, a little more than the gateway gives a provider. */
  readonly timeoutMs?: number
  /** 16 MiB by default. */
  readonly maxAnswerBytes?: number
  /** PEM certificates of authorities to trust in place of the well-known ones. */
  readonly authorities?: string | undefined
  /** For binding `certificate`. */
  readonly certificate?: ClientCertificate | undefined
  readonly signal?: AbortSignal | undefined
  /** What tokens are asked for (RFC 8707), a path below `baseUrl`; the exchanges where absent. */
  readonly resource?: string | undefined
  /** Where plain requests go, `https://host[:port]`: the gateway's public address where absent. */
  readonly baseUrl?: string | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  readonly newId?: () => string
}

export interface ConsumerCall {
  /** `agency/subsystem/service/version`. */
  readonly service: string
  /** Below the service, `/` first, escaped; a query may follow. */
  readonly path: string
  /** `POST` by default. */
  readonly method?: string
  /** Sent as JSON; `undefined` sends no body. */
  readonly body?: unknown
  readonly purpose: string
  readonly dossier?: string | undefined
  readonly procedure?: string | undefined
  readonly officer?: string | undefined
  /** Why the officer asks, in the officer's words; at most 200 characters. */
  readonly note?: string | undefined
  /** JSON Pointers of the fields wanted; all agreed ones where absent. */
  readonly fields?: readonly string[] | undefined
  /** The consent of the person asked about, as its issuer signed it. */
  readonly consent?: string | undefined
  /** Names a submission, so that it can be sent again without being done twice. */
  readonly idempotencyKey?: string | undefined
  /** Signs the request (RFC 9421) and demands that the answer be signed by the gateway. */
  readonly sign?: boolean | undefined
}

/** What shows to anybody that this was asked and this answered: both messages, and the key of the gateway's. */
export interface Evidence {
  readonly request: RequestMessage & { readonly body: string | undefined }
  readonly answer: Pick<HttpReply, 'status' | 'headers' | 'body'>
  readonly gatewayKey: GatewayKey['jwk']
}

export interface CallAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed where it is JSON, else text; `undefined` where there was none. */
  readonly body: unknown
  /** From sending to the last byte, token not counted. */
  readonly ms: number
  /** Where the request was signed and answered; a problem document is not signed. */
  readonly evidence?: Evidence
}

/** A request to an address of the gateway that is no exchange. */
export interface PlainRequest {
  readonly method: string
  /** Below `baseUrl`, `/` first. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** A consumer's side of the gateway. */
export interface ConsumerClient {
  /** @returns a token that is good for a while yet. @throws CliFault where the gateway gives none. */
  token(): Promise<AccessToken>
  /** @returns whatever the gateway answered, problems too. @throws CliFault where there was no answer. */
  call(request: ConsumerCall): Promise<CallAnswer>
  /** @returns whatever the gateway answered, problems too. @throws CliFault where there was no answer. */
  request(request: PlainRequest): Promise<HttpReply>
}

/** `agency/subsystem/service/version`. */
export const SERVICE = /^[A-Za-z0-9.]+(?:\/[a-z0-9-]+){2}\/v\d+$/

function addressOf(gatewayUrl: string, { service, path }: ConsumerCall): string {
  if (!SERVICE.test(service)) {
    throw usageFault(
      { vi: `“${service}” không phải tên dịch vụ.`, en: `'${service}' is not the name of a service.` },
      {
        vi: 'Dạng đúng: cơ-quan/hệ-thống/dịch-vụ/v1, ví dụ G01/dan-cu/cong-dan/v1.',
        en: 'The form is agency/subsystem/service/v1, say G01/dan-cu/cong-dan/v1.',
      },
    )
  }
  const address = `${gatewayUrl}/exchange/${service}${path}`
  // What a URL parser would rewrite (dot segments, spaces, backslashes) is refused, as the gateway does.
  if (!path.startsWith('/') || path.includes('#') || URL.parse(address)?.href !== address) {
    throw usageFault(
      { vi: `Đường dẫn “${path}” không ở dạng chuẩn.`, en: `The path '${path}' is not in its normal form.` },
      { vi: 'Bắt đầu bằng / và mã hóa ký tự đặc biệt.', en: 'Begin with / and escape special characters.' },
    )
  }
  return address
}

/** One request as it was sent last, and what came back. */
interface Exchanged {
  readonly reply: HttpReply
  readonly sent: RequestMessage | undefined
}

function bodyOf({ body }: ConsumerCall): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body)
}

function isProblemReply({ headers }: HttpReply): boolean {
  return (headers['content-type'] ?? '').startsWith('application/problem+json')
}

function exchangeHeaders(request: ConsumerCall, language: Language): Record<string, string> {
  const { body, purpose, dossier, procedure, officer, note, consent, fields, idempotencyKey } = request
  return {
    accept: 'application/json, application/problem+json',
    'accept-language': language,
    'exchange-purpose': purpose,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(dossier !== undefined && { 'exchange-dossier': dossier }),
    ...(procedure !== undefined && { 'exchange-procedure': procedure }),
    ...(officer !== undefined && { 'exchange-officer': officer }),
    ...(note !== undefined && { 'exchange-note': writeNote(note) }),
    ...(consent !== undefined && { 'exchange-consent': consent }),
    ...(fields !== undefined && { 'exchange-fields': fields.join(', ') }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  }
}

/**
 * A consumer that gets its own tokens and signs its requests.
 * @throws Error where the key is not usable; it never tells a part of it.
 */
export function createConsumerClient(options: ConsumerClientOptions): ConsumerClient {
  const { clientId, binding = 'dpop', language = 'vi' } = options
  const { now = Date.now, clock = () => performance.now(), newId = randomUUID } = options
  const gatewayUrl = options.gatewayUrl.replace(/\/+$/, '')
  const { baseUrl = gatewayUrl, resource } = options
  const key = createSigningKey(options.privateJwk)
  const send = createConsumerHttp({
    timeoutMs: options.timeoutMs ?? 35_000,
    maxAnswerBytes: options.maxAnswerBytes ?? 16_777_216,
    authorities: options.authorities,
    certificate: options.certificate,
    signal: options.signal,
  })
  const prover = createProver({ key, now, newId })
  const tokens = createTokenSource(
    { gatewayUrl, clientId, key, binding, send, now, newId, resource: resource && baseUrl + resource },
    prover,
  )

  const checkAnswer = createAnswerCheck(gatewayUrl, send)

  /** The request as it is sent, with fresh proofs. */
  async function compose(url: string, request: ConsumerCall, token: AccessToken): Promise<RequestMessage> {
    const { method = 'POST' } = request
    const { type, accessToken } = token
    const fields = {
      ...exchangeHeaders(request, language),
      authorization: `${type} ${accessToken}`,
      ...(type === 'DPoP' && { dpop: await prover.proofFor(method, url, accessToken) }),
    }
    if (request.sign !== true) return { method, targetUri: url, fields: new Map(Object.entries(fields)) }
    const unsigned = { method, targetUri: url, fields, body: bodyOf(request), nowMs: now(), nonce: newId() }
    return signRequest(key, unsigned)
  }

  async function exchange(url: string, request: ConsumerCall, token: AccessToken): Promise<Exchanged> {
    let sent: RequestMessage | undefined
    const reply = await prover.sendWithNonce(async () => {
      const message = await compose(url, request, token)
      sent = message
      const headers = Object.fromEntries(message.fields)
      return send({ method: message.method, url, headers, body: bodyOf(request) })
    })
    return { reply, sent }
  }

  async function evidenceOf(
    request: ConsumerCall,
    { reply, sent }: Exchanged,
  ): Promise<Evidence | undefined> {
    if (request.sign !== true || sent === undefined || isProblemReply(reply)) return undefined
    const { jwk } = await checkAnswer(reply, sent)
    const { status, headers, body } = reply
    return {
      request: { ...sent, body: bodyOf(request) },
      answer: { status, headers, body },
      gatewayKey: jwk,
    }
  }

  async function ask({ method, path, headers = {}, body }: PlainRequest): Promise<HttpReply> {
    const url = baseUrl + path
    const token = await tokens.token()
    const reply = await prover.sendWithNonce(async () =>
      send({
        method,
        url,
        headers: {
          accept: '*/*',
          'accept-language': language,
          ...headers,
          authorization: `${token.type} ${token.accessToken}`,
          ...(token.type === 'DPoP' && { dpop: await prover.proofFor(method, url, token.accessToken) }),
        },
        body,
      }),
    )
    if (refusesToken(reply)) tokens.forget(token)
    return reply
  }

  return {
    token: tokens.token,
    async request(request) {
      const reply = await ask(request)
      return refusesToken(reply) ? ask(request) : reply
    },
    async call(request) {
      const url = addressOf(gatewayUrl, request)
      const token = await tokens.token()
      let startedMs = clock()
      let exchanged = await exchange(url, request, token)
      if (refusesToken(exchanged.reply)) {
        // A gateway that changed its keys refuses tokens not yet old.
        tokens.forget(token)
        const fresh = await tokens.token()
        startedMs = clock()
        exchanged = await exchange(url, request, fresh)
      }
      const ms = clock() - startedMs
      const { reply } = exchanged
      const evidence = await evidenceOf(request, exchanged)
      const answer = { status: reply.status, headers: reply.headers, body: parseReplyBody(reply), ms }
      return evidence === undefined ? answer : { ...answer, evidence }
    },
  }
}

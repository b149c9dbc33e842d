import { ASSERTION_TYPE } from '../identity/client-authentication.ts'
import { signAssertion, signProof } from '../identity/holder.ts'
import type { SigningKey } from '../identity/signing-key.ts'
import { errorEntry } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { createConsumerHttp, HttpReply } from './consumer-http.ts'
import { asksForNonce, isMembers, parseReplyBody, retryAfterSeconds } from './consumer-reply.ts'
import { CliFault, EXIT } from './fault.ts'

/** A token as the gateway gave it. */
export interface AccessToken {
  readonly accessToken: string
  readonly type: 'DPoP' | 'Bearer'
  /** Unix milliseconds. */
  readonly expiresAtMs: number
}

export interface HolderParts {
  readonly gatewayUrl: string
  readonly clientId: string
  readonly key: SigningKey
  readonly binding: 'dpop' | 'bearer' | 'certificate'
  readonly send: ReturnType<typeof createConsumerHttp>
  /** The address that tokens are asked for; the exchanges where absent. */
  readonly resource?: string | undefined
  /** Unix milliseconds. */
  readonly now: () => number
  readonly newId: () => string
}

/** Makes DPoP proofs with the nonce the gateway last gave. */
export interface Prover {
  proofFor(method: string, url: string, accessToken?: string): Promise<string>
  /** Sends, and once more where the gateway asks for its nonce; `attempt` makes a fresh proof each time. */
  sendWithNonce(attempt: () => Promise<HttpReply>): Promise<HttpReply>
}

export function createProver({ key, now, newId }: Pick<HolderParts, 'key' | 'now' | 'newId'>): Prover {
  let nonce: string | undefined
  return {
    proofFor: (method, url, accessToken) =>
      signProof(key, {
        method,
        url,
        nowMs: now(),
        jti: newId(),
        ...(accessToken !== undefined && { accessToken }),
        ...(nonce !== undefined && { nonce }),
      }),
    async sendWithNonce(attempt) {
      let reply = await attempt()
      nonce = reply.headers['dpop-nonce'] ?? nonce
      if (asksForNonce(reply)) {
        reply = await attempt()
        nonce = reply.headers['dpop-nonce'] ?? nonce
      }
      return reply
    },
  }
}

function notAGateway(url: string, detail: Bilingual): CliFault {
  return new CliFault(EXIT.failed, 'gateway_unknown', {
    title: { vi: 'Địa chỉ này không phải cổng cần tìm', en: 'This address is not the gateway meant' },
    detail: { vi: `${url}: ${detail.vi}`, en: `${url}: ${detail.en}` },
    side: 'you',
    fix: { vi: 'Kiểm tra --gateway.', en: 'Check --gateway.' },
  })
}

/** What the metadata document (RFC 8414) says. */
interface Issuer {
  readonly issuer: string
  readonly tokenEndpoint: string
}

/**
 * RFC 8414 §3.3: the issuer must be the address that was asked, and its endpoint below it, else assertions
 * would be signed for and sent to somebody else.
 */
function readMetadata(gatewayUrl: string, reply: HttpReply): Issuer {
  const document = parseReplyBody(reply)
  if (reply.status !== 200 || !isMembers(document)) {
    throw notAGateway(gatewayUrl, { vi: `trả lời ${reply.status}`, en: `answered ${reply.status}` })
  }
  const { issuer, token_endpoint: tokenEndpoint } = document
  if (issuer !== gatewayUrl) {
    const name = typeof issuer === 'string' ? issuer.slice(0, 200) : '?'
    throw notAGateway(gatewayUrl, {
      vi: `cổng tự xưng là ${name}; dùng --gateway ${name}`,
      en: `it calls itself ${name}; use --gateway ${name}`,
    })
  }
  if (typeof tokenEndpoint !== 'string' || !tokenEndpoint.startsWith(`${issuer}/`)) {
    throw notAGateway(gatewayUrl, { vi: 'thiếu token_endpoint', en: 'it names no token_endpoint' })
  }
  return { issuer, tokenEndpoint }
}

const UNKNOWN_FIX = {
  vi: 'Kiểm tra mã hệ thống (--consumer), khóa (--key) đã đăng ký trong danh bạ chưa, và đồng hồ máy.',
  en: 'Check the subsystem (--consumer), whether its key (--key) is registered, and the clock.',
}

/** The gateway names its own error code beside the standard's; a foreign issuer has only the standard's. */
function tokenRefused(reply: HttpReply, nowMs: number): CliFault {
  const document = parseReplyBody(reply)
  const { error, error_description: description, code } = isMembers(document) ? document : {}
  const told = [error, description].filter((part) => typeof part === 'string').join(': ')
  const entry = typeof code === 'string' ? errorEntry(code) : undefined
  const isAway = reply.status === 503 || reply.status === 504
  return new CliFault(isAway ? EXIT.unreachable : EXIT.failed, entry ? String(code) : 'token_refused', {
    title: { vi: 'Cổng không cấp mã truy cập', en: 'The gateway gives no access token' },
    detail: { vi: `${reply.status} ${told}`, en: `${reply.status} ${told}` },
    side: entry?.fault ?? (reply.status >= 500 ? 'gateway' : 'consumer'),
    // Whoever could not be authenticated is told by the gateway no more than that; here more can be said.
    fix: entry === undefined || code === 'client_invalid' ? UNKNOWN_FIX : entry.fix,
    retryAfterSeconds: retryAfterSeconds(reply.headers, nowMs),
  })
}

function readToken(reply: HttpReply, nowMs: number): AccessToken {
  const document = parseReplyBody(reply)
  const {
    access_token: accessToken,
    token_type: type,
    expires_in: expiresIn,
  } = isMembers(document) ? document : {}
  const isGiven =
    reply.status === 200 &&
    typeof accessToken === 'string' &&
    (type === 'DPoP' || type === 'Bearer') &&
    typeof expiresIn === 'number'
  if (!isGiven) throw tokenRefused(reply, nowMs)
  return { accessToken, type, expiresAtMs: nowMs + expiresIn * 1000 }
}

/** One token at a time, used until shortly before its end. */
export interface TokenSource {
  /** @throws CliFault where the gateway gives none. */
  token(): Promise<AccessToken>
  /** Drops a token the gateway no longer takes. */
  forget(token: AccessToken): void
}

/** The part of a token's life after which a new one is fetched. */
const USED_LIFE = 0.8

/** Gets tokens by private_key_jwt (RFC 7523), bound to the key by DPoP unless `binding` says otherwise. */
export function createTokenSource(parts: HolderParts, prover: Prover): TokenSource {
  const { gatewayUrl, clientId, key, send, now } = parts
  let issuer: Issuer | undefined
  let held: { readonly token: AccessToken; readonly renewAtMs: number } | undefined
  let pending: Promise<AccessToken> | undefined

  async function askToken({ issuer, tokenEndpoint }: Issuer): Promise<HttpReply> {
    const content = { clientId, issuer, nowMs: now(), jti: parts.newId() }
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await signAssertion(key, content),
      ...(parts.resource !== undefined && { resource: parts.resource }),
    })
    return send({
      method: 'POST',
      url: tokenEndpoint,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(parts.binding === 'dpop' && { dpop: await prover.proofFor('POST', tokenEndpoint) }),
      },
      body: form.toString(),
    })
  }

  async function fetchToken(): Promise<AccessToken> {
    const url = `${gatewayUrl}/.well-known/oauth-authorization-server`
    const headers = { accept: 'application/json' }
    const known = issuer ?? readMetadata(gatewayUrl, await send({ method: 'GET', url, headers }))
    issuer = known
    const askedAtMs = now()
    const token = readToken(await prover.sendWithNonce(() => askToken(known)), askedAtMs)
    held = { token, renewAtMs: askedAtMs + (token.expiresAtMs - askedAtMs) * USED_LIFE }
    return token
  }

  return {
    async token() {
      if (held !== undefined && now() < held.renewAtMs) return held.token
      // Whoever asks meanwhile waits for the same token.
      pending ??= fetchToken().finally(() => {
        pending = undefined
      })
      return pending
    },
    forget(token) {
      if (held?.token === token) held = undefined
    },
  }
}

export interface GatewayOptions {
  /** The subsystem that asks, e.g. `H29/mot-cua`. */
  readonly clientId: string
  /** Its registered private key (a JWK with `kid`: EC P-256, RSA or Ed25519). Keep it out of the source. */
  readonly privateKey: PrivateJwk
  /** The gateway's public address, where it is not the one this file was made by. */
  readonly gatewayUrl?: string
  /** Of answers' words for people; Vietnamese unless said otherwise. */
  readonly language?: 'vi' | 'en'
  /** Tries of one request in all; 4 unless said otherwise. */
  readonly maxTries?: number
  /** A longer `Retry-After` is left to the caller; 30 unless said otherwise. */
  readonly maxWaitSeconds?: number
  /** What sends; one's own where the gateway has a private authority, or for tests. */
  readonly fetch?: (request: Request) => Promise<Response>
}

/** RFC 7517, as `lienthong keys new` writes it. */
export interface PrivateJwk
  extends Readonly<
    Partial<Record<'crv' | 'x' | 'y' | 'n' | 'e' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'alg' | 'use', string>>
  > {
  readonly kty: string
  readonly kid: string
  readonly d: string
}

/** The gateway gave no access token. */
export class TokenRefused extends Error {
  readonly status: number
  /** The gateway's error code; see `/problems/{code}`. */
  readonly code: string

  constructor(status: number, code: string, description: string) {
    super(`no access token: ${status} ${code} ${description}`)
    this.name = 'TokenRefused'
    this.status = status
    this.code = code
  }
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

type Bytes = ReturnType<typeof utf8>

interface Signer {
  readonly alg: string
  sign(bytes: Bytes): Promise<ArrayBuffer>
}

interface Token {
  readonly text: string
  /** Unix milliseconds: some time before its end. */
  readonly renewAtMs: number
}

const ALGORITHMS = {
  EC: { alg: 'ES256', make: { name: 'ECDSA', namedCurve: 'P-256' }, use: { name: 'ECDSA', hash: 'SHA-256' } },
  RSA: { alg: 'PS256', make: { name: 'RSA-PSS', hash: 'SHA-256' }, use: { name: 'RSA-PSS', saltLength: 32 } },
  OKP: { alg: 'EdDSA', make: { name: 'Ed25519' }, use: { name: 'Ed25519' } },
} as const

const utf8 = (text: string) => new TextEncoder().encode(text)

function base64url(bytes: ArrayBuffer | Uint8Array): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function signerOf(kty: 'EC' | 'RSA' | 'OKP', key: Key): Signer {
  const { alg, use } = ALGORITHMS[kty]
  return { alg, sign: (bytes) => crypto.subtle.sign(use, key, bytes) }
}

async function openKey({ kid: _kid, alg: _alg, use: _use, ...jwk }: PrivateJwk): Promise<Signer> {
  const { kty } = jwk
  if (kty !== 'EC' && kty !== 'RSA' && kty !== 'OKP') throw new TypeError(`no key of type ${kty} is taken`)
  return signerOf(kty, await crypto.subtle.importKey('jwk', jwk, ALGORITHMS[kty].make, false, ['sign']))
}

async function signJwt(signer: Signer, header: object, claims: object): Promise<string> {
  const encode = (value: object) => base64url(utf8(JSON.stringify(value)))
  const signed = `${encode({ alg: signer.alg, ...header })}.${encode(claims)}`
  return `${signed}.${base64url(await signer.sign(utf8(signed)))}`
}

const seconds = () => Math.floor(Date.now() / 1000)

/** A key pair of this process alone, and proofs by it (RFC 9449 §4.2): a token that leaks is of no use. */
async function createProver() {
  const pair = await crypto.subtle.generateKey(ALGORITHMS.EC.make, false, ['sign', 'verify'])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  const signer = signerOf('EC', pair.privateKey)
  let nonce: string | undefined
  return {
    remember(response: Response) {
      nonce = response.headers.get('dpop-nonce') ?? nonce
    },
    async prove(method: string, url: string, token?: string): Promise<string> {
      const ath = token && base64url(await crypto.subtle.digest('SHA-256', utf8(token)))
      const about = { htm: method, htu: url.replace(/[?#].*$/, ''), ath, nonce }
      const claims = { jti: crypto.randomUUID(), iat: seconds(), ...about }
      return signJwt(signer, { typ: 'dpop+jwt', jwk: { kty, crv, x, y } }, claims)
    },
  }
}

/** RFC 9449 §8 and §9: the token endpoint asks for its nonce in the body, every other address in its challenge. */
async function asksForNonce(response: Response): Promise<boolean> {
  const challenge = response.headers.get('www-authenticate') ?? ''
  if (response.status === 401) return challenge.includes('use_dpop_nonce')
  return response.status === 400 && (await response.clone().text()).includes('"use_dpop_nonce"')
}

/** @returns milliseconds to wait before the next try; undefined where there should be none. */
function pauseBefore(outcome: Response | Error, tried: number, maxWaitSeconds: number): number | undefined {
  // No answer: the same key stands for the same request, so asking again does nothing twice.
  if (outcome instanceof Error || outcome.status === 504) return 250 * 2 ** tried * (0.5 + Math.random() / 2)
  if (![409, 429, 503].includes(outcome.status)) return undefined
  const after = outcome.headers.get('retry-after')
  if (after === null) return undefined
  const wait = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000
  return wait <= maxWaitSeconds ? Math.max(0, wait) * 1000 : undefined
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function newTraceparent(): string {
  const hex = (bytes: number) =>
    Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('')
  return `00-${hex(16)}-${hex(8)}-01`
}

/** What a request is called and how it is traced; the same in each of its tries. */
function label(request: Request, language: string): Headers {
  const headers = new Headers(request.headers)
  const set = (name: string, value: () => string) => {
    if (!headers.has(name)) headers.set(name, value())
  }
  set('accept-language', () => language)
  set('traceparent', newTraceparent)
  if (request.method !== 'GET') set('idempotency-key', () => crypto.randomUUID())
  return headers
}

/**
 * A `fetch` that authenticates: a token by `private_key_jwt` (RFC 7523), bound to this process by DPoP (RFC 9449)
 * with the gateway's nonce, fetched anew before it ends. It names each request (`Idempotency-Key`, `traceparent`)
 * and tries again what passes by itself: no answer, 504, and 409, 429 and 503 that say `Retry-After`.
 * @throws TokenRefused where the gateway gives no token.
 */
export function createGatewayFetch(
  gatewayUrl: string,
  options: GatewayOptions,
): (request: Request) => Promise<Response> {
  const { clientId, privateKey, language = 'vi', maxTries = 4, maxWaitSeconds = 30 } = options
  const transmit = options.fetch ?? fetch
  const tokenUrl = `${gatewayUrl}/oauth/token`
  let keys: Promise<readonly [Signer, Awaited<ReturnType<typeof createProver>>]> | undefined
  let token: Promise<Token> | undefined
  const openKeys = () => (keys ??= Promise.all([openKey(privateKey), createProver()]))

  /** Sends until there is an answer that another try would not better. @param compose makes each try anew. */
  async function send(compose: () => Promise<Request>): Promise<Response> {
    const [, prover] = await openKeys()
    let askedForNonce = false
    for (let tried = 1; ; ) {
      const request = await compose()
      const outcome = await transmit(request).catch((error: unknown) => {
        if (request.signal.aborted || !(error instanceof Error)) throw error
        return error
      })
      if (outcome instanceof Response) {
        prover.remember(outcome)
        if (!askedForNonce && (await asksForNonce(outcome))) {
          askedForNonce = true
          continue
        }
      }
      const wait = tried < maxTries ? pauseBefore(outcome, tried, maxWaitSeconds) : undefined
      if (wait === undefined) {
        if (outcome instanceof Error) throw outcome
        return outcome
      }
      tried += 1
      await pause(wait, request.signal)
    }
  }

  async function fetchToken(): Promise<Token> {
    const [signer, prover] = await openKeys()
    const askedAtMs = Date.now()
    const response = await send(async () => {
      const claims = { iss: clientId, sub: clientId, aud: gatewayUrl, jti: crypto.randomUUID() }
      const times = { iat: seconds(), exp: seconds() + 60 }
      const header = { typ: 'client-authentication+jwt', kid: privateKey.kid }
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await signJwt(signer, header, { ...claims, ...times }),
      })
      const headers = { dpop: await prover.prove('POST', tokenUrl) }
      return new Request(tokenUrl, { method: 'POST', headers, body })
    })
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
    const { access_token: text, expires_in: lifetime } = answer
    if (typeof text !== 'string' || typeof lifetime !== 'number') {
      const { code, error, error_description: description } = answer
      throw new TokenRefused(response.status, String(code ?? error ?? ''), String(description ?? ''))
    }
    return { text, renewAtMs: askedAtMs + lifetime * 800 }
  }

  function renew(): Promise<Token> {
    const fresh = fetchToken()
    token = fresh
    fresh.catch(() => {
      if (token === fresh) token = undefined
    })
    return fresh
  }

  /** Whoever asks meanwhile waits for the same token. */
  async function currentToken(): Promise<string> {
    const held = token ?? renew()
    const { text, renewAtMs } = await held
    if (Date.now() < renewAtMs) return text
    if (token === held) renew()
    return (await (token ?? renew())).text
  }

  return async (request) => {
    const body = request.body === null ? null : await request.arrayBuffer()
    const headers = label(request, language)
    const { method, url, signal } = request
    const ask = () =>
      send(async () => {
        const [, prover] = await openKeys()
        const text = await currentToken()
        headers.set('authorization', `DPoP ${text}`)
        headers.set('dpop', await prover.prove(method, url, text))
        return new Request(url, { method, headers, body, signal })
      })
    const response = await ask()
    if (!(response.headers.get('www-authenticate') ?? '').includes('"invalid_token"')) return response
    // Tokens end early where the gateway's keys change or somebody revokes them.
    token = undefined
    return ask()
  }
}

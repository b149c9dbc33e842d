import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { problemDocument, problemHeaders } from '../http/problem.ts'
import { createCertificateReader } from '../identity/client-certificate.ts'
import { createIdentity } from '../identity/identity.ts'
import { createKeyRing } from '../identity/keys.ts'
import { createSigningKey, generatePrivateJwk } from '../identity/signing-key.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { PublicJwk, Subsystem } from '../model/party.ts'
import { makeCertificate } from './self-made-certificate.ts'

/** What the stage answers next to an exchange whose sender it recognised. */
export type Cue = 'ok' | 'busy' | 'away' | 'invalid' | 'cut' | 'token_ended'

/** A request as the stage saw it. */
export interface Observed {
  readonly door: 'token' | 'exchange'
  /** Monotonic milliseconds. */
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Thumbprint of the client certificate that its connection showed. */
  readonly certificate: string | undefined
  /** The error it was refused by, before any cue; undefined where its sender was recognised. */
  readonly refusal: GatewayError | undefined
}

/** A gateway that tells what it saw: tokens and proofs are judged by the real thing, answers follow a script. */
export interface Stage {
  readonly url: string
  /** Whom to trust to reach it, PEM; undefined where it speaks plain HTTP. */
  readonly authority: string | undefined
  /** Begins a scene: what was seen is forgotten, and the cues are played in turn, then `ok`. */
  begin(cues: readonly Cue[]): void
  seen(): readonly Observed[]
  close(): Promise<void>
}

const PASSING: ReadonlySet<Cue> = new Set(['busy', 'away'])

export interface StageParts {
  readonly clientId: SubsystemId
  /** The subsystem's registered key, its public half. */
  readonly key: PublicJwk | undefined
  /** Thumbprint of its registered client certificate: the stage then speaks TLS and asks for it. */
  readonly certificate: string | undefined
  /** The body of `ok`. */
  readonly answerTo: (method: string, path: string) => unknown
  readonly now: () => number
  readonly newId: () => string
}

const PAUSE_SECONDS = 1
const CUE_ERRORS = {
  busy: 'quota_exceeded',
  away: 'provider_unavailable',
  invalid: 'request_invalid',
  token_ended: 'credential_invalid',
} as const

function subsystemOf({ clientId, key, certificate }: StageParts): Subsystem {
  const name = { vi: clientId, en: clientId }
  const own = {
    kind: 'Subsystem',
    id: clientId,
    name,
    state: 'active',
    securityLevel: 3,
    contact: '',
  } as const
  return {
    ...own,
    credentials: {
      ...(key !== undefined && { jwks: [key] }),
      ...(certificate !== undefined && { certificates: [certificate] }),
    },
  }
}

function createReplay() {
  const claimed = new Set<string>()
  return {
    async claim(kind: string, key: string): Promise<boolean> {
      const name = `${kind}\n${key}`
      if (claimed.has(name)) return false
      claimed.add(name)
      return true
    },
  }
}

const DAY_MS = 86_400_000

/** Plain HTTP, or TLS under a certificate made for it, which asks for the client's and takes any: they are judged later. */
function createStageServer(
  { certificate, now }: StageParts,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): { readonly server: Server; readonly authority: string | undefined } {
  if (certificate === undefined) return { server: createServer(answer), authority: undefined }
  const notBeforeMs = now() - DAY_MS
  const own = makeCertificate({ name: 'localhost', notBeforeMs, notAfterMs: now() + DAY_MS })
  const tls = { cert: own.certificate, key: own.key, requestCert: true, rejectUnauthorized: false }
  return { server: createTlsServer(tls, answer), authority: own.certificate }
}

/** @returns a gateway on a free port of this machine's loopback. */
export async function openStage(parts: StageParts): Promise<Stage> {
  const { now, newId } = parts
  let url = ''
  let cues: Cue[] = []
  let seen: Observed[] = []
  const ring = createKeyRing([{ key: createSigningKey(await generatePrivateJwk('ES256')), activeFrom: 0 }])
  const subsystems = new Map([[parts.clientId, subsystemOf(parts)]])
  const certificates = createCertificateReader(now)
  const identity = createIdentity({
    publicUrl: () => url,
    keys: () => ring,
    directory: () => ({ subsystems }),
    replay: createReplay(),
    ground: () => ({ registry: { subsystems, services: new Map() }, isRevoked: () => false }),
    revoke: async () => {},
    now,
    newId: () => randomBytes(16).toString('base64url'),
    sandbox: false,
    nonceSecret: randomBytes(32),
    tokenLifetimeSeconds: 300,
    issuers: [],
  })

  function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
    const nonce = identity.nonces?.issue()
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(nonce && { 'dpop-nonce': nonce }),
      ...headers,
    })
    response.end(JSON.stringify(value))
  }

  function sendProblem(response: ServerResponse, error: GatewayError): void {
    const document = problemDocument(error, { language: 'en', publicUrl: url, exchangeId: newId() })
    sendJson(response, error.entry.status, document, problemHeaders(error, 'en'))
  }

  async function grant(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ): Promise<GatewayError | undefined> {
    const { authorization, dpop } = request.headers
    try {
      const token = await identity.grantToken({
        parameters: new Map(new URLSearchParams(body)),
        authorization,
        dpop: typeof dpop === 'string' ? dpop : undefined,
        certificateThumbprint: certificates.fromSocket(request.socket),
      })
      sendJson(response, 200, token)
      return undefined
    } catch (thrown) {
      const error = asGatewayError(thrown)
      const { status, oauth = 'invalid_request' } = error.entry
      const told = { error: oauth, error_description: error.entry.fix.en, code: error.code }
      sendJson(response, status === 401 && oauth !== 'invalid_client' ? 400 : status, told)
      return error
    }
  }

  function play(request: IncomingMessage, response: ServerResponse): void {
    const cue = cues.shift() ?? 'ok'
    if (cue === 'cut') request.socket.destroy()
    else if (cue === 'ok') {
      const answer = parts.answerTo(request.method ?? '', request.url ?? '')
      sendJson(response, 200, answer, { 'exchange-id': newId() })
    } else
      sendProblem(
        response,
        new GatewayError(CUE_ERRORS[cue], PASSING.has(cue) ? { retryAfterSeconds: PAUSE_SECONDS } : {}),
      )
  }

  async function recognise(request: IncomingMessage): Promise<GatewayError | undefined> {
    const certificateThumbprint = certificates.fromSocket(request.socket)
    const { method = '', url: path = '/', headers } = request
    const [address = ''] = path.split('?')
    const { authorization, dpop } = headers
    try {
      await identity.authenticate({
        method,
        url: url + address,
        ...(authorization !== undefined && { authorization }),
        ...(typeof dpop === 'string' && { dpop }),
        ...(certificateThumbprint !== undefined && { certificateThumbprint }),
      })
      return undefined
    } catch (thrown) {
      return asGatewayError(thrown)
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '/', headers } = request
    if (path === '/.well-known/oauth-authorization-server') {
      const { issuer, tokenEndpoint, jwks } = identity.addresses()
      sendJson(response, 200, { issuer, token_endpoint: tokenEndpoint, jwks_uri: jwks })
      return
    }
    const body = await text(request)
    const certificate = certificates.fromSocket(request.socket)
    const facts = { atMs: performance.now(), method, path, headers, body, certificate }
    if (path === '/oauth/token') {
      const refusal = await grant(request, response, body)
      seen.push({ ...facts, door: 'token', refusal })
      return
    }
    if (!path.startsWith('/exchange/')) {
      sendProblem(response, new GatewayError('path_unknown'))
      return
    }
    const refusal = await recognise(request)
    seen.push({ ...facts, door: 'exchange', refusal })
    if (refusal === undefined) play(request, response)
    else sendProblem(response, refusal)
  }

  const { server, authority } = createStageServer(parts, (request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      if (!response.headersSent) sendProblem(response, asGatewayError(thrown))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const scheme = authority === undefined ? 'http' : 'https'
  url = `${scheme}://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  return {
    url,
    authority,
    begin(next) {
      cues = [...next]
      seen = []
    },
    seen: () => seen,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

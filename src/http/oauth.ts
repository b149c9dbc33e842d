import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Router } from 'express'
import type { Addresses } from '../identity/addresses.ts'
import { ALGORITHM_NAMES } from '../identity/algorithm.ts'
import type { TokenRequest } from '../identity/client-authentication.ts'
import type { Identity } from '../identity/identity.ts'
import type { KeyRing } from '../identity/keys.ts'
import type { ErrorCode } from '../model/error-table.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import { readBody } from './body.ts'
import { REVALIDATED, sendCached } from './cached.ts'

export interface TokenRequestFacts {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly code?: ErrorCode
  readonly totalMs: number
}

export interface OauthDoorParts {
  readonly identity: Pick<Identity, 'grantToken' | 'revokeToken' | 'introspectToken' | 'nonces' | 'addresses'>
  readonly keys: () => KeyRing
  readonly now: () => number
  /** SHA-256 thumbprint of the request's client certificate, base64url, where there is one. */
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
  /** Whether client certificates reach the gateway: by its own TLS or through a trusted proxy. */
  readonly acceptsCertificates: boolean
  /** Told of each request that was refused without a consumer to record it for. */
  readonly onStranger: (request: IncomingMessage, error: GatewayError) => void
  /** Told of each request to the token endpoint, refused ones with their code. */
  readonly onRequest: (request: TokenRequestFacts) => void
}

const TOKEN_ROUTE = '/oauth/token'
const REVOCATION_ROUTE = '/oauth/revoke'
const INTROSPECTION_ROUTE = '/oauth/introspect'
const MAX_FORM_BYTES = 16_384
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Seconds others may keep the key set; a new key is published for longer before it signs. */
const JWKS_MAX_AGE_SECONDS = 300

function malformed(vi: string, en: string): GatewayError {
  return new GatewayError('request_malformed', { detail: { vi, en } })
}

/** RFC 6749 §3.2: parameters as a form, none of them twice; one without a value counts as not sent. */
function parseForm(request: IncomingMessage, body: Buffer): ReadonlyMap<string, string> {
  const { 'content-type': contentType = '', 'content-encoding': encoding } = request.headers
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(contentType)
  if (!isForm || encoding !== undefined) throw new GatewayError('content_type_unsupported')
  let text: string
  try {
    text = UTF8.decode(body)
  } catch (cause) {
    throw new GatewayError('request_malformed', { cause })
  }
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (parameters.has(name)) throw malformed('Một tham số lặp lại.', 'A parameter is repeated.')
    parameters.set(name, value)
  }
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
}

/** A field that may come once; Node joins repeated ones, and what it joined is no single value. */
function single(request: IncomingMessage, name: string): string | undefined {
  const values = request.headersDistinct[name]
  if (values !== undefined && values.length > 1) {
    throw malformed(`Tiêu đề ${name} lặp lại.`, `Field ${name} is repeated.`)
  }
  return values?.[0]
}

/** RFC 6749 §5.2 allows these characters in a description; ours have no others once quotes are gone. */
function describe(error: GatewayError): string {
  const text = error.detail?.en ?? error.entry.fix.en
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '?')
}

/** RFC 6749 §5.2: only a client that couldn't be authenticated gets a 401; proofs are refused with 400 here. */
function statusOf(error: GatewayError): number {
  const { status, oauth } = error.entry
  return status === 401 && oauth !== 'invalid_client' ? 400 : status
}

function codeOf(error: GatewayError): string {
  const { status, oauth } = error.entry
  if (oauth !== undefined) return oauth
  if (status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    ...headers,
  })
  response.end(body)
}

/**
 * Authorization server metadata (RFC 8414 §2), true to what the endpoint does. `response_types_supported` is
 * required by the standard and empty here: there is no authorization endpoint.
 */
function metadata(addresses: Addresses, parts: OauthDoorParts): Record<string, unknown> {
  const { acceptsCertificates } = parts
  const methods = ['private_key_jwt', ...(acceptsCertificates ? ['self_signed_tls_client_auth'] : [])]
  return {
    issuer: addresses.issuer,
    token_endpoint: addresses.tokenEndpoint,
    jwks_uri: addresses.jwks,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
    revocation_endpoint: addresses.revocationEndpoint,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
    introspection_endpoint: addresses.introspectionEndpoint,
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: ALGORITHM_NAMES,
    dpop_signing_alg_values_supported: ALGORITHM_NAMES,
    tls_client_certificate_bound_access_tokens: acceptsCertificates,
    authorization_details_types_supported: ['data_exchange'],
    protected_resources: addresses.resources,
  }
}

const CHALLENGE = 'Basic realm="not supported: use private_key_jwt"'
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** The token, revocation (RFC 7009) and introspection (RFC 7662) endpoints, the metadata document and the key set. */
export function createOauthRouter(parts: OauthDoorParts): Router {
  const { identity, keys, now, thumbprintOf } = parts

  const nonceHeader = (): Record<string, string> =>
    identity.nonces === undefined ? {} : { 'dpop-nonce': identity.nonces.issue() }

  async function read(request: IncomingMessage): Promise<TokenRequest> {
    const body = await readBody(request, MAX_FORM_BYTES)
    return {
      parameters: parseForm(request, body),
      authorization: single(request, 'authorization'),
      dpop: single(request, 'dpop'),
      certificateThumbprint: thumbprintOf(request),
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
    if (response.destroyed) return
    const { retryAfterSeconds } = error
    const value = { error: codeOf(error), error_description: describe(error), code: error.code }
    sendJson(response, statusOf(error), value, {
      ...NO_STORE,
      ...nonceHeader(),
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      // What wasn't read of the request would be taken for the next one.
      ...(request.complete ? {} : { connection: 'close' }),
      // RFC 6749 §5.2: a client that tried the Authorization field gets a challenge back.
      ...(statusOf(error) === 401 &&
        request.headers.authorization !== undefined && { 'www-authenticate': CHALLENGE }),
    })
  }

  const router = express.Router()
  /** @param act gives the answer's JSON; nothing where there is none. */
  function endpoint(route: string, act: (request: TokenRequest) => Promise<unknown>): void {
    router.post(route, async (request, response) => {
      const startedMs = now()
      const facts = (status: number) => ({ method: 'POST', route, status, totalMs: now() - startedMs })
      try {
        const answer = await act(await read(request))
        const headers = { ...NO_STORE, ...nonceHeader() }
        if (answer === undefined) response.writeHead(200, { ...headers, 'content-length': 0 }).end()
        else sendJson(response, 200, answer, headers)
        parts.onRequest(facts(200))
      } catch (thrown) {
        const error = asGatewayError(thrown)
        parts.onStranger(request, error)
        refuse(request, response, error)
        parts.onRequest({ ...facts(statusOf(error)), code: error.code })
      }
    })
  }
  endpoint(TOKEN_ROUTE, identity.grantToken)
  endpoint(REVOCATION_ROUTE, identity.revokeToken)
  endpoint(INTROSPECTION_ROUTE, identity.introspectToken)
  router.get('/.well-known/oauth-authorization-server', (request, response) => {
    const body = JSON.stringify(metadata(identity.addresses(), parts))
    sendCached(request, response, { type: 'application/json', body, caching: REVALIDATED })
  })
  router.get('/oauth/jwks', (request, response) => {
    const caching = `public, max-age=${JWKS_MAX_AGE_SECONDS}`
    const body = JSON.stringify(keys().jwks(now()))
    sendCached(request, response, { type: 'application/jwk-set+json', body, caching })
  })
  const posted = [TOKEN_ROUTE, REVOCATION_ROUTE, INTROSPECTION_ROUTE]
  for (const path of [...posted, '/oauth/jwks', '/.well-known/oauth-authorization-server']) {
    router.all(path, (_request, response) => {
      response.setHeader('allow', posted.includes(path) ? 'POST' : 'GET, HEAD')
      throw new GatewayError('method_unsupported')
    })
  }
  return router
}

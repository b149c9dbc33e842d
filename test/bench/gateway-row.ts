import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { JWK } from 'jose'
import { createConsumerClient } from '../../src/cli/client.ts'
import { createSigningKey, generatePrivateJwk } from '../../src/identity/signing-key.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { ADDRESS, CONSUMER, FIELDS, writeGatewayFiles, XROAD_ADDRESS } from './gateway-files.ts'
import { ANSWER, QUESTION } from './message.ts'
import type { BenchRequest, RowContext, Subject } from './row.ts'

/**
 * How the gateway's access tokens are tied to their holder in a row; `xroad`: no token, but the client certificate at
 * the X-Road door.
 */
export type GatewayBinding = 'bearer' | 'mtls' | 'dpop' | 'xroad'

/** What one of the gateway's three rows is started with. */
export interface GatewayRowOptions extends RowContext {
  readonly binding: GatewayBinding
  /** Agreements in the registry; one of them is in use. */
  readonly agreements?: number
  /** Services in the registry; one of them is asked. */
  readonly services?: number
  /** Set for its process. */
  readonly environment?: Readonly<Record<string, string>>
}

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const EXCHANGE_HEADERS = { 'Exchange-Purpose': 'giai-quyet-thu-tuc-hanh-chinh' }
const DAY_MS = 86_400_000

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Makes DPoP proofs (RFC 9449 §4.2) in one piece and at once: one is needed for every request. */
function createProofs(jwk: JWK, url: string, token: string): () => string {
  const key = createPrivateKey({ key: jwk as never, format: 'jwk' })
  const { kty, crv, x, y } = jwk
  const head = base64url({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })
  const ath = createHash('sha256').update(token).digest('base64url')
  return () => {
    const jti = randomBytes(16).toString('base64url')
    const claims = base64url({ jti, htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), ath })
    const signed = `${head}.${claims}`
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
}

/** A token bound to the client's certificate, asked for with it (RFC 8705 §2.2). */
function mtlsToken(url: string, server: TestCertificate, client: TestCertificate): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: CONSUMER }).toString()
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${url}/oauth/token`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': form.length },
        ca: server.certificate,
        cert: client.certificate,
        key: client.key,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const { access_token: token, error_description: fault } = JSON.parse(
            Buffer.concat(chunks).toString(),
          )
          if (typeof token === 'string') resolve(token)
          else reject(new Error(String(fault)))
        })
      },
    )
    request.on('error', reject)
    request.end(form)
  })
}

function expectedAnswer(): string {
  const answer = JSON.parse(ANSWER)
  return JSON.stringify(Object.fromEntries(Object.entries(answer).filter(([name]) => FIELDS.includes(name))))
}

function certificateFor(name: string): TestCertificate {
  return makeCertificate({ name, notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS })
}

/**
 * Starts this gateway with one worker and everything on, its ledger durable on the embedded PostgreSQL, before
 * the given provider.
 */
export async function startGatewayRow(options: GatewayRowOptions): Promise<Subject> {
  const { host, binding, agreements = 10, services = 1, environment = {} } = options
  const root = join(host.directory, `gateway-${binding}-${randomBytes(4).toString('hex')}`)
  mkdirSync(root, { mode: 0o711 })
  const jwk = { ...(await generatePrivateJwk('ES256')), kid: 'bench' }
  const server = certificateFor('localhost')
  const client = certificateFor(CONSUMER)
  const port = await host.freePort()
  const isTls = binding === 'mtls' || binding === 'xroad'
  const settings = writeGatewayFiles({
    root,
    port,
    managementPort: await host.freePort(),
    providerUrl: options.providerUrl,
    agreements,
    services,
    credentials: {
      jwks: [createSigningKey(jwk).publicJwk as unknown as PublicJwk],
      certificates: [client.thumbprint],
    },
    ...(isTls && { tls: server }),
  })
  const launched = host.launchNode(MAIN, ['serve', '--config', settings], { environment })
  await launched.listening(port)
  const base = `${isTls ? 'https' : 'http'}://127.0.0.1:${port}`
  const tls = { ca: server.certificate, certificate: client.certificate, key: client.key }
  if (binding === 'xroad') {
    return {
      url: base + XROAD_ADDRESS,
      pid: launched.pid,
      expectedBody: expectedAnswer(),
      forged: { headers: { 'X-Road-Client': 'VN/GOV/G01/dan-cu' }, body: QUESTION },
      request: () => ({ headers: { 'X-Road-Client': `VN/GOV/${CONSUMER}` }, body: QUESTION }),
      close: () => launched.stop(),
      tls,
    }
  }
  const url = base + ADDRESS
  const token = await tokenFor(base)

  async function tokenFor(gatewayUrl: string): Promise<string> {
    if (isTls) return mtlsToken(gatewayUrl, server, client)
    const consumer = createConsumerClient({
      gatewayUrl,
      clientId: CONSUMER,
      privateJwk: jwk,
      binding: binding === 'dpop' ? 'dpop' : 'bearer',
    })
    return (await consumer.token()).accessToken
  }

  const authorization = `${binding === 'dpop' ? 'DPoP' : 'Bearer'} ${token}`
  const constant: BenchRequest = {
    headers: { ...EXCHANGE_HEADERS, Authorization: authorization },
    body: QUESTION,
  }
  const proof = createProofs(jwk, url, token)
  return {
    url,
    pid: launched.pid,
    expectedBody: expectedAnswer(),
    forged: {
      ...constant,
      headers: { ...constant.headers, Authorization: `${authorization.slice(0, -4)}AAAA` },
    },
    request:
      binding === 'dpop'
        ? () => ({ ...constant, headers: { ...constant.headers, DPoP: proof() } })
        : () => constant,
    close: () => launched.stop(),
    ...(binding === 'dpop' && { oneTimeRequests: true as const }),
    ...(binding === 'mtls' && { tls }),
  }
}

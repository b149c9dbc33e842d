import type { webcrypto } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { createOauthRouter } from '../../src/http/oauth.ts'
import { createCertificateReader } from '../../src/identity/client-certificate.ts'
import { createKeyRing } from '../../src/identity/keys.ts'
import { generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { asGatewayError } from '../../src/model/errors.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import { CONSUMER, createIdentityWorld, type IdentityWorld, subsystem } from './identity-world.ts'

/** A protected address behind the door. */
export const RESOURCE = '/exchange/G01/dan-cu/cong-dan/v1/xac-thuc'

/** A token endpoint and a protected resource on a loopback port. */
export interface Door {
  readonly url: string
  readonly world: IdentityWorld
  readonly refusals: string[]
  close(): Promise<void>
}

interface DoorOptions {
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly nonceSecret?: Uint8Array
}

/** The OAuth router and one protected resource behind a real listener. */
export async function openDoor({ tls, nonceSecret }: DoorOptions = {}): Promise<Door> {
  const app = express()
  const server: Server = tls
    ? createHttpsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, app)
    : createHttpServer(app)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const now = Date.now
  const world = await createIdentityWorld({ issuer: url, now, ...(nonceSecret && { nonceSecret }) })
  const { identity } = world
  const ring = createKeyRing([{ key: world.issuerKey, activeFrom: 0 }])
  const certificates = createCertificateReader(now)
  const thumbprintOf = (request: IncomingMessage) => certificates.fromSocket(request.socket)
  const refusals: string[] = []
  app.use(
    createOauthRouter({
      identity,
      keys: () => ring,
      now,
      thumbprintOf,
      acceptsCertificates: tls !== undefined,
      onStranger: () => {},
      onRequest: ({ code }) => {
        if (code !== undefined) refusals.push(code)
      },
    }),
  )
  app.post(RESOURCE, async (request, response) => {
    const { authorization, dpop } = request.headers
    const certificateThumbprint = thumbprintOf(request)
    try {
      const consumer = await identity.authenticate({
        method: 'POST',
        url: `${url}${request.path}`,
        ...(authorization !== undefined && { authorization }),
        ...(typeof dpop === 'string' && { dpop }),
        ...(certificateThumbprint !== undefined && { certificateThumbprint }),
      })
      response.json(consumer)
    } catch (thrown) {
      const { code, entry } = asGatewayError(thrown)
      if (identity.nonces) response.set('dpop-nonce', identity.nonces.issue())
      response.set('www-authenticate', `DPoP error="${entry.oauth}"`).status(entry.status).json({ code })
    }
  })
  app.use(
    (error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      response.status(asGatewayError(error).entry.status).json({ code: asGatewayError(error).code })
    },
  )
  return {
    url,
    world,
    refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Loopback without TLS, which oauth4webapi must be told to take. */
export const insecure = { [oauth.allowInsecureRequests]: true } as const

/** A consumer made of `oauth4webapi` alone: discovery, private_key_jwt, DPoP. */
export async function createForeignClient(door: Door) {
  const as = await oauth.processDiscoveryResponse(
    new URL(door.url),
    await oauth.discoveryRequest(new URL(door.url), { algorithm: 'oauth2', ...insecure }),
  )
  const jwk = await generatePrivateJwk('ES256')
  const { d: _private, ...publicJwk } = jwk
  door.world.subsystems.set(
    CONSUMER,
    subsystem(CONSUMER, { credentials: { jwks: [publicJwk as PublicJwk] } }),
  )
  const key = (await importJWK(jwk, 'ES256')) as webcrypto.CryptoKey
  const client: oauth.Client = { client_id: CONSUMER }
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  const ask = async () => {
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.PrivateKeyJwt({ key, kid: String(jwk.kid) }),
      new URLSearchParams({ resource: `${door.url}/exchange` }),
      { DPoP, ...insecure },
    )
    return oauth.processClientCredentialsResponse(as, client, response)
  }
  const call = (token: string) =>
    oauth.protectedResourceRequest(
      token,
      'POST',
      new URL(`${door.url}${RESOURCE}?a=1`),
      new Headers(),
      null,
      {
        DPoP,
        ...insecure,
      },
    )
  return { as, ask, call, key, jwk }
}

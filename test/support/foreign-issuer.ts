import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'
import { generatePrivateJwk, toPublicJwk } from '../../src/identity/signing-key.ts'
import { makeCertificate } from './certificate.ts'

/** An unmodified oidc-provider over HTTPS: somebody else's issuer. */
export interface ForeignIssuer {
  readonly issuer: string
  readonly jwksUri: string
  /** PEM: what its certificate is trusted by. */
  readonly ca: string
  /** Requests for its key set so far. */
  keyReads(): number
  /** Begins to sign with a new key; the old one is published on only where `keep` says so. */
  rotate(keep: boolean): Promise<void>
  /** From then on whoever asks for its keys is cut off; its clients still get tokens. */
  goAway(): void
  comeBack(): void
  close(): Promise<void>
}

/** Longer than our own tokens': a gateway takes it by a setting of its own. */
export const LIFETIME_SECONDS = 600

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown
type PrivateJwk = Awaited<ReturnType<typeof generatePrivateJwk>>

/** @param clients its clients' ids and public keys. @param audience what its tokens are for. */
export async function startForeignIssuer(
  clients: readonly { readonly id: string; readonly jwk: PrivateJwk; readonly dpop?: boolean }[],
  audience: () => string,
): Promise<ForeignIssuer> {
  const day = 86_400_000
  const { certificate, key } = makeCertificate({
    name: 'localhost',
    notBeforeMs: Date.now() - day,
    notAfterMs: Date.now() + day,
  })
  let handle: Handler = () => {}
  let isAway = false
  let keyReads = 0
  const server = createServer({ cert: certificate, key }, (request, response) => {
    if (request.url === '/jwks') keyReads += 1
    if (isAway && request.url === '/jwks') request.destroy()
    else handle(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  let keys = [await generatePrivateJwk('ES256')]

  function serve(): void {
    const configuration: Configuration = {
      clients: clients.map(({ id, jwk, dpop = true }) => ({
        client_id: id,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'ES256',
        jwks: { keys: [toPublicJwk(jwk)] as never },
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        dpop_bound_access_tokens: dpop,
      })),
      jwks: { keys: keys as never },
      clientAuthMethods: ['private_key_jwt'],
      enabledJWA: { clientAuthSigningAlgValues: ['ES256'], dPoPSigningAlgValues: ['ES256'] },
      features: {
        clientCredentials: { enabled: true },
        dPoP: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => audience(),
          useGrantedResource: () => true,
          getResourceServerInfo: (_context, resource) => ({
            scope: '',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: LIFETIME_SECONDS,
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    }
    const provider = new Provider(issuer, configuration)
    handle = provider.callback()
  }

  serve()
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    ca: certificate,
    keyReads: () => keyReads,
    async rotate(keep) {
      keys = [await generatePrivateJwk('ES256'), ...(keep ? keys : [])]
      serve()
    },
    goAway() {
      isAway = true
    },
    comeBack() {
      isAway = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

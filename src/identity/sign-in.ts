import * as client from 'openid-client'

/** An OpenID Connect provider that people sign in with. */
export interface SignInSettings {
  /** https, or http on loopback. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** The claim that names the subsystem whose right to read the person uses. */
  readonly readerClaim: string
}

/** Who signed in. */
export interface SignedIn {
  readonly reader: string
  readonly officer: string
  readonly name: string
}

/** Ids and secrets of one sign-in; they stay with the browser that began it. */
export interface SignInSecrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export interface SignIn {
  /** @returns the address at the provider to send the browser to. */
  begin(redirectUri: string): Promise<SignInSecrets & { readonly address: string }>
  /** @throws where the answer is not the one to this sign-in, or its ID token does not hold. */
  complete(returned: URL, secrets: SignInSecrets): Promise<SignedIn>
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Authorization code with PKCE (RFC 7636 S256), state and nonce: OpenID Connect Core 1.0 §3.1, RFC 9700 §2.1. */
export function createSignIn(settings: SignInSettings): SignIn {
  const issuer = new URL(settings.issuer)
  const isLocal = issuer.protocol === 'http:' && LOOPBACK.has(issuer.hostname)
  let discovered: Promise<client.Configuration> | undefined

  function discover(): Promise<client.Configuration> {
    discovered ??= client
      .discovery(
        issuer,
        settings.clientId,
        undefined,
        settings.clientSecret === undefined ? client.None() : client.ClientSecretPost(settings.clientSecret),
        { ...(isLocal && { execute: [client.allowInsecureRequests] }), timeout: 10 },
      )
      .catch((error: unknown) => {
        discovered = undefined
        throw error
      })
    return discovered
  }

  return {
    async begin(redirectUri) {
      const secrets = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      }
      const address = client.buildAuthorizationUrl(await discover(), {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
        code_challenge_method: 'S256',
      })
      return { ...secrets, address: address.href }
    },
    async complete(returned, { state, nonce, verifier }) {
      const tokens = await client.authorizationCodeGrant(await discover(), returned, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      const claims = tokens.claims() ?? { sub: '' }
      const officer = textOf(claims.sub)
      return {
        reader: textOf(Object(claims)[settings.readerClaim]),
        officer,
        name: textOf(Object(claims)['name']) || officer,
      }
    },
  }
}

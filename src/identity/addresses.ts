/** The addresses of this issuer, all below its public URL. */
export interface Addresses {
  /** The issuer identifier (RFC 8414 §2): the public URL without trailing slash. */
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  readonly introspectionEndpoint: string
  readonly jwks: string
  /** What tokens are given for; the first where a request names none. */
  readonly resources: readonly [string, ...string[]]
}

function addressesOf(publicUrl: string): Addresses {
  const issuer = publicUrl.replace(/\/+$/, '')
  return {
    issuer,
    tokenEndpoint: `${issuer}/oauth/token`,
    revocationEndpoint: `${issuer}/oauth/revoke`,
    introspectionEndpoint: `${issuer}/oauth/introspect`,
    jwks: `${issuer}/oauth/jwks`,
    resources: [`${issuer}/exchange`],
  }
}

/** @param publicUrl may change while the gateway has not begun to listen (a port chosen by the system). */
export function createAddresses(publicUrl: () => string): () => Addresses {
  let of: string | undefined
  let addresses: Addresses | undefined
  return () => {
    const url = publicUrl()
    if (addresses === undefined || of !== url) {
      of = url
      addresses = addressesOf(url)
    }
    return addresses
  }
}

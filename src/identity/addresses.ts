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

function addressesOf(publicUrl: string, managementUrl: string | undefined, xroad: boolean): Addresses {
  const issuer = publicUrl.replace(/\/+$/, '')
  const management = managementUrl?.replace(/\/+$/, '')
  return {
    issuer,
    tokenEndpoint: `${issuer}/oauth/token`,
    revocationEndpoint: `${issuer}/oauth/revoke`,
    introspectionEndpoint: `${issuer}/oauth/introspect`,
    jwks: `${issuer}/oauth/jwks`,
    resources: [
      `${issuer}/exchange`,
      `${issuer}/jobs`,
      ...(xroad ? [`${issuer}/r1`] : []),
      `${issuer}/events`,
      `${issuer}/subscriptions`,
      `${issuer}/consents`,
      `${issuer}/reconciliations`,
      ...(management === undefined ? [] : [`${management}/audit`, `${management}/log`]),
    ],
  }
}

/**
 * @param publicUrl may change while the gateway has not begun to listen (a port chosen by the system).
 * @param xroad whether the X-Road door is open.
 * @param managementUrl of the listener where the log is read; undefined where that is not known.
 */
export function createAddresses(
  publicUrl: () => string,
  managementUrl: () => string | undefined = () => undefined,
  xroad = false,
): () => Addresses {
  let of: string | undefined
  let addresses: Addresses | undefined
  return () => {
    const url = publicUrl()
    const management = managementUrl()
    const both = `${url} ${management ?? ''}`
    if (addresses === undefined || of !== both) {
      of = both
      addresses = addressesOf(url, management, xroad)
    }
    return addresses
  }
}

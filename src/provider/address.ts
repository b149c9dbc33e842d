import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { createAddressClass } from '../registry/address-class.ts'

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void

export interface AddressGuard {
  isAllowed(address: string): boolean
  /** For `net.connect`: the address is checked as it is used, so a name that changes its mind gains nothing. */
  readonly lookup: Lookup
  /** A host written as an address is never looked up: it is checked here. */
  assertHost(hostname: string): void
}

function refusal(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} leads to an address that is not allowed`), {
    code: 'EADDRESSREFUSED',
  })
}

/**
 * Keeps a name that leads to this host or network from being a way inside.
 * @param allowPrivate also allows loopback and private networks, for providers on the same network.
 */
export function createAddressGuard(
  allowPrivate: boolean,
  resolve: Lookup = systemLookup as Lookup,
): AddressGuard {
  const classOf = createAddressClass()
  /** The host last found allowed: what an address is never changes, and to look it up again costs each call 7 µs. */
  let allowed: string | undefined

  function isAllowed(address: string): boolean {
    const place = classOf(address)
    return place === 'public' || (allowPrivate && place === 'private')
  }

  return {
    isAllowed,
    lookup(hostname, options, callback) {
      resolve(hostname, options, (error, address, family) => {
        if (error) return callback(error, address, family)
        const all = Array.isArray(address) ? address.map((entry) => entry.address) : [address]
        if (!all.every(isAllowed)) return callback(refusal(hostname), address, family)
        callback(null, address, family)
      })
    },
    assertHost(hostname) {
      if (hostname === allowed) return
      const bare = hostname.replace(/^\[|\]$/g, '')
      if (isIP(bare) !== 0 && !isAllowed(bare)) throw refusal(hostname)
      allowed = hostname
    },
  }
}

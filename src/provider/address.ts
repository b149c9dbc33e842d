import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, isIPv6 } from 'node:net'

/**
 * Addresses that no provider outside this host or network has (RFC 6890 and its IPv6 counterparts): a
 * name that resolves to one is an attempt to reach the inside through the gateway.
 */
function createPrivateRanges(): BlockList {
  const ranges = new BlockList()
  const ipv4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12']
  ipv4.push('192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24')
  ipv4.push('203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4')
  const ipv6 = [
    '::/127',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
  ]
  ipv6.push('fc00::/7', 'fe80::/10', 'ff00::/8')
  for (const [family, list] of [['ipv4', ipv4] as const, ['ipv6', ipv6] as const]) {
    for (const range of list) {
      const [address = '', prefix] = range.split('/')
      ranges.addSubnet(address, Number(prefix), family)
    }
  }
  return ranges
}

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

/** @param allowPrivate also allows loopback and private networks, for providers on the same network. */
export function createAddressGuard(
  allowPrivate: boolean,
  resolve: Lookup = systemLookup as Lookup,
): AddressGuard {
  const ranges = createPrivateRanges()

  function isAllowed(address: string): boolean {
    if (allowPrivate) return true
    // `::ffff:a.b.c.d` reaches a.b.c.d; BlockList knows that too.
    return !ranges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
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
      const bare = hostname.replace(/^\[|\]$/g, '')
      if (isIP(bare) !== 0 && !isAllowed(bare)) throw refusal(hostname)
    },
  }
}

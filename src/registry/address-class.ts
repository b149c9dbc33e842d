import { BlockList, isIPv6 } from 'node:net'

/**
 * What kind of place an address leads to. `private` (RFC 6890 and its IPv6 counterparts) is this host or
 * network, which a provider may be on where its binding says so; `never` is where no provider is: the link,
 * every listener of this host (`0.0.0.0`), groups, and the addresses under which clouds hand out credentials.
 */
export type AddressClass = 'public' | 'private' | 'never'

const PRIVATE_IPV4 =
  '10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 ' +
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24'
const PRIVATE_IPV6 =
  '::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fec0::/10'

const NEVER_IPV4 = '0.0.0.0/8 100.100.100.200/32 168.63.129.16/32 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4'
const NEVER_IPV6 = '::/128 fd00:ec2::254/128 fd20:ce::254/128 fe80::/10 ff00::/8'

function listOf(ipv4: string, ipv6: string): BlockList {
  const list = new BlockList()
  for (const [family, ranges] of [['ipv4', ipv4] as const, ['ipv6', ipv6] as const]) {
    for (const range of ranges.split(' ')) {
      const [address = '', prefix] = range.split('/')
      list.addSubnet(address, Number(prefix), family)
    }
  }
  return list
}

/** @returns a function from an address, as `net.isIP` knows it, to its class. */
export function createAddressClass(): (address: string) => AddressClass {
  const never = listOf(NEVER_IPV4, NEVER_IPV6)
  const inside = listOf(PRIVATE_IPV4, PRIVATE_IPV6)
  return (address) => {
    // `::ffff:a.b.c.d` reaches a.b.c.d; BlockList knows that too.
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (never.check(address, family)) return 'never'
    return inside.check(address, family) ? 'private' : 'public'
  }
}

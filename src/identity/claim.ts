import { hash } from 'node:crypto'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { GatewayError } from '../model/errors.ts'
import type { Claim, Consumer, Credentials } from '../model/exchange.ts'
import type { Subsystem } from '../model/party.ts'
import type { Addresses } from './addresses.ts'
import { holdsCertificate } from './client-certificate.ts'
import type { SubsystemDirectory } from './registered-keys.ts'

/**
 * Whether a connection bears out who its message says it is from: X-Road's internal client certificate, or a place
 * in the network that the registry names for that one subsystem.
 * @throws GatewayError `client_unknown`, `client_unproved`, `subsystem_suspended`.
 */
export type CheckClaim = (claim: Claim, credentials: Credentials) => Consumer

/** @returns whether the registry lets a subsystem connect without a certificate at all. */
export function mayConnectUnproved({ xroad }: Subsystem): boolean {
  return xroad?.connection === 'http' || xroad?.connection === 'https'
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

export function createClaimCheck(
  directory: () => SubsystemDirectory,
  addresses: () => Addresses,
): CheckClaim {
  // Keyed by the snapshot's own objects: a swap takes the lists of what changed along.
  const lists = new WeakMap<Subsystem, BlockList>()

  function comesFromPlace(subsystem: Subsystem, { connection, address }: Claim): boolean {
    if (!mayConnectUnproved(subsystem)) return false
    if (connection === 'http' && subsystem.xroad?.connection !== 'http') return false
    let list = lists.get(subsystem)
    if (list === undefined) {
      list = listOf(subsystem.xroad?.addresses ?? [])
      lists.set(subsystem, list)
    }
    return isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  return (claim, { certificateThumbprint }) => {
    const subsystem = directory().subsystems.get(claim.subsystem)
    if (subsystem === undefined) throw new GatewayError('client_unknown')
    if (subsystem.state !== 'active') throw new GatewayError('subsystem_suspended')
    const audience = addresses().issuer
    if (certificateThumbprint !== undefined && holdsCertificate(subsystem, certificateThumbprint)) {
      // The certificate stands where a token's digest would: it names the credential and is no secret.
      return {
        id: subsystem.id,
        binding: 'mtls',
        boundTo: certificateThumbprint,
        tokenDigest: certificateThumbprint,
        audience,
      }
    }
    if (!comesFromPlace(subsystem, claim)) throw new GatewayError('client_unproved')
    const tokenDigest = hash('sha256', `network ${subsystem.id}`, 'base64url')
    return { id: subsystem.id, binding: 'network', tokenDigest, audience }
  }
}

/**
 * @param issuers whose tokens this gateway takes.
 * @returns whether a request's `Authorization` is meant for the gateway: its tokens never reach a provider. What is
 * not is the provider's own. Nothing is verified here.
 */
export function isGatewayToken(authorization: string | undefined, issuers: ReadonlySet<string>): boolean {
  if (authorization === undefined) return false
  const [scheme = '', token = ''] = authorization.split(' ')
  if (scheme.toLowerCase() === 'dpop') return true
  const [, payload] = token.split('.')
  if (scheme.toLowerCase() !== 'bearer' || payload === undefined) return false
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const issuer = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined
    return typeof issuer === 'string' && issuers.has(issuer)
  } catch {
    return false
  }
}

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { CertificateReader } from '../identity/client-certificate.ts'
import { GatewayError } from '../model/errors.ts'

/** Where a request's client certificate comes from: the gateway's own TLS, or a proxy that is trusted. */
export interface ClientCertificates {
  /**
   * Refuses a certificate passed on by somebody who is not trusted to: ignoring it would let a proxy that was
   * forgotten in the settings go unnoticed, and honouring it would let anybody be anyone (RFC 9440 §4).
   * @throws GatewayError `certificate_header_refused`.
   */
  assertPassedOn(request: IncomingMessage): void
  /** @returns the SHA-256 thumbprint of the certificate, base64url; undefined where there is none in force. */
  thumbprintOf(request: IncomingMessage): string | undefined
}

/** The fields of RFC 9440. The chain is read by nobody: certificates are judged by registered thumbprints. */
const CERTIFICATE_FIELDS = ['client-cert', 'client-cert-chain'] as const

/** @param ranges addresses and CIDR ranges, e.g. `10.0.3.7` or `10.0.3.0/24`, checked with the settings. */
export function createRanges(ranges: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) =>
    address !== undefined && isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * @param trustedProxies who may pass a certificate on. Over a connection of theirs only the field counts: a
 * certificate that the proxy itself shows is the proxy's, not the consumer's.
 */
export function createClientCertificates(
  reader: CertificateReader,
  trustedProxies: readonly string[],
): ClientCertificates {
  const isTrusted = createRanges(trustedProxies)
  return {
    assertPassedOn({ headers, socket }) {
      if (CERTIFICATE_FIELDS.every((name) => headers[name] === undefined)) return
      if (!isTrusted(socket.remoteAddress)) throw new GatewayError('certificate_header_refused')
    },
    thumbprintOf({ headers, socket }) {
      if (trustedProxies.length === 0 || !isTrusted(socket.remoteAddress)) return reader.fromSocket(socket)
      const field = headers['client-cert']
      // The gate lets the field come once.
      return typeof field === 'string' ? reader.fromHeader(field) : undefined
    },
  }
}

import { hash, X509Certificate } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'
import type { Subsystem } from '../model/party.ts'
import { createBoundedCache } from './bounded-cache.ts'
import type { SubsystemDirectory } from './registered-keys.ts'

/** What of a client certificate is kept: enough to compare it and to see it expire. */
interface CertificateFacts {
  /** SHA-256 over the DER, base64url: `x5t#S256` of RFC 8705 §3.1. */
  readonly thumbprint: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

function readFacts(certificate: X509Certificate): CertificateFacts {
  return {
    thumbprint: hash('sha256', certificate.raw, 'base64url'),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  }
}

function thumbprintAt(facts: CertificateFacts | undefined, nowMs: number): string | undefined {
  if (facts === undefined || nowMs < facts.notBeforeMs || nowMs >= facts.notAfterMs) return undefined
  return facts.thumbprint
}

/** @returns what a `tls.TLSSocket` says of its peer; a plain socket can say nothing. */
function peerCertificate(socket: object): X509Certificate | undefined {
  if (!('getPeerX509Certificate' in socket) || typeof socket.getPeerX509Certificate !== 'function')
    return undefined
  const certificate: unknown = socket.getPeerX509Certificate()
  return certificate instanceof X509Certificate ? certificate : undefined
}

/** Thumbprints of client certificates, each certificate read once. An expired one counts as none. */
export interface CertificateReader {
  /** The certificate the peer proved to hold in this connection's handshake. */
  fromSocket(socket: object): string | undefined
  /**
   * The certificate a trusted proxy passed on in `Client-Cert` (RFC 9440 §2.2); whether the proxy is trusted
   * is the caller's check.
   * @throws GatewayError `request_malformed` where the field is there and isn't one certificate.
   */
  fromHeader(field: string): string | undefined
}

/** @param field a Structured Field byte sequence: `:base64:`. */
function parseClientCert(field: string): CertificateFacts {
  const base64 = /^:([A-Za-z0-9+/]{1,16384}={0,2}):$/.exec(field)?.[1]
  try {
    if (base64 === undefined) throw new Error('not a byte sequence')
    const der = Buffer.from(base64, 'base64')
    const certificate = new X509Certificate(der)
    // OpenSSL reads the first certificate and leaves what follows; bytes that follow are not a certificate.
    if (!certificate.raw.equals(der)) throw new Error('trailing bytes')
    return readFacts(certificate)
  } catch (cause) {
    throw new GatewayError('request_malformed', {
      detail: {
        vi: 'Client-Cert không phải một chứng thư theo RFC 9440.',
        en: 'Client-Cert is not one certificate as of RFC 9440.',
      },
      cause,
    })
  }
}

/** @param now Unix milliseconds. */
export function createCertificateReader(now: () => number): CertificateReader {
  const bySocket = new WeakMap<object, CertificateFacts | 'none'>()
  const byHeader = createBoundedCache<CertificateFacts>(1_000)
  return {
    fromSocket(socket) {
      let facts = bySocket.get(socket)
      if (facts === undefined) {
        const certificate = peerCertificate(socket)
        facts = certificate === undefined ? 'none' : readFacts(certificate)
        bySocket.set(socket, facts)
      }
      return facts === 'none' ? undefined : thumbprintAt(facts, now())
    },
    fromHeader(field) {
      let facts = byHeader.get(field)
      if (facts === undefined) {
        facts = parseClientCert(field)
        byHeader.set(field, facts)
      }
      return thumbprintAt(facts, now())
    },
  }
}

export function holdsCertificate(subsystem: Subsystem, thumbprint: string | undefined): boolean {
  return thumbprint !== undefined && subsystem.credentials?.certificates?.includes(thumbprint) === true
}

/**
 * Authenticates a subsystem by the certificate of its connection, registered by thumbprint (RFC 8705 §2.2).
 * @throws GatewayError `client_invalid`, the same for an unknown subsystem and a certificate not its own.
 */
export function checkClientCertificate(
  directory: SubsystemDirectory,
  clientId: string,
  thumbprint: string | undefined,
): Subsystem {
  const subsystem = directory.subsystems.get(clientId)
  if (subsystem?.state !== 'active' || !holdsCertificate(subsystem, thumbprint)) {
    throw new GatewayError('client_invalid')
  }
  return subsystem
}

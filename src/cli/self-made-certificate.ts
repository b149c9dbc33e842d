import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'

/*
 * X.509 certificates (RFC 5280), self-signed or issued by another of them, over P-256, written as DER by hand: Node
 * has no maker of them. For what lives as long as one command does.
 */

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...contents: readonly Uint8Array[]) => der(0x30, ...contents)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const utcTime = (ms: number) =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))

/** A certificate with its private key, PEM. */
export interface MadeCertificate {
  readonly certificate: string
  readonly key: string
  /** `x5t#S256`. */
  readonly thumbprint: string
  readonly der: Buffer
  readonly privateKey: KeyObject
}

/** What a certificate is to say. */
export interface CertificateContent {
  readonly name: string
  /** A server's on the loopback address where absent; an `authority` issues others, a `signer` signs documents. */
  readonly use?: 'authority' | 'signer'
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Who signs it; itself where absent. */
  readonly issuer?: { readonly name: string; readonly privateKey: KeyObject }
}

const nameOf = (name: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))

function extension(id: string, value: Uint8Array, isCritical = true): Buffer {
  const critical = isCritical ? [der(0x01, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, der(0x04, value))
}

/** Key usage (RFC 5280 §4.2.1.3) by its first octet, of which so many bits at the end are unused. */
const keyUsage = (unused: number, bits: number) => extension('551d0f', der(0x03, Buffer.from([unused, bits])))

function extensionsFor(use: CertificateContent['use']): readonly Buffer[] {
  if (use === 'authority') {
    // keyCertSign and cRLSign
    return [extension('551d13', sequence(der(0x01, Buffer.from([0xff])))), keyUsage(1, 0x06)]
  }
  // digitalSignature and nonRepudiation
  if (use === 'signer') return [extension('551d13', sequence()), keyUsage(6, 0xc0)]
  const loopback = der(0x87, Buffer.from([127, 0, 0, 1]))
  return [extension('551d11', sequence(der(0x82, Buffer.from('localhost')), loopback), false)]
}

/** A certificate for `name`, good between the two moments (before 2050). */
export function makeCertificate({
  name,
  use,
  notBeforeMs,
  notAfterMs,
  issuer,
}: CertificateContent): MadeCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = nameOf(name)
  const extensions = der(0xa3, sequence(...extensionsFor(use)))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    issuer === undefined ? subject : nameOf(issuer.name),
    sequence(utcTime(notBeforeMs), utcTime(notAfterMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey)
  const bytes = sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature))
  const certificate = new X509Certificate(bytes)
  return {
    certificate: certificate.toString(),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    thumbprint: Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    der: bytes,
    privateKey,
  }
}

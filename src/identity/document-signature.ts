import { hash, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import {
  type AlgorithmIdentifier,
  type Attribute,
  BasicConstraints,
  Certificate,
  CertificateChainValidationEngine,
  CertificateRevocationList,
  ContentInfo,
  id_BasicConstraints,
  id_ContentType_Data,
  id_ContentType_SignedData,
  id_KeyUsage,
  RSASSAPSSParams,
  SignedData,
} from 'pkijs'
import type { Bilingual } from '../model/identifier.ts'

/**
 * A person's signature over a document: CMS (RFC 5652), detached, as `openssl cms -sign -binary` and the signing tools
 * of agencies make it (CAdES-BES among them). The certificate has to lead to a configured authority (RFC 5280).
 */

/** Why a signature does not count; the first fault found. */
export const SIGNATURE_FAULTS = {
  encoding: {
    vi: 'Không phải một chữ ký CMS (DER hoặc PEM).',
    en: 'It is not one CMS signature, in DER or PEM.',
  },
  attached: {
    vi: 'Chữ ký phải tách rời khỏi văn bản (detached).',
    en: 'The signature has to be detached from its text.',
  },
  signers: { vi: 'Phải có đúng một người ký.', en: 'Exactly one signer has to be in it.' },
  attributes: {
    vi: 'Thiếu thuộc tính đã ký: loại nội dung, giá trị băm hoặc thời điểm ký.',
    en: 'Signed attributes are missing: content type, message digest or signing time.',
  },
  algorithm: {
    vi: 'Chỉ nhận SHA-256/384/512 với RSA từ 2048 bit hoặc ECDSA P-256/384/521, ở chữ ký và mọi chứng thư.',
    en: 'Only SHA-256/384/512 with RSA of 2048 bits or more or ECDSA P-256/384/521 count, in signature and certificates.',
  },
  text: {
    vi: 'Chữ ký trên một văn bản khác; tải lại văn bản, ký đúng từng byte (openssl cần -binary).',
    en: 'It is over another text: download the text anew and sign it byte by byte (openssl needs -binary).',
  },
  certificate: {
    vi: 'Trong chữ ký không có chứng thư của người ký.',
    en: "The signer's certificate is not in it.",
  },
  signature: { vi: 'Chữ ký không đúng.', en: 'The signature does not hold.' },
  usage: {
    vi: 'Chứng thư không dùng để ký (keyUsage: digitalSignature hoặc nonRepudiation).',
    en: 'The certificate is not for signing (keyUsage: digitalSignature or nonRepudiation).',
  },
  chain: {
    vi: 'Chứng thư không dẫn tới nơi cấp được tin (applications.signatures.authoritiesFile).',
    en: 'The certificate does not lead to a trusted authority (applications.signatures.authoritiesFile).',
  },
  validity: {
    vi: 'Chứng thư, hoặc chứng thư trên nó, chưa hoặc hết hiệu lực.',
    en: 'The certificate, or one above it, is not valid yet or any more.',
  },
  revoked: { vi: 'Chứng thư đã bị thu hồi.', en: 'The certificate was revoked.' },
  revocation: {
    vi: 'Danh sách thu hồi (CRL) của nơi cấp chứng thư không có, không đúng hoặc đã quá hạn.',
    en: 'The revocation list (CRL) of its authority is missing, does not hold or is out of date.',
  },
  time: {
    vi: 'Thời điểm ký nằm ngoài khoảng từ lúc trình ký đến bây giờ; kiểm tra đồng hồ máy ký.',
    en: 'Its signing time is not between the handing up and now: check the clock of the machine that signed.',
  },
} as const satisfies Record<string, Bilingual>

export type SignatureFault = keyof typeof SIGNATURE_FAULTS

/** A signature that does not count, and why. */
export class DocumentSignatureError extends Error {
  override readonly name = 'DocumentSignatureError'
  readonly fault: SignatureFault

  constructor(fault: SignatureFault, cause?: unknown) {
    super(SIGNATURE_FAULTS[fault].en, { cause })
    this.fault = fault
  }
}

/** Whose certificates count. */
export interface SignatureTrust {
  readonly authorities: readonly X509Certificate[]
  /** Lists of revoked certificates, DER; where there is any, each certificate of a chain needs one that holds. */
  readonly revocations: readonly Uint8Array[]
}

/** A signature that holds. */
export interface HeldSignature {
  /** SHA-256 of the signer's certificate, base64url. */
  readonly thumbprint: string
  /** PEM: the signer's certificate first, the trusted one last. */
  readonly chain: string
}

/** What is signed, and within which time. */
export interface SignedDocument {
  readonly bytes: Uint8Array
  /** Unix milliseconds: when the document came to be. */
  readonly madeAtMs: number
  /** Unix milliseconds. */
  readonly nowMs: number
}

const MAX_BYTES = 65_536
const MAX_CHAIN = 6
/** What a signer's clock may be wrong by. */
const SKEW_MS = 300_000
const MIN_RSA_BITS = 2048

const HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const RSA = '1.2.840.113549.1.1.1'
const RSA_PSS = '1.2.840.113549.1.1.10'
const SIGNATURES: ReadonlySet<string> = new Set([
  // sha256/384/512WithRSAEncryption, ecdsa-with-SHA256/384/512
  ...['1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13'],
  ...['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'],
])
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_TIME = '1.2.840.113549.1.9.5'

/** pkijs takes buffers, not views. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** @returns a signature's DER, out of PEM where it is that. @throws DocumentSignatureError */
export function readSignature(given: Uint8Array): Uint8Array {
  const text = Buffer.from(given).toString('latin1')
  if (!text.startsWith('-----BEGIN ')) return given
  const [, , body] = /^-----BEGIN (CMS|PKCS7)-----\s([\s\S]+)-----END \1-----\s*$/.exec(text) ?? []
  if (body === undefined) throw new DocumentSignatureError('encoding')
  return new Uint8Array(Buffer.from(body, 'base64'))
}

function parse(der: Uint8Array): SignedData {
  try {
    if (der.length > MAX_BYTES) throw new RangeError('too long')
    const { offset, result } = asn1js.fromBER(bufferOf(der))
    if (offset !== der.length) throw new RangeError('not one document')
    const info = new ContentInfo({ schema: result })
    if (info.contentType !== id_ContentType_SignedData) throw new TypeError('not signed data')
    return new SignedData({ schema: info.content })
  } catch (cause) {
    throw new DocumentSignatureError('encoding', cause)
  }
}

function isSoundAlgorithm({ algorithmId, algorithmParams }: AlgorithmIdentifier): boolean {
  if (algorithmId !== RSA_PSS) return SIGNATURES.has(algorithmId)
  // Without parameters it is SHA-1 (RFC 4055 §3.1).
  if (!(algorithmParams instanceof asn1js.Sequence)) return false
  const { hashAlgorithm } = new RSASSAPSSParams({ schema: algorithmParams })
  return HASHES[hashAlgorithm.algorithmId] !== undefined
}

function isSoundKey({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails: details } = publicKey
  if (asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS
  return asymmetricKeyType === 'ec' && CURVES.has(details?.namedCurve ?? '')
}

interface SignedAttributes {
  readonly digest: Uint8Array
  readonly signedAtMs: number
}

function only(attributes: readonly Attribute[], type: string): asn1js.AsnType {
  const values = attributes.filter((each) => each.type === type).flatMap((each) => each.values)
  const [value, another] = values
  if (value === undefined || another !== undefined) throw new DocumentSignatureError('attributes')
  return value
}

function readAttributes(signed: SignedData): SignedAttributes {
  const attributes = signed.signerInfos[0]?.signedAttrs?.attributes ?? []
  const type = only(attributes, CONTENT_TYPE)
  const digest = only(attributes, MESSAGE_DIGEST)
  const time = only(attributes, SIGNING_TIME)
  const isData = type instanceof asn1js.ObjectIdentifier && type.getValue() === id_ContentType_Data
  // GeneralizedTime is a UTCTime to asn1js.
  if (!isData || !(digest instanceof asn1js.OctetString) || !(time instanceof asn1js.UTCTime)) {
    throw new DocumentSignatureError('attributes')
  }
  return { digest: new Uint8Array(digest.getValue()), signedAtMs: time.toDate().getTime() }
}

/** @returns the certificate that signed. @throws DocumentSignatureError (rejects) */
async function checkSignature(signed: SignedData, document: Uint8Array): Promise<Certificate> {
  const [signer, another] = signed.signerInfos
  if (signer === undefined || another !== undefined) throw new DocumentSignatureError('signers')
  const { eContent, eContentType } = signed.encapContentInfo
  if (eContent !== undefined || eContentType !== id_ContentType_Data) {
    throw new DocumentSignatureError('attached')
  }
  const digestName = HASHES[signer.digestAlgorithm.algorithmId]
  const { signatureAlgorithm } = signer
  // The bare name of the key's kind goes with the digest that is named beside it.
  const isSound = signatureAlgorithm.algorithmId === RSA || isSoundAlgorithm(signatureAlgorithm)
  if (digestName === undefined || !isSound) throw new DocumentSignatureError('algorithm')
  const { digest } = readAttributes(signed)
  if (!hash(digestName, document, 'buffer').equals(digest)) throw new DocumentSignatureError('text')
  const verdict = await signed
    .verify({ signer: 0, data: bufferOf(document), extendedMode: true })
    .catch((cause: unknown) => {
      const isAbsent = cause instanceof Error && 'code' in cause && (cause.code === 2 || cause.code === 3)
      throw new DocumentSignatureError(isAbsent ? 'certificate' : 'signature', cause)
    })
  if (verdict.signatureVerified !== true || !verdict.signerCertificate) {
    throw new DocumentSignatureError('signature')
  }
  return verdict.signerCertificate
}

/** @throws DocumentSignatureError where OpenSSL does not read it. */
function x509Of(certificate: Certificate): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(certificate.toSchema().toBER()))
  } catch (cause) {
    throw new DocumentSignatureError('encoding', cause)
  }
}

/** @returns from the signer's certificate up to a trusted one, which is taken wherever it fits. */
function pathOf(
  signer: X509Certificate,
  given: readonly X509Certificate[],
  { authorities }: SignatureTrust,
): readonly X509Certificate[] {
  const path = [signer]
  while (path.length < MAX_CHAIN) {
    const last = path.at(-1) ?? signer
    const isAbove = (each: X509Certificate) =>
      each.ca && last.checkIssued(each) && last.verify(each.publicKey)
    const trusted = authorities.find(isAbove)
    if (trusted !== undefined) return [...path, trusted]
    const next = given.find((each) => isAbove(each) && !path.some(({ raw }) => raw.equals(each.raw)))
    if (next === undefined) break
    path.push(next)
  }
  throw new DocumentSignatureError('chain')
}

function extensionOf({ extensions }: Certificate, id: string): unknown {
  return extensions?.find(({ extnID }) => extnID === id)?.parsedValue
}

/** RFC 5280 §4.2.1.3: bit 0 is digitalSignature, bit 1 nonRepudiation. */
function isForSigning(certificate: Certificate): boolean {
  const usage = extensionOf(certificate, id_KeyUsage)
  if (!(usage instanceof asn1js.BitString)) return false
  return ((usage.valueBlock.valueHexView[0] ?? 0) & 0xc0) !== 0
}

/** RFC 5280 §4.2.1.9: how many certificates may stand between an authority and the signer's. */
function keepsPathLength(path: readonly Certificate[]): boolean {
  return path.every((certificate, place) => {
    const constraints = extensionOf(certificate, id_BasicConstraints)
    const limit = constraints instanceof BasicConstraints ? constraints.pathLenConstraint : undefined
    return typeof limit !== 'number' || place - 1 <= limit
  })
}

/** @throws DocumentSignatureError (rejects) where the chain does not hold at this moment. */
async function checkChain(
  chain: readonly X509Certificate[],
  { revocations }: SignatureTrust,
  atMs: number,
): Promise<void> {
  const isOutside = chain.some(
    ({ validFromDate, validToDate }) => validFromDate.getTime() > atMs || validToDate.getTime() < atMs,
  )
  if (isOutside) throw new DocumentSignatureError('validity')
  const path = chain.map(({ raw }) => Certificate.fromBER(bufferOf(raw)))
  const [signer, ...above] = path
  const trusted = above.at(-1)
  if (signer === undefined || trusted === undefined) throw new DocumentSignatureError('chain')
  // What is trusted is trusted by its key: the signature on it says nothing.
  const isSound = path.slice(0, -1).every(({ signatureAlgorithm }) => isSoundAlgorithm(signatureAlgorithm))
  if (!isSound || !chain.every(isSoundKey)) throw new DocumentSignatureError('algorithm')
  if (!isForSigning(signer) || chain[0]?.ca === true) throw new DocumentSignatureError('usage')
  const engine = new CertificateChainValidationEngine({
    trustedCerts: [trusted],
    certs: [...above.slice(0, -1), signer],
    crls: revocations.map((der) => CertificateRevocationList.fromBER(bufferOf(der))),
    checkDate: new Date(atMs),
  })
  const { result, resultCode } = await engine.verify({ passedWhenNotRevValues: false })
  if (result && keepsPathLength(path)) return
  if (resultCode === 12) throw new DocumentSignatureError('revoked')
  throw new DocumentSignatureError(resultCode === 11 || resultCode === 13 ? 'revocation' : 'chain')
}

/** @returns the common name in the first certificate of a chain in PEM: a person's, as their authority wrote it. */
export function signerOf(chain: string): string {
  const parts = new X509Certificate(chain).subject.split('\n')
  return parts.find((each) => each.startsWith('CN='))?.slice('CN='.length) ?? '–'
}

/**
 * Checks one signature over a document: over just these bytes, by one signer, whose certificate is for signing, leads
 * to a trusted authority and is valid now, with algorithms of the list.
 * @throws DocumentSignatureError (rejects)
 */
export async function openDocumentSignature(
  signature: Uint8Array,
  { bytes, madeAtMs, nowMs }: SignedDocument,
  trust: SignatureTrust,
): Promise<HeldSignature> {
  const signed = parse(signature)
  const signer = x509Of(await checkSignature(signed, bytes))
  const { signedAtMs } = readAttributes(signed)
  if (signedAtMs < madeAtMs - SKEW_MS || signedAtMs > nowMs + SKEW_MS) {
    throw new DocumentSignatureError('time')
  }
  const carried = (signed.certificates ?? []).slice(0, 16).filter((each) => each instanceof Certificate)
  const chain = pathOf(signer, carried.map(x509Of), trust)
  await checkChain(chain, trust, nowMs)
  return {
    thumbprint: hash('sha256', signer.raw, 'base64url'),
    chain: chain.map((each) => each.toString()).join(''),
  }
}

/** The certificates in a PEM text. @throws Error where there is none, or one cannot be read. */
export function readAuthorities(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new Error('no certificate in it')
  return found.map((each) => new X509Certificate(each))
}

/** Revocation lists, DER or any number of them in PEM, as DER. @throws Error where one cannot be read. */
export function readRevocations(content: Buffer): readonly Uint8Array[] {
  const found = [
    ...content.toString('latin1').matchAll(/-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g),
  ]
  const lists = found.length === 0 ? [content] : found.map(([, body = '']) => Buffer.from(body, 'base64'))
  for (const each of lists) CertificateRevocationList.fromBER(bufferOf(each))
  return lists
}

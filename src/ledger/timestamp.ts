import * as asn1js from 'asn1js'
import {
  AlgorithmIdentifier,
  Certificate,
  type ExtKeyUsage,
  id_ContentType_SignedData,
  id_ExtKeyUsage,
  id_eContentType_TSTInfo,
  MessageImprint,
  PKIStatus,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs'
import { equalBytes } from './base64.ts'
import type { Hash } from './note.ts'

/** Time stamps (RFC 3161): what an authority with a clock of its own says was there, and when. */

/** What a time stamp says, once it holds. */
export interface Timestamp {
  /** When the authority had the bytes before it. */
  readonly at: Date
  /** Common name in the certificate that signed. */
  readonly by: string
}

/** A time stamp does not hold; the message says what was wrong with it. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError'
}

const SHA_256 = '2.16.840.1.101.3.4.2.1'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const COMMON_NAME = '2.5.4.3'

/** pkijs takes buffers, not views. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** A DER INTEGER is signed: such a nonce is positive, and has no byte too many. */
function nonceOf(random: Uint8Array): asn1js.Integer {
  const bytes = new Uint8Array(random)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return new asn1js.Integer({ valueHex: bufferOf(bytes) })
}

/** @param nonce 16 random bytes. @returns a TimeStampReq in DER that asks for the authority's certificate too. */
export async function formatTimestampRequest(
  data: Uint8Array,
  { nonce, hash }: { readonly nonce: Uint8Array; readonly hash: Hash },
): Promise<Uint8Array> {
  const messageImprint = new MessageImprint({
    hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA_256, algorithmParams: new asn1js.Null() }),
    hashedMessage: new asn1js.OctetString({ valueHex: bufferOf(await hash(data)) }),
  })
  const request = new TimeStampReq({ version: 1, messageImprint, nonce: nonceOf(nonce), certReq: true })
  return new Uint8Array(request.toSchema().toBER())
}

function parseDer(bytes: Uint8Array): asn1js.AsnType {
  const { offset, result } = asn1js.fromBER(bufferOf(bytes))
  if (offset !== bytes.length) throw new TimestampError('not one DER document')
  return result
}

interface Token {
  readonly signed: SignedData
  readonly info: TSTInfo
}

function parseToken(response: Uint8Array): Token {
  try {
    const { status, timeStampToken } = new TimeStampResp({ schema: parseDer(response) })
    if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods)
      throw new TimestampError(`the authority refused (status ${status.status})`)
    if (timeStampToken?.contentType !== id_ContentType_SignedData) throw new TimestampError('no token in it')
    const signed = new SignedData({ schema: timeStampToken.content })
    const content = signed.encapContentInfo.eContent?.getValue()
    if (signed.encapContentInfo.eContentType !== id_eContentType_TSTInfo || content === undefined)
      throw new TimestampError('the token is no time stamp')
    return { signed, info: new TSTInfo({ schema: parseDer(new Uint8Array(content)) }) }
  } catch (error) {
    if (error instanceof TimestampError) throw error
    throw new TimestampError('not a time stamp response', { cause: error })
  }
}

/** RFC 3161 §2.3: the certificate is for time stamping and nothing else, and says so critically. */
function assertForStamping({ extensions }: Certificate): void {
  const usage = extensions?.find(({ extnID }) => extnID === id_ExtKeyUsage)
  const purposes = (usage?.parsedValue as ExtKeyUsage | undefined)?.keyPurposes ?? []
  if (usage?.critical !== true || purposes.length !== 1 || purposes[0] !== TIME_STAMPING)
    throw new TimestampError('the signing certificate is not one for time stamping alone')
}

/** Whose time stamps are believed. */
export interface TimestampTrust {
  /** DER certificates of authorities, or of those above them. */
  readonly authorities: readonly Uint8Array[]
  readonly hash: Hash
}

/**
 * Reads an authority's answer and checks it: over just these bytes, signed by a time-stamping certificate that
 * leads to a trusted one and was valid at that time.
 * @param nonce of the request, where the answer is to just that one.
 * @throws TimestampError (rejects)
 */
export async function openTimestamp(
  response: Uint8Array,
  data: Uint8Array,
  { authorities, hash, nonce }: TimestampTrust & { readonly nonce?: Uint8Array },
): Promise<Timestamp> {
  const { signed, info } = parseToken(response)
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  if (hashAlgorithm.algorithmId !== SHA_256) throw new TimestampError('not over a SHA-256 digest')
  if (!equalBytes(new Uint8Array(hashedMessage.getValue()), await hash(data)))
    throw new TimestampError('not over these bytes')
  if (nonce && !(info.nonce && nonceOf(nonce).isEqual(info.nonce)))
    throw new TimestampError('not an answer to this request')
  if (signed.signerInfos.length !== 1) throw new TimestampError('not signed by one authority')
  const result = await signed
    .verify({
      signer: 0,
      data: bufferOf(data),
      trustedCerts: authorities.map((der) => Certificate.fromBER(bufferOf(der))),
      checkChain: true,
      checkDate: info.genTime,
      passedWhenNotRevValues: true,
      extendedMode: true,
    })
    .catch((cause: unknown) => {
      throw new TimestampError('its signature or certificate does not hold', { cause })
    })
  const { signerCertificate } = result
  if (!result.signatureVerified || !result.signerCertificateVerified || !signerCertificate)
    throw new TimestampError('its signature or certificate does not hold')
  assertForStamping(signerCertificate)
  const name = signerCertificate.subject.typesAndValues.find(({ type }) => type === COMMON_NAME)
  return { at: info.genTime, by: String(name?.value.valueBlock.value ?? '–') }
}

/** The certificates in a PEM text, as DER. @throws TimestampError where there is none, or one cannot be read. */
export function readCertificates(pem: string): readonly Uint8Array[] {
  const found = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g)]
  const certificates = found.map(([, body = '']) => new Uint8Array(Buffer.from(body, 'base64')))
  if (certificates.length === 0) throw new TimestampError('no certificate in it')
  for (const each of certificates) parseDer(each)
  return certificates
}

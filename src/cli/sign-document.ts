import { createPrivateKey, createPublicKey, hash, sign, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import {
  AlgorithmIdentifier,
  Attribute,
  Certificate,
  ContentInfo,
  createCMSECDSASignature,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  id_ContentType_Data,
  id_ContentType_SignedData,
  RSASSAPSSParams,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs'
import type { SigningKey } from '../identity/signing-key.ts'

/** A private key wherever it is, good for SHA-256. */
export interface DocumentKey {
  /** Whether a certificate is for this key. */
  belongsTo(certificate: X509Certificate): boolean
  readonly algorithm: AlgorithmIdentifier
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>
}

const SHA_256 = '2.16.840.1.101.3.4.2.1'
const MGF_1 = '1.2.840.113549.1.1.8'
const RSA_SHA_256 = '1.2.840.113549.1.1.11'
const RSA_PSS = '1.2.840.113549.1.1.10'
const ECDSA_SHA_256 = '1.2.840.10045.4.3.2'

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer
const octets = (bytes: Uint8Array) => new asn1js.OctetString({ valueHex: bufferOf(bytes) })
const sequence = (...value: asn1js.AsnType[]) => new asn1js.Sequence({ value })
const algorithm = (algorithmId: string, algorithmParams?: asn1js.AsnType) =>
  new AlgorithmIdentifier({ algorithmId, ...(algorithmParams && { algorithmParams }) })

/** @throws Error where the PEM cannot be read, or is of a kind that nobody's certificate is for here. */
export function openFileKey(pem: Buffer, passphrase: string | undefined): DocumentKey {
  const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  const kind = key.asymmetricKeyType
  if (kind !== 'rsa' && kind !== 'ec') throw new Error('not an RSA or EC key')
  return {
    belongsTo: (certificate) => certificate.checkPrivateKey(key),
    algorithm: kind === 'rsa' ? algorithm(RSA_SHA_256, new asn1js.Null()) : algorithm(ECDSA_SHA_256),
    sign: async (bytes) => sign('sha256', bytes, key),
  }
}

/** @param key of a device (PKCS#11): P-256, or RSA, which signs with PSS. @throws Error for another kind. */
export function openDeviceKey(key: SigningKey): DocumentKey {
  const publicKey = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' })
  const belongsTo = (certificate: X509Certificate) => certificate.publicKey.equals(publicKey)
  if (key.alg === 'ES256') {
    return {
      belongsTo,
      algorithm: algorithm(ECDSA_SHA_256),
      async sign(bytes) {
        const raw = bufferOf(await key.sign(bytes))
        return new Uint8Array(createCMSECDSASignature(raw))
      },
    }
  }
  if (key.alg !== 'PS256') throw new Error('not an RSA or P-256 key')
  const sha256 = algorithm(SHA_256, new asn1js.Null())
  const parameters = new RSASSAPSSParams({
    hashAlgorithm: sha256,
    maskGenAlgorithm: algorithm(MGF_1, sha256.toSchema()),
    saltLength: 32,
  })
  return {
    belongsTo,
    algorithm: algorithm(RSA_PSS, parameters.toSchema()),
    sign: async (bytes) => key.sign(bytes),
  }
}

/** RFC 5652 §11 and RFC 5035 §3, in the order DER wants of a set: so a CAdES-BES signature. */
function attributesOf(document: Uint8Array, certificate: X509Certificate, at: Date): Attribute[] {
  const attribute = (type: string, value: asn1js.AsnType) => new Attribute({ type, values: [value] })
  const signer = sequence(sequence(sequence(octets(hash('sha256', certificate.raw, 'buffer')))))
  return [
    attribute('1.2.840.113549.1.9.3', new asn1js.ObjectIdentifier({ value: id_ContentType_Data })),
    attribute('1.2.840.113549.1.9.5', new asn1js.UTCTime({ valueDate: at })),
    attribute('1.2.840.113549.1.9.4', octets(hash('sha256', document, 'buffer'))),
    attribute('1.2.840.113549.1.9.16.2.47', signer),
  ]
}

/** With what a document is signed. */
export interface DocumentSigner {
  /** PEM: the signer's own first, then those above it that the reader may not have. */
  readonly certificates: string
  readonly key: DocumentKey
  readonly at: Date
}

/**
 * Signs a document.
 * @returns CMS (RFC 5652), detached, DER.
 * @throws Error (rejects) where a certificate cannot be read, or the first is not the key's.
 */
export async function signDocument(document: Uint8Array, signer: DocumentSigner): Promise<Buffer> {
  const { key, at } = signer
  const found = signer.certificates.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  const [own, ...above] = (found ?? []).map((each) => new X509Certificate(each))
  if (!own || !key.belongsTo(own)) throw new Error('the key does not belong to the first certificate')
  const certificate = Certificate.fromBER(bufferOf(own.raw))
  const signedAttrs = new SignedAndUnsignedAttributes({
    type: 0,
    attributes: attributesOf(document, own, at),
  })
  // What is signed is the set itself, not the tag it is carried under (RFC 5652 §5.4).
  const attributes = new Uint8Array(signedAttrs.toSchema().toBER())
  attributes[0] = 0x31
  const digestAlgorithm = algorithm(SHA_256, new asn1js.Null())
  const signed = new SignedData({
    version: 1,
    digestAlgorithms: [digestAlgorithm],
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: id_ContentType_Data }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({
          issuer: certificate.issuer,
          serialNumber: certificate.serialNumber,
        }),
        digestAlgorithm,
        signedAttrs,
        signatureAlgorithm: key.algorithm,
        signature: octets(await key.sign(attributes)),
      }),
    ],
    certificates: [certificate, ...above.map(({ raw }) => Certificate.fromBER(bufferOf(raw)))],
  })
  const content = new ContentInfo({ contentType: id_ContentType_SignedData, content: signed.toSchema(true) })
  return Buffer.from(content.toSchema().toBER())
}

import { createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import {
  Attribute,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  id_ContentType_Data,
  id_ContentType_SignedData,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs'

/** With what a document is signed. */
export interface DocumentSigner {
  /** PEM: the signer's own first, then those above it that the reader may not have. */
  readonly certificates: string
  /** PEM or encrypted PEM. */
  readonly key: string | Buffer
  readonly passphrase: string | undefined
  readonly at: Date
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const namedCurve = CURVES[asymmetricKeyDetails?.namedCurve ?? '']
  if (asymmetricKeyType !== 'ec' || namedCurve === undefined) throw new Error('not an RSA or EC key')
  return { name: 'ECDSA', namedCurve }
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer
const octets = (bytes: Uint8Array) => new asn1js.OctetString({ valueHex: bufferOf(bytes) })
const sequence = (...value: asn1js.AsnType[]) => new asn1js.Sequence({ value })

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

/**
 * Signs a document with a key from a file.
 * @returns CMS (RFC 5652), detached, DER.
 * @throws Error (rejects) where key or certificate cannot be read or do not belong together.
 */
export async function signDocument(document: Uint8Array, signer: DocumentSigner): Promise<Buffer> {
  const { key: pem, passphrase, at } = signer
  const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  const found =
    signer.certificates.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  const [own, ...above] = found.map((each) => new X509Certificate(each))
  if (!own?.checkPrivateKey(key)) throw new Error('the key does not belong to the first certificate')
  const certificates = [own, ...above].map(({ raw }) => Certificate.fromBER(bufferOf(raw)))
  const [certificate] = certificates
  if (certificate === undefined) throw new Error('no certificate in it')
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: id_ContentType_Data }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({
          issuer: certificate.issuer,
          serialNumber: certificate.serialNumber,
        }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: attributesOf(document, own, at),
        }),
      }),
    ],
    certificates,
  })
  const cryptoKey = key.toCryptoKey(algorithmOf(key), false, ['sign'])
  await signed.sign(cryptoKey, 0, 'SHA-256', bufferOf(document))
  const content = new ContentInfo({ contentType: id_ContentType_SignedData, content: signed.toSchema(true) })
  return Buffer.from(content.toSchema().toBER())
}

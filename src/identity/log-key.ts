import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, sign, verify } from 'node:crypto'
import { createSecretFile, readSecretFile } from './key-file.ts'

/** An Ed25519 key pair by what it can do; where the private half lives is the implementation's business. */
export interface Ed25519Key {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** @returns 64 bytes (RFC 8032). */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Opens an Ed25519 key (PKCS #8, PEM, mode 600), made if the file is not there.
 * @throws Error where the file is open to others or holds another kind of key.
 */
export function openEd25519File(path: string): Ed25519Key {
  const { privateKey } = generateKeyPairSync('ed25519')
  createSecretFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const key = createPrivateKey(readSecretFile(path))
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${path} must hold an Ed25519 key (PKCS #8, PEM)`)
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  }
}

/** SHA-256 and Ed25519 by node:crypto, for the parts that are handed them. */
export const NODE_CRYPTO = {
  hash: (data: Uint8Array): Uint8Array => hash('sha256', data, 'buffer'),
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const der = Buffer.concat([SPKI_PREFIX, publicKey])
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
  },
}

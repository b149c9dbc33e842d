import { hash } from 'node:crypto'
import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose'
import type { SignatureAlgorithm } from './algorithm.ts'
import { type Attribute, type Mechanism, type Pkcs11Library, ulong } from './pkcs11-library.ts'
import { createHeldKey, type SigningKey } from './signing-key.ts'

/** Where private keys live that never leave a device (HSM, smart card, SoftHSM). */
export interface Pkcs11Keys {
  /**
   * The key pair with this CKA_LABEL, its public half read from the device.
   * @throws Error (rejects) where it is not there, twice there, or of a kind that nothing signs with here.
   */
  open(label: string): Promise<SigningKey>
}

export interface Pkcs11Parts {
  readonly library: Pkcs11Library
  /** Label of the token. */
  readonly token: string
  /** Reads the user's PIN; asked for at each login, kept nowhere. */
  readonly readPin: () => string
}

const CKA_CLASS = 0x0
const CKA_LABEL = 0x3
const CKA_KEY_TYPE = 0x100
const CKA_MODULUS = 0x120
const CKA_PUBLIC_EXPONENT = 0x122
const CKA_EC_PARAMS = 0x180
const CKA_EC_POINT = 0x181
const CKO_PUBLIC_KEY = 2
const CKO_PRIVATE_KEY = 3
const CKK_RSA = 0
const CKK_EC = 3
const CKK_EC_EDWARDS = 0x40
const CKM_ECDSA = 0x1041
const CKM_SHA256_RSA_PKCS_PSS = 0x43
const CKM_EDDSA = 0x1057
const CKM_SHA256 = 0x250
const CKG_MGF1_SHA256 = 2
const USER_ALREADY_LOGGED_IN = 0x100
/** DER of the curve's name: OID 1.2.840.10045.3.1.7. */
const P256 = '06082a8648ce3d030107'

/** PS256 (RFC 7518 §3.5): the salt is as long as the hash. */
const PSS: Mechanism = {
  mechanism: CKM_SHA256_RSA_PKCS_PSS,
  parameter: Buffer.concat([ulong(CKM_SHA256), ulong(CKG_MGF1_SHA256), ulong(32)]),
}

/** How each algorithm is asked for: the mechanism, and what it is given of the bytes to sign. */
const MECHANISMS: Readonly<
  Record<SignatureAlgorithm, readonly [Mechanism, prepare: (bytes: Uint8Array) => Uint8Array]>
> = {
  ES256: [{ mechanism: CKM_ECDSA }, (bytes) => hash('sha256', bytes, 'buffer')],
  PS256: [PSS, (bytes) => bytes],
  Ed25519: [{ mechanism: CKM_EDDSA }, (bytes) => bytes],
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** @param point an octet string in DER, as the standard has it, or bare, as some devices do. */
function bareOctets(point: Buffer, length: number): Buffer {
  return point.length === length ? point : point.subarray(point.length - length)
}

function readPublicKey(library: Pkcs11Library, session: number, object: number): JWK {
  const read = (type: number) => library.attribute(session, object, type)
  const type = Number(read(CKA_KEY_TYPE).readBigUInt64LE())
  if (type === CKK_RSA) {
    return {
      kty: 'RSA',
      n: base64url(read(CKA_MODULUS)),
      e: base64url(read(CKA_PUBLIC_EXPONENT)),
      alg: 'PS256',
    }
  }
  if (type === CKK_EC && read(CKA_EC_PARAMS).toString('hex') === P256) {
    const point = bareOctets(read(CKA_EC_POINT), 65)
    const [x, y] = [point.subarray(1, 33), point.subarray(33)]
    return { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y), alg: 'ES256' }
  }
  if (type === CKK_EC_EDWARDS) {
    return { kty: 'OKP', crv: 'Ed25519', x: base64url(bareOctets(read(CKA_EC_POINT), 32)), alg: 'Ed25519' }
  }
  throw new Error('not an EC P-256, RSA or Ed25519 key')
}

/**
 * Keys of one token. One session, used by one signature at a time; it is opened anew after any failure, so a device
 * that was away is found again.
 */
export function createPkcs11Keys({ library, token, readPin }: Pkcs11Parts): Pkcs11Keys {
  const opened = new Map<string, Promise<SigningKey>>()
  let session: number | undefined
  let last: Promise<unknown> = Promise.resolve()

  function openSession(): number {
    if (session !== undefined) return session
    const initialised = library.initialize()
    if (initialised !== 0) throw new Error(`C_Initialize returned 0x${initialised.toString(16)}`)
    const slot = library.slots().find((each) => library.tokenLabel(each) === token)
    if (slot === undefined) throw new Error(`there is no token ${token}`)
    const fresh = library.openSession(slot)
    const loggedIn = library.login(fresh, readPin())
    if (loggedIn !== 0 && loggedIn !== USER_ALREADY_LOGGED_IN) {
      library.closeSession(fresh)
      throw new Error(`C_Login returned 0x${loggedIn.toString(16)}`)
    }
    session = fresh
    return fresh
  }

  function findOne(held: number, kind: number, label: string): number {
    const template: Attribute[] = [
      { type: CKA_CLASS, value: ulong(kind) },
      { type: CKA_LABEL, value: Buffer.from(label) },
    ]
    const [object, another] = library.find(held, template)
    const which = kind === CKO_PRIVATE_KEY ? 'private' : 'public'
    if (object === undefined) throw new Error(`the token ${token} has no ${which} key ${label}`)
    if (another !== undefined) throw new Error(`the token ${token} has two ${which} keys ${label}`)
    return object
  }

  /** A session does one thing at a time. */
  function inTurn<T>(task: (held: number) => T | Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      try {
        return await task(openSession())
      } catch (error) {
        if (session !== undefined) library.closeSession(session)
        session = undefined
        throw error
      }
    })
    last = turn.catch(() => {})
    return turn
  }

  async function open(label: string): Promise<SigningKey> {
    const publicJwk = await inTurn((held) =>
      readPublicKey(library, held, findOne(held, CKO_PUBLIC_KEY, label)),
    )
    const kid = await calculateJwkThumbprint(publicJwk, 'sha256')
    const sign = (algorithm: SignatureAlgorithm) => (bytes: Uint8Array) => {
      const [mechanism, prepare] = MECHANISMS[algorithm]
      return inTurn((held) => {
        const key = findOne(held, CKO_PRIVATE_KEY, label)
        return library.sign(held, key, mechanism, prepare(bytes))
      })
    }
    return createHeldKey({ ...publicJwk, kid, use: 'sig' }, sign)
  }

  return {
    open(label) {
      const known = opened.get(label)
      if (known !== undefined) return known
      const opening = open(label)
      opened.set(label, opening)
      opening.catch(() => opened.delete(label))
      return opening
    },
  }
}

import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { type KeyFault, vetPublicJwk, vetRegisteredJwk } from '../../src/identity/key-vetting.ts'
import { rocaModulus, SMALL_ORDER_POINTS } from '../support/weak-keys.ts'

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const OKP = generateKeyPairSync('ed25519')
const ec = EC.publicKey.export({ format: 'jwk' })
const rsa = RSA.publicKey.export({ format: 'jwk' })
const okp = OKP.publicKey.export({ format: 'jwk' })
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const oddRsa = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
  format: 'jwk',
})
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })

const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url')
const encode = (content: Uint8Array) => Buffer.from(content).toString('base64url')

function evenModulus(): string {
  const modulus = bytes(rsa.n)
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) & 0xfe
  return encode(modulus)
}

function modulusDivisibleBy3(): string {
  const value = BigInt(`0x${bytes(rsa.n).toString('hex')}`)
  const lower = value - (value % 3n)
  const odd = lower % 2n === 0n ? lower - 3n : lower
  return encode(Buffer.from(odd.toString(16), 'hex'))
}

/** An x of the field for which the curve equation has no y with this one: off the curve for certain. */
const offCurve = { ...ec, y: encode(Buffer.alloc(32, 7)) }

const REFUSED: readonly (readonly [name: string, jwk: unknown, fault: KeyFault])[] = [
  ['null', null, 'shape'],
  ['a string', 'key', 'shape'],
  ['a list', [ec], 'shape'],
  ['a symmetric key', { kty: 'oct', k: 'AAAA' }, 'private'],
  ['a symmetric key without k', { kty: 'oct' }, 'algorithm'],
  ['an EC key with its private half', EC.privateKey.export({ format: 'jwk' }), 'private'],
  ['an RSA key with its private half', RSA.privateKey.export({ format: 'jwk' }), 'private'],
  ['an Ed25519 key with its private half', OKP.privateKey.export({ format: 'jwk' }), 'private'],
  ['a private member that is null', { ...ec, d: null }, 'private'],
  ['P-384', p384, 'algorithm'],
  ['Ed448', ed448, 'algorithm'],
  ['alg of another kind', { ...ec, alg: 'PS256' }, 'algorithm'],
  ['alg RS256', { ...rsa, alg: 'RS256' }, 'algorithm'],
  ['RSA of 1024 bits', smallRsa, 'rsaSize'],
  ['RSA of 8192 bits', { kty: 'RSA', e: 'AQAB', n: encode(Buffer.alloc(1024, 0xff)) }, 'encoding'],
  [
    'RSA with a leading zero',
    { ...rsa, n: encode(Buffer.concat([Buffer.alloc(1), bytes(rsa.n)])) },
    'rsaSize',
  ],
  ['RSA with e = 1', { ...rsa, e: 'AQ' }, 'rsaExponent'],
  ['RSA with e = 3', oddRsa, 'rsaExponent'],
  ['RSA with e = 65537 and a leading zero', { ...rsa, e: 'AAEAAQ' }, 'rsaExponent'],
  ['an even modulus', { ...rsa, n: evenModulus() }, 'rsaModulus'],
  ['a modulus divisible by 3', { ...rsa, n: modulusDivisibleBy3() }, 'rsaModulus'],
  ['a modulus with the ROCA fingerprint', { ...rsa, n: rocaModulus() }, 'roca'],
  ['padded base64url', { ...rsa, n: `${rsa.n}==` }, 'encoding'],
  ['a point off the curve', offCurve, 'point'],
  ['the point (0, 0)', { ...ec, x: encode(Buffer.alloc(32)), y: encode(Buffer.alloc(32)) }, 'point'],
  ['a coordinate of 31 bytes', { ...ec, x: encode(bytes(ec.x).subarray(1)) }, 'encoding'],
  [
    'a coordinate of 33 bytes',
    { ...ec, x: encode(Buffer.concat([Buffer.alloc(1), bytes(ec.x)])) },
    'encoding',
  ],
  ['a coordinate above the field', { ...ec, x: encode(Buffer.alloc(32, 0xff)) }, 'point'],
  ['a coordinate that is a number', { ...ec, x: 5 }, 'encoding'],
  ['an Edwards y that is on no point', { ...okp, x: encode(Buffer.alloc(32, 2)) }, 'point'],
  ...SMALL_ORDER_POINTS.map(
    (hex) =>
      [
        `the small-order point ${hex.slice(0, 6)}…${hex.slice(-2)}`,
        { ...okp, x: encode(Buffer.from(hex, 'hex')) },
        'point',
      ] as const,
  ),
]

describe('key vetting', () => {
  for (const [name, jwk, fault] of REFUSED) {
    it(`refuses ${name}`, () => {
      expect(vetPublicJwk(jwk)).to.deep.equal({ fault })
    })
  }

  for (const [name, jwk] of Object.entries({ ec, rsa, okp })) {
    it(`accepts a sound ${name} key and gives its RFC 7638 thumbprint as jose does`, async () => {
      const verdict = vetPublicJwk(jwk)
      if ('fault' in verdict) throw new Error(verdict.fault)
      expect(verdict.key.thumbprint).to.equal(await calculateJwkThumbprint(jwk, 'sha256'))
    })
  }

  it('accepts a hundred fresh Ed25519 keys: no sound point is taken for an unsound one', () => {
    for (let count = 0; count < 100; count += 1) {
      const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
      expect(vetPublicJwk(jwk)).to.have.property('key')
    }
  })

  const registered = { ...ec, kid: 'k1', alg: 'ES256', use: 'sig' }
  const UNREGISTRABLE: readonly (readonly [string, unknown, KeyFault])[] = [
    ['no kid', { ...registered, kid: undefined }, 'kid'],
    ['an empty kid', { ...registered, kid: '' }, 'kid'],
    ['a kid with a NUL', { ...registered, kid: 'a\0b' }, 'kid'],
    ['a kid of 129 characters', { ...registered, kid: 'k'.repeat(129) }, 'kid'],
    ['no alg', { ...registered, alg: undefined }, 'algorithm'],
    ['use enc', { ...registered, use: 'enc' }, 'use'],
    ['key_ops that sign', { ...registered, key_ops: ['sign'] }, 'use'],
    ['a weak key', { ...registered, ...offCurve }, 'point'],
  ]
  for (const [name, jwk, fault] of UNREGISTRABLE) {
    it(`does not register a key with ${name}`, () => {
      expect(vetRegisteredJwk(jwk)).to.deep.equal({ fault })
    })
  }

  it('registers a sound key under its kid', () => {
    expect(vetRegisteredJwk(registered)).to.include({ kid: 'k1' })
  })
})

import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { expect } from 'chai'
import { FAULTS, type Fault } from '../../src/identity/faults.ts'
import type { SigningKey } from '../../src/identity/signing-key.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { CONSUMER, createIdentityWorld, type IdentityWorld, START_MS } from './identity-world.ts'

/** The attacked world's clock, in seconds. */
export const NOW = START_MS / 1000
/** What the attacks ask for. */
export const URL_ASKED = 'https://gateway.test/exchange/G01/dan-cu/cong-dan/v1/xac-thuc'

export type Texts = Readonly<Record<string, unknown>>
export type Sign = (bytes: Buffer) => Uint8Array | Promise<Uint8Array>

let jtis = 0

/** A `jti` no other attack has used. */
export function newJti(): string {
  jtis += 1
  return `jti-${jtis}`
}

/** Runs an attack and holds the refusal to its code and its reason. */
export async function expectRefusal(
  run: () => unknown,
  code: ErrorCode,
  fault: Fault | undefined,
): Promise<void> {
  let thrown: unknown
  try {
    await run()
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof GatewayError)) throw new Error(`not refused: ${String(thrown)}`)
  expect(thrown.code).to.equal(code)
  expect(thrown.detail).to.deep.equal(fault === undefined ? undefined : FAULTS[fault])
}

/** What an attack changes in a good JWT. */
export interface Change {
  readonly header?: Texts
  readonly claims?: Texts
  readonly headerText?: string
  readonly claimsText?: string | Uint8Array
  readonly key?: (world: IdentityWorld) => SigningKey
  readonly sign?: (world: IdentityWorld) => Sign
  readonly mangle?: (token: string) => string
}

export function hmac(secret: (world: IdentityWorld) => string | Buffer): (world: IdentityWorld) => Sign {
  return (world) => (bytes) => createHmac('sha256', secret(world)).update(bytes).digest()
}

const pemOf = (world: IdentityWorld) =>
  String(world.key.verification.object.export({ type: 'spki', format: 'pem' }))
const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

/** Changes the last character in bits that decoding throws away. */
export function changeUnusedBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(token.at(-1) ?? '')
  return `${token.slice(0, -1)}${alphabet[last ^ 1]}`
}

export const parts = (token: string) => token.split('.')

export type AttackRow = readonly [name: string, fault: Fault, change: Change]

/** Attacks by form and signature that every kind of JWT shares; made once for assertions and once for tokens. */
export const COMMON: readonly AttackRow[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ''].flatMap((alg) => [
    [`alg "${alg}" with a signature`, 'algorithm', { header: { alg } }] as const,
    [
      `alg "${alg}" without one`,
      'malformed',
      { header: { alg }, sign: () => () => Buffer.alloc(0) },
    ] as const,
  ]),
  ['no alg', 'algorithm', { header: { alg: undefined } }],
  ['alg as a list', 'algorithm', { header: { alg: ['ES256'] } }],
  ['alg in lower case', 'algorithm', { header: { alg: 'es256' } }],
  ...[
    'RS256',
    'ES384',
    'ES256K',
    'ES512',
    'PS512',
    'HS256',
    'RSA-OAEP',
    'dir',
    'PBES2-HS256+A128KW',
    'Ed448',
  ].map((alg) => [`alg ${alg}`, 'algorithm', { header: { alg } }] as const),
  [
    'HS256 with the SPKI key as secret',
    'algorithm',
    {
      header: { alg: 'HS256' },
      sign: hmac((world) => world.key.verification.object.export({ type: 'spki', format: 'der' })),
    },
  ],
  ['HS256 with the PEM key as secret', 'algorithm', { header: { alg: 'HS256' }, sign: hmac(pemOf) }],
  [
    'HS256 with the PEM key without its newline',
    'algorithm',
    { header: { alg: 'HS256' }, sign: hmac((world) => pemOf(world).trim()) },
  ],
  [
    'HS256 with the JWK as secret',
    'algorithm',
    { header: { alg: 'HS256' }, sign: hmac((world) => JSON.stringify(world.key.publicJwk)) },
  ],
  ['HS256 with an empty secret', 'algorithm', { header: { alg: 'HS256' }, sign: hmac(() => '') }],
  ['ES256 named, signed by HMAC', 'signature', { sign: hmac(pemOf) }],
  ['the psychic signature r = s = 0', 'signature', { sign: () => () => Buffer.alloc(64) }],
  ['r = n, s = n', 'signature', { sign: () => () => Buffer.concat([P256_ORDER, P256_ORDER]) }],
  [
    'r = 1, s = 0',
    'signature',
    { sign: () => () => Buffer.concat([Buffer.alloc(31), Buffer.from([1]), Buffer.alloc(32)]) },
  ],
  [
    'a DER signature',
    'signature',
    {
      sign: () => (bytes) =>
        signBytes('sha256', bytes, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    },
  ],
  [
    'a shortened signature',
    'signature',
    {
      mangle: (token) =>
        `${parts(token).slice(0, 2).join('.')}.${Buffer.from(parts(token)[2] ?? '', 'base64url')
          .subarray(0, 63)
          .toString('base64url')}`,
    },
  ],
  [
    'a lengthened signature',
    'signature',
    {
      mangle: (token) =>
        `${parts(token).slice(0, 2).join('.')}.${Buffer.concat([Buffer.from(parts(token)[2] ?? '', 'base64url'), Buffer.alloc(1)]).toString('base64url')}`,
    },
  ],
  ['a key of someone else', 'signature', { key: (world) => world.dpopKey }],
  ['an alg that is not the key’s', 'signature', { header: { alg: 'EdDSA' } }],
  ['crit', 'header', { header: { crit: ['exp'], exp: 1 } }],
  ['an empty crit', 'header', { header: { crit: [] } }],
  ['b64 false', 'header', { header: { b64: false } }],
  ['b64 false under crit', 'header', { header: { b64: false, crit: ['b64'] } }],
  ['zip', 'header', { header: { zip: 'DEF' } }],
  ['enc, as in a JWE', 'header', { header: { enc: 'A256GCM' } }],
  ['a PBES2 count', 'header', { header: { p2c: 2_147_483_647 } }],
  ['jku', 'header', { header: { jku: 'https://attacker.test/jwks' } }],
  ['x5u', 'header', { header: { x5u: 'https://attacker.test/chain' } }],
  ['x5c', 'header', { header: { x5c: ['MIIB'] } }],
  ['an embedded jwk', 'header', { header: { jwk: { kty: 'EC' } } }],
  ['a member that is null', 'header', { header: { jku: null } }],
  ...[
    '../../../../etc/passwd',
    "' OR '1'='1",
    'a\0b',
    'k'.repeat(3000),
    '__proto__',
    'constructor',
    '',
    7,
    null,
    ['a'],
    {},
  ].map((kid) => [`kid ${JSON.stringify(kid).slice(0, 24)}`, 'signature', { header: { kid } }] as const),
  ['a kid of 10 KB', 'malformed', { header: { kid: 'k'.repeat(10_240) } }],
  ['padding on the signature', 'malformed', { mangle: (token) => `${token}==` }],
  [
    'padding on the payload',
    'malformed',
    {
      mangle: (token) =>
        parts(token)
          .map((part, index) => (index === 1 ? `${part}=` : part))
          .join('.'),
    },
  ],
  ['a trailing space', 'malformed', { mangle: (token) => `${token} ` }],
  ['a leading newline', 'malformed', { mangle: (token) => `\n${token}` }],
  ['a space inside', 'malformed', { mangle: (token) => `${token.slice(0, 40)} ${token.slice(40)}` }],
  ['unused trailing bits', 'malformed', { mangle: changeUnusedBits }],
  [
    'a character outside ASCII that Latin-1 would cut',
    'malformed',
    { mangle: (token) => `${String.fromCharCode(0x100 + token.charCodeAt(0))}${token.slice(1)}` },
  ],
  ['two parts', 'malformed', { mangle: (token) => parts(token).slice(0, 2).join('.') }],
  ['an empty payload', 'malformed', { mangle: (token) => `${parts(token)[0]}..${parts(token)[2]}` }],
  ['four parts', 'malformed', { mangle: (token) => `${token}.AAAA` }],
  ['five parts, a JWE', 'malformed', { mangle: (token) => `${token}.AAAA.AAAA` }],
  [
    'JSON serialisation',
    'malformed',
    {
      mangle: (token) =>
        JSON.stringify({ protected: parts(token)[0], payload: parts(token)[1], signature: parts(token)[2] }),
    },
  ],
  ['an empty string', 'malformed', { mangle: () => '' }],
  ['two dots', 'malformed', { mangle: () => '..' }],
  ['5 MB', 'malformed', { mangle: () => 'a'.repeat(5_000_000) }],
  ['a nested JWS', 'json', { claimsText: 'eyJhbGciOiJub25lIn0.e30.' }],
  ['a list for claims', 'json', { claimsText: '[]' }],
  ['null for claims', 'json', { claimsText: 'null' }],
  [
    'claims that are not UTF-8',
    'json',
    { claimsText: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
  ],
  ['a byte order mark', 'json', { claimsText: '\ufeff{}' }],
  ['claims nested 20,000 deep', 'malformed', { claimsText: '['.repeat(20_000) }],
  ['claims nested 100 deep', 'json', { claimsText: `{"a":${'['.repeat(100)}${']'.repeat(100)}}` }],
  ['a member twice in the header', 'json', { headerText: '{"alg":"none","alg":"ES256"}' }],
  ['a claim twice', 'json', { claimsText: '{"aud":"a","aud":"b"}' }],
  ['a claim twice, once escaped', 'json', { claimsText: '{"aud":"a","a\\u0075d":"b"}' }],
  ['a claim twice inside', 'json', { claimsText: '{"cnf":{"jkt":"a","jkt":"b"}}' }],
  ['__proto__ among the claims', 'json', { claimsText: '{"__proto__":{"exp":9999999999}}' }],
  ...['dpop+jwt', 'lienthong-promise+jwt', 'secevent+jwt', 'AT+JWT', 1, ['at+jwt'], null].map(
    (typ) => [`typ ${JSON.stringify(typ)}`, 'type', { header: { typ } }] as const,
  ),
  ['no jti', 'jti', { claims: { jti: undefined } }],
  ['an empty jti', 'jti', { claims: { jti: '' } }],
  ['a jti of 4 KB', 'jti', { claims: { jti: 'j'.repeat(4096) } }],
  ['a jti that is a number', 'jti', { claims: { jti: 1 } }],
  ['no exp', 'times', { claims: { exp: undefined } }],
  ['exp as a string', 'times', { claims: { exp: String(NOW + 60) } }],
  ['exp as a fraction', 'times', { claims: { exp: NOW + 30.5 } }],
  ['a negative exp', 'times', { claims: { exp: -1 } }],
  ['exp in milliseconds', 'times', { claims: { exp: START_MS + 60_000 } }],
  ['exp true', 'times', { claims: { exp: true } }],
  ['exp reached', 'expired', { claims: { iat: NOW - 60, exp: NOW } }],
  ['iat as a string', 'times', { claims: { iat: String(NOW) } }],
  ['iat as a fraction', 'times', { claims: { iat: NOW + 0.5 } }],
  ['a negative iat', 'times', { claims: { iat: -1 } }],
  ['nbf as a string', 'times', { claims: { nbf: String(NOW) } }],
  ['iat null', 'times', { claims: { iat: null } }],
  ['a negative nbf', 'times', { claims: { nbf: -1 } }],
  ['nbf as a fraction', 'times', { claims: { nbf: NOW + 0.5 } }],
  ['no iss', 'issuer', { claims: { iss: undefined } }],
  ['no sub', 'issuer', { claims: { sub: undefined } }],
  ['iss as a list', 'issuer', { claims: { iss: [CONSUMER] } }],
  ['no aud', 'audience', { claims: { aud: undefined } }],
  ['aud as a list with us alone', 'audience', { claims: { aud: ['https://gateway.test'] } }],
  [
    'aud as a list with others',
    'audience',
    { claims: { aud: ['https://gateway.test', 'https://other.test'] } },
  ],
  ['aud of another gateway', 'audience', { claims: { aud: 'https://other.test' } }],
  ['an empty aud', 'audience', { claims: { aud: '' } }],
]

let world: Promise<IdentityWorld> | undefined

/** One world for all attacks: none of them may leave a trace. */
export function shared(): Promise<IdentityWorld> {
  world ??= createIdentityWorld()
  return world
}

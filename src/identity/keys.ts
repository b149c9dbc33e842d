import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { JWK } from 'jose'
import type { VerificationKey } from './algorithm.ts'
import { createSecretFile, readSecretFile } from './key-file.ts'
import type { Pkcs11Keys } from './pkcs11.ts'
import { createSigningKey, generatePrivateJwk, type SigningKey, toPublicJwk } from './signing-key.ts'

/** How long a new key is published before it signs: the time others may keep a JWKS document. */
export const ACTIVATION_DELAY_SECONDS = 600
/** How long a replaced key still verifies: the longest token, and clocks apart. */
export const OVERLAP_SECONDS = 600

/** A signing key with the moment from which it signs. */
export interface RingKey {
  readonly key: SigningKey
  /** Unix seconds. */
  readonly activeFrom: number
}

/** The keys of one issuer through a rotation: one signs, the next and the previous are published too. */
export interface KeyRing {
  /** The key that signs at this time. */
  current(nowMs: number): SigningKey
  find(kid: string, nowMs: number): VerificationKey | undefined
  /** The JWKS document (RFC 7517 §5). */
  jwks(nowMs: number): { readonly keys: readonly JWK[] }
}

/** @param keys at least one; two may not share a `kid`. */
export function createKeyRing(keys: readonly RingKey[]): KeyRing {
  const ordered = [...keys].sort((a, b) => a.activeFrom - b.activeFrom)
  const [first] = ordered
  if (first === undefined) throw new Error('a key ring needs at least one key')
  const byKid = new Map<string, { readonly entry: RingKey; readonly usableUntilMs: number }>()
  for (const [index, entry] of ordered.entries()) {
    if (byKid.has(entry.key.kid)) throw new Error(`two signing keys share the kid ${entry.key.kid}`)
    const replacedAt = ordered[index + 1]?.activeFrom ?? Number.POSITIVE_INFINITY
    byKid.set(entry.key.kid, { entry, usableUntilMs: (replacedAt + OVERLAP_SECONDS) * 1000 })
  }
  return {
    current: (nowMs) => ordered.findLast(({ activeFrom }) => activeFrom * 1000 <= nowMs)?.key ?? first.key,
    find(kid, nowMs) {
      const held = byKid.get(kid)
      return held !== undefined && nowMs < held.usableUntilMs ? held.entry.key.verification : undefined
    },
    jwks: (nowMs) => ({
      keys: [...byKid.values()]
        .filter(({ usableUntilMs }) => nowMs < usableUntilMs)
        .map(({ entry }) => entry.key.publicJwk),
    }),
  }
}

/** @throws Error naming the file and the fault, never a part of the key. */
function parseKeyFile(path: string): JWK & { readonly nbf?: unknown; readonly pkcs11?: unknown } {
  let jwk: unknown
  const bytes = readSecretFile(path)
  try {
    jwk = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error(`${path} is not a JWK in JSON`)
  }
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw new Error(`${path} is not a JWK`)
  return jwk as JWK
}

function readActiveFrom(path: string, nbf: unknown = 0): number {
  if (typeof nbf !== 'number') throw new Error(`${path}: nbf must be a number of seconds`)
  return nbf
}

function faultOf(path: string, error: unknown): Error {
  return new Error(`${path}: ${error instanceof Error ? error.message : 'not usable'}`)
}

/** Reads a private JWK from a file only its owner may read. */
export function readSigningKey(path: string): RingKey {
  const jwk = parseKeyFile(path)
  const activeFrom = readActiveFrom(path, jwk.nbf)
  try {
    return { key: createSigningKey(jwk), activeFrom }
  } catch (error) {
    throw faultOf(path, error)
  }
}

/**
 * @returns the public half of the key in a file, whether it signs or opens packages.
 * @throws Error naming the file.
 */
export function readPublicJwk(path: string): Readonly<JWK> {
  const jwk = parseKeyFile(path)
  return jwk.use === 'enc' ? toPublicJwk(jwk) : readSigningKey(path).key.publicJwk
}

/** @returns what a key file says of its key without opening it: `kid`, and the Unix second from which it signs. */
export function readKeyFacts(path: string): { readonly kid: string; readonly activeFrom: number } {
  const { kid = '', nbf } = parseKeyFile(path)
  return { kid, activeFrom: readActiveFrom(path, nbf) }
}

/**
 * Opens the key a file holds, or the one in a device that the file names: `pkcs11` is then the key's label, and the
 * rest its public half.
 * @throws Error (rejects) naming the file.
 */
async function openKeyFile(path: string, device: Pkcs11Keys | undefined): Promise<RingKey> {
  const { pkcs11: label, nbf, kid } = parseKeyFile(path)
  if (label === undefined) return readSigningKey(path)
  const activeFrom = readActiveFrom(path, nbf)
  try {
    if (typeof label !== 'string') throw new Error('pkcs11 must be the label of a key')
    if (device === undefined)
      throw new Error('its key is in a device; the settings name none (tokens.pkcs11)')
    const key = await device.open(label)
    if (key.kid !== kid) throw new Error(`the device holds another key under the label ${label}`)
    return { key, activeFrom }
  } catch (error) {
    throw faultOf(path, error)
  }
}

/**
 * Makes a key and writes it to a file of mode 600.
 * @param activeFrom Unix seconds from which it signs.
 * @returns false where the file is there already; it is left as it was.
 */
export async function createKeyFile(path: string, algorithm: string, activeFrom: number): Promise<boolean> {
  const jwk = await generatePrivateJwk(algorithm)
  return createSecretFile(path, `${JSON.stringify({ ...jwk, nbf: activeFrom }, null, 2)}\n`)
}

const KEY_FILE = /^(\d{4})\.jwk$/

function keyFiles(directory: string): string[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return readdirSync(directory)
    .filter((name) => KEY_FILE.test(name))
    .sort()
}

/**
 * The issuer's keys in `directory`, files `0001.jwk`, `0002.jwk` …; the first is made (ES256) where there is
 * none. Several processes may open the folder at once: all end up with the same key.
 * @param device where private halves are that the files only name.
 */
export async function openKeyDirectory(directory: string, device?: Pkcs11Keys): Promise<KeyRing> {
  if (keyFiles(directory).length === 0) await createKeyFile(join(directory, '0001.jwk'), 'ES256', 0)
  const paths = keyFiles(directory).map((name) => join(directory, name))
  return createKeyRing(await Promise.all(paths.map((path) => openKeyFile(path, device))))
}

function nextKeyFile(directory: string): string {
  const last = KEY_FILE.exec(keyFiles(directory).at(-1) ?? '0000.jwk')?.[1] ?? '0'
  return join(directory, `${String(Number(last) + 1).padStart(4, '0')}.jwk`)
}

const nextActiveFrom = (nowMs: number) => Math.floor(nowMs / 1000) + ACTIVATION_DELAY_SECONDS
const takenJustNow = (path: string) => new Error(`${path} was made by another process just now`)

/**
 * Makes the key with this label in a device the next one, or the first where the folder is empty: that one signs at
 * once. Only its public half is written.
 * @returns the new file's path.
 */
export async function adoptDeviceKey(
  directory: string,
  device: Pkcs11Keys,
  label: string,
  nowMs: number,
): Promise<string> {
  const { publicJwk } = await device.open(label)
  const path = nextKeyFile(directory)
  const nbf = keyFiles(directory).length === 0 ? 0 : nextActiveFrom(nowMs)
  const content = `${JSON.stringify({ ...publicJwk, pkcs11: label, nbf }, null, 2)}\n`
  if (!createSecretFile(path, content)) throw takenJustNow(path)
  return path
}

/**
 * Adds the next key: it is published at once and signs after `ACTIVATION_DELAY_SECONDS`, when everyone who
 * keeps the JWKS document has read it anew.
 * @returns the new file's path.
 */
export async function rotateKeys(directory: string, algorithm: string, nowMs: number): Promise<string> {
  const path = nextKeyFile(directory)
  if (!(await createKeyFile(path, algorithm, nextActiveFrom(nowMs)))) throw takenJustNow(path)
  return path
}

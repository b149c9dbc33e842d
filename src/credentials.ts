import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ForeignIssuer } from './identity/foreign-token.ts'
import { createIssuerKeys } from './identity/issuer-keys.ts'
import { openSecretFile, readSecretFile } from './identity/key-file.ts'
import { NODE_CRYPTO, openEd25519File } from './identity/log-key.ts'
import { createPkcs11Keys, type Pkcs11Keys } from './identity/pkcs11.ts'
import { loadPkcs11 } from './identity/pkcs11-library.ts'
import { createNoteKey, type NoteSigner } from './ledger/note.ts'
import { type Policy, PolicyError, parsePolicy } from './ledger/policy.ts'
import { readCertificates, TimestampError } from './ledger/timestamp.ts'
import type { SecretReference } from './model/secret.ts'
import { createDocumentReader } from './provider/fetch-document.ts'
import type { IssuerSettings, Pkcs11Settings, Settings, TimestampSettings } from './settings.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** What a gateway proves itself and others with, opened where settings and registry say it is kept. */

const KEY_SET_BYTES = 65_536
const KEY_SET_MS = 3_000

/** @returns the 32 bytes that the database's personal data is sealed under; the first process of a gateway makes them. */
export function openDataKey({ dataDir }: Settings): Uint8Array {
  return openSecretFile(join(dataDir, 'keys/data.key'), randomBytes(32)).subarray(0, 32)
}

/** @throws Error where the registry names a secret that is not there. */
export function readSecret(reference: SecretReference): string {
  if ('file' in reference) return readFileSync(reference.file, 'utf8').trim()
  const value = process.env[reference.environment]
  if (value === undefined) throw new Error(`environment variable ${reference.environment} is not set`)
  return value
}

/** What the listener's own TLS is made of, in PEM. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly clientAuthorities?: string
}

/** @throws Error where a file is missing, or the key may be read by others. */
export function readTls(files: NonNullable<Settings['listen']['tls']>): TlsFiles {
  const { certificateFile, keyFile, clientAuthoritiesFile } = files
  return {
    certificate: readFileSync(certificateFile, 'utf8'),
    key: readSecretFile(keyFile).toString(),
    ...(clientAuthoritiesFile && { clientAuthorities: readFileSync(clientAuthoritiesFile, 'utf8') }),
  }
}

/**
 * The device that holds signing keys; its module is loaded here, once in a process.
 * @throws Error where the module can't be loaded.
 */
export function openDevice(settings: Pkcs11Settings | undefined): Pkcs11Keys | undefined {
  if (settings === undefined) return undefined
  const { library, token, pinFile } = settings
  const readPin = () => readSecretFile(pinFile).toString().trim()
  return createPkcs11Keys({ library: loadPkcs11(library), token, readPin })
}

/** A foreign issuer with its keys, of which nothing is read yet. */
export function openIssuer(settings: IssuerSettings, now: () => number, telemetry: Telemetry): ForeignIssuer {
  const { issuer, jwksUri, caFile, allowPrivateAddress, maxStaleSeconds } = settings
  const read = createDocumentReader({
    url: jwksUri,
    ca: caFile && readFileSync(caFile, 'utf8'),
    allowPrivateAddress,
    maxBytes: KEY_SET_BYTES,
    timeoutMs: KEY_SET_MS,
    accept: 'application/jwk-set+json, application/json',
  })
  const onRead = (error: unknown) => telemetry.issuerKeys(issuer, error)
  return { ...settings, keys: createIssuerKeys({ read, now, maxStaleSeconds, onRead }) }
}

/** The key that signs the exchange log: `keys/log.key` of the data folder, shared by all processes. */
export async function openLogSigner({ dataDir, ledger }: Settings): Promise<NoteSigner> {
  const { publicKey, sign } = openEd25519File(join(dataDir, 'keys/log.key'))
  return {
    key: await createNoteKey({ name: ledger.origin, kind: 'note', publicKey }, NODE_CRYPTO.hash),
    sign,
  }
}

function isAddress(url: string | undefined): boolean {
  return url === undefined || (/^https?:\/\/[^?#\s]+$/.test(url) && URL.canParse(url))
}

/**
 * The witness policy that the settings name.
 * @throws PolicyError where it is wrong, is not about this log, or can't be met by the witnesses that can be asked.
 */
export function readWitnessPolicy({ ledger }: Settings, signer: NoteSigner): Promise<Policy> | undefined {
  const { policyFile } = ledger.witnesses
  if (policyFile === undefined) return undefined
  const check = (policy: Policy) => {
    const { logs, witnesses, isQuorum } = policy
    const own = Buffer.from(signer.key.publicKey)
    if (
      logs.length > 0 &&
      !logs.some(({ name, publicKey }) => name === signer.key.name && own.equals(publicKey))
    )
      throw new PolicyError(`${policyFile} is a policy for another log than ${ledger.origin}`)
    const wrong = witnesses.find(({ url }) => !isAddress(url))
    if (wrong)
      throw new PolicyError(`${policyFile}: the address of witness '${wrong.name}' is no http(s) address`)
    const reachable = witnesses.filter(({ url }) => url !== undefined).map(({ name }) => name)
    if (!isQuorum(new Set(reachable)))
      throw new PolicyError(`${policyFile}: the witnesses that have an address make up no quorum`)
    return policy
  }
  return parsePolicy(readFileSync(policyFile, 'utf8'), NODE_CRYPTO.hash).then(check)
}

/** Whose time stamps of this authority are believed, as DER. @throws TimestampError where the file holds none. */
export function readTimestampCertificates({ certificatesFile }: TimestampSettings): readonly Uint8Array[] {
  try {
    return readCertificates(readFileSync(certificatesFile, 'utf8'))
  } catch (cause) {
    if (!(cause instanceof TimestampError)) throw cause
    throw new TimestampError(`${certificatesFile}: ${cause.message}`, { cause })
  }
}

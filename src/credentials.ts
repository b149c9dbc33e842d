import { readFileSync } from 'node:fs'
import type { ForeignIssuer } from './identity/foreign-token.ts'
import { createIssuerKeys } from './identity/issuer-keys.ts'
import { readSecretFile } from './identity/key-file.ts'
import { createPkcs11Keys, type Pkcs11Keys } from './identity/pkcs11.ts'
import { loadPkcs11 } from './identity/pkcs11-library.ts'
import type { SecretReference } from './model/party.ts'
import { createDocumentReader } from './provider/fetch-document.ts'
import type { IssuerSettings, Pkcs11Settings, Settings } from './settings.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** What a gateway proves itself and others with, opened where settings and registry say it is kept. */

const KEY_SET_BYTES = 65_536
const KEY_SET_MS = 3_000

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

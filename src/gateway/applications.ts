import { readFileSync } from 'node:fs'
import type { ReadAuditBody } from '../contract/audit-requests.ts'
import {
  DocumentSignatureError,
  openDocumentSignature,
  readAuthorities,
  readRevocations,
} from '../identity/document-signature.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Task } from '../repeat.ts'
import { type ApplicationDesk, createApplicationDesk } from '../reporting/application-desk.ts'
import type { DecisionSignatures } from '../reporting/decision-signing.ts'
import type { Settings, SignatureSettings } from '../settings.ts'
import { createApplicationStore } from '../storage/applications.ts'
import type { Database } from '../storage/database.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

interface ApplicationSideParts {
  readonly pool: Database['pool']
  readonly registry: () => Registry
  readonly readBody: ReadAuditBody
  readonly now: () => number
  readonly settings: Settings
  readonly telemetry: Pick<Telemetry, 'applicationCounts' | 'databaseError'>
}

const COUNT_MS = 60_000

/** @throws Error that names the file, where it cannot be read. */
function readFrom<T>(file: string, read: (content: Buffer) => T): T {
  try {
    return read(readFileSync(file))
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** @throws Error where a file of authorities or revocation lists cannot be read. */
function signaturesOf(settings: SignatureSettings, gateway: string): DecisionSignatures {
  const { required, authoritiesFile, revocationsFile } = settings
  if (authoritiesFile === undefined) return { required, gateway, open: undefined }
  const authorities = readFrom(authoritiesFile, (content) => readAuthorities(content.toString('utf8')))
  // Lists run out and are replaced: they are read at each signature, and once now, to say at start what is wrong.
  const read = () => (revocationsFile === undefined ? [] : readFrom(revocationsFile, readRevocations))
  read()
  return {
    required,
    gateway,
    async open(signature, document) {
      let revocations: readonly Uint8Array[]
      try {
        revocations = read()
      } catch (cause) {
        throw new DocumentSignatureError('revocation', cause)
      }
      return openDocumentSignature(signature, document, { authorities, revocations })
    },
  }
}

/** Part of the composition root: applications for connection, and what counts those that wait. */
export function createApplicationSide(parts: ApplicationSideParts): {
  readonly desk: ApplicationDesk
  /** For timers of the process that does jobs. */
  readonly tasks: readonly Task[]
} {
  const { telemetry, settings } = parts
  const signatures = signaturesOf(settings.applications.signatures, settings.ledger.origin)
  const store = createApplicationStore(parts)
  const run = async () => telemetry.applicationCounts(await store.counts())
  return {
    desk: createApplicationDesk({ ...parts, store, signatures }),
    tasks: [{ everyMs: COUNT_MS, run, onError: telemetry.databaseError }],
  }
}

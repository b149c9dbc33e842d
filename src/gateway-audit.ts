import type { IncomingMessage } from 'node:http'
import { createAuditBodies } from './contract/audit-requests.ts'
import { type AuditDoorParts, createAuditRouter } from './http/audit.ts'
import type { Identity } from './identity/identity.ts'
import type { KeyRing } from './identity/keys.ts'
import { signManifest } from './identity/manifest.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Authority } from './registry/authority.ts'
import { createAuditDesk } from './reporting/audit-desk.ts'
import { createEntriesDesk } from './reporting/entries-desk.ts'
import { createReadings } from './reporting/reading.ts'
import { createUsageDesk } from './reporting/usage.ts'
import { createLogReader } from './storage/log.ts'
import { createReadingPool } from './storage/reading-pool.ts'
import { createAuditStore } from './storage/reports.ts'
import { createUsageStore } from './storage/usage.ts'
import type { Vault } from './storage/vault.ts'

/** What the readers' half of a gateway shares with the other. */
export interface AuditSideParts
  extends Pick<
    AuditDoorParts,
    | 'checkpoint'
    | 'managementUrl'
    | 'publicUrl'
    | 'now'
    | 'newExchangeId'
    | 'newSalt'
    | 'randomHex'
    | 'onRequest'
    | 'onStranger'
    | 'onInternalError'
  > {
  readonly databaseUrl: string
  readonly vault: Vault
  readonly ledger: Ledger
  readonly authority: () => Authority
  readonly mayRelease: (authority: number) => boolean
  readonly identity: Identity
  readonly keys: () => KeyRing
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
}

/** The readers' half of a gateway: its routes stand on the management listener. */
export interface AuditSide {
  readonly router: ReturnType<typeof createAuditRouter>
  close(): Promise<void>
}

/** Part of the composition root: puts together what reads the log. */
export function createAuditSide(parts: AuditSideParts): AuditSide {
  const { authority, identity, ledger, keys, now, vault, mayRelease } = parts
  const registry = () => authority().registry
  const pool = createReadingPool(parts.databaseUrl)
  const store = createAuditStore({ pool, openVault: () => vault })
  const readBody = createAuditBodies()
  const router = createAuditRouter({
    ...parts,
    conduct: createReadings({
      authority,
      checkStanding: identity.checkStanding,
      mayRelease,
      authenticate: identity.authenticate,
      ledger,
      now,
    }),
    desk: createAuditDesk(store, readBody),
    usage: createUsageDesk({
      store: { ...createUsageStore(pool), tagsOf: store.tagsOf },
      readBody,
      registry,
      now,
    }),
    entries: createEntriesDesk(createLogReader(pool).readEntries),
    dpopNonce: () => identity.nonces?.issue(),
    sign: (manifest) => signManifest(keys(), now(), manifest),
  })
  return { router, close: () => pool.end() }
}

import { randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { readSecretFile } from '../identity/key-file.ts'
import { createLedger } from '../ledger/ledger.ts'
import { AUDIT_SERVICE, ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { PromiseBatch } from '../ledger/promise.ts'
import { createTaggers, type TagKind } from '../ledger/tag.ts'
import { canonicalJson } from '../model/canonical.ts'
import type { ExchangeFacts } from '../model/exchange.ts'
import { formatExchangeId, type SubsystemId } from '../model/identifier.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createLedgerStore } from '../storage/ledger.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { createTagKeys } from '../storage/tag-keys.ts'
import { createVault, type Vault } from '../storage/vault.ts'

/** Whoever reads the log on the gateway's own machine, past every role. */
const LOCAL_OPERATOR: SubsystemId = 'local/operator'

interface LocalReading {
  /** What was done to the log's keys; a search of the log where absent. */
  readonly erasure?: 'erase' | 'hold' | 'release'
  readonly found: number
  /** Conditions, never an identifier. */
  readonly query: Readonly<Record<string, unknown>>
  readonly subject: string | undefined
  /** Unix milliseconds. */
  readonly nowMs: number
  /** What was done, where it was more than looking. */
  readonly operation?: 'search' | 'accept-anchor'
}

function refuseToSeal(): never {
  throw new Error('nothing is sealed without the data key')
}

/** Nobody is given a receipt here, so the log's key is not asked to sign one. */
const promiseNothing: PromiseBatch = async (first, leafHashes) => () => ({
  first,
  count: leafHashes.length,
  dueSeconds: 0,
  path: [],
  signature: new Uint8Array(0),
})

/** @returns undefined where this machine has no data key. */
export function openLocalVault({ dataDir }: Settings): Vault | undefined {
  const file = join(dataDir, 'keys/data.key')
  return existsSync(file) ? createVault(readSecretFile(file).subarray(0, 32)) : undefined
}

async function factsOf(database: Database, reading: LocalReading, isTagged: boolean): Promise<ExchangeFacts> {
  const { pool, url } = database
  const { digest } = await createRegistryStore({ pool, url, log: () => {} }).current()
  return {
    exchangeId: formatExchangeId(reading.nowMs, randomBytes(16)),
    receivedAtMs: reading.nowMs,
    traceId: randomBytes(16).toString('hex'),
    consumer: LOCAL_OPERATOR,
    binding: 'local',
    tokenDigest: 'local',
    service: reading.erasure === undefined ? AUDIT_SERVICE : ERASURE_SERVICE,
    operation: reading.erasure ?? reading.operation ?? 'search',
    registryDigest: digest === '' ? '0'.repeat(64) : digest,
    reading: { found: reading.found, query: canonicalJson(reading.query) },
    // The account stands in the record as a keyed tag, where this machine has the key.
    ...(isTagged && { officer: userInfo().username }),
    ...(isTagged && reading.subject !== undefined && { subject: reading.subject }),
  }
}

/** The kind of identifier that was looked for goes into the record, and of a person the tag. */
export function subjectOf(tag: { readonly kind: TagKind; readonly identifier: string } | undefined) {
  return tag?.kind === 'subject' ? tag.identifier : undefined
}

/**
 * Records in the log itself that the operator of this machine read it; only then is shown what was found.
 * @returns the exchange id of that record.
 * @throws GatewayError `ledger_unavailable` where it could not be recorded.
 */
export async function recordLocalReading(
  database: Database,
  settings: Settings,
  reading: LocalReading,
): Promise<string> {
  const { pool, url } = database
  const vault = openLocalVault(settings)
  const sealing = vault ?? { seal: refuseToSeal, open: refuseToSeal }
  const store = createLedgerStore({ pool, url, vault: sealing, processNumber: randomInt(1, 2 ** 31 - 1) })
  try {
    const ledger = createLedger({
      store,
      tagger: createTaggers(createTagKeys(pool, sealing)),
      random: randomBytes,
      authority: () => undefined,
      catchUp: async () => {},
      now: () => reading.nowMs,
      promise: promiseNothing,
      onAppend: () => {},
      onAvailability: () => {},
    })
    const facts = await factsOf(database, reading, vault !== undefined)
    await ledger.complete(facts, 'delivered')
    return facts.exchangeId
  } finally {
    await store.close()
  }
}

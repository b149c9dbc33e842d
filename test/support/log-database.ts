import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from './exchange-facts.ts'
import { createTestPromises } from './log-signer.ts'
import { createTestDatabase } from './postgres.ts'

/** A log over a real database that a test can write to, and tamper with. */
export interface LogDatabase {
  readonly database: Database
  readonly pool: pg.Pool
  readonly ledger: Ledger
  /** Appends so many records. @returns their exchange ids. */
  append(count: number): Promise<string[]>
  close(): Promise<void>
}

export async function createLogDatabase(): Promise<LogDatabase> {
  const made = await createTestDatabase()
  const database = await openDatabase({ url: made.url, dataDir: '', poolSize: 4, log: () => {} })
  const vault = createVault(Buffer.alloc(32, 7))
  const store = createLedgerStore({
    pool: database.pool,
    url: made.url,
    vault,
    processNumber: 1,
  })
  const tagger = createTaggers(createTagKeys(database.pool, vault))
  // The month's key is there: records stand in the order they were asked for.
  await tagger(Date.now())
  const ledger = createLedger({
    promise: createTestPromises(),
    store,
    authority: () => 1,
    catchUp: async () => {},
    tagger,
    random: randomBytes,
    now: Date.now,
    onAppend: () => {},
    onAvailability: () => {},
  })
  return {
    database,
    pool: database.pool,
    ledger,
    async append(count) {
      const ids = Array.from({ length: count }, () => formatExchangeId(Date.now(), randomBytes(16)))
      await Promise.all(ids.map((exchangeId) => ledger.complete(sampleFacts({ exchangeId }), 'delivered')))
      return ids
    },
    async close() {
      await ledger.drain()
      await store.close()
      await database.close()
      await made.drop()
    },
  }
}

import { expect } from 'chai'
import pg from 'pg'
import { applyRegistry } from '../../src/registry/administration.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { createRegistryHolder, type RegistryEvent } from '../../src/registry/registry.ts'
import type { RegistryStore } from '../../src/registry/store.ts'
import { createRegistryStore } from '../../src/storage/registry.ts'
import type { Schedule } from '../../src/storage/registry-watch.ts'
import type { StorageEvent } from '../../src/storage/storage-event.ts'
import { ADMISSION, readSound } from '../registry/fixture.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const OPTIONS = { syntheticPersons: true, admission: ADMISSION, by: 'test', note: '' } as const

/** Values in the order they come, and promises for those to come. */
function createQueue<T>() {
  const values: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    put(value: T) {
      const next = waiting.shift()
      if (next) next(value)
      else values.push(value)
    },
    take(): Promise<T> {
      const value = values.shift()
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value)
    },
    async takeUntil(isWanted: (value: T) => boolean): Promise<T> {
      let value = await this.take()
      while (!isWanted(value)) value = await this.take()
      return value
    },
  }
}

describe('watching the registry in PostgreSQL', () => {
  let documents: RegistryDocuments
  let database: TestDatabase
  let pool: pg.Pool
  let store: RegistryStore
  let logged: StorageEvent[]
  /** What the watch has asked to run later; nothing runs by itself. */
  let scheduled: (() => void)[]

  const schedule: Schedule = (run) => {
    scheduled.push(run)
    return () => scheduled.splice(scheduled.indexOf(run), 1)
  }

  before(async () => {
    documents = await readSound()
  })

  beforeEach(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    logged = []
    scheduled = []
    store = createRegistryStore({ pool, url: database.url, log: (event) => logged.push(event), schedule })
  })

  afterEach(async () => {
    await pool.end()
    await database.drop()
  })

  function withQuota(perDay: number): RegistryDocuments {
    const agreements = documents.agreements.map((agreement) => ({
      ...agreement,
      quota: { ...agreement.quota, perDay },
    }))
    return overlay(documents, { agreements })
  }

  it('tells the version at once and each change as it is committed', async () => {
    const versions = createQueue<number>()
    const unwatch = store.onChange(versions.put)
    expect(await versions.take()).to.equal(0)
    await applyRegistry(store, documents, OPTIONS)
    expect(await versions.take()).to.equal(1)
    await applyRegistry(store, withQuota(5), OPTIONS)
    expect(await versions.take()).to.equal(2)
    await unwatch()
  })

  it('heals a lost connection and what was missed meanwhile', async () => {
    const versions = createQueue<number>()
    const lost = createQueue<StorageEvent>()
    const watched = createRegistryStore({ pool, url: database.url, log: lost.put, schedule })
    const unwatch = watched.onChange(versions.put)
    await versions.take()
    await pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lienthong registry' AND datname = current_database()",
    )
    expect(await lost.take()).to.deep.equal({ event: 'connection_lost', code: '57P01' })
    await applyRegistry(store, documents, OPTIONS)
    // No message has come; the next look at the clock's time sees it, and listens again.
    scheduled.shift()?.()
    expect(await versions.take()).to.equal(1)
    await applyRegistry(store, withQuota(5), OPTIONS)
    expect(await versions.take()).to.equal(2)
    await unwatch()
  })

  it('leaves no connection and nothing scheduled when nobody watches', async () => {
    const versions = createQueue<number>()
    const unwatch = store.onChange(versions.put)
    await versions.take()
    await unwatch()
    const { rows } = await pool.query(
      "SELECT 1 FROM pg_stat_activity WHERE application_name = 'lienthong registry' AND datname = current_database()",
    )
    expect(rows).to.deep.equal([])
    expect(scheduled).to.deep.equal([])
    expect(logged).to.deep.equal([])
  })

  it('makes every gateway use the new registry, and a bad one none', async () => {
    await applyRegistry(store, documents, OPTIONS)
    const events = createQueue<RegistryEvent>()
    const holder = createRegistryHolder({
      store,
      syntheticPersons: true,
      log: events.put,
      clock: () => performance.now(),
    })
    await holder.start()
    await events.take()
    await applyRegistry(store, withQuota(5), OPTIONS)
    expect(await events.take()).to.include({ event: 'registry_loaded', version: 2 })
    expect(holder.current().agreements.get('TT-2026-001')?.document.quota.perDay).to.equal(5)
    // As a writer without these rules could: the set is in the store and does not compile.
    const change = {
      digest: 'x',
      added: [],
      changed: [],
      removed: [{ kind: 'LegalBasis', id: 'nd-278-2025' }],
    } as const
    await store.apply(change, { expectedVersion: 2, by: 'test', note: '' })
    expect(await events.take()).to.include({ event: 'registry_refused', version: 3 })
    expect(holder.current().version).to.equal(2)
    await applyRegistry(store, withQuota(7), OPTIONS)
    expect(await events.take()).to.include({ event: 'registry_loaded', version: 4 })
    expect(holder.lastError()).to.equal(undefined)
    await holder.stop()
  })

  it('refuses rows that were changed behind the store’s back', async () => {
    await applyRegistry(store, documents, OPTIONS)
    await pool.query(
      'UPDATE registry_document SET body = replace(body, \'"perDay":1000\', \'"perDay":9999\')',
    )
    const events = createQueue<RegistryEvent>()
    const holder = createRegistryHolder({
      store,
      syntheticPersons: true,
      log: events.put,
      clock: () => performance.now(),
    })
    let thrown: unknown
    await holder.start().catch((error: unknown) => {
      thrown = error
    })
    expect(thrown).to.be.instanceOf(Error)
    const event = await events.take()
    expect(event.event === 'registry_refused' && event.faults.map(({ rule }) => rule)).to.deep.equal([
      'digest',
    ])
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { applyRegistry, seedRegistry } from '../../src/registry/administration.ts'
import { diffRegistry, isEmptyDiff } from '../../src/registry/diff.ts'
import { EMPTY_DOCUMENTS, overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { exportRegistry } from '../../src/registry/export-documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import type { RegistryStore } from '../../src/registry/store.ts'
import { createRegistryStore } from '../../src/storage/registry.ts'
import { ADMISSION, createFolder, makePublicJwk, readSound } from '../registry/fixture.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')
const OPTIONS = { syntheticPersons: true, admission: ADMISSION, by: 'test', note: '' } as const

function withMore({ agencies }: RegistryDocuments): RegistryDocuments['agencies'] {
  return [...agencies, ...agencies.slice(0, 1).map((agency) => ({ ...agency, code: 'H26' }))]
}

/** Ends for all once it was called `count` times. */
function createBarrier(count: number): () => Promise<void> {
  let missing = count
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    missing -= 1
    if (missing === 0) open()
    return opened
  }
}

describe('the registry in PostgreSQL', () => {
  let documents: RegistryDocuments
  let database: TestDatabase
  let pool: pg.Pool
  let store: RegistryStore

  before(async () => {
    documents = await readSound({})
  })

  beforeEach(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    store = createRegistryStore({ pool, url: database.url, log: () => {} })
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

  async function countRows(): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM registry_document',
    )
    return rows[0]?.count ?? 0
  }

  describe('apply', () => {
    it('starts from nothing', async () => {
      expect(await store.version()).to.equal(0)
      expect((await store.current()).documents.agreements).to.deep.equal([])
      const outcome = await applyRegistry(store, documents, OPTIONS)
      expect(outcome).to.include({ outcome: 'applied', version: 1 })
      const { version, documents: stored } = await store.current()
      expect(version).to.equal(1)
      expect(isEmptyDiff(diffRegistry(stored, documents))).to.equal(true)
    })

    it('writes only what differs, keeps what was, and says who did it', async () => {
      await applyRegistry(store, documents, { ...OPTIONS, by: 'an', note: 'first' })
      const before = await countRows()
      const outcome = await applyRegistry(store, withQuota(5), { ...OPTIONS, by: 'binh', note: 'less' })
      expect(outcome.outcome === 'applied' && outcome.diff.changed).to.deep.equal([
        { kind: 'Agreement', id: 'TT-2026-001', changes: ['/quota/perDay'] },
      ])
      expect(await countRows()).to.equal(before + 1)
      const past = await store.at(1)
      expect(past?.documents.agreements[0]?.quota.perDay).to.equal(1000)
      expect((await store.at(2))?.documents.agreements[0]?.quota.perDay).to.equal(5)
      expect(await store.at(3)).to.equal(undefined)
      const history = await store.history()
      expect(history.map(({ version, by, note }) => `${version} ${by} ${note}`)).to.deep.equal([
        '2 binh less',
        '1 an first',
      ])
      expect(history[1]?.digest).to.equal(past?.digest)
    })

    it('takes away what is no longer there, and can bring it back', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const less = { ...documents, agreements: [] }
      const outcome = await applyRegistry(store, less, OPTIONS)
      expect(outcome.outcome === 'applied' && outcome.diff.removed).to.deep.equal([
        { kind: 'Agreement', id: 'TT-2026-001' },
      ])
      expect((await store.current()).documents.agreements).to.deep.equal([])
      await applyRegistry(store, documents, OPTIONS)
      expect((await store.current()).documents.agreements).to.deep.equal(documents.agreements)
      expect((await store.at(2))?.documents.agreements).to.deep.equal([])
    })

    it('makes no version where nothing changed', async () => {
      await applyRegistry(store, documents, OPTIONS)
      expect(await applyRegistry(store, documents, OPTIONS)).to.deep.equal({
        outcome: 'unchanged',
        version: 1,
      })
      expect(await store.history()).to.have.length(1)
    })

    it('refuses a set with a fault as a whole', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const bad = overlay(withQuota(5), { legalBases: [] })
      const outcome = await applyRegistry(store, { ...bad, legalBases: [] }, OPTIONS)
      expect(
        outcome.outcome === 'refused' && outcome.faults.map(({ path, pointer }) => path + pointer),
      ).to.deep.equal(['Agreement/TT-2026-001/legalBases/0'])
      expect((await store.current()).documents.agreements[0]?.quota.perDay).to.equal(1000)
      expect(await store.version()).to.equal(1)
    })

    it('lets one of two win, and tells the other', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const bothHaveRead = createBarrier(2)
      const slow: RegistryStore = {
        ...store,
        async current() {
          const read = await store.current()
          await bothHaveRead()
          return read
        },
      }
      const outcomes = await Promise.all(
        [5, 6].map((perDay) => applyRegistry(slow, withQuota(perDay), OPTIONS)),
      )
      expect(outcomes.map(({ outcome }) => outcome)).to.have.members(['applied', 'conflict'])
      const conflict = outcomes.find(({ outcome }) => outcome === 'conflict')
      expect(conflict).to.deep.equal({ outcome: 'conflict', version: 2 })
      expect(await store.version()).to.equal(2)
      const { rows } = await pool.query(
        'SELECT 1 FROM registry_document WHERE kind = $1 AND until_version IS NULL',
        ['Agreement'],
      )
      expect(rows).to.have.length(1)
    })

    it('writes nothing from a version that the store has not reached', async () => {
      const change = { digest: 'd', added: [], changed: [], removed: [] }
      const outcome = await store.apply(change, { expectedVersion: 5, by: 'test', note: '' })
      expect(outcome).to.deep.equal({ applied: false, version: 0 })
    })

    it('waits for a writer that has not committed, and then gives way', async () => {
      const other = await pool.connect()
      await other.query("BEGIN; INSERT INTO registry_version VALUES (1, 'd', now(), 'other', '')")
      const applying = applyRegistry(store, documents, OPTIONS)
      await waitForLock()
      await other.query('COMMIT')
      other.release()
      expect(await applying).to.deep.equal({ outcome: 'conflict', version: 1 })
      expect(await countRows()).to.equal(0)
    })

    it('writes nothing where the rows are not those it read', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const { current } = store
      const tampering: RegistryStore = {
        ...store,
        async current() {
          const read = await current()
          await pool.query("DELETE FROM registry_document WHERE kind = 'Agreement'")
          return read
        },
      }
      let thrown: unknown
      await applyRegistry(tampering, withQuota(5), OPTIONS).catch((error: unknown) => {
        thrown = error
      })
      expect(thrown).to.be.instanceOf(Error)
      expect(await store.version()).to.equal(1)
    })

    async function waitForLock(): Promise<void> {
      let waiting = 0
      while (waiting === 0) {
        const { rows } = await pool.query<{ waiting: number }>(
          "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        waiting = rows[0]?.waiting ?? 0
      }
    }
  })

  describe('seed', () => {
    it('fills an empty store and leaves another alone', async () => {
      const outcome = await seedRegistry(store, async () => documents, OPTIONS)
      expect(outcome).to.include({ outcome: 'applied', version: 1 })
      const again = await seedRegistry(store, () => Promise.reject(new Error('not to be read')), OPTIONS)
      expect(again).to.deep.equal({ outcome: 'unchanged', version: 1 })
    })

    it('lets gateways that start at once agree', async () => {
      const outcomes = await Promise.all(
        [1, 2, 3].map(() => seedRegistry(store, async () => documents, OPTIONS)),
      )
      expect(outcomes.map(({ outcome }) => outcome)).to.have.members(['applied', 'unchanged', 'unchanged'])
      expect(await store.version()).to.equal(1)
    })
  })

  describe('reading', () => {
    it('hands out the same objects for what did not change', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const first = await store.current()
      expect(await store.current(first)).to.equal(first)
      await applyRegistry(store, { ...withQuota(5), agencies: documents.agencies }, OPTIONS)
      const second = await store.current(first)
      expect(second.documents.services[0]).to.equal(first.documents.services[0])
      expect(second.documents.agreements[0]).to.not.equal(first.documents.agreements[0])
      expect(isEmptyDiff(diffRegistry(second.documents, (await store.current()).documents))).to.equal(true)
    })

    it('reads one version whole though the next is written meanwhile', async () => {
      await applyRegistry(store, documents, OPTIONS)
      const first = await store.current()
      await applyRegistry(store, { ...documents, agencies: withMore(documents) }, OPTIONS)
      const { query } = pool
      let writing: Promise<unknown> | undefined
      // Between the reading of the version and that of its documents, another version comes.
      const slow: pg.Pool = Object.create(pool, {
        query: {
          async value(...question: Parameters<typeof query>) {
            const answer = await Reflect.apply(query, pool, question)
            writing ??= applyRegistry(store, { ...withQuota(5), agencies: withMore(documents) }, OPTIONS)
            await writing
            return answer
          },
        },
      })
      const reader = createRegistryStore({ pool: slow, url: database.url, log: () => {} })
      const second = await reader.current(first)
      expect(second.version).to.equal(2)
      expect(second.documents.agreements[0]?.quota.perDay).to.equal(1000)
      expect(
        isEmptyDiff(diffRegistry(second.documents, (await store.at(2))?.documents ?? EMPTY_DOCUMENTS)),
      ).to.equal(true)
      expect((await reader.current(second)).documents.agreements[0]?.quota.perDay).to.equal(5)
    })

    it('reads all again from a database put back to an earlier state', async () => {
      await applyRegistry(store, documents, OPTIONS)
      await applyRegistry(store, withQuota(5), OPTIONS)
      const ahead = await store.current()
      await pool.query('DELETE FROM registry_document WHERE since_version = 2')
      await pool.query('UPDATE registry_document SET until_version = NULL')
      await pool.query('DELETE FROM registry_version WHERE version = 2')
      const back = await store.current(ahead)
      expect(back.version).to.equal(1)
      expect(back.documents.agreements[0]?.quota.perDay).to.equal(1000)
    })
  })

  describe('export', () => {
    it('writes what applies back without a difference, twice in the same bytes', async () => {
      const shipped = await readRegistryDirectory(
        join(PROJECT, 'config/registry'),
        join(PROJECT, 'schemas'),
        OPTIONS,
      )
      const subsystems = shipped.documents.subsystems.map((subsystem) => ({
        ...subsystem,
        contact: '# "quoted": yes, \\ and ’',
        credentials: { jwks: [makePublicJwk(`of ${subsystem.id}`.replace(' ', '-'))], certificates: [] },
      }))
      const applied = await applyRegistry(store, overlay(shipped.documents, { subsystems }), OPTIONS)
      expect(applied.outcome).to.equal('applied')
      const folder = await createFolder()
      const [first, second] = [join(folder.path, 'a'), join(folder.path, 'b')]
      const outcome = await exportRegistry(store, first)
      expect(outcome.outcome === 'exported' && outcome.files).to.include.members([
        'agencies/G01.yaml',
        'subsystems/H29/mot-cua.yaml',
        'services/G01/dan-cu/cong-dan.v1.yaml',
        'legal-bases/nd-278-2025.yaml',
        'agreements/TT-2026-001.yaml',
        'schemas/dictionary/person.yaml',
        'schemas/services/G01/dan-cu/cong-dan.v1.yaml',
      ])
      const read = await readRegistryDirectory(first, '/nowhere', OPTIONS)
      expect(read.faults).to.deep.equal([])
      const again = await applyRegistry(store, read.documents, OPTIONS)
      expect(again).to.deep.equal({ outcome: 'unchanged', version: 1 })
      await exportRegistry(store, second)
      const file = 'schemas/services/G01/dan-cu/cong-dan.v1.yaml'
      expect(await readFile(join(second, file))).to.deep.equal(await readFile(join(first, file)))
      expect((await exportRegistry(store, first)).outcome).to.equal('refused')
      await folder.remove()
    })
  })
})

import { randomBytes, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type BulkAsk, type BulkState, type BulkStore, emptyCounts } from '../../src/jobs/bulk.ts'
import { createBulkStore } from '../../src/storage/bulk.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { PROCESS_LOCK } from '../../src/storage/process-lock.ts'
import { createVault } from '../../src/storage/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

/** The process that the tests play; it holds no lock, so to others it does not live. */
const PROCESS = 7

const ASK = {
  consumer: { id: 'H29/mot-cua' },
  service: 'G01/dan-cu/cong-dan/v1',
  operation: 'verifyCitizens',
  format: 'ndjson',
  sizeBytes: 10,
} as unknown as BulkAsk

describe('bulk jobs in PostgreSQL', () => {
  let database: TestDatabase
  let opened: Database
  let store: BulkStore
  let sent: string[]
  let woken = 0

  const storeOf = (processNumber: number) =>
    createBulkStore({
      pool: opened.pool,
      vault: createVault(key),
      queue: {
        async sendWithin(_client, _queue, { job }) {
          sent.push(String(job))
          return 'queue-job'
        },
        wake: () => {
          woken += 1
        },
      },
      processNumber,
      keepDays: 1,
    })
  const key = randomBytes(32)

  before(async () => {
    database = await createTestDatabase()
    opened = await openDatabase({ url: database.url, dataDir: '', poolSize: 2, log: () => {} })
    store = storeOf(PROCESS)
  })
  after(async () => {
    await opened.close()
    await database.drop()
  })
  beforeEach(() => {
    sent = []
  })

  const bytes = (text: string) => [Buffer.from(text)]

  async function upload(ask: Partial<BulkAsk> = {}): Promise<string> {
    const id = randomUUID()
    await store.create(id, { ...ASK, ...ask })
    await store.append(id, 0, bytes('0123456789'))
    return id
  }

  const stateOf = async (id: string) => (await store.find(id))?.state
  async function claim(id: string, by = store) {
    const claimed = await by.claim(id, randomUUID())
    if (claimed === undefined) throw new Error('not claimed')
    return claimed
  }
  const step = (id: string, epoch: number, from: number, to: number) => ({
    ...{ id, epoch, from, to, exchanges: 1 },
    results: Buffer.from(`${from}-${to}\n`),
    counts: emptyCounts(),
  })
  async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
    const read: Buffer[] = []
    for await (const piece of pieces) read.push(piece)
    return Buffer.concat(read).toString()
  }
  const put = (id: string, state: BulkState) =>
    opened.pool.query('UPDATE bulk_job SET state = $2 WHERE id = $1', [id, state])

  it('take a file where it goes on, up to its size, and are queued once it is whole', async () => {
    const id = randomUUID()
    await store.create(id, ASK)
    expect(await store.append(id, 0, bytes('01234'))).to.deep.equal({ receivedBytes: 5, isWhole: false })
    const conflict = { conflict: true, receivedBytes: 5 }
    expect(await store.append(id, 0, bytes('01234'))).to.deep.equal(conflict)
    expect(await store.append(id, 6, bytes('6'))).to.deep.equal(conflict)
    expect(await store.append(id, 5, bytes('567890'))).to.deep.equal(conflict)
    expect([await stateOf(id), sent]).to.deep.equal(['uploading', []])
    const before = woken
    expect(await store.append(id, 5, bytes('56789'))).to.deep.equal({ receivedBytes: 10, isWhole: true })
    expect([await stateOf(id), sent, woken]).to.deep.equal(['queued', [id], before + 1])
    expect(await store.append(id, 10, [])).to.deep.equal({ conflict: true, receivedBytes: 10 })
    expect(await textOf(store.input(id))).to.equal('0123456789')
    expect(await store.append(randomUUID(), 0, bytes('x'))).to.equal(undefined)
  })

  it('keep a file in rows of a quarter of a megabyte, however it came', async () => {
    const id = randomUUID()
    await store.create(id, { ...ASK, sizeBytes: 262_147 })
    const file = Buffer.alloc(262_147, 'x')
    await store.append(id, 0, [file.subarray(0, 100_000), file.subarray(100_000, 262_144)])
    await store.append(id, 262_144, [file.subarray(262_144, 262_146), file.subarray(262_146)])
    const { rows } = await opened.pool.query(
      'SELECT at_byte::int FROM bulk_input WHERE job = $1 ORDER BY 1',
      [id],
    )
    expect(rows).to.deep.equal([{ at_byte: 0 }, { at_byte: 262_144 }])
    expect(await textOf(store.input(id))).to.equal(file.toString())
  })

  it('are claimed while they wait or run, each time under a new epoch, and not otherwise', async () => {
    const id = await upload()
    const [first, second] = [await claim(id), await claim(id)]
    expect([first.epoch, second.epoch]).to.deep.equal([1, 2])
    expect(first.job).to.deep.include({ state: 'running', ask: ASK, records: 0 })
    for (const state of ['uploading', 'paused', 'stopped', 'failed', 'cancelled', 'done'] as const) {
      await put(id, state)
      expect(await store.claim(id, randomUUID()), state).to.equal(undefined)
    }
  })

  it('write down a step once, where the last one ended, for whoever holds them', async () => {
    const id = await upload()
    const stale = await claim(id)
    const { epoch } = await claim(id)
    expect(await store.commit(step(id, stale.epoch, 0, 3))).to.equal(undefined)
    expect(await store.commit(step(id, epoch, 0, 3))).to.equal('running')
    expect(await store.commit(step(id, epoch, 0, 3))).to.equal(undefined)
    expect(await store.commit(step(id, epoch, 4, 6))).to.equal(undefined)
    // What was done by the time somebody paused it is kept.
    await store.pause(id)
    expect(await store.commit(step(id, epoch, 3, 5))).to.equal('paused')
    for (const state of ['queued', 'stopped', 'cancelled', 'done'] as const) {
      await put(id, state)
      expect(await store.commit(step(id, epoch, 5, 6)), state).to.equal(undefined)
    }
    expect(await store.find(id)).to.include({ records: 5, exchanges: 2 })
    expect(await textOf(store.results(id))).to.equal('0-3\n3-5\n')
  })

  it('are paused while there is something to pause, and go on from where they were', async () => {
    const id = await upload()
    expect([await store.pause(id), await stateOf(id)]).to.deep.equal([true, 'paused'])
    expect([await store.pause(id), await store.resume(id), await stateOf(id)]).to.deep.equal([
      false,
      true,
      'queued',
    ])
    expect([await store.resume(id), sent]).to.deep.equal([false, [id, id]])
    for (const [state, pauses, resumes] of [
      ['uploading', false, false],
      ['queued', true, false],
      ['running', true, false],
      ['stopped', false, true],
      ['failed', false, true],
      ['cancelled', false, false],
      ['done', false, false],
    ] as const) {
      await put(id, state)
      expect(await store.pause(id), `pause ${state}`).to.equal(pauses)
      await put(id, state)
      expect(await store.resume(id), `resume ${state}`).to.equal(resumes)
    }
  })

  it('are ended by whoever holds them while they run, their files let go of when they are done', async () => {
    const id = await upload()
    const { epoch } = await claim(id)
    await store.commit(step(id, epoch, 0, 3))
    await store.end(id, epoch - 1, 'failed', 'provider_unavailable')
    expect(await stateOf(id)).to.equal('running')
    await store.end(id, epoch, 'stopped', 'agreement_missing')
    expect(await store.find(id)).to.include({
      state: 'stopped',
      code: 'agreement_missing',
      finishedAt: undefined,
    })
    expect(await textOf(store.input(id))).to.equal('0123456789')
    await store.end(id, epoch, 'done')
    expect([await stateOf(id), await textOf(store.input(id))]).to.deep.equal(['stopped', '0123456789'])
    await store.resume(id)
    const again = await claim(id)
    await store.end(id, again.epoch, 'done')
    const done = await store.find(id)
    expect([done?.state, done?.finishedAt instanceof Date, done?.code]).to.deep.equal([
      'done',
      true,
      undefined,
    ])
    expect(await textOf(store.input(id))).to.equal('')
    expect(await textOf(store.results(id))).to.equal('0-3\n')
  })

  it('are counted as data cleaning once they are done; a set that is ordered is none', async () => {
    const cleaned = async () => {
      const { rows } = await opened.pool.query('SELECT coalesce(sum(jobs), 0)::int AS jobs FROM cleaning_day')
      return rows[0]?.jobs
    }
    const before = await cleaned()
    const set = { scope: {}, rules: { k: 2, pageSize: 1, columns: {} } }
    for (const [ask, more] of [
      [{}, 1],
      [{ set }, 0],
    ] as const) {
      const id = await upload(ask)
      const { epoch } = await claim(id)
      const was = await cleaned()
      await store.end(id, epoch, 'done')
      expect((await cleaned()) - was).to.equal(more)
    }
    expect((await cleaned()) - before).to.equal(1)
  })

  it('leave nothing but that they were there once they are cancelled', async () => {
    const id = await upload()
    const { epoch } = await claim(id)
    await store.commit(step(id, epoch, 0, 3))
    expect(await store.cancel(id)).to.equal(true)
    expect(await stateOf(id)).to.equal('cancelled')
    expect([await textOf(store.input(id)), await textOf(store.results(id))]).to.deep.equal(['', ''])
    expect(await store.cancel(randomUUID())).to.equal(false)
  })

  it('are given back to the queue where their process is gone, and only then', async () => {
    const id = await upload()
    const queueJob = randomUUID()
    await store.claim(id, queueJob)
    // One's own work is never another's to take.
    expect(await store.releaseDead()).to.not.include(queueJob)
    const other = storeOf(PROCESS + 1)
    await put(id, 'paused')
    expect(await other.releaseDead()).to.not.include(queueJob)
    await put(id, 'running')
    const living = await opened.pool.connect()
    await living.query('SELECT pg_advisory_lock($1, $2)', [PROCESS_LOCK, PROCESS])
    expect(await other.releaseDead()).to.not.include(queueJob)
    await living.query('SELECT pg_advisory_unlock_all()')
    living.release()
    expect(await other.releaseDead()).to.include(queueJob)
    expect(await other.releaseDead()).to.not.include(queueJob)
  })

  it('are listed to their consumer alone, the latest first, and swept when their time is over', async () => {
    await opened.pool.query('DELETE FROM bulk_job')
    const [old, young] = [await upload(), await upload()]
    await opened.pool.query("UPDATE bulk_job SET created_at = created_at - interval '1 hour' WHERE id = $1", [
      old,
    ])
    expect((await store.list('H29/mot-cua')).map(({ id }) => id)).to.deep.equal([young, old])
    expect(await store.list('H26/mot-cua')).to.deep.equal([])
    expect(await store.sweep()).to.equal(0)
    await opened.pool.query('UPDATE bulk_job SET expires_at = now() WHERE id = $1', [old])
    expect(await store.sweep()).to.equal(1)
    expect([await stateOf(old), await stateOf(young)]).to.deep.equal([undefined, 'queued'])
  })
})

import { expect } from 'chai'
import pg from 'pg'
import type { DoJob, JobEnd, QueueDefinition } from '../../src/jobs/queue.ts'
import { createJobQueue, type StoredJobQueue } from '../../src/storage/job-queue.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const QUEUE: QueueDefinition = {
  name: 'try',
  order: 'any',
  retries: 1,
  retryDelaySeconds: 0,
  maxRetryDelaySeconds: 1,
  concurrency: 2,
  timeLimitSeconds: 60,
  keepDays: 1,
}

describe('the job queue', () => {
  let database: TestDatabase
  let pool: pg.Pool
  const opened: StoredJobQueue[] = []

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 6 })
    pool.on('error', () => {})
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.stop(1000)))
  })
  after(async () => {
    await pool.end()
    await database.drop()
  })

  /** A queue whose ends are handed out one by one. */
  async function open(
    definition: Partial<QueueDefinition> & { readonly name: string },
    doJob: DoJob,
    works = true,
  ): Promise<{ queue: StoredJobQueue; nextEnd(): Promise<JobEnd> }> {
    const ends: JobEnd[] = []
    let tell = () => {}
    const queue = createJobQueue({
      pool,
      observe(_, end) {
        ends.push(end)
        tell()
      },
      onError(error) {
        throw error
      },
    })
    queue.define({ ...QUEUE, ...definition }, doJob)
    await queue.start({ works })
    opened.push(queue)
    return {
      queue,
      async nextEnd() {
        while (ends.length === 0) await new Promise<void>((resolve) => (tell = resolve))
        return ends.shift() ?? 'dead'
      },
    }
  }

  it('does what was sent, and hands over its data', async () => {
    const seen: unknown[] = []
    const { queue, nextEnd } = await open({ name: 'does' }, async ({ data, attempt }) => {
      seen.push(data, attempt)
      return 'done'
    })
    await queue.send('does', { id: 7 })
    expect(await nextEnd()).to.equal('done')
    expect(seen).to.deep.equal([{ id: 7 }, 1])
  })

  it('tries again what failed, keeps it as a dead letter after the last try, and revives it', async () => {
    const seen: [number, boolean][] = []
    const { queue, nextEnd } = await open({ name: 'fails' }, async ({ attempt, isLastAttempt }) => {
      seen.push([attempt, isLastAttempt])
      if (seen.length <= 2) throw new Error('a secret of a person')
      return 'done'
    })
    await queue.send('fails', { id: 1 })
    expect([await nextEnd(), await nextEnd()]).to.deep.equal(['failed', 'dead'])
    expect(seen).to.deep.equal([
      [1, false],
      [2, true],
    ])
    const { rows } = await pool.query("SELECT output::text FROM job_queue.job WHERE name LIKE 'fails%'")
    expect(JSON.stringify(rows)).to.not.contain('secret')
    // The library moves it after the try has ended.
    while ((await queue.states())[0]?.dead !== 1);
    expect(await queue.revive('fails')).to.equal(1)
    expect(await nextEnd()).to.equal('done')
  })

  it('puts off what asks for it without counting a failure', async () => {
    let tries = 0
    const { queue, nextEnd } = await open({ name: 'later', retries: 0 }, async () => {
      tries += 1
      return tries < 3 ? { againInSeconds: 0 } : 'done'
    })
    await queue.send('later', {})
    expect([await nextEnd(), await nextEnd(), await nextEnd()]).to.deep.equal(['again', 'again', 'done'])
  })

  it('takes one of a key where the queue says so, and tells how full it is', async () => {
    const { queue } = await open({ name: 'once', order: 'one_per_key' }, async () => 'done', false)
    expect(await queue.send('once', {}, { key: 'a' })).to.be.a('string')
    expect(await queue.send('once', {}, { key: 'a' })).to.equal(undefined)
    expect(await queue.send('once', {}, { key: 'b' })).to.be.a('string')
    const [state] = await queue.states()
    expect(state).to.include({ name: 'once', waiting: 2, running: 0, dead: 0 })
    expect(state?.oldestSeconds).to.be.at.least(0)
  })

  it('lets a job come into being only with the transaction that sends it', async () => {
    const { queue } = await open({ name: 'within' }, async () => 'done', false)
    const client = await pool.connect()
    await client.query('BEGIN')
    await queue.sendWithin(client, 'within', { id: 1 })
    await client.query('ROLLBACK')
    client.release()
    expect((await queue.states())[0]?.waiting).to.equal(0)
  })

  it('asks what is under way to stop, and waits for it', async () => {
    let began = () => {}
    const begun = new Promise<void>((resolve) => (began = resolve))
    const { queue, nextEnd } = await open({ name: 'stops' }, async ({ signal }) => {
      began()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { againInSeconds: 0 }
    })
    await queue.send('stops', { id: 5 })
    await begun
    await queue.stop(5000)
    expect(await nextEnd()).to.equal('again')
    const { rows } = await pool.query(
      "SELECT state::text FROM job_queue.job WHERE name = 'stops' ORDER BY created_on",
    )
    expect(rows.map(({ state }) => state)).to.deep.equal(['completed', 'created'])
  })

  it('hands a job whose process is known to be dead to another one', async () => {
    const { queue: dead } = await open({ name: 'orphan' }, async () => 'done', false)
    const id = await dead.send('orphan', { id: 9 })
    // As a process leaves it that took the job and was killed.
    await pool.query("UPDATE job_queue.job SET state = 'active', started_on = now() WHERE id = $1", [id])
    const { queue, nextEnd } = await open({ name: 'orphan' }, async () => 'done')
    await queue.release('orphan', id ?? '')
    expect(await nextEnd()).to.equal('done')
  })
})

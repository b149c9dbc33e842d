import type pg from 'pg'
import { type Job, PgBoss } from 'pg-boss'
import type {
  DoJob,
  JobData,
  JobEnd,
  JobOrder,
  JobQueue,
  JobWorkshop,
  QueueDefinition,
  QueueState,
  SendOptions,
} from '../jobs/queue.ts'

/** The queue's tables stand in a schema of their own, which the library makes and migrates. */
export const QUEUE_SCHEMA = 'job_queue'

const POLICIES: Readonly<Record<JobOrder, string>> = {
  any: 'standard',
  by_key: 'key_strict_fifo',
  one_per_key: 'exclusive',
}
/** A job whose process has not been heard of for this long is tried again; the library takes no less. */
const HEARTBEAT_SECONDS = 10
const SUPERVISE_SECONDS = 5
/** Jobs sent by this process are taken at once, those of others at the next look. */
const POLL_SECONDS = 1
const KEEP_DEAD_DAYS = 30
const DAY_SECONDS = 86_400
const TIME_ZONE = 'Asia/Ho_Chi_Minh'

const deadLettersOf = (queue: string) => `${queue}.dead`

type Querier = Pick<pg.Pool, 'query'>

function databaseOf(querier: Querier): {
  executeSql(text: string, values?: unknown[]): Promise<pg.QueryResult>
} {
  return { executeSql: (text, values) => querier.query(text, values) }
}

/** Makes or migrates the queue's schema; one process does it, as part of the gateway's own migrations. */
export async function installJobQueue(client: Querier): Promise<void> {
  const boss = new PgBoss({ db: databaseOf(client), schema: QUEUE_SCHEMA, supervise: false, schedule: false })
  await boss.start()
  await boss.stop({ graceful: false })
}

interface JobQueueParts {
  readonly pool: pg.Pool
  /** Told of each try this process made. */
  readonly observe: (queue: string, end: JobEnd, seconds: number, error?: unknown) => void
  readonly onError: (error: unknown) => void
}

/** A job queue with what only the storage can offer: jobs that come into being with a transaction of its own. */
export interface StoredJobQueue extends JobWorkshop {
  /** Sends as part of the client's transaction: the job exists if and only if that commits. */
  sendWithin(
    client: Querier,
    queue: string,
    data: JobData,
    options?: SendOptions,
  ): Promise<string | undefined>
  /** Has this process look at a queue now: what was sent within a transaction is there once that has committed. */
  wake(queue: string): void
}

interface Entry {
  readonly definition: QueueDefinition
  readonly doJob: DoJob
}

const STATES = `SELECT name,
    count(*) FILTER (WHERE state < 'active')::int AS waiting,
    count(*) FILTER (WHERE state = 'active')::int AS running,
    coalesce(extract(epoch FROM now() - min(start_after) FILTER (WHERE state < 'active' AND start_after <= now())), 0)::float8
      AS oldest_seconds
  FROM ${QUEUE_SCHEMA}.job WHERE name = ANY ($1) AND state <= 'active' GROUP BY name`

/** Jobs in PostgreSQL, kept by pg-boss: claimed with SKIP LOCKED, watched by heartbeats, retried with back-off. */
export function createJobQueue({ pool, observe, onError }: JobQueueParts): StoredJobQueue {
  const entries = new Map<string, Entry>()
  const schedules: { readonly queue: string; readonly cron: string }[] = []
  const workers = new Map<string, string>()
  const stopping = new AbortController()
  let boss: PgBoss | undefined

  function started(): PgBoss {
    if (boss === undefined) throw new Error('the job queue is used before it was started')
    return boss
  }

  async function makeQueue({ definition }: Entry): Promise<void> {
    const { name, order } = definition
    const dead = deadLettersOf(name)
    await started().createQueue(dead, { retentionSeconds: KEEP_DEAD_DAYS * DAY_SECONDS })
    const options = {
      retryLimit: definition.retries,
      retryDelay: definition.retryDelaySeconds,
      retryBackoff: true,
      retryDelayMax: definition.maxRetryDelaySeconds,
      expireInSeconds: definition.timeLimitSeconds,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      deleteAfterSeconds: definition.keepDays * DAY_SECONDS,
      retentionSeconds: KEEP_DEAD_DAYS * DAY_SECONDS,
      deadLetter: dead,
    }
    await started().createQueue(name, { ...options, policy: POLICIES[order] })
    // Made by an older version, perhaps, with other figures.
    await started().updateQueue(name, options)
  }

  /** One try. What it throws goes to the library, which sees to the next one. */
  async function attempt({ definition, doJob }: Entry, job: Job<JobData>): Promise<void> {
    const { name, retries } = definition
    const startedMs = performance.now()
    const seconds = () => (performance.now() - startedMs) / 1000
    try {
      const isLastAttempt = job.retryCount >= retries
      const signal = AbortSignal.any([job.signal, stopping.signal])
      const { id, data } = job
      const result = await doJob({ id, data: data ?? {}, attempt: job.retryCount + 1, isLastAttempt, signal })
      if (result !== 'done') {
        await started().send(name, job.data, { startAfter: Math.ceil(result.againInSeconds) })
        wake(name)
      }
      observe(name, result === 'done' ? 'done' : 'again', seconds())
    } catch (error) {
      observe(name, job.retryCount >= retries ? 'dead' : 'failed', seconds(), error)
      // The library keeps what is thrown: a message may quote data, so only the kind of error is kept.
      throw new Error(error instanceof Error ? error.name : 'unknown')
    }
  }

  async function work(entry: Entry): Promise<void> {
    const { name, concurrency } = entry.definition
    const options = { pollingIntervalSeconds: POLL_SECONDS, localConcurrency: concurrency, batchSize: 1 }
    const worker = await started().work<JobData>(name, options, async ([job]) => {
      if (job !== undefined) await attempt(entry, job)
    })
    workers.set(name, worker)
  }

  async function sendOver(
    querier: Querier | undefined,
    queue: string,
    data: JobData,
    { key, notBeforeMs }: SendOptions = {},
  ): Promise<string | undefined> {
    const id = await started().send(queue, data, {
      ...(key !== undefined && { singletonKey: key }),
      ...(notBeforeMs !== undefined && { startAfter: new Date(notBeforeMs) }),
      ...(querier !== undefined && { db: databaseOf(querier) }),
    })
    return id ?? undefined
  }

  function wake(queue: string): void {
    const worker = workers.get(queue)
    if (worker !== undefined) boss?.notifyWorker(worker)
  }

  const queue: JobQueue = {
    async send(name, data, options) {
      const id = await sendOver(undefined, name, data, options)
      wake(name)
      return id
    },
    async release(name, id) {
      await started().fail(name, id)
    },
    async cancel(name, id) {
      await started().cancel(name, id)
    },
    async revive(name) {
      const revived = await started().redrive(deadLettersOf(name))
      wake(name)
      return revived
    },
    async states() {
      const names = [...entries.keys()]
      const { rows } = await pool.query<{
        name: string
        waiting: number
        running: number
        oldest_seconds: number
      }>(STATES, [[...names, ...names.map(deadLettersOf)]])
      const found = new Map(rows.map((row) => [row.name, row]))
      return names.map((name): QueueState => {
        const { waiting = 0, running = 0, oldest_seconds: oldestSeconds = 0 } = found.get(name) ?? {}
        return { name, waiting, running, oldestSeconds, dead: found.get(deadLettersOf(name))?.waiting ?? 0 }
      })
    },
  }

  return {
    ...queue,
    wake,
    sendWithin: (client, name, data, options) => sendOver(client, name, data, options),
    define(definition, doJob) {
      entries.set(definition.name, { definition, doJob })
    },
    schedule(name, cron) {
      schedules.push({ queue: name, cron })
    },
    async start({ works }) {
      boss = new PgBoss({
        db: databaseOf(pool),
        schema: QUEUE_SCHEMA,
        migrate: false,
        supervise: works,
        schedule: works,
        superviseIntervalSeconds: SUPERVISE_SECONDS,
        monitorIntervalSeconds: SUPERVISE_SECONDS,
      })
      boss.on('error', onError)
      await boss.start()
      for (const entry of entries.values()) await makeQueue(entry)
      if (!works) return
      for (const { queue: name, cron } of schedules)
        await started().schedule(name, cron, {}, { tz: TIME_ZONE })
      for (const entry of entries.values()) await work(entry)
    },
    async stop(timeoutMs) {
      stopping.abort()
      await boss?.stop({ graceful: true, timeout: timeoutMs })
    },
  }
}

import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { firstProgress, type ProcedureOrder } from '../../src/exchange/procedure.ts'
import { FIRST_PROGRESS, type RequestOrder } from '../../src/exchange/request.ts'
import { claimSubmission } from '../../src/exchange/submission.ts'
import { createRetentionSide } from '../../src/gateway/retention.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import type { BulkAsk } from '../../src/jobs/bulk.ts'
import type { JobEnd } from '../../src/jobs/queue.ts'
import { findSubject } from '../../src/jobs/retention.ts'
import { createFsckPass } from '../../src/ledger/fsck.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { dayInVietnam } from '../../src/ledger/retention.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import type { ExchangeFacts } from '../../src/model/exchange.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import type { Registry } from '../../src/registry/snapshot.ts'
import { createBulkStore } from '../../src/storage/bulk.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createDeliveryStore } from '../../src/storage/deliveries.ts'
import { createErasureStore } from '../../src/storage/erasure.ts'
import { createEventStore } from '../../src/storage/events.ts'
import { createJobQueue } from '../../src/storage/job-queue.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { createProcedureStore } from '../../src/storage/procedures.ts'
import { createAuditStore } from '../../src/storage/reports.ts'
import { createRequestStore } from '../../src/storage/requests.ts'
import { createSubmissionStore } from '../../src/storage/submissions.ts'
import { createSubscriptionStore } from '../../src/storage/subscriptions.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createUsageStore } from '../../src/storage/usage.ts'
import { createVault } from '../../src/storage/vault.ts'
import { type Cluster, createCluster } from '../faults/cluster.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises, createTestSigner } from '../support/log-signer.ts'
import { foundIn, settleFiles } from '../support/raw-search.ts'

/** Nobody else's, and in no file that a program brings. */
const PERSON = '099087659911'
const OTHERS = ['099087659922', '099087659933', '099087659944']
const OTHER = '099087659922'
const NOW = Date.parse('2026-06-15T03:00:00Z')
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const CONSUMER = { id: 'H29/mot-cua', binding: 'dpop', tokenDigest: '' } as const
const TYPE = 'citizenDied'

describe('erasure in PostgreSQL', () => {
  let cluster: Cluster
  let database: Database
  let ledger: Ledger
  let closeLedger: (() => Promise<void>) | undefined
  const vault = createVault(randomBytes(32))
  const orderKey = randomBytes(32)
  const jobs = { sendWithin: async () => undefined, wake() {} }

  const idOf = (month: string) => formatExchangeId(Date.parse(`${month}-20T03:00:00Z`), randomBytes(16))

  async function write(month: string, facts: Partial<ExchangeFacts> = {}, reply?: string): Promise<string> {
    const exchangeId = facts.exchangeId ?? idOf(month)
    const receivedAtMs = Date.parse(`${month}-20T03:00:00Z`)
    const noted = sampleFacts({ subject: PERSON, ...facts, exchangeId, receivedAtMs })
    const settled = reply === undefined ? undefined : { slot: reply, status: 200, body: `{"of":"${PERSON}"}` }
    await ledger.complete(noted, () => ({ outcome: 'delivered', reply: settled, authority: undefined }))
    return exchangeId
  }

  /** A submission with its kept reply. @returns its slot. */
  async function submit(month: string, subject: string): Promise<string> {
    const submissions = createSubmissionStore({ pool: database.pool, vault, processNumber: 1, keepHours: 24 })
    const slot = randomBytes(32).toString('base64url')
    const exchangeId = idOf(month)
    await submissions.claim(slot, 'digest', exchangeId)
    await write(month, { exchangeId, subject }, slot)
    return slot
  }

  const repeat = (slot: string) =>
    claimSubmission(createSubmissionStore({ pool: database.pool, vault, processNumber: 1, keepHours: 24 }), {
      slot,
      requestDigest: 'digest',
      exchangeId: idOf('2026-06'),
    }).catch((thrown: unknown) => thrown)

  const plan = { keepDays: 30, giveUpAfterHours: 1, steps: [] } as unknown as ProcedureOrder['plan']

  /** A procedure; its first exchange names nobody, a step of it does. */
  async function startProcedure(isDone: boolean): Promise<string> {
    const store = createProcedureStore({ pool: database.pool, vault, jobs, queue: '', now: () => NOW })
    const exchangeId = idOf('2026-04')
    const order = { consumer: CONSUMER, service: SERVICE, operation: 'start', plan, exchangeId }
    const slot = randomBytes(32).toString('base64url')
    const asked = { ...order, request: { personalId: PERSON } } as unknown as ProcedureOrder
    const begun = await store.begin(idOf('2026-04'), asked, { slot, requestDigest: '' })
    if (isDone) await store.save(begun, { ...firstProgress(plan), state: 'done' }, NOW)
    const { subject: _, ...nobody } = sampleFacts({ exchangeId, receivedAtMs: Date.parse('2026-04-20') })
    await ledger.complete(nobody, 'delivered')
    await write('2026-04', { parent: exchangeId })
    return begun.id
  }

  async function request(): Promise<string> {
    const store = createRequestStore({ pool: database.pool, vault, jobs, queue: '', now: () => NOW })
    const exchangeId = await write('2026-04')
    const order = { consumer: CONSUMER, service: SERVICE, operation: 'ask', exchangeId, keepDays: 30 }
    const made = {
      id: idOf('2026-04'),
      order: { ...order, request: { personalId: PERSON } } as unknown as RequestOrder,
      receivedAtMs: NOW,
      dueAtMs: NOW,
      closeAtMs: NOW,
    }
    const slot = randomBytes(32).toString('base64url')
    const begun = await store.begin(made, { slot, requestDigest: '' })
    const answer = { status: 200, content: { of: PERSON } }
    await store.save(begun, { ...FIRST_PROGRESS, state: 'answered', answer }, NOW)
    return begun.id
  }

  const events = () => createEventStore({ pool: database.pool, vault, orderKey })

  async function publish(type: string, id: string): Promise<number> {
    const event = { id, source: '/dan-cu', type, time: '2026-04-20T03:00:00Z', data: { personalId: PERSON } }
    const exchangeId = await write('2026-04', { kind: 'event', consumer: 'G01/dan-cu' })
    await events().write({ exchangeId, traceId: '', service: SERVICE, event, subject: PERSON })
    return events().place(SERVICE, event)
  }

  async function subscribe(): Promise<void> {
    await createSubscriptionStore({ pool: database.pool, vault }).create(
      {
        id: crypto.randomUUID(),
        consumer: 'H29/mot-cua',
        service: SERVICE,
        types: [TYPE],
        purpose: 'cap-nhat-bien-dong',
        fields: undefined,
        details: undefined,
        binding: 'dpop',
        tokenDigest: '',
        mode: 'push',
        url: 'https://mot-cua.example/su-kien',
        state: 'active',
        stoppedBy: undefined,
        createdAtMs: NOW,
      },
      { current: randomBytes(24) },
    )
  }

  async function startBulkJob(): Promise<string> {
    const id = idOf('2026-04')
    const queue = { sendWithin: async () => undefined, wake() {} }
    const store = createBulkStore({ pool: database.pool, vault, queue, processNumber: 1, keepDays: 7 })
    await store.create(id, { consumer: CONSUMER, sizeBytes: 1 } as unknown as BulkAsk)
    const { subject: _, ...batch } = sampleFacts({
      exchangeId: idOf('2026-04'),
      receivedAtMs: Date.parse('2026-04-20'),
      parent: id,
      subjects: [OTHERS[0] ?? '', PERSON, OTHERS[1] ?? '', PERSON],
    })
    await ledger.complete(batch, 'delivered')
    return id
  }

  const tagsOf = (subject: string) =>
    createAuditStore({ pool: database.pool, openVault: () => vault }).tagsOf('subject', subject, {})

  async function recordsOf(subject: string): Promise<number> {
    const { exchanges, batches } = await createErasureStore(database.pool).tracesOf(await tagsOf(subject))
    return exchanges.length + batches.length
  }

  /** Every sealed byte there is of the month, by table. */
  async function sealed(): Promise<Map<string, Buffer[]>> {
    const texts = {
      submission: 'SELECT sealed_body AS bytes FROM submission',
      linked_procedure: 'SELECT sealed_order AS bytes FROM linked_procedure',
      linked_progress: 'SELECT sealed_progress AS bytes FROM linked_procedure',
      document_request: 'SELECT sealed_order AS bytes FROM document_request',
      document_answer: 'SELECT sealed_progress AS bytes FROM document_request',
      event: 'SELECT sealed AS bytes FROM event',
      exchange_private: 'SELECT sealed AS bytes FROM exchange_private',
    }
    const found = new Map<string, Buffer[]>()
    for (const [table, text] of Object.entries(texts)) {
      const { rows } = await database.pool.query<{ bytes: Buffer | null }>(text)
      found.set(
        table,
        rows.flatMap(({ bytes }) => bytes ?? []),
      )
    }
    return found
  }

  async function audit(): Promise<string[]> {
    const { key } = await createTestSigner()
    const pass = createFsckPass({
      store: createFsckStore(database.pool, vault),
      anchor: async () => undefined,
      key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    while (await pass.next(100));
    return pass.faults().map(({ check, index }) => `${check} ${index}`)
  }

  /** The nightly job through the queue as a gateway runs it. @returns how it ended. */
  async function runNight(days: number, hours: 'night' | 'day' = 'night'): Promise<JobEnd> {
    let end: (how: JobEnd) => void = () => {}
    const ended = new Promise<JobEnd>((resolve) => {
      end = resolve
    })
    const queue = createJobQueue({
      pool: database.pool,
      observe: (_, how) => end(how),
      onError(error) {
        throw error
      },
    })
    const subsystems = new Map([['G01/dan-cu', { id: 'G01/dan-cu', securityLevel: 2 }]])
    const side = createRetentionSide({
      pool: database.pool,
      queue,
      ledger,
      registry: () => ({ subsystems, digest: 'a'.repeat(64) }) as unknown as Registry,
      settings: {
        level1Days: days,
        level2Days: days,
        level3Days: 3650,
        level4Days: 3650,
        level5Days: 3650,
      },
      now: () => NOW,
      newExchangeId: (nowMs) => formatExchangeId(nowMs, randomBytes(16)),
      randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    })
    await queue.start({ works: true })
    try {
      if (hours === 'night') await queue.send('retention', {})
      else await side.tidy()
      return await ended
    } finally {
      await queue.stop(5000)
    }
  }

  before(async () => {
    cluster = await createCluster()
    database = await openDatabase({ url: cluster.url, dataDir: '', poolSize: 6, log: () => {} })
    await database.migrate()
    const { pool } = database
    await pool.query("SELECT ensure_record_partition('2026-04-01', 'exchange_private')")
    const store = createLedgerStore({ pool, url: cluster.url, vault, processNumber: 1 })
    closeLedger = () => store.close()
    ledger = createLedger({
      promise: createTestPromises(),
      store,
      authority: () => undefined,
      catchUp: async () => {},
      tagger: createTaggers(createTagKeys(pool, vault)),
      random: randomBytes,
      now: () => NOW,
      onAppend: () => {},
      onAvailability: () => {},
    })
  })
  after(async () => {
    await closeLedger?.()
    await database?.close()
    await cluster?.remove()
  })

  it('erases what is kept of a person’s exchanges, and leaves no byte of it in any file', async () => {
    const slots = { own: await submit('2026-04', PERSON), held: await submit('2026-05', PERSON) }
    const others = await submit('2026-04', OTHER)
    const done = await startProcedure(true)
    const running = await startProcedure(false)
    const answered = await request()
    await publish('citizenMoved', 'told')
    await subscribe()
    const waiting = await publish(TYPE, 'waiting')
    const bulk = await startBulkJob()
    const erasure = createErasureStore(database.pool)
    const hold = { id: 'VA-1', authority: 'TAND 1', fromMonth: '2026-05', toMonth: '2026-05' }
    await erasure.place({ ...hold, untilDay: '2026-12-31' })
    const before = await sealed()

    const today = dayInVietnam(NOW)
    const usages = await createUsageStore(database.pool, vault.open).usages({
      tags: await tagsOf(PERSON),
      withheld: [],
      since: undefined,
      until: undefined,
      offset: 0,
      limit: 10,
    })
    expect(usages.total, 'what its provider published is no use of it').to.equal(6)

    const { traces, kept: months } = await findSubject(erasure, await tagsOf(PERSON), today)
    expect(months).to.deep.equal([{ month: '2026-05', hold: 'VA-1' }])
    expect([traces.exchanges.length, traces.batches.length]).to.deep.equal([6, 1])
    const tried = await erasure.eraseCopies(traces, today, true)
    expect(await sealed(), 'a dry run').to.deep.equal(before)
    const copies = await erasure.eraseCopies(traces, today, false)
    expect(copies).to.deep.equal(tried)
    expect(copies.erased).to.equal(4)
    expect(copies.left.map(({ kind, until }) => [kind, until !== undefined])).to.deep.equal([
      ['bulk_job', true],
      ['event', false],
      ['linked_procedure', false],
    ])
    expect(copies.left.map(({ id }) => id)).to.include.members([bulk, running])
    const by = await write('2026-06', {
      subject: OTHER,
      service: 'erasure',
      operation: 'erase',
      reading: { found: 7, query: '{}' },
    })
    expect(await erasure.eraseTraces(traces, { by, today })).to.equal(7)
    expect((await erasure.eraseCopies(traces, today, false)).erased, 'again').to.equal(0)

    expect(await repeat(slots.own)).to.include({ code: 'idempotency_reply_erased' })
    expect(await repeat(slots.held)).to.include({ status: 200 })
    expect(await repeat(others)).to.include({ status: 200 })
    expect((await erasure.tracesOf(await tagsOf(OTHER))).batches, 'the batch’s others').to.have.length(1)
    const procedures = createProcedureStore({ pool: database.pool, vault, jobs, queue: '', now: () => NOW })
    expect((await procedures.find(done))?.contents).to.equal(undefined)
    const requests = createRequestStore({ pool: database.pool, vault, jobs, queue: '', now: () => NOW })
    expect((await requests.find(answered))?.contents).to.equal(undefined)
    expect(await requests.overdue()).to.deep.equal([])
    expect(await events().read(SERVICE, ['citizenMoved', TYPE], 0, 10)).to.deep.equal([])

    const deliveries = createDeliveryStore({ pool: database.pool, vault, processNumber: 1, keepDays: 30 })
    const [delivery] = await deliveries.claim(10)
    expect(delivery?.event.sequence, 'who was to be told is told').to.equal(waiting)
    if (delivery) await deliveries.delivered(delivery)
    await deliveries.sweep()
    const found = await procedures.find(running)
    if (found?.contents) await procedures.save(found, { ...found.contents.progress, state: 'done' }, NOW)
    const later = NOW + 86_400_000
    await createProcedureStore({ pool: database.pool, vault, jobs, queue: '', now: () => later }).erase()
    expect((await procedures.find(running))?.contents, 'within a day of its end').to.equal(undefined)

    expect(await runNight(3650)).to.equal('done')
    await settleFiles(cluster.superuserUrl)
    const left = await sealed()
    expect(left.get('submission')).to.have.length(2)
    const kept = new Set([...left.values()].flat().map((bytes) => bytes.toString('hex')))
    const all = [...before].flatMap(([table, each]) => each.map((bytes) => ({ table, bytes })))
    const tags = traces.tags
      .filter(({ month }) => month !== '2026-05')
      .flatMap(({ tag, inBatch }) => [Buffer.from(tag), inBatch ?? Buffer.alloc(0)])
    const plain = [PERSON, OTHER].map((text) => Buffer.from(text))
    const isThere = foundIn(cluster.folder, [...all.map(({ bytes }) => bytes), ...tags, ...plain])
    for (const [place, { table, bytes }] of all.entries())
      expect(isThere[place], `${table} ${place}`).to.equal(kept.has(bytes.toString('hex')))
    expect(isThere.slice(all.length), 'tags, identifiers').not.to.include(true)
    expect(await audit()).to.deep.equal([])
  })

  it('erases by night, through the queue, what is past its days, batches’ tags too, and records it', async () => {
    const batch = idOf('2026-03')
    const { subject: _, ...many } = sampleFacts({
      exchangeId: batch,
      receivedAtMs: Date.parse('2026-03-20'),
      subjects: [...OTHERS],
    })
    await ledger.complete(many, 'delivered')
    const old = await write('2026-03', { subject: OTHERS[2] ?? '' })
    const young = await write('2026-06', { subject: OTHERS[2] ?? '' })
    expect(await recordsOf(OTHERS[2] ?? '')).to.equal(3)
    expect(await runNight(3650, 'day')).to.equal('done')
    expect(await recordsOf(OTHERS[2] ?? ''), 'by day the tables are tidied, no more').to.equal(3)
    expect(await runNight(30)).to.equal('done')
    expect(await recordsOf(OTHERS[2] ?? '')).to.equal(1)
    const { rows } = await database.pool.query(
      'SELECT exchange_id, erased_by IS NOT NULL AS erased FROM exchange_private WHERE exchange_id = ANY ($1)',
      [[old, young]],
    )
    expect(rows).to.have.deep.members([
      { exchange_id: old, erased: true },
      { exchange_id: young, erased: false },
    ])
    const records = await database.pool.query(
      "SELECT leaf FROM exchange_record WHERE service = 'erasure' AND consumer = 'local/gateway'",
    )
    const [record] = records.rows.map(({ leaf }) => JSON.parse(leaf.toString()))
    expect(JSON.parse(record.reading.query)).to.include({ class: 'retention', days: 30 })
    expect(await audit()).to.deep.equal([])
    expect(await runNight(30), 'again').to.equal('done')
    expect(await recordsOf(OTHERS[2] ?? '')).to.equal(1)
  })

  it('has the job done every night in Vietnam', async () => {
    const { rows } = await database.pool.query(
      "SELECT cron, timezone FROM job_queue.schedule WHERE name = 'retention'",
    )
    expect(rows).to.deep.equal([{ cron: '41 2 * * *', timezone: 'Asia/Ho_Chi_Minh' }])
  })
})

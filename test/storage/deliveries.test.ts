import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import pg from 'pg'
import type { ClaimedDelivery } from '../../src/jobs/event-store.ts'
import { createDeliveryStore } from '../../src/storage/deliveries.ts'
import { createEventStore } from '../../src/storage/events.ts'
import { createSubscriptionStore } from '../../src/storage/subscriptions.ts'
import { createVault } from '../../src/storage/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const TYPE = 'citizenDied'
const SUBJECTS = 3

/** What may happen next to whoever delivers. */
const STEP = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), subject: fc.nat(SUBJECTS - 1) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('deliver', 'postpone', 'bury', 'giveBack'),
      which: fc.nat(7),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash', 'hold', 'resend') }) },
)
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

describe('deliveries in PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool
  const vault = createVault(randomBytes(32))
  const orderKey = randomBytes(32)

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
  })
  after(async () => {
    await pool.end()
    await database.drop()
  })

  /** Carries one story out. @returns what was taken on, delivered and given up, in the order of its happening. */
  async function tell(steps: readonly Step[], run: number) {
    const events = createEventStore({ pool, vault, orderKey })
    const subscriptions = createSubscriptionStore({ pool, vault })
    const id = crypto.randomUUID()
    await subscriptions.create(
      {
        id,
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
        createdAtMs: Date.now(),
      },
      { current: randomBytes(24) },
    )
    let process = 1000 + run * 100
    // No process of these numbers holds the lock of the living: recovering takes them for dead.
    const open = () => createDeliveryStore({ pool, vault, processNumber: process, keepDays: 30 })
    let deliveries = open()
    let held: ClaimedDelivery[] = []
    const subjectOf = new Map<number, string>()
    const published: number[] = []
    const claimed: number[] = []
    const ended = new Map<number, 'delivered' | 'dead'>()
    const waiting = () => published.filter((sequence) => !ended.has(sequence))

    async function claim(limit: number): Promise<void> {
      for (const delivery of await deliveries.claim(limit)) {
        const { sequence } = delivery.event
        const older = waiting().filter(
          (each) => each < sequence && subjectOf.get(each) === subjectOf.get(sequence),
        )
        // The rule: nothing is taken on while an older one of the same subject is unfinished.
        expect(older, 'older ones of the subject').to.deep.equal([])
        expect(held.map(({ event }) => event.sequence)).not.to.include(sequence)
        held.push(delivery)
        claimed.push(sequence)
      }
    }

    async function end(delivery: ClaimedDelivery, how: string): Promise<void> {
      held = held.filter((each) => each !== delivery)
      if (how === 'postpone') await deliveries.postpone(delivery, { afterMs: 0, code: 'http_500' })
      else if (how === 'giveBack') await deliveries.giveBack(delivery)
      else if (how === 'bury') {
        await deliveries.bury(delivery, 'http_422')
        ended.set(delivery.event.sequence, 'dead')
      } else {
        await deliveries.delivered(delivery)
        ended.set(delivery.event.sequence, 'delivered')
      }
    }

    async function crash(): Promise<void> {
      const lost = held
      held = []
      const dead = deliveries
      process += 1
      deliveries = open()
      await deliveries.recover()
      // A process taken for dead that still speaks is not heard: somebody else has its deliveries.
      for (const delivery of lost) await dead.delivered(delivery)
    }

    for (const step of steps) {
      if (step.do === 'publish' && 'subject' in step) {
        const event = {
          id: crypto.randomUUID(),
          source: '/thu',
          type: TYPE,
          time: new Date().toISOString(),
          data: {},
        }
        const subject = `${run}-${step.subject}`
        const base = {
          exchangeId: crypto.randomUUID(),
          traceId: '',
          service: SERVICE,
          event,
          subject,
        } as const
        expect(await events.write(base)).to.deep.equal({ state: 'new' })
        const sequence = await events.place(SERVICE, event)
        published.push(sequence)
        subjectOf.set(sequence, subject)
      } else if (step.do === 'claim' && 'limit' in step) await claim(step.limit)
      else if (step.do === 'crash') await crash()
      else if (step.do === 'hold') await deliveries.holdSubscription(id, { afterMs: 0, failures: 1 })
      else if (step.do === 'resend') {
        await subscriptions.resend(id, undefined)
        for (const [sequence, how] of ended) if (how === 'dead') ended.delete(sequence)
      } else if ('which' in step) {
        const delivery = held[step.which]
        if (delivery !== undefined) await end(delivery, step.do)
      }
    }
    // Whatever happened: once it is quiet, everything arrives.
    await crash()
    while (waiting().length > 0) {
      const before = claimed.length
      await claim(4)
      expect(claimed.length, 'something waits that nobody can take on').to.be.above(before)
      for (const delivery of [...held]) await end(delivery, 'deliver')
    }
    const { waiting: left } = await subscriptions.status(id)
    expect(left).to.equal(0)
    await subscriptions.remove(id)
  }

  it('keep the order of each subject and lose nothing, whatever fails and whoever is killed', async () => {
    let run = 0
    const stories = fc.asyncProperty(fc.array(STEP, { minLength: 20, maxLength: 60 }), async (steps) => {
      run += 1
      await tell(steps, run)
    })
    await fc.assert(stories, { numRuns: 25 })
  })
})

import { once } from 'node:events'
import { expect } from 'chai'
import { cloudEvent, createParty, publish, startReceiver } from '../support/event-world.ts'
import { freePort } from '../support/free-port.ts'
import { prepareWorld } from '../support/gateway-world.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const PEOPLE = ['099188010001', '099088284593', '099056317724', '099155413868', '099058058010']
const EVENTS = 60
/** Pushes at which the gateway is killed: the receiver has them, the gateway has not heard so. */
const KILLS = new Set([8, 25, 47])

async function kill({ process: child }: Served, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

describe('events whose gateway is killed in the middle of its deliveries', () => {
  it('all arrive, those on one person in the order in which they were published', async () => {
    const receiver = await startReceiver()
    const port = await freePort()
    const url = () => `http://127.0.0.1:${port}`
    const population = await createParty('G01/dan-cu', url)
    const oneStop = await createParty('H29/mot-cua', url)
    const database = await createTestDatabase()
    const world = await prepareWorld(database, {
      change: (documents) =>
        oneStop.register(population.register(documents), {
          hosts: [receiver.host],
          allowPrivateAddress: true,
        }),
    })
    const start = () => serve(world, { LIENTHONG_LISTEN_PORT: String(port) })
    let served = await start()
    try {
      const wish = { service: CITIZENS, types: ['citizenDied'], purpose: 'cap-nhat-bien-dong', mode: 'push' }
      const made = await oneStop.send('POST', '/subscriptions', { ...wish, url: receiver.url })
      expect(made.status, JSON.stringify(made.json)).to.equal(201)
      await oneStop.send('PATCH', `/subscriptions/${made.json['id']}`, { state: 'paused' })
      for (let index = 0; index < EVENTS; index += 1) {
        const data = { personalId: PEOPLE[index % PEOPLE.length], diedOn: '2026-11-20' }
        const event = cloudEvent('citizenDied', `su-kien-${index}`, data)
        expect((await publish(population, CITIZENS, event)).status).to.equal(202)
      }
      const { promise: all, resolve } = Promise.withResolvers<void>()
      const seen = new Set<unknown>()
      let restarting: Promise<void> = Promise.resolve()
      receiver.answer = async ({ event }) => {
        seen.add(event['id'])
        if (seen.size === EVENTS) resolve()
        if (KILLS.delete(seen.size)) {
          restarting = kill(served, 'SIGKILL').then(async () => {
            served = await start()
          })
          await restarting
        }
        return 204
      }
      await oneStop.send('PATCH', `/subscriptions/${made.json['id']}`, { state: 'active' })
      await all
      await restarting
      expect(KILLS.size).to.equal(0)
      // The receiver tells repetitions by webhook-id, as Standard Webhooks says.
      const ids = receiver.pushes.map(({ headers }) => headers['webhook-id'])
      expect(new Set(ids).size).to.equal(EVENTS)
      expect(ids.length).to.be.above(EVENTS)
      const first = receiver.pushes.filter((_, index) => ids.indexOf(ids[index]) === index)
      for (const [place, person] of PEOPLE.entries()) {
        const got = first
          .filter(({ event }) => event.data['personalId'] === person)
          .map(({ event }) => event['id'])
        const told = Array.from({ length: EVENTS }, (_, index) => index).filter(
          (index) => index % PEOPLE.length === place,
        )
        expect(got).to.deep.equal(told.map((index) => `su-kien-${index}`))
      }
      // What left is in the log: a record for each push that was received, and one for each publication.
      const records = new Set(
        (await world.pool.query('SELECT exchange_id FROM exchange_record')).rows.map(
          (row) => row.exchange_id,
        ),
      )
      for (const { headers } of receiver.pushes) {
        expect(records.has(headers['exchange-id'])).to.equal(true)
        expect(records.has(headers['webhook-id'])).to.equal(true)
      }
    } finally {
      await kill(served, 'SIGTERM')
      await receiver.close()
      await world.sandbox.close()
      await world.pool.end()
      await database.drop()
    }
  })
})

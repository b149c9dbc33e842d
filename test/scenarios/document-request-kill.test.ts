import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { expect } from 'chai'
import { createParty } from '../support/event-world.ts'
import { freePort } from '../support/free-port.ts'
import { createConsumer, prepareWorld } from '../support/gateway-world.ts'
import { bindLater, CERTIFICATE, LATER_SERVICE, startLaterAgency, TAKEN } from '../support/later-agency.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const ORDER = {
  personalId: '099188010001',
  type: '1',
  purpose: 'Xin việc',
  dossierCode: 'H29.12-261122-0104',
}

async function kill({ process: child }: Served, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

describe('a document that is answered later, whose gateway is killed', () => {
  it('is handed over under one key, and its result is neither lost nor taken twice', async () => {
    let served: Served | undefined
    let restarted: Promise<Served> | undefined
    let toKill = true
    const agency = await startLaterAgency(() => {
      if (!toKill || served === undefined) return TAKEN
      // The agency has taken it; who handed it over is gone before it hears so.
      toKill = false
      restarted = kill(served, 'SIGKILL').then(start)
      return undefined
    })
    const database = await createTestDatabase()
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const provider = await createParty('G01/ly-lich-tu-phap', () => url)
    const world = await prepareWorld(database, {
      change: (documents) => provider.register(bindLater(documents, agency.url)),
    })
    const start = () => serve(world, { LIENTHONG_LISTEN_PORT: String(port) })
    try {
      served = await start()
      const consumer = await createConsumer(url, 'H29/mot-cua', world.keys)
      const headers = { 'idempotency-key': 'certificate-killed' }
      const order = () => consumer.call(`${LATER_SERVICE}/yeu-cau`, { body: ORDER, headers })
      // It may be handed over, and the gateway killed, before the 202 has left: then it is sent again under its key.
      const told = await order().catch(() => undefined)
      if (told === undefined && restarted !== undefined) {
        served = await restarted
        restarted = undefined
      }
      const made = told ?? (await order())
      expect(made.status, JSON.stringify(made.json)).to.equal(202)
      const place = `${LATER_SERVICE}/-/requests/${made.json['requestId']}`
      const look = () => consumer.call(place, { method: 'GET' }).catch(() => undefined)
      let state: unknown
      while (state !== 'forwarded') {
        if (restarted !== undefined) {
          served = await restarted
          restarted = undefined
        }
        state = (await look())?.json['state']
      }
      expect(agency.asked).to.have.length(2)
      expect(new Set(agency.asked.map(({ key }) => key)).size).to.equal(1)
      const path = `/exchange/${place}/result`
      expect((await provider.send('PUT', path, CERTIFICATE)).status).to.equal(200)
      await kill(served, 'SIGKILL')
      served = await start()
      const again = await provider.send('PUT', path, CERTIFICATE)
      expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([200, 'true'])
      expect((await look())?.json).to.include({ number: CERTIFICATE.number })
      const repeated = await order()
      expect(repeated.json['requestId']).to.equal(made.json['requestId'])
      expect(agency.asked).to.have.length(2)
    } finally {
      if (restarted !== undefined) served = await restarted
      if (served !== undefined) await kill(served, 'SIGTERM')
      await world.sandbox.close()
      await world.pool.end()
      await database.drop()
      await rm(world.dataDir, { recursive: true, force: true })
      await agency.close()
    }
  }).timeout(180_000)
})

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { createConsumer, prepareWorld } from '../support/gateway-world.ts'
import { ANSWERS, bindAgencies, FORWARD, startAgency } from '../support/linked-agency.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { freePort } from '../support/program.ts'
import { type Served, serve } from '../support/served.ts'

const SERVICE = 'G06/lien-thong/khai-sinh/v1'
const CONTRACT = join(import.meta.dirname, '../../schemas/services/G06/lien-thong/khai-sinh.v1.yaml')
const { examples } = parse(readFileSync(CONTRACT, 'utf8')).components
const headers = { 'exchange-purpose': 'lien-thong-thu-tuc', 'idempotency-key': 'birth-killed' }

async function kill({ process: child }: Served, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

describe('a linked procedure whose gateway is killed', () => {
  it('is carried on to its end, each step and each undoing done once', async () => {
    const toKill = new Set(['/cap-so-dinh-danh', '/huy-dang-ky'])
    let served: Served | undefined
    let restarted: Promise<Served> | undefined
    const agency = await startAgency(({ path }) => {
      if (toKill.delete(path) && served !== undefined) {
        // The agency has acted; who asked it is gone before it hears so.
        restarted = kill(served, 'SIGKILL').then(start)
        return undefined
      }
      const refusal = { code: 'conflict', message: 'Đã có.' }
      if (path === '/the-tre-em') return { status: 409, body: refusal }
      return { status: 200, body: ANSWERS[path] ?? {} }
    })
    const database = await createTestDatabase()
    const world = await prepareWorld(database, {
      change: (documents) => bindAgencies(documents, agency.url),
    })
    const port = await freePort()
    const start = () => serve(world, { LIENTHONG_LISTEN_PORT: String(port) })
    try {
      served = await start()
      const consumer = await createConsumer(`http://127.0.0.1:${port}`, 'H29/mot-cua', world.keys)
      const body = examples.StartBirthRequest.value
      const { json, status } = await consumer.call(`${SERVICE}/nop`, { body, headers })
      expect(status, JSON.stringify(json)).to.equal(200)
      const { procedureId } = json
      let state: unknown
      while (state !== 'undone') {
        if (restarted !== undefined) {
          served = await restarted
          restarted = undefined
        }
        const told = await consumer
          .call(`${SERVICE}/tien-do`, { body: { procedureId }, headers })
          .catch(() => undefined)
        state = told?.json['state']
        expect(state).to.not.be.oneOf(['done', 'stuck'])
      }
      expect(toKill.size).to.equal(0)
      expect(agency.effects.map(({ path }) => path)).to.deep.equal([
        ...FORWARD.slice(0, 3),
        '/huy',
        '/huy',
        '/huy-dang-ky',
      ])
      // Both were asked a second time, with the key of the first.
      expect(agency.asked.filter((path) => path === '/cap-so-dinh-danh')).to.have.length(2)
      expect(agency.asked.filter((path) => path === '/huy-dang-ky')).to.have.length(2)
      const again = await consumer.call(`${SERVICE}/nop`, { body, headers })
      expect(again.json['procedureId']).to.equal(procedureId)
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

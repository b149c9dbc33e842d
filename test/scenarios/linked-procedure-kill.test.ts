import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { freePort } from '../support/free-port.ts'
import { type Consumer, createConsumer, type PreparedWorld, prepareWorld } from '../support/gateway-world.ts'
import { ANSWERS, bindAgencies, FORWARD, FORWARD_DEATH, startAgency } from '../support/linked-agency.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const headers = { 'exchange-purpose': 'lien-thong-thu-tuc', 'idempotency-key': 'killed' }

/** The declaration that a contract shows. */
function declarationOf(name: string, example: string): object {
  const path = join(import.meta.dirname, `../../schemas/services/G06/lien-thong/${name}.v1.yaml`)
  return parse(readFileSync(path, 'utf8')).components.examples[example].value
}

/** A procedure whose gateway dies at two of its steps, whose last step is refused. */
interface Story {
  readonly title: string
  readonly service: string
  readonly declaration: object
  readonly forward: readonly string[]
  readonly kills: readonly [string, string]
}

const STORIES: readonly Story[] = [
  {
    title: 'is carried on to its end, each step and each undoing done once',
    service: 'G06/lien-thong/khai-sinh/v1',
    declaration: declarationOf('khai-sinh', 'StartBirthRequest'),
    forward: FORWARD,
    kills: ['/cap-so-dinh-danh', '/huy-dang-ky'],
  },
  {
    title: 'is carried on to its end where it is about a death, too',
    service: 'G06/lien-thong/khai-tu/v1',
    declaration: declarationOf('khai-tu', 'StartDeathRequest'),
    forward: FORWARD_DEATH,
    kills: ['/cham-dut', '/huy-dang-ky'],
  },
]

async function kill({ process: child }: Served, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

describe('a linked procedure whose gateway is killed', () => {
  let agency: Awaited<ReturnType<typeof startAgency>>
  let world: PreparedWorld
  let consumer: Consumer
  let port: number
  let served: Served
  let restarted: Promise<Served> | undefined
  const toKill = new Set<string>()
  let refused: string | undefined
  const start = () => serve(world, { LIENTHONG_LISTEN_PORT: String(port) })

  before(async () => {
    agency = await startAgency(({ path }) => {
      if (toKill.delete(path)) {
        // The agency has acted; who asked it is gone before it hears so.
        restarted = kill(served, 'SIGKILL').then(start)
        return undefined
      }
      const refusal = { code: 'conflict', message: 'Đã có.' }
      if (path === refused) return { status: 409, body: refusal }
      return { status: 200, body: ANSWERS[path] ?? {} }
    })
    world = await prepareWorld(await createTestDatabase(), {
      change: (documents) => bindAgencies(documents, agency.url),
    })
    port = await freePort()
    served = await start()
    consumer = await createConsumer(`http://127.0.0.1:${port}`, 'H29/mot-cua', world.keys)
  })
  after(async () => {
    if (restarted !== undefined) served = await restarted
    if (served !== undefined) await kill(served, 'SIGTERM')
    await world?.sandbox.close()
    await world?.pool.end()
    await world?.database.drop()
    if (world !== undefined) await rm(world.dataDir, { recursive: true, force: true })
    await agency?.close()
  })

  for (const { title, service, declaration: body, forward, kills } of STORIES) {
    it(title, async () => {
      agency.effects.length = 0
      agency.asked.length = 0
      for (const path of kills) toKill.add(path)
      refused = forward.at(-1)
      const { json, status } = await consumer.call(`${service}/nop`, { body, headers })
      expect(status, JSON.stringify(json)).to.equal(200)
      const { procedureId } = json
      let state: unknown
      while (state !== 'undone') {
        if (restarted !== undefined) {
          served = await restarted
          restarted = undefined
        }
        const told = await consumer
          .call(`${service}/tien-do`, { body: { procedureId }, headers })
          .catch(() => undefined)
        state = told?.json['state']
        expect(state).to.not.be.oneOf(['done', 'stuck'])
      }
      expect(toKill.size).to.equal(0)
      expect(agency.effects.map(({ path }) => path)).to.deep.equal([
        ...forward.slice(0, 3),
        '/huy',
        '/huy',
        '/huy-dang-ky',
      ])
      // Both were asked a second time, with the key of the first.
      for (const killed of kills) expect(agency.asked.filter((path) => path === killed)).to.have.length(2)
      const again = await consumer.call(`${service}/nop`, { body, headers })
      expect(again.json['procedureId']).to.equal(procedureId)
    }).timeout(180_000)
  }
})

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { exportJWK } from 'jose'
import { openPackage } from '../../src/cli/package-open.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { parseVerifierKey } from '../../src/ledger/note.ts'
import { createBulkClient, makeKeys } from '../support/bulk-world.ts'
import { type Consumer, createConsumer, type PreparedWorld, prepareWorld } from '../support/gateway-world.ts'
import { createTestDatabase, createTestFolder } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const CONSUMER = 'H21/ioc'
const PURPOSE = { 'exchange-purpose': 'thong-ke', 'content-type': 'application/json' }
const ORDER = {
  service: 'G18/bao-tro/doi-tuong/v1',
  operation: 'exportBeneficiaries',
  scope: { edition: '2026' },
}

describe('an ordered set whose process is killed', () => {
  let world: PreparedWorld
  let keys: Awaited<ReturnType<typeof makeKeys>>
  let folder: string
  let served: Served | undefined
  let consumer: Consumer
  const recipient = generateKeyPairSync('x25519')

  before(async () => {
    folder = await createTestFolder()
    keys = await makeKeys([CONSUMER])
    const encryptionKey = { ...(await exportJWK(recipient.publicKey)), kid: 'goi', alg: 'ECDH-ES' } as never
    world = await prepareWorld(await createTestDatabase(), {
      change(documents) {
        const registered = keys.register(documents)
        return {
          ...registered,
          subsystems: registered.subsystems.map((its) =>
            its.id === CONSUMER ? { ...its, credentials: { ...its.credentials, encryptionKey } } : its,
          ),
          // Slow enough to be killed in the middle.
          agreements: documents.agreements.map((its) => ({
            ...its,
            quota: { perSecond: 6, perDay: 100_000 },
          })),
        }
      },
    })
  })
  after(async () => {
    served?.process.kill('SIGKILL')
    await world.sandbox.close()
    await world.pool.end()
    await world.database.drop()
  })

  async function start(): Promise<void> {
    served = await serve(world, {})
    const pair = keys.pairs.get(CONSUMER)
    if (pair === undefined) throw new Error('no key')
    const { url } = served
    consumer = await createConsumer(url, CONSUMER, pair, { resource: `${url}/jobs` })
  }

  async function kill(): Promise<void> {
    if (served === undefined) return
    served.process.kill('SIGKILL')
    await once(served.process, 'exit')
  }

  async function order(): Promise<string> {
    const response = await consumer.request('POST', '/jobs/bulk', PURPOSE, JSON.stringify(ORDER))
    const { id } = (await response.json()) as { id: string }
    expect(response.status).to.equal(201)
    return id
  }

  /** What the package of a finished job holds, and what its manifest says of it. */
  async function open(job: string) {
    const file = join(folder, job)
    await writeFile(file, await (await createBulkClient(consumer).package(job)).text())
    const vkey = await (await fetch(`${served?.url}/log/vkey`)).text()
    const logKey = await parseVerifierKey(vkey.trim(), NODE_CRYPTO.hash)
    if (logKey === undefined) throw new Error('no key of the log')
    const out = `${file}.ndjson`
    const privateJwk = await exportJWK(recipient.privateKey)
    const { findings, manifest } = await openPackage({ file, logKey, privateJwk, out })
    expect(findings.filter(({ ok }) => !ok)).to.deep.equal([])
    return { content: await readFile(out, 'utf8'), facts: manifest?.anonymised, records: manifest?.records }
  }

  /** Pages that the provider gave; what its quota put off is no page. */
  const pagesOf = async (job: string) =>
    (await world.records()).filter(({ parent, outcome }) => parent === job && outcome === 'delivered')

  it('is gathered on by the next one: the same rows as without, none lost and none twice', async () => {
    // Two starts of a whole gateway, and six seconds of work.
    await start()
    const whole = await order()
    const { records } = await createBulkClient(consumer).until(whole, 'done')
    const pages = (await pagesOf(whole)).length
    expect(pages).to.be.above(10)

    const cut = await order()
    // At a point nobody chose.
    const point = 2 + Math.floor(Math.random() * 8)
    while ((await pagesOf(cut)).length < point);
    await kill()
    await start()
    const why = `killed after ${point} pages`
    expect(await createBulkClient(consumer).until(cut, 'done', 'stopped', 'failed'), why).to.include({
      state: 'done',
      records,
    })
    // The page whose rows were not durable is asked for again, and no other.
    expect((await pagesOf(cut)).length, why).to.be.within(pages, pages + 1)

    const [expected, opened] = [await open(whole), await open(cut)]
    expect(expected.records).to.be.above(1000)
    expect(opened.facts, why).to.deep.equal(expected.facts)
    expect(opened.content === expected.content, why).to.equal(true)
    await kill()
  })
})

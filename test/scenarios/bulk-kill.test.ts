import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { exportJWK } from 'jose'
import { openPackage } from '../../src/cli/package-open.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { parseVerifierKey } from '../../src/ledger/note.ts'
import { type BulkClient, createBulkClient, makeKeys, ndjson, rightRecord } from '../support/bulk-world.ts'
import { createConsumer, type PreparedWorld, prepareWorld } from '../support/gateway-world.ts'
import { createTestDatabase, createTestFolder } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const OFFICIALS = 'G09/can-bo'
const RECORDS = 60_000
const BATCHES = 60
/** Batches that may have been under way when the process was killed. */
const IN_FLIGHT = 4

describe('a bulk job whose process is killed', () => {
  let world: PreparedWorld
  let keys: Awaited<ReturnType<typeof makeKeys>>
  let served: Served | undefined
  const recipient = generateKeyPairSync('x25519')

  before(async function () {
    this.timeout(180_000)
    keys = await makeKeys([OFFICIALS])
    const publicJwk = await exportJWK(recipient.publicKey)
    const encryptionKey = { ...publicJwk, kid: 'goi', alg: 'ECDH-ES' } as never
    world = await prepareWorld(await createTestDatabase(), {
      change: (documents) => ({
        ...keys.register(documents),
        subsystems: keys
          .register(documents)
          .subsystems.map((its) =>
            its.id === OFFICIALS ? { ...its, credentials: { ...its.credentials, encryptionKey } } : its,
          ),
        // Slow enough to be killed in the middle.
        agreements: documents.agreements.map((its) => ({
          ...its,
          quota: { perSecond: 12, perDay: 100_000 },
        })),
      }),
    })
  })
  after(async () => {
    served?.process.kill('SIGKILL')
    await world.sandbox.close()
    await world.pool.end()
    await world.database.drop()
  })

  async function start(environment: Record<string, string> = {}): Promise<BulkClient> {
    served = await serve(world, environment)
    const pair = keys.pairs.get(OFFICIALS)
    if (pair === undefined) throw new Error('no key')
    const { url } = served
    return createBulkClient(await createConsumer(url, OFFICIALS, pair, { resource: `${url}/jobs` }))
  }

  async function kill(): Promise<void> {
    if (served === undefined) return
    served.process.kill('SIGKILL')
    await once(served.process, 'exit')
  }

  const batchesOf = async (job: string) => (await world.records()).filter(({ parent }) => parent === job)

  it('is gone on with by the next one, no record repeated and none skipped, wherever it was cut', async function () {
    // Six starts of a whole gateway, and five seconds of work.
    this.timeout(240_000)
    const file = Buffer.from(ndjson(Array.from({ length: RECORDS }, (_, index) => rightRecord(index * 7))))
    let client = await start()
    const { body } = await client.create(file)
    const { id } = body

    // In the middle of the upload.
    const half = Math.floor(file.length / 2)
    await client.upload(id, 0, file.subarray(0, half))
    const cut = client.upload(id, half, file.subarray(half)).catch(() => undefined)
    await kill()
    await cut
    client = await start()
    const at = Number((await client.offset(id)).headers.get('upload-offset'))
    expect([half, file.length]).to.include(at)
    if (at < file.length) expect((await client.upload(id, at, file.subarray(at))).status).to.equal(204)

    // In the middle of the work, at points nobody chose.
    const points = Array.from({ length: 3 }, (_, round) => round * 15 + 2 + Math.floor(Math.random() * 13))
    for (const point of points) {
      while ((await batchesOf(id)).length < point);
      await kill()
      client = await start()
    }
    await client.until(id, 'done')
    const why = `killed after ${points.join(', ')} batches`
    const results = await client.results(id)
    expect(results, why).to.have.length(RECORDS)
    expect(
      results.every(({ record, outcome }, place) => record === place + 1 && outcome === 'matched'),
      why,
    ).to.equal(true)
    expect((await client.report(id)).body.outcomes['matched'], why).to.equal(RECORDS)

    // What was asked of the provider again stands in the log again, and it is no more than was under way or unsaved.
    const batches = await batchesOf(id)
    expect(batches.length, why).to.be.at.least(BATCHES)
    expect(new Set(batches.map(({ exchange }) => exchange)).size).to.equal(batches.length)
    expect(batches.length, why).to.be.at.most(BATCHES + points.length * (IN_FLIGHT + 12))

    // In the middle of handing the results over as a package.
    const reader = (await client.package(id)).body?.getReader()
    await reader?.read()
    await kill()
    await reader?.cancel().catch(() => undefined)
    client = await start()
    const sealed = join(await createTestFolder(), 'results')
    await writeFile(sealed, await (await client.package(id)).text())
    const logKey = await parseVerifierKey(
      (await (await fetch(`${served?.url}/log/vkey`)).text()).trim(),
      NODE_CRYPTO.hash,
    )
    if (logKey === undefined) throw new Error('no key of the log')
    const privateJwk = await exportJWK(recipient.privateKey)
    const out = `${sealed}.ndjson`
    const { findings, manifest } = await openPackage({ file: sealed, logKey, privateJwk, out })
    expect(findings.filter(({ ok }) => !ok)).to.deep.equal([])
    expect(manifest?.parts.length).to.be.greaterThan(1)
    const opened = (await readFile(out, 'utf8')).trimEnd().split('\n')
    expect(opened.map((line) => JSON.parse(line).record)).to.deep.equal(results.map(({ record }) => record))
    await kill()
  })

  it('is gone on with where the process that does jobs is killed alone, and nothing else is disturbed', async () => {
    const client = await start({ LIENTHONG_WORKERS: '2' })
    const workers = () =>
      [
        ...(served?.lines() ?? '').matchAll(/"worker_started".*?worker_role":"(\w+)".*?worker_pid":(\d+)/g),
      ].map(([, role, pid]) => ({ role, pid: Number(pid) }))
    const doers = () => workers().filter(({ role }) => role === 'jobs')
    expect(workers().map(({ role }) => role)).to.deep.equal(['exchanges', 'exchanges', 'jobs'])
    const file = Buffer.from(ndjson(Array.from({ length: 30_000 }, (_, index) => rightRecord(index * 7))))
    const { id } = (await client.create(file)).body
    expect((await client.upload(id, 0, file)).status).to.equal(204)
    while ((await batchesOf(id)).length < 5);
    process.kill(doers()[0]?.pid ?? 0, 'SIGKILL')
    await client.until(id, 'done')
    const results = await client.results(id)
    expect(
      results.every(({ record, outcome }, place) => record === place + 1 && outcome === 'matched'),
    ).to.equal(true)
    expect(results).to.have.length(30_000)
    expect(doers(), 'another did the rest').to.have.length(2)
    expect(workers()).to.have.length(4)
    served?.process.kill('SIGTERM')
    if (served) expect(await once(served.process, 'exit')).to.include(0)
  })
})

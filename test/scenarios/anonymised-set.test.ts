import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { exportJWK } from 'jose'
import type { PackageManifest } from '../../src/model/package.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createBulkClient, makeKeys } from '../support/bulk-world.ts'
import { runCli } from '../support/cli.ts'
import { type Consumer, createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readBlocks } from '../support/markdown.ts'
import { createTestFolder } from '../support/postgres.ts'

const CONSUMER = 'H21/ioc'
const SERVICE = 'G18/bao-tro/doi-tuong/v1'
const ORDER = { service: SERVICE, operation: 'exportBeneficiaries', scope: { edition: '2026' } }
const PURPOSE = { 'exchange-purpose': 'thong-ke', 'content-type': 'application/json' }

describe('a data set that leaves anonymised', () => {
  let world: GatewayWorld
  let folder: string
  let documents: RegistryDocuments
  let consumer: Consumer
  let narrowed: Consumer
  /** With a token for exchanges, where the others' are for jobs. */
  let direct: Consumer
  let job: string
  let records: number
  let lines: readonly Record<string, string>[]
  let manifest: PackageManifest
  let content: string

  const order = async (of: Consumer, wanted: object = ORDER) => {
    const response = await of.request('POST', '/jobs/bulk', PURPOSE, JSON.stringify(wanted))
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  }
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

  async function open(text: string): Promise<string> {
    const name = randomUUID()
    await writeFile(join(folder, `${name}.package`), text)
    const vkey = await (await fetch(`${world.gateway.publicUrl}/log/vkey`)).text()
    const argv = [
      'package',
      'open',
      `${name}.package`,
      '--log-key',
      vkey.trim(),
      '--decryption-key',
      'ec.jwk',
    ]
    const ran = await runCli([...argv, '--out', name], { workingDirectory: folder, newId: randomUUID })
    expect(ran.exit, ran.out).to.equal(0)
    return readFile(join(folder, name), 'utf8')
  }

  async function fetchPackage(id: string): Promise<string> {
    const response = await consumer.request('GET', `/jobs/bulk/${id}/package`)
    const text = await response.text()
    expect(response.status, text.slice(0, 500)).to.equal(200)
    return text
  }

  /** The registry with another value in the set's rules. */
  function withRules(rules: object): RegistryDocuments {
    const schemas = documents.schemas.map((schema) => {
      if (schema.path !== 'services/G18/bao-tro/doi-tuong.v1.yaml') return schema
      const copy = structuredClone(schema.content) as {
        paths: Record<string, { post: { 'x-exchange': { anonymised: object } } }>
      }
      Object.assign(copy.paths['/tap-an-danh']?.post['x-exchange'].anonymised ?? {}, rules)
      return { ...schema, content: copy }
    })
    return { ...documents, schemas }
  }

  before(async () => {
    folder = await createTestFolder()
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const encryptionKey = { ...(await exportJWK(ec.publicKey)), kid: 'goi', alg: 'ECDH-ES', use: 'enc' }
    await writeFile(join(folder, 'ec.jwk'), JSON.stringify(await exportJWK(ec.privateKey)), { mode: 0o600 })
    const keys = await makeKeys([CONSUMER])
    world = await startWorld({
      change(read) {
        const registered = keys.register(read)
        const subsystems = registered.subsystems.map((its) =>
          its.id === CONSUMER
            ? { ...its, credentials: { ...its.credentials, encryptionKey: encryptionKey as never } }
            : its,
        )
        documents = { ...registered, subsystems }
        return documents
      },
    })
    const url = world.gateway.publicUrl
    const pair = keys.pairs.get(CONSUMER)
    if (pair === undefined) throw new Error(`no key of ${CONSUMER}`)
    const jwk = { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), kid: 'main', alg: 'ES256' }
    await writeFile(join(folder, 'ioc.jwk'), JSON.stringify(jwk), { mode: 0o600 })
    consumer = await createConsumer(url, CONSUMER, pair, { resource: `${url}/jobs` })
    direct = await createConsumer(url, CONSUMER, pair)
    const details = [{ type: 'data_exchange', fields: ['/rows/sex', '/rows/household'] }]
    narrowed = await createConsumer(url, CONSUMER, pair, {
      resource: `${url}/jobs`,
      authorization_details: JSON.stringify(details),
    })
    const { status, body } = await order(consumer)
    expect(status, JSON.stringify(body)).to.equal(201)
    job = body['id'] ?? ''
    records = (await createBulkClient(consumer).until(job, 'done', 'stopped', 'failed')).records
    const text = await fetchPackage(job)
    content = await open(text)
    lines = content
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const signed = text.trimEnd().split('\n').at(-1)?.split('.')[1] ?? ''
    manifest = JSON.parse(Buffer.from(signed, 'base64url').toString())
  })
  after(() => world?.close())

  it('has no class of fewer than k rows, and two values of what is sensitive in each', () => {
    const classes = Map.groupBy(lines, ({ birthDate, sex, residence, monthlyAllowanceVnd }) =>
      JSON.stringify([birthDate, sex, residence, monthlyAllowanceVnd]),
    )
    expect(classes.size).to.be.above(100)
    for (const [name, own] of classes) {
      expect(own.length, name).to.be.at.least(10)
      expect(new Set(own.map(({ household }) => household)).size, name).to.be.at.least(2)
    }
  })

  it('tells nobody: no identifier, no date of birth, no place below the province', () => {
    for (const line of lines) {
      expect(line).to.have.all.keys('birthDate', 'sex', 'residence', 'monthlyAllowanceVnd', 'household')
      expect(line['birthDate']).to.match(/^\d{3}0-\d{3}9$/)
      expect(line['residence']).to.match(/^\d\d$/)
    }
    expect(content).to.not.match(/099\d{9}/)
  })

  it('says in its signed manifest by which rules, and how many rows were left out', async () => {
    const { anonymised } = manifest
    expect(anonymised?.rules).to.deep.include({ k: 10, l: 2 })
    expect(anonymised?.released).to.equal(lines.length)
    expect((anonymised?.released ?? 0) + (anonymised?.suppressed ?? 0)).to.equal(records)
    expect(anonymised?.suppressed).to.be.above(0)
    expect(manifest).to.include({ job, records: lines.length, purpose: 'thong-ke', agreement: 'TT-2026-135' })
    const salted = createHash('sha256').update(Buffer.from(manifest.salt, 'base64url')).update(content)
    expect(manifest.contentDigest).to.equal(salted.digest('base64url'))
  })

  it('is read in pages that are exchanges, and handed over by one more, each with its record', async () => {
    const own = (await world.records()).filter(({ parent }) => parent === job)
    const handed = own.find(({ exchange }) => exchange === manifest.exchange)
    expect(handed).to.deep.include({ outcome: 'delivered', operation: 'exportBeneficiaries' })
    expect(JSON.stringify(handed)).to.contain(manifest.contentDigest)
    const pages = own.filter(({ request }) => request !== undefined)
    expect(pages).to.have.length(Math.ceil(records / 1000) + 1)
    for (const page of pages) expect(page['outcome']).to.equal('delivered')
    expect(JSON.stringify(own)).to.not.match(/personalId|fullName/)
  })

  it('is metered by consumer and product as it is handed over', async () => {
    const { rows } = await world.pool.query('SELECT * FROM package_day')
    expect(rows).to.have.length(1)
    expect(rows[0]).to.include({ consumer: CONSUMER, service: SERVICE, operation: 'exportBeneficiaries' })
    const { packages, records: handed, bytes } = rows[0]
    expect([packages, handed, bytes].map(Number)).to.deep.equal([1, lines.length, Buffer.byteLength(content)])
  })

  it('answers nobody page by page, and shows neither results nor a report of its rows', async () => {
    const reply = await direct.call(`${SERVICE}/tap-an-danh`, {
      body: { edition: '2026', from: 0, most: 10 },
      headers: { 'exchange-purpose': 'thong-ke' },
    })
    expect([reply.status, reply.json['code']]).to.deep.equal([403, 'package_only'])
    expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'package_only' })
    for (const door of ['result', 'report']) {
      const response = await consumer.request('GET', `/jobs/bulk/${job}/${door}`)
      expect([response.status, await codeOf(response)], door).to.deep.equal([403, 'package_only'])
    }
  })

  it('is ordered as its contract says, whole, and by nobody whose token is narrower than the agreement', async () => {
    const wrong = await order(consumer, { ...ORDER, scope: { edition: 'x' } })
    expect([wrong.status, wrong.body['code']]).to.deep.equal([422, 'request_invalid'])
    const file = { ...ORDER, scope: undefined, format: 'ndjson', sizeBytes: 10 }
    expect((await order(consumer, file)).body['code']).to.equal('package_only')
    const noSet = await order(consumer, { ...ORDER, operation: 'lookUpBeneficiary' })
    expect([noSet.status, noSet.body['code']]).to.deep.equal([422, 'request_invalid'])
    expect((await order(narrowed)).body['code']).to.equal('token_too_narrow')
  })

  it('is the same set when it was paused on the way, no row twice and none left out', async () => {
    const client = createBulkClient(consumer)
    const { body } = await order(consumer)
    const id = body['id'] ?? ''
    // It may be done before it is told to pause; the others of this file would then say so.
    const paused = await client.act(id, 'pause')
    if (paused.status === 200) await client.act(id, 'resume')
    expect((await client.until(id, 'done')).records).to.equal(records)
    expect(await open(await fetchPackage(id))).to.equal(content)
  })

  it('is ordered and opened as docs/integrators.md shows', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const shown = readBlocks(page).find(({ text }) => text.startsWith('lienthong package order'))
    const [first = '', second = '', ...others] = shown?.text.trim().split('\n') ?? []
    expect(others).to.deep.equal([])
    const { publicUrl } = world.gateway
    await writeFile(join(folder, 'vkey'), await (await fetch(`${publicUrl}/log/vkey`)).text())
    await copyFile(join(folder, 'ec.jwk'), join(folder, 'goi.jwk'))
    await chmod(join(folder, 'goi.jwk'), 0o600)
    for (const line of [`${first} --gateway ${publicUrl}`, second]) {
      const words = line.replaceAll("'", '').split(' ').slice(1)
      const ran = await runCli(words, { workingDirectory: folder, newId: randomUUID })
      expect(ran.exit, ran.err).to.equal(0)
    }
    expect(await readFile(join(folder, 'doi-tuong.ndjson'), 'utf8')).to.equal(content)
    const [, row = ''] = page.split('<!-- a row of an anonymised set -->\n```json\n')
    const told = JSON.stringify(JSON.parse(row.split('```')[0] ?? ''))
    expect(lines.map((line) => JSON.stringify(line))).to.include(told)
  })

  it('does not leave under other rules than it was made by, nor where nothing of it is anonymous', async () => {
    await world.apply(withRules({ k: 11 }))
    const old = await consumer.request('GET', `/jobs/bulk/${job}/package`)
    expect([old.status, await codeOf(old)]).to.deep.equal([409, 'anonymity_unmet'])
    await world.apply(withRules({ k: 1000 }))
    const { body } = await order(consumer)
    const id = body['id'] ?? ''
    await createBulkClient(consumer).until(id, 'done')
    const none = await consumer.request('GET', `/jobs/bulk/${id}/package`)
    expect([none.status, await codeOf(none)]).to.deep.equal([409, 'anonymity_unmet'])
    expect((await world.records()).at(-1)).to.include({
      outcome: 'refused',
      code: 'anonymity_unmet',
      parent: id,
    })
    await world.apply(documents)
  })
})

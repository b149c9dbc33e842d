import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { exportJWK } from 'jose'
import { parse } from 'yaml'
import type { EncryptionJwk, PackageManifest } from '../../src/model/package.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createBulkClient, makeKeys, ndjson, rightRecord } from '../support/bulk-world.ts'
import { runCli } from '../support/cli.ts'
import { type Consumer, createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readBlocks } from '../support/markdown.ts'
import { createTestFolder } from '../support/postgres.ts'

const CONSUMER = 'G09/can-bo'
const OTHER = 'G12/bao-hiem'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

describe('a package for hand-over', () => {
  let world: GatewayWorld
  let folder: string
  let consumer: Consumer
  let other: Consumer
  let job: string
  let results: string
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 })
  let documents: RegistryDocuments
  let signingJwk: object

  const publicJwk = async ({ publicKey }: Pair, alg: EncryptionJwk['alg']) =>
    ({ ...(await exportJWK(publicKey)), kid: `goi-${alg}`, alg, use: 'enc' }) as EncryptionJwk

  function withKey(read: RegistryDocuments, encryptionKey: EncryptionJwk): RegistryDocuments {
    const subsystems = read.subsystems.map((its) =>
      its.id === CONSUMER ? { ...its, credentials: { ...its.credentials, encryptionKey } } : its,
    )
    return { ...read, subsystems }
  }

  async function writeKey(name: string, { privateKey }: Pair): Promise<string> {
    await writeFile(join(folder, name), JSON.stringify(await exportJWK(privateKey)), { mode: 0o600 })
    return name
  }

  const fetchPackage = (of: Consumer = consumer) => of.request('GET', `/jobs/bulk/${job}/package`)

  async function openCli(file: string, key: string, out?: string) {
    const vkey = await (await fetch(`${world.gateway.publicUrl}/log/vkey`)).text()
    const argv = ['package', 'open', file, '--log-key', vkey.trim(), '--decryption-key', key]
    return runCli([...argv, ...(out ? ['--out', out] : [])], { workingDirectory: folder, newId: randomUUID })
  }

  const manifestOf = (text: string): PackageManifest =>
    JSON.parse(Buffer.from(text.trimEnd().split('\n').at(-1)?.split('.')[1] ?? '', 'base64url').toString())

  before(async () => {
    folder = await createTestFolder()
    const keys = await makeKeys([CONSUMER, OTHER])
    const encryptionKey = await publicJwk(ec, 'ECDH-ES')
    const own = keys.pairs.get(CONSUMER)
    if (own === undefined) throw new Error(`no key of ${CONSUMER}`)
    signingJwk = { ...(await crypto.subtle.exportKey('jwk', own.privateKey)), kid: 'main', alg: 'ES256' }
    world = await startWorld({
      change(read) {
        documents = withKey(keys.register(read), encryptionKey)
        return documents
      },
    })
    const url = world.gateway.publicUrl
    const clientOf = (id: string) => {
      const pair = keys.pairs.get(id)
      if (pair === undefined) throw new Error(`no key of ${id}`)
      return createConsumer(url, id, pair, { resource: `${url}/jobs` })
    }
    consumer = await clientOf(CONSUMER)
    other = await clientOf(OTHER)
    await writeKey('ec.jwk', ec)
    await writeKey('rsa.jwk', rsa)
    const bulk = createBulkClient(consumer)
    job = await bulk.submit(
      ndjson([rightRecord(20), { ...rightRecord(21), fullName: 'Nguyễn Khác <&>' }, rightRecord(22)]),
    )
    await bulk.until(job, 'done')
    results = await (await bulk.result(job)).text()
  })

  after(() => world?.close())

  it('is opened offline by its recipient alone, and holds the results as they are', async () => {
    const answer = await fetchPackage()
    expect(answer.status).to.equal(200)
    const text = await answer.text()
    expect(text).to.not.contain(String(rightRecord(20)['personalId']))
    await writeFile(join(folder, 'a.package'), text)
    const { exit, out } = await openCli('a.package', 'ec.jwk', 'a.ndjson')
    expect(exit, out).to.equal(0)
    expect(await readFile(join(folder, 'a.ndjson'), 'utf8')).to.equal(results)
    const wrong = await openCli('a.package', 'rsa.jwk', 'b.ndjson')
    expect(wrong.exit).to.not.equal(0)
    expect(wrong.out).to.contain('This key does not open part 1.')
    expect(existsSync(join(folder, 'b.ndjson'))).to.equal(false)
  })

  it('is an exchange with its record, whose digest the signed manifest repeats', async () => {
    const answer = await fetchPackage()
    const manifest = manifestOf(await answer.text())
    const record = (await world.records()).find(({ exchange }) => exchange === manifest.exchange)
    expect(record, JSON.stringify((await world.records()).at(-1))).to.include({
      outcome: 'delivered',
      parent: job,
    })
    const salted = createHash('sha256').update(Buffer.from(manifest.salt, 'base64url')).update(results)
    expect(manifest.contentDigest).to.equal(salted.digest('base64url'))
    expect(JSON.stringify(record)).to.contain(manifest.contentDigest)
    expect(manifest).to.include({ consumer: CONSUMER, job, records: 3, purpose: 'lam-sach-du-lieu' })
    expect(manifest.legalBases).to.not.have.length(0)
    expect(answer.headers.get('exchange-id')).to.equal(manifest.exchange)
  })

  it('that was broken off is made again whole: nothing is kept of it, nothing is left out', async () => {
    const response = await fetchPackage()
    await response.body?.cancel()
    const again = await fetchPackage()
    await writeFile(join(folder, 'again.package'), await again.text())
    const { exit } = await openCli('again.package', 'ec.jwk', 'again.ndjson')
    expect(exit).to.equal(0)
    expect(await readFile(join(folder, 'again.ndjson'), 'utf8')).to.equal(results)
  })

  it('is refused where anything of it was changed, naming what does not hold', async () => {
    const [part = '', manifest = ''] = (await (await fetchPackage()).text()).trimEnd().split('\n')
    const [foreign = '', foreignManifest = ''] = (await (await fetchPackage()).text()).trimEnd().split('\n')
    const [head = '', payload = '', signature = ''] = manifest.split('.')
    const told = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...told, purpose: 'khac' })).toString('base64url')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'lienthong-package+jwt' })).toString(
      'base64url',
    )
    const cases: readonly (readonly [what: string, lines: readonly string[], why: string])[] = [
      ['a letter of a part', [`${part.slice(0, -2)}AA`, manifest], 'Parts that are not the manifest’s: 1'],
      ['a part too many', [part, part, manifest], 'Parts: 2; the manifest says 1'],
      ['a part missing', [manifest], 'Parts: 0; the manifest says 1'],
      ['the part of another package', [foreign, manifest], 'Parts that are not the manifest’s: 1'],
      ['the manifest of another package', [part, foreignManifest], 'Parts that are not the manifest’s: 1'],
      ['no manifest', [part], 'no manifest that this log’s key signed'],
      [
        'a word of the manifest',
        [part, `${head}.${forged}.${signature}`],
        'no manifest that this log’s key signed',
      ],
      ['no signature', [part, `${none}.${payload}.`], 'no manifest that this log’s key signed'],
    ]
    for (const [what, lines, why] of cases) {
      await writeFile(join(folder, 'bad.package'), `${lines.join('\n')}\n`)
      const { exit, out } = await openCli('bad.package', 'ec.jwk', 'bad.ndjson')
      expect(exit, what).to.not.equal(0)
      expect(out, what).to.contain(why)
      expect(existsSync(join(folder, 'bad.ndjson')), what).to.equal(false)
    }
  })

  it('is nobody else’s, and nobody’s whose agreement has ended', async () => {
    expect((await fetchPackage(other)).status).to.equal(404)
    const agreements = documents.agreements.map((agreement) =>
      agreement.consumer === CONSUMER ? { ...agreement, state: 'revoked' as const } : agreement,
    )
    await world.apply({ ...documents, agreements })
    expect((await fetchPackage()).status).to.equal(403)
    await world.apply(documents)
  })

  it('is made and opened as docs/integrators.md shows, under a key made so', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const shown = readBlocks(page).find(({ text }) => text.startsWith('lienthong keys new goi.jwk'))
    const [makeKey = '', make = '', open = '', ...others] = shown?.text.trim().split('\n') ?? []
    expect(others).to.deep.equal([])
    const run = async (line: string, ...more: string[]) => {
      const words = line.replace('"$JOB"', job).split(' ').slice(1)
      const ran = await runCli([...words, ...more], { workingDirectory: folder, newId: randomUUID })
      expect(ran.exit, ran.err).to.equal(0)
      return ran.out
    }
    const { credentials } = parse(await run(makeKey))
    expect(credentials.encryptionKey).to.not.have.property('d')
    expect(parse(await run('lienthong keys show goi.jwk'))).to.deep.equal({ credentials })
    await world.apply(withKey(documents, credentials.encryptionKey))
    await writeFile(join(folder, 'can-bo.jwk'), JSON.stringify(signingJwk), { mode: 0o600 })
    const { publicUrl } = world.gateway
    await writeFile(join(folder, 'vkey'), await (await fetch(`${publicUrl}/log/vkey`)).text())
    await run(make, '--gateway', publicUrl)
    await run(open)
    expect(await readFile(join(folder, 'so-lieu.ndjson'), 'utf8')).to.equal(results)
    await world.apply(documents)
  })

  it('needs a key that it can be encrypted to, and takes RSA as well', async () => {
    const rsaKey = await publicJwk(rsa, 'RSA-OAEP-256')
    await world.apply(withKey(documents, rsaKey))
    await writeFile(join(folder, 'rsa.package'), await (await fetchPackage()).text())
    expect((await openCli('rsa.package', 'rsa.jwk', 'rsa.ndjson')).exit).to.equal(0)
    const small = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const refused = await world
      .apply(withKey(documents, await publicJwk(small, 'RSA-OAEP-256')))
      .catch(String)
    expect(refused).to.contain('encryption_key')
    const secret = { ...rsaKey, d: 'AQAB' } as EncryptionJwk
    expect(await world.apply(withKey(documents, secret)).catch(String)).to.contain('private_key')
    const subsystems = documents.subsystems.map((its) => {
      const { encryptionKey: _, ...credentials } = its.credentials ?? {}
      return its.id === CONSUMER ? { ...its, credentials } : its
    })
    await world.apply({ ...documents, subsystems })
    const answer = await fetchPackage()
    expect([answer.status, ((await answer.json()) as { code: string }).code]).to.deep.equal([
      409,
      'encryption_key_missing',
    ])
  })
})

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import pg from 'pg'
import { parse } from 'yaml'
import type { Agreement } from '../../src/model/agreement.ts'
import type { Binding, Service, Subsystem } from '../../src/model/party.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { type Block, readBlocks } from '../support/markdown.ts'
import { adminUrlOf, createTestDatabase, createTestFolder } from '../support/postgres.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
const BLOCKS = readBlocks(PAGE)

/** The examples whose remark begins so, in order. */
function shown(remark: string): readonly Record<string, unknown>[] {
  const found = BLOCKS.filter((block) => block.remark?.startsWith(remark))
  if (found.length === 0) throw new Error(`the page shows no ${remark}`)
  return found.map((block) => JSON.parse(block.text))
}

/** Leaves out what differs from run to run. */
function lasting({ dataAsOf: _, ...members }: Record<string, unknown>): Record<string, unknown> {
  return members
}

describe('what docs/integrators.md shows a consumer', () => {
  let world: GatewayWorld
  let keys = 0

  before(async () => {
    world = await startWorld()
  })
  after(() => world?.close())

  /** Sends what the page says is sent there. */
  function send(remark: string, body: object, purpose?: string): Promise<Answer> {
    keys += 1
    const path = remark.replace('POST /exchange/', '')
    const headers = { 'idempotency-key': `guide-${keys}`, ...(purpose && { 'exchange-purpose': purpose }) }
    return world.consumer.call(path, { body, headers })
  }

  it('is how a verification answers: a rung for each field sent, and nothing held is told', async () => {
    const remark = 'POST /exchange/G01/dan-cu/cong-dan/v1/xac-thuc'
    const [claim = {}] = shown(remark)
    const [answer = {}] = shown('200 of verifyCitizen')
    const { status, json } = await send(remark, claim)
    expect([status, lasting(json)]).to.deep.equal([200, lasting(answer)])
    const { json: right } = await send(remark, { ...claim, fullName: 'Huỳnh Bảo Đoan' })
    expect(right).to.include({ matched: true })
  })

  it('is how a dossier and its steps are submitted, and found again in the order of their own time', async () => {
    const portal = 'POST /exchange/G22/dich-vu-cong/ho-so/v1'
    for (const path of ['/ho-so', '/tien-do']) {
      for (const body of shown(`${portal}${path}`)) {
        const { status, json } = await send(`${portal}${path}`, body, 'dong-bo-trang-thai')
        expect(status, JSON.stringify(json)).to.equal(200)
      }
    }
    const [held = {}] = shown('200 of lookUpDossier')
    const { dossierCode } = held
    const { json } = await send(`${portal}/ho-so/tra-cuu`, { dossierCode }, 'dong-bo-trang-thai')
    expect(lasting(json)).to.deep.equal(lasting(held))
  })

  it('is how a linked procedure ends whose last step is refused', async () => {
    const death = 'POST /exchange/G06/lien-thong/khai-tu/v1'
    const [declaration = {}] = shown(`${death}/nop`)
    const [ended = {}] = shown(`200 of ${death}/tien-do`)
    const { json: begun } = await send(`${death}/nop`, declaration, 'lien-thong-thu-tuc')
    const { procedureId } = begun
    let told: Record<string, unknown> = {}
    do {
      const { status, json } = await send(`${death}/tien-do`, { procedureId }, 'lien-thong-thu-tuc')
      // Over the agreement's quota it is simply asked again.
      if (status !== 429) told = json
    } while (told['state'] === undefined || told['state'] === 'running' || told['state'] === 'undoing')
    expect(told).to.have.all.keys(...Object.keys(ended))
    const steps = Object.entries(told['steps'] as Record<string, Record<string, unknown>>)
    const outline = steps.map(([name, { state, status }]) => [
      name,
      state === 'refused' ? { state, status } : { state },
    ])
    expect([told['state'], Object.fromEntries(outline)]).to.deep.equal([ended['state'], ended['steps']])
  }).timeout(30_000)
})

/** One request as the provider got it. */
interface Asked {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe('what docs/integrators.md shows a provider', () => {
  const SERVICE = 'H29/ho-so/tien-do/v1'
  const DOSSIER = 'H29.12-261120-0001'
  const PROGRESS = { state: 'processing', updatedAt: '2026-11-20T09:30:00+07:00' }
  const SECRET = 'mot-chuoi-bi-mat'
  const asked: Asked[] = []
  let world: GatewayWorld
  let provider: Server
  let providerUrl: string
  let service: Service
  let dropAgency: (() => Promise<void>) | undefined
  let answer: (request: Asked) => { readonly type: string; readonly text: string }

  /** The document that the page names so. */
  function documentOf<T>(path: string): T {
    const found = BLOCKS.find((block) => block.text.startsWith(`# ${path}\n`))
    if (found === undefined) throw new Error(`the page has no ${path}`)
    return parse(found.text) as T
  }

  /** The binding shown in the section of that form, where this provider stands. */
  function bindingOf(form: 'soap' | 'sql'): Binding {
    const isOfForm = ({ language, text: shownText }: Block) =>
      language === 'yaml' && shownText.startsWith('binding:') && shownText.includes(`\n  ${form}:\n`)
    const found = BLOCKS.find(isOfForm)
    if (found === undefined) throw new Error(`the page shows no binding.${form}`)
    return (parse(found.text) as { readonly binding: Binding }).binding
  }

  const bind = (documents: RegistryDocuments, binding: Binding): RegistryDocuments =>
    overlay(documents, { services: [{ ...service, binding: { ...binding, allowPrivateAddress: true } }] })

  const ask = (dossierCode = DOSSIER) => world.consumer.call(`${SERVICE}/tra-cuu`, { body: { dossierCode } })

  before(async () => {
    provider = createServer(async (request, response) => {
      const one = { url: request.url ?? '', headers: request.headers, body: await text(request) }
      asked.push(one)
      const { type, text: told } = answer(one)
      response.writeHead(200, { 'content-type': type }).end(told)
    })
    provider.listen(0, '127.0.0.1')
    await once(provider, 'listening')
    providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const secret = join(await createTestFolder(), 'ho-so-key')
    await writeFile(secret, SECRET, { mode: 0o600 })
    const contract = 'schemas/services/H29/ho-so/tien-do.v1.yaml'
    service = documentOf<Service>('config/registry/services/ho-so.yaml')
    const agreement = documentOf<Agreement>('config/registry/agreements/h26-ho-so.yaml')
    const subsystem = documentOf<Subsystem>('config/registry/subsystems/ho-so.yaml')
    const { binding } = service
    if (binding?.credential === undefined) throw new Error('the page shows no credential')
    const own = {
      ...binding,
      baseUrl: providerUrl,
      credential: { ...binding.credential, secret: { file: secret } },
    }
    world = await startWorld({
      change: (documents) => {
        const added = overlay(documents, {
          subsystems: [subsystem],
          schemas: [{ path: contract.replace('schemas/', ''), content: documentOf(contract) }],
          agreements: [{ ...agreement, consumer: 'H29/mot-cua' }],
        })
        return bind(added, own)
      },
    })
  })
  after(async () => {
    await dropAgency?.()
    await world?.close()
    provider?.closeAllConnections()
    provider?.close()
  })
  beforeEach(() => {
    asked.length = 0
  })

  it('is how it is asked in JSON, by whom and under what, and which of its answer leaves', async () => {
    const whole = { ...PROGRESS, note: 'Chờ bổ sung' }
    answer = () => ({ type: 'application/json', text: JSON.stringify(whole) })
    const { status, json, headers } = await ask()
    expect([status, json]).to.deep.equal([200, PROGRESS])
    const [request] = asked
    expect(JSON.parse(request?.body ?? '')).to.deep.equal({ dossierCode: DOSSIER })
    expect(request?.url).to.equal('/tra-cuu')
    expect(request?.headers).to.include({
      'x-api-key': SECRET,
      'exchange-id': headers.get('exchange-id'),
      'exchange-consumer': 'H29/mot-cua',
      'exchange-agreement': 'TT-2026-010',
      'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh',
    })
    // The page's table names each of them.
    const table = PAGE.slice(PAGE.indexOf('### What you receive'), PAGE.indexOf('### What you answer\n'))
    const sent = Object.keys(request?.headers ?? {}).filter((name) => name.startsWith('exchange-'))
    for (const name of sent) expect(table.toLowerCase()).to.include(`\`${name}\``)
  })

  it('is how its SOAP is spoken: the same question and answer, and its own code for a dossier it has not', async () => {
    await world.apply(bind(world.documents, { ...bindingOf('soap'), baseUrl: providerUrl }))
    const envelope = (inner: string) =>
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:hs="urn:ho-so"><s:Body><hs:TraCuuResponse>${inner}</hs:TraCuuResponse></s:Body></s:Envelope>`
    const held =
      '<hs:MaLoi>0</hs:MaLoi><hs:TrangThai>4</hs:TrangThai><hs:CapNhat>20261120093000</hs:CapNhat><hs:GhiChu>null</hs:GhiChu>'
    answer = ({ body }) => ({
      type: 'text/xml; charset=utf-8',
      text: envelope(body.includes(DOSSIER) ? held : '<hs:MaLoi>404</hs:MaLoi>'),
    })
    const found = await ask()
    expect([found.status, found.json]).to.deep.equal([200, PROGRESS])
    const [request] = asked
    expect([request?.url, request?.headers['soapaction']]).to.deep.equal([
      '/services/HoSo',
      '"urn:ho-so/TraCuu"',
    ])
    expect(request?.body).to.match(new RegExp(`MaYeuCau>${found.headers.get('exchange-id')}<`))
    const missing = await ask('H29.12-261120-0002')
    expect([missing.status, missing.json['code']]).to.deep.equal([404, 'not_found'])
  })

  it('is how its database is asked where it has nothing else', async () => {
    const { url, drop } = await createTestDatabase({ empty: true })
    const user = `${new URL(url).pathname.slice(1)}_doc`
    const password = randomBytes(12).toString('hex')
    const admin = async (statements: string, at = url) => {
      const client = new pg.Client({ connectionString: adminUrlOf(at) })
      await client.connect()
      await client.query(statements).finally(() => client.end())
    }
    dropAgency = async () => {
      // Those of the gateway: only a superuser may end another role's.
      const held = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '${user}'`
      await admin(held, world.database.url)
      await drop()
      await admin(`DROP ROLE ${user}`, world.database.url)
    }
    await admin(`
      CREATE TABLE ho_so (ma text PRIMARY KEY, trang_thai text, cap_nhat timestamp, ghi_chu text);
      INSERT INTO ho_so VALUES ('${DOSSIER}', '4', '2026-11-20 09:30:00', NULL);
      CREATE ROLE ${user} LOGIN PASSWORD '${password}';
      GRANT SELECT ON ho_so TO ${user}`)
    const file = join(await createTestFolder(), 'password')
    await writeFile(file, password, { mode: 0o600 })
    const { tls: _, sql, ...binding } = bindingOf('sql')
    if (sql === undefined) throw new Error('the page shows no binding.sql')
    const { hostname, port, pathname } = new URL(url)
    await world.apply(
      bind(world.documents, {
        ...binding,
        baseUrl: `postgresql://${hostname}:${port}${pathname}`,
        sql: { ...sql, user, password: { file }, allowPlaintext: true },
      }),
    )
    const found = await ask()
    expect([found.status, found.json]).to.deep.equal([200, PROGRESS])
    const missing = await ask('H29.12-261120-0002')
    expect([missing.status, missing.json['code']]).to.deep.equal([404, 'not_found'])
    expect(asked).to.have.length(0)
  })
})

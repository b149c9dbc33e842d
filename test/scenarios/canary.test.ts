import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { openDisclosures } from '../../src/storage/private-parts.ts'
import { createVault } from '../../src/storage/vault.ts'
import {
  type Answer,
  type Consumer,
  createConsumer,
  type GatewayWorld,
  startWorld,
} from '../support/gateway-world.ts'
import { rebound } from '../support/rebound.ts'
import { type Served, serve } from '../support/served.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const LOOK_UP = `${CITIZEN}/tra-cuu`
const SUBMIT = 'G12/thue/nguoi-nop-thue/v1/nghia-vu-dat-dai'

/** People and a taxpayer that nobody else asks about. */
const person = samplePerson(83_412_345)
const taxpayer = sampleTaxpayer(61_234_567)

/** What must be found nowhere but in a request, the provider's answer, or under encryption. */
const PLANTED: Readonly<Record<string, string>> = {
  subject: person.lookUp.personalId,
  taxCode: taxpayer.lookUp.taxCode,
  officer: 'canary-officer-7f31',
  dossier: 'H29.12-CANARYDOSSIER',
  note: 'canarynote7f31',
  path: 'canarypath7f31',
  service: 'canaryservice',
  queryName: 'canaryqueryname7f31',
  queryValue: 'canaryqueryvalue7f31',
  member: 'canarymember7f31',
  value: 'canaryvalue7f31',
  brokenBody: 'canarybroken7f31',
  purpose: 'canarypurpose',
  tokenText: 'canarytoken7f31',
  idempotencyKey: 'canary-key-7f31-0001',
  userAgent: 'canaryagent7f31',
  cookie: 'canarycookie7f31',
  traceState: 'canarytrace7f31',
  forwarded: 'canaryforwarded7f31',
  providerText: 'canaryprovider7f31',
  providerHeader: 'canaryproviderheader7f31',
  providerLocation: 'canarylocation7f31',
}
const { value = '', providerText = '' } = PLANTED

/** How the provider answers, by the turn. */
const PROVIDER_ANSWERS: Readonly<
  Record<string, (body: string) => { status: number; text: string; type?: string }>
> = {
  failure: () => ({ status: 500, text: `at query(${providerText})`, type: 'text/plain' }),
  unavailable: () => ({ status: 503, text: providerText }),
  garbage: () => ({ status: 200, text: `<html>${providerText}` }),
  notJson: () => ({ status: 200, text: `{"fullName":"${providerText}` }),
  unsafeKeys: () => ({ status: 200, text: `{"__proto__":{"a":"${providerText}"}}` }),
  invalid: () => ({ status: 200, text: JSON.stringify({ [providerText]: value, fullName: [providerText] }) }),
  unlisted: () => ({ status: 418, text: JSON.stringify({ code: providerText }) }),
  redirect: () => ({ status: 302, text: providerText }),
  refusalInvalid: () => ({
    status: 404,
    text: JSON.stringify({ code: 'X', message: providerText, more: value }),
  }),
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** @returns where the server of a test database keeps its files, found by its port. */
async function clusterFolder(url: string): Promise<string | undefined> {
  const { port } = new URL(url)
  for (const entry of await readdir(tmpdir())) {
    const folder = join(tmpdir(), entry, 'postgres/cluster')
    const pidFile = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')
    if (pidFile.split('\n')[3]?.trim() === port) return folder
  }
  return undefined
}

describe('planted identifiers', () => {
  let world: GatewayWorld
  let served: Served & { consumer: Consumer }
  let provider: Server
  let mode = 'failure'
  const problems: string[] = []
  const traceHeaders: string[] = []
  const secrets: string[] = []

  before(async () => {
    provider = createServer((request, response) => {
      request.resume()
      request.on('end', () => {
        const {
          status,
          text,
          type = 'application/json',
        } = PROVIDER_ANSWERS[mode]?.('') ?? { status: 500, text: '' }
        response.writeHead(status, {
          'content-type': type,
          location: `http://127.0.0.1:1/${PLANTED['providerLocation']}`,
          'set-cookie': `a=${PLANTED['providerHeader']}`,
          server: PLANTED['providerHeader'],
        })
        response.end(text)
      })
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    world = await startWorld({
      change: (documents) => ({
        ...documents,
        agreements: documents.agreements.map((each) => ({
          ...each,
          quota: { perSecond: 10_000, perDay: 1_000_000 },
        })),
      }),
    })
    served = { ...(await serve(world, {})), consumer: undefined as never }
    served = { ...served, consumer: await createConsumer(served.url, 'H29/mot-cua', world.keys) }
    await plant()
  })

  after(async () => {
    await end(served?.process)
    provider.close()
    await world.close()
  })

  async function end(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  function note(answer: Answer): Answer {
    traceHeaders.push(`${answer.headers.get('traceparent')} ${answer.headers.get('tracestate')}`)
    const isProblem = answer.headers.get('content-type') === 'application/problem+json'
    if (isProblem) problems.push(`${JSON.stringify([...answer.headers])}${JSON.stringify(answer.json)}`)
    return answer
  }

  const headers = {
    'exchange-officer': PLANTED['officer'],
    'exchange-dossier': PLANTED['dossier'],
    'exchange-note': `"${PLANTED['note']}"`,
    'user-agent': PLANTED['userAgent'],
    cookie: `a=${PLANTED['cookie']}`,
    tracestate: `a=${PLANTED['traceState']}`,
    'x-forwarded-for': PLANTED['forwarded'],
  }

  async function call(path: string, options: Parameters<Consumer['call']>[1] = {}): Promise<Answer> {
    return note(await served.consumer.call(path, { ...options, headers: { ...headers, ...options.headers } }))
  }

  /** A request that no library would make. */
  async function raw(path: string, init: RequestInit): Promise<void> {
    const response = await fetch(`${served.url}${path}`, init)
    problems.push(`${JSON.stringify([...response.headers])}${await response.text()}`)
  }

  async function plant(): Promise<void> {
    secrets.push((await served.consumer.dpopToken()).split('.')[2] ?? '')
    // Delivered, kept, repeated.
    expect((await call(LOOK_UP, { body: person.lookUp })).status).to.equal(200)
    expect((await call(`${CITIZEN}/xac-thuc`, { body: person.verify })).status).to.equal(200)
    const key = { 'idempotency-key': PLANTED['idempotencyKey'] }
    for (let turn = 0; turn < 2; turn += 1) {
      const { status, json } = await call(SUBMIT, { body: taxpayer.submit, headers: key })
      expect([200, 201, 403], JSON.stringify(json)).to.include(status)
    }
    // Refused at each stage.
    await call(`${LOOK_UP}?${PLANTED['queryName']}=${PLANTED['queryValue']}`, { body: person.lookUp })
    await call(`${CITIZEN}/${PLANTED['path']}`, { body: person.lookUp })
    await call(`G01/dan-cu/${PLANTED['service']}/v1/x`, { body: person.lookUp })
    await call(LOOK_UP, { body: { ...person.lookUp, [PLANTED['member'] ?? '']: value } })
    await call(LOOK_UP, { body: { personalId: value } })
    await call(LOOK_UP, { body: { __proto__: null, ...person.lookUp, constructor: { prototype: value } } })
    await call(LOOK_UP, { body: `{"personalId":"${PLANTED['brokenBody']}` })
    await call(LOOK_UP, { body: person.lookUp, headers: { 'exchange-purpose': PLANTED['purpose'] } })
    await call(LOOK_UP, { body: person.lookUp, headers: { 'exchange-fields': `/${PLANTED['member']}` } })
    await call(LOOK_UP, { body: person.lookUp, headers: { 'exchange-officer': `${PLANTED['officer']} x` } })
    await call(LOOK_UP, { body: person.lookUp, headers: { 'exchange-note': PLANTED['note'] } })
    const body = JSON.stringify(person.lookUp)
    const json = { 'content-type': 'application/json', ...(headers as Record<string, string>) }
    for (const authorization of [
      `DPoP ${PLANTED['tokenText']}`,
      `Bearer a.${PLANTED['tokenText']}.b`,
      `Basic ${PLANTED['tokenText']}`,
    ])
      await raw(`/exchange/${LOOK_UP}`, { method: 'POST', body, headers: { ...json, authorization } })
    await raw(`/${PLANTED['path']}?${PLANTED['queryName']}=1`, { headers: json })
    await raw('/oauth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=client_credentials&client_id=${PLANTED['path']}&client_assertion=${PLANTED['tokenText']}`,
    })
    // Failed by the provider, in each way.
    const { port } = provider.address() as AddressInfo
    await world.apply({
      ...world.documents,
      services: world.documents.services.map((service) =>
        service.id === CITIZEN
          ? rebound(service, { baseUrl: `http://127.0.0.1:${port}`, retries: 0 })
          : service,
      ),
    })
    // Until the gateway has taken the new binding up.
    while ((await call(LOOK_UP, { body: person.lookUp })).status < 500) await setImmediate()
    for (const each of Object.keys(PROVIDER_ANSWERS)) {
      mode = each
      const { status } = await call(LOOK_UP, { body: person.lookUp })
      expect(status, each).to.be.greaterThan(499)
    }
  }

  /** A record says which service and purpose were asked for, known or not: names of a closed form, no data. */
  const RECORDED = ['service', 'purpose']

  /** What disclosures say that stand in a text unencrypted: `WyJ` begins the base64url of `["`. */
  function disclosedIn(text: string): string {
    return [...text.matchAll(/WyJ[\w-]{20,}/g)].map(([each]) => Buffer.from(each, 'base64url')).join('\n')
  }

  function found(text: string): string[] {
    const read = `${text}\n${disclosedIn(text)}`
    return Object.entries(PLANTED)
      .filter(([, planted]) => read.includes(planted))
      .map(([name]) => name)
      .concat(secrets.some((secret) => text.includes(secret)) ? ['token'] : [])
  }

  it('were carried, refused and failed, so that there is something to find', async () => {
    const outcomes = (await world.records()).map((record) => record['outcome'])
    expect(outcomes).to.include.members(['delivered', 'refused', 'failed'])
    expect(problems.length).to.be.greaterThan(20)
    expect(secrets[0]).to.match(/^[\w-]{40,}$/)
    const { rows } = await world.pool.query('SELECT exchange_id, sealed FROM exchange_private')
    const vault = createVault(readFileSync(join(world.dataDir, 'keys/data.key')).subarray(0, 32))
    const opened = rows.flatMap(({ exchange_id, sealed }) => openDisclosures(exchange_id, sealed, vault.open))
    expect(found(opened.join('\n'))).to.include.members(['officer', 'dossier'])
  })

  it('stand in no line of the log', () => {
    expect(served.lines()).to.include('"event.action"')
    expect(found(served.lines())).to.deep.equal([])
  })

  it('stand in no metric', async () => {
    const page = await (await fetch(`${served.managementUrl}/metrics`)).text()
    expect(page).to.include('lienthong_transactions_total')
    expect(found(page)).to.deep.equal([])
  })

  it('stand in no error and no header of one', () => {
    // A member that a contract does not name is told by its name to whoever sent it: it is their own.
    const told = new Set(problems.flatMap(found))
    told.delete('member')
    told.delete('queryName')
    expect([...told]).to.deep.equal([])
  })

  it('stand in no trace header', () => {
    expect(traceHeaders.length).to.be.greaterThan(20)
    expect(found(traceHeaders.join('\n'))).to.deep.equal([])
  })

  it('stand in no column of the database', async () => {
    const { rows } = await world.pool.query(
      "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    expect(rows.length).to.be.greaterThan(5)
    for (const { name } of rows) {
      const { rows: texts } = await world.pool.query(`SELECT t::text AS text FROM ${name} t`)
      const all = texts.map(({ text }) => text).join('\n')
      // Bytes are written as hexadecimal digits.
      const bytes = [...all.matchAll(/\\x((?:[0-9a-f]{2})+)/g)].map(([, hex = '']) =>
        Buffer.from(hex, 'hex').toString(),
      )
      const stored = found(`${all}\n${bytes.join('\n')}`)
      expect(
        stored.filter((each) => !RECORDED.includes(each)),
        name,
      ).to.deep.equal([])
    }
  })

  it('stand in no file of the database, nor of the gateway’s folder', async function () {
    const folder = await clusterFolder(world.database.url)
    // A database elsewhere (DATABASE_URL_TEST) can't be searched like that.
    if (folder === undefined) return this.skip()
    let searched = 0
    for (const file of [...(await filesBelow(folder)), ...(await filesBelow(world.dataDir))]) {
      // Files come and go while the server runs.
      const bytes = await readFile(file).catch(() => Buffer.alloc(0))
      searched += bytes.length
      const stored = found(bytes.toString('latin1'))
      expect(
        stored.filter((each) => !RECORDED.includes(each)),
        file,
      ).to.deep.equal([])
    }
    expect(searched).to.be.greaterThan(10_000_000)
  })

  it('would be found: the records are', async () => {
    const { rows } = await world.pool.query('SELECT exchange_id FROM exchange_record LIMIT 1')
    const id: string = rows[0]?.exchange_id
    const folder = await clusterFolder(world.database.url)
    if (folder === undefined) return
    const texts = await Promise.all(
      (await filesBelow(folder)).map((file) => readFile(file, 'latin1').catch(() => '')),
    )
    expect(texts.some((text) => text.includes(id))).to.equal(true)
  })
})

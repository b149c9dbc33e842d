import { createHash, createPublicKey, verify, type webcrypto } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { AUDIT_DESCRIPTION } from '../../src/contract/audit-requests.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { openPrivatePart } from '../../src/ledger/disclosure.ts'
import { decodeEntries } from '../../src/ledger/entry-bundle.ts'
import { writeNote } from '../../src/model/note.ts'
import type { ReaderRole } from '../../src/model/reader.ts'
import { overlay } from '../../src/registry/documents.ts'
import { FORM_IDS } from '../../src/reporting/form.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { readerOf, systemOf } from '../support/reading-systems.ts'
import { unzip } from '../support/unzip.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const REASON = 'Xác minh theo đơn của bà Trần Thị Ví Dụ'
const ROLES = {
  'G22/thanh-tra': 'auditor',
  'G22/bao-ve-du-lieu': 'data-protection-officer',
  'H29/mot-cua': 'agency',
  'H26/kiem-soat': 'agency',
  'G22/van-hanh': 'operator',
  'G22/cong-dan': 'citizen-portal',
} as const satisfies Record<string, ReaderRole>
type ReaderId = keyof typeof ROLES | 'G22/nguoi-la'

interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
  readonly bytes: Buffer
  readonly exchange: string
}

describe('reading the log over HTTP', () => {
  let world: GatewayWorld
  const keys = new Map<string, webcrypto.CryptoKeyPair>()
  const tokens = new Map<string, { token: string; dpop: oauth.DPoPHandle }>()
  const asked: string[] = []
  const person = samplePerson(23)
  const http = { [oauth.allowInsecureRequests]: true }

  async function tokenOf(id: string, resource: string): Promise<{ token: string; dpop: oauth.DPoPHandle }> {
    const known = tokens.get(id + resource)
    if (known) return known
    const pair = keys.get(id)
    if (pair === undefined) throw new Error(`no key of ${id}`)
    const issuer = new URL(world.gateway.publicUrl)
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http }),
    )
    const client: oauth.Client = { client_id: id }
    const dpop = oauth.DPoP(client, pair)
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'main' }),
      new URLSearchParams({ resource }),
      { DPoP: dpop, ...http },
    )
    const { access_token: token } = await oauth.processClientCredentialsResponse(server, client, response)
    tokens.set(id + resource, { token, dpop })
    return { token, dpop }
  }

  async function ask(
    id: ReaderId,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    resource = `${world.gateway.managementUrl}/audit`,
  ): Promise<Answer> {
    const { token, dpop } = await tokenOf(id, resource)
    const response = await oauth
      .protectedResourceRequest(
        token,
        method,
        new URL(path, world.gateway.managementUrl),
        new Headers({ 'content-type': 'application/json', ...headers }),
        body === undefined ? null : JSON.stringify(body),
        { DPoP: dpop, ...http },
      )
      .catch((error: unknown) => {
        if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response
        throw error
      })
    const bytes = Buffer.from(await response.arrayBuffer())
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return {
      status: response.status,
      json: isJson ? JSON.parse(bytes.toString()) : {},
      bytes,
      exchange: response.headers.get('exchange-id') ?? '',
    }
  }

  const foundBy = (record: Record<string, unknown> | undefined) =>
    (Object(record?.['reading']) as { found: number }).found
  const lastRecord = async () => (await world.records()).at(-1)

  before(async () => {
    for (const id of [...Object.keys(ROLES), 'G22/nguoi-la']) {
      if (id !== 'H29/mot-cua') keys.set(id, await oauth.generateKeyPair('ES256', { extractable: true }))
    }
    const subsystems = await Promise.all([...keys].map(([id, pair]) => systemOf(id, pair)))
    world = await startWorld({
      change: (documents) =>
        overlay(documents, {
          subsystems,
          readers: Object.entries(ROLES).map(([id, role]) => readerOf(id, role)),
        }),
    })
    keys.set('H29/mot-cua', world.keys)
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = await world.consumer.call(`${SERVICE}/xac-thuc`, {
        body: turn < 4 ? person.verify : samplePerson(24 + turn).verify,
        headers: { 'exchange-note': writeNote(REASON) },
      })
      asked.push(answer.headers.get('exchange-id') ?? '')
      expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    }
    await world.consumer.call(`${SERVICE}/xac-thuc`, {
      body: person.verify,
      headers: { 'exchange-purpose': 'khac' },
    })
  })

  after(() => world.close())

  /** Judges an answer by the schema that the served document gives for it. */
  function assertDescribed(name: string, json: unknown): void {
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...AUDIT_DESCRIPTION, $id: 'audit' })
    const validate = ajv.compile({ $ref: `audit#/components/schemas/${name}` })
    expect(validate(json), JSON.stringify(validate.errors)).to.equal(true)
  }

  const subject = person.verify.personalId
  /** What each request is answered with: one line a route, one column a role. */
  const MATRIX: readonly (readonly [
    method: string,
    path: (exchange: string) => string,
    body: unknown,
    expected: Readonly<Record<ReaderId, number>>,
  ])[] = [
    ['POST', () => '/audit/search', {}, all(200, { 'G22/cong-dan': 403 })],
    ['POST', () => '/audit/search', { subject }, all(200, { 'G22/cong-dan': 403, 'G22/van-hanh': 403 })],
    ['POST', () => '/audit/search', { dossier: 'x' }, all(200, { 'G22/cong-dan': 403, 'G22/van-hanh': 403 })],
    ['POST', () => '/audit/count', { by: ['outcome'] }, all(200, { 'G22/cong-dan': 403 })],
    ['POST', () => '/audit/count', { officer: 'x' }, all(200, { 'G22/cong-dan': 403, 'G22/van-hanh': 403 })],
    [
      'GET',
      (exchange) => `/audit/exchanges/${exchange}`,
      undefined,
      all(200, { 'G22/cong-dan': 403, 'H26/kiem-soat': 404 }),
    ],
    ['GET', () => '/audit/figures?by=service', undefined, all(200, {})],
    ['POST', () => '/audit/export', { format: 'csv' }, all(200, { 'G22/cong-dan': 403 })],
    [
      'POST',
      () => '/audit/export',
      { format: 'csv', subject },
      all(200, { 'G22/cong-dan': 403, 'G22/van-hanh': 403 }),
    ],
    [
      'POST',
      () => '/audit/v2/findUsage',
      { userCode: subject },
      all(403, { 'G22/cong-dan': 200, 'G22/bao-ve-du-lieu': 200 }),
    ],
    [
      'GET',
      () => '/audit/v2/usagePeriod',
      undefined,
      all(403, { 'G22/cong-dan': 200, 'G22/bao-ve-du-lieu': 200 }),
    ],
    [
      'GET',
      () => '/audit/v2/heartbeat',
      undefined,
      all(403, { 'G22/cong-dan': 200, 'G22/bao-ve-du-lieu': 200 }),
    ],
    [
      'GET',
      () => '/audit/xroad/operational-data?recordsFrom=0&recordsTo=1',
      undefined,
      all(200, { 'G22/cong-dan': 403 }),
    ],
    [
      'POST',
      () => '/audit/erasures',
      { subject: '099099999999', order: 'thu', dryRun: true },
      all(403, { 'G22/bao-ve-du-lieu': 200 }),
    ],
    ['GET', () => '/audit/xroad/health-data', undefined, all(200, { 'G22/cong-dan': 403 })],
  ]

  function all(status: number, others: Partial<Record<ReaderId, number>>): Record<ReaderId, number> {
    const ids = [...Object.keys(ROLES), 'G22/nguoi-la'] as ReaderId[]
    return Object.fromEntries(
      ids.map((id) => [id, id === 'G22/nguoi-la' ? 403 : (others[id] ?? status)]),
    ) as Record<ReaderId, number>
  }

  for (const [method, path, body, expected] of MATRIX) {
    it(`answers ${method} ${path('{id}')} ${body === undefined ? '' : Object.keys(body as object).join()} by role, and records each`, async () => {
      for (const [id, status] of Object.entries(expected)) {
        const answer = await ask(id as ReaderId, method, path(asked[0] ?? ''), body)
        expect(answer.status, `${id} ${answer.bytes}`).to.equal(status)
        const record = await lastRecord()
        expect(record?.['exchange'], id).to.equal(answer.exchange)
        expect(record, id).to.include({
          consumer: id,
          service: path('').includes('erasures') ? 'erasure' : 'audit',
          outcome: status === 200 ? 'delivered' : 'refused',
        })
        if (id === 'G22/nguoi-la') expect(record).to.have.property('code', 'reader_missing')
      }
    })
  }

  it('lets nobody in without a token, or with one that is good elsewhere', async () => {
    const before = (await world.records()).length
    const bare = await fetch(`${world.gateway.managementUrl}/audit/search`, { method: 'POST', body: '{}' })
    expect(bare.status).to.equal(415)
    const anonymous = await fetch(`${world.gateway.managementUrl}/audit/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(anonymous.status).to.equal(401)
    const exchange = `${world.gateway.publicUrl}/exchange`
    expect((await ask('G22/thanh-tra', 'POST', '/audit/search', {}, {}, exchange)).status).to.equal(401)
    expect((await world.records()).length).to.equal(before)
  })

  it('finds a person’s exchanges by the identifier in the body, which stands nowhere afterwards', async () => {
    const { json } = await ask('G22/thanh-tra', 'POST', '/audit/search', {
      subject,
      service: SERVICE,
      total: true,
    })
    assertDescribed('Page', json)
    const records = json['records'] as { record: { exchange: string } }[]
    expect(records.map(({ record }) => record.exchange)).to.include.members(asked.slice(0, 4))
    expect(json).to.have.property('total', records.length)
    const record = await lastRecord()
    expect(record?.['reading']).to.deep.equal({
      found: records.length,
      query: JSON.stringify({ by: 'subject', service: SERVICE, total: true }),
    })
    expect(record?.['private']).to.have.property('subjectTag')
    expect(JSON.stringify(await world.records()) + world.log()).not.to.include(subject)
  })

  it('shows an operator no private part, and an agency its own exchanges only', async () => {
    const operator = await ask('G22/van-hanh', 'POST', '/audit/search', { service: SERVICE })
    expect(operator.bytes.toString()).not.to.match(/"token"/)
    const denied = await ask('G22/van-hanh', 'POST', '/audit/search', { service: SERVICE, private: true })
    expect(denied.json).to.include({ code: 'reading_denied' })
    const life = await ask('G22/van-hanh', 'GET', `/audit/exchanges/${asked[0]}`)
    expect(life.json['entry']).to.have.property('leafHash')
    expect(life.json['entry']).not.to.have.property('private')
    const own = await ask('H29/mot-cua', 'POST', '/audit/search', { limit: 1000 })
    const consumers = (own.json['records'] as { record: { consumer: string } }[]).map(
      ({ record }) => record.consumer,
    )
    expect(new Set(consumers)).to.deep.equal(new Set(['H29/mot-cua']))
    const other = await ask('H26/kiem-soat', 'POST', '/audit/search', { service: SERVICE })
    expect(other.json['records']).to.deep.equal([])
    const counted = await ask('H26/kiem-soat', 'POST', '/audit/count', { service: SERVICE })
    expect(counted.json['total']).to.equal(0)
  })

  it('tells one exchange’s whole life: stages, registry and agreement as they were', async () => {
    const { json } = await ask('G22/thanh-tra', 'GET', `/audit/exchanges/${asked[0]}`)
    assertDescribed('Life', json)
    expect(json).to.have.nested.property(
      'agreement.id',
      (json['entry'] as { record: { agreement: { id: string } } }).record.agreement.id,
    )
    expect(json).to.have.nested.property('registry.version', 1)
    const stages = json['stages'] as { stage: string; ms: number }[]
    expect(stages.map(({ stage }) => stage)).to.deep.equal(['before_provider', 'provider', 'after_provider'])
    expect(stages.reduce((sum, { ms }) => sum + ms, 0)).to.equal(json['totalMs'])
    expect(json).to.have.nested.property('entry.proof', `/log/proof/${asked[0]}`)
    const { record, private: part } = json['entry'] as {
      record: { private: Record<string, string> }
      private: { officer: string; disclosures: string[] }
    }
    const shown = await openPrivatePart(record.private, part.disclosures, NODE_CRYPTO.hash)
    expect([shown.strange, shown.closed]).to.deep.equal([0, []])
    expect(shown.facts.find(({ name }) => name === 'officer')).to.have.property('value', part.officer)
    expect(shown.facts.find(({ name }) => name === 'note')).to.have.property('value', REASON)
    expect(part).to.have.property('note', REASON)
    expect(JSON.stringify(await world.records()) + world.log()).not.to.include(REASON)
  })

  it('keeps the reader’s own reason beside the record of the reading, and refuses one that is none', async () => {
    const headers = { 'exchange-note': writeNote('Thanh tra theo quyết định 7') }
    const { exchange } = await ask('G22/thanh-tra', 'POST', '/audit/search', { limit: 1 }, headers)
    const { json } = await ask('G22/thanh-tra', 'GET', `/audit/exchanges/${exchange}`)
    expect(json).to.have.nested.property('entry.private.note', 'Thanh tra theo quyết định 7')
    const bare = await ask('G22/thanh-tra', 'POST', '/audit/search', {}, { 'exchange-note': 'Thanh tra' })
    expect(bare.json).to.include({ code: 'request_malformed' })
  })

  it('shows private parts in a list only where they are asked for, which is recorded', async () => {
    const conditions = { subject, service: SERVICE, limit: 1 }
    const plain = await ask('G22/thanh-tra', 'POST', '/audit/search', conditions)
    expect(plain.bytes.toString()).not.to.include('disclosures')
    const { json } = await ask('G22/thanh-tra', 'POST', '/audit/search', { ...conditions, private: true })
    assertDescribed('Page', json)
    expect(json)
      .to.have.nested.property('records[0].private.subjectTag')
      .that.matches(/^[\w-]{22}$/)
    expect((await lastRecord())?.['reading'])
      .to.have.property('query')
      .that.includes('"private":true')
  })

  it('counts as many as it finds', async () => {
    const { json } = await ask('G22/thanh-tra', 'POST', '/audit/count', {
      service: SERVICE,
      by: ['outcome', 'code'],
    })
    assertDescribed('Counts', json)
    expect(json['groups']).to.deep.equal([
      { values: ['delivered', ''], count: 6 },
      { values: ['refused', 'purpose_not_agreed'], count: 1 },
    ])
  })

  it('refuses what its document does not allow, without repeating a value', async () => {
    for (const body of [
      { subject, officer: 'x' },
      { consumer: "' OR 1=1 --" },
      { limit: 1001 },
      { by: ['subject'] },
      { since: '2026-13-40T00:00:00Z' },
      { code: 'no_such_code' },
      { unknown: subject },
    ]) {
      const path = 'by' in body ? '/audit/count' : '/audit/search'
      const answer = await ask('G22/thanh-tra', 'POST', path, body)
      expect(answer.status, JSON.stringify(body)).to.equal(422)
      expect(answer.bytes.toString()).not.to.include(subject)
      expect(await lastRecord()).to.include({ outcome: 'refused', code: 'request_invalid' })
    }
  })

  it('pages through everything once while exchanges go on', async () => {
    const seen: string[] = []
    const present = new Set((await world.records()).map(({ exchange }) => String(exchange)))
    for (let cursor: string | undefined; ; ) {
      const { json } = await ask('G22/thanh-tra', 'POST', '/audit/search', {
        limit: 7,
        ...(cursor && { cursor }),
      })
      seen.push(
        ...(json['records'] as { record: { exchange: string } }[]).map(({ record }) => record.exchange),
      )
      await world.consumer.call(`${SERVICE}/xac-thuc`, { body: person.verify })
      if (json['next'] === undefined) break
      cursor = String(json['next'])
    }
    expect(new Set(seen).size).to.equal(seen.length)
    expect([...present].filter((exchange) => !seen.includes(exchange))).to.deep.equal([])
    expect(seen).to.deep.equal(seen.toSorted().toReversed())
  })

  for (const format of ['csv', 'ndjson', 'xlsx'] as const) {
    it(`exports ${format} with a manifest that the gateway’s key signed`, async () => {
      const answer = await ask('G22/thanh-tra', 'POST', '/audit/export', {
        format,
        service: SERVICE,
        subject,
      })
      const parts = unzip(answer.bytes)
      const file = parts.get(`records.${format}`) ?? Buffer.alloc(0)
      const [head = '', payload = '', signature = ''] = String(parts.get('manifest.jws')).split('.')
      const { kid, typ, alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
      expect({ typ, alg }).to.deep.equal({ typ: 'export-manifest+jwt', alg: 'ES256' })
      const { keys: published } = (await (await fetch(`${world.gateway.publicUrl}/oauth/jwks`)).json()) as {
        keys: { readonly kid: string }[]
      }
      const jwk = published.find((each) => each.kid === kid)
      const key = createPublicKey({ key: jwk as never, format: 'jwk' })
      const bytes = Buffer.from(signature, 'base64url')
      const isSigned = (text: string) =>
        verify('sha256', Buffer.from(`${head}.${text}`), { key, dsaEncoding: 'ieee-p1363' }, bytes)
      expect([isSigned(payload), isSigned(`${payload}A`)]).to.deep.equal([true, false])
      const manifest = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const record = await lastRecord()
      expect(manifest).to.deep.include({
        exchange: record?.['exchange'],
        reader: 'G22/thanh-tra',
        query: { by: 'subject', format, service: SERVICE },
        file: {
          bytes: file.length,
          name: `records.${format}`,
          sha256: createHash('sha256').update(file).digest('hex'),
        },
      })
      expect(manifest.records).to.equal(foundBy(record)).and.to.be.above(3)
      expect(manifest.treeSize).to.be.above(manifest.records)
      const text = format === 'xlsx' ? String(unzip(file).get('xl/worksheets/sheet1.xml')) : file.toString()
      expect(text).to.include(asked[0]).and.not.to.include(subject).and.not.to.include('cb-017')
      if (format === 'csv') expect(text.startsWith('\ufeff')).to.equal(true)
    })
  }

  it('tells a citizen who used the data, and of nobody else', async () => {
    const { json } = await ask('G22/cong-dan', 'POST', '/audit/v2/findUsage', {
      userCode: subject,
      limit: 500,
    })
    assertDescribed('Usages', json)
    const usages = json['usages'] as Record<string, string>[]
    expect(usages.map(({ exchange }) => exchange)).to.include.members(asked.slice(0, 4))
    expect(usages.map(({ exchange }) => exchange)).not.to.include(asked[5])
    expect(usages.at(-1)).to.include({ receiverCode: 'H29', exchange: asked[0] })
    const record = (await world.records()).find(({ exchange }) => exchange === asked[0])
    const own = [usages.at(-1)?.['disclosure'] ?? '']
    const { facts, closed } = await openPrivatePart(Object(record?.['private']), own, NODE_CRYPTO.hash)
    expect(facts.map(({ name }) => name)).to.deep.equal(['subjectTag'])
    expect(closed).to.include('officer')
    const paged = await ask('G22/cong-dan', 'POST', '/audit/v2/findUsage', {
      userCode: subject,
      offset: 1,
      limit: 2,
    })
    expect((paged.json['usages'] as { exchange: string }[]).length).to.equal(2)
    expect(Number(paged.json['totalUsages'])).to.be.at.least(usages.length)
    assertDescribed('UsagePeriod', (await ask('G22/cong-dan', 'GET', '/audit/v2/usagePeriod')).json)
    assertDescribed('Heartbeat', (await ask('G22/cong-dan', 'GET', '/audit/v2/heartbeat')).json)
  })

  it('tells a citizen later where the law lets an investigation wait, and still after the agreement changed', async () => {
    const record = (await world.records()).find(({ exchange }) => exchange === asked[0])
    const { id } = Object(record?.['agreement']) as { id: string }
    const delayed = world.documents.agreements.map((agreement) =>
      agreement.id === id
        ? { ...agreement, delayedDisclosure: { days: 30, legalBasis: 'nd-278-2025' } }
        : agreement,
    )
    const told = async () => {
      const { json } = await ask('G22/cong-dan', 'POST', '/audit/v2/findUsage', { userCode: subject })
      return (json['usages'] as { exchange: string }[]).map(({ exchange }) => exchange)
    }
    expect(await told()).to.include(asked[0])
    await world.apply(overlay(world.documents, { agreements: delayed }))
    expect(await told()).not.to.include(asked[0])
    await world.apply(world.documents)
    expect(await told()).not.to.include(asked[0])
  })

  it('gives the log’s own bytes to an auditor, and records that; to nobody else', async () => {
    const path = '/log/tile/entries/000.p/5'
    // Its token is one for the log, not for /audit.
    const get = (id: ReaderId, of: string) =>
      ask(id, 'GET', of, undefined, {}, `${world.gateway.managementUrl}/log`)
    const answer = await get('G22/thanh-tra', path)
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    const entries = decodeEntries(answer.bytes).map((entry) => entry.toString())
    const { rows } = await world.pool.query('SELECT leaf FROM exchange_record ORDER BY leaf_index LIMIT 5')
    expect(entries).to.deep.equal(rows.map(({ leaf }) => leaf.toString()))
    expect(await lastRecord()).to.deep.include({
      service: 'audit',
      operation: 'entries',
      consumer: 'G22/thanh-tra',
      outcome: 'delivered',
      reading: { found: 5, query: '{"count":5,"first":0}' },
    })
    for (const id of [
      'G22/bao-ve-du-lieu',
      'H29/mot-cua',
      'G22/van-hanh',
      'G22/cong-dan',
      'G22/nguoi-la',
    ] as const) {
      const refused = await get(id, path)
      expect(refused.status, id).to.equal(403)
      expect(await lastRecord(), id).to.include({ operation: 'entries', outcome: 'refused' })
    }
    for (const base of [world.gateway.managementUrl, world.gateway.publicUrl])
      expect((await fetch(base + path)).status, base).to.equal(base === world.gateway.publicUrl ? 404 : 401)
    expect((await get('G22/thanh-tra', '/log/tile/entries/000')).status).to.equal(404)
    expect((await get('G22/thanh-tra', '/log/tile/entries/0')).status).to.equal(404)
  })

  it('gives figures to each role as it may see them, small counts only to those within', async () => {
    const total = (json: Record<string, unknown>) => (json['total'] as { total: number }).total
    const rows = (json: Record<string, unknown>) => json['rows'] as { key: string; exchanges?: number }[]
    const year = new Date().getUTCFullYear()
    const path = `/audit/figures?period=${year}&by=service`
    const whole = await ask('G22/thanh-tra', 'GET', path)
    expect(whole.status, JSON.stringify(whole.json)).to.equal(200)
    expect(whole.json['suppressed']).to.equal(false)
    const ofServices = rows(whole.json).reduce((sum, { exchanges = 0 }) => sum + exchanges, 0)
    expect(ofServices, JSON.stringify(whole.json['rows'])).to.equal(total(whole.json))
    expect(rows(whole.json).map(({ key }) => key)).to.include(SERVICE)
    expect((await lastRecord())?.['reading'])
      .to.have.property('query')
      .that.includes(`"report":"${year}"`)
    const citizen = await ask('G22/cong-dan', 'GET', path)
    expect(citizen.json['suppressed']).to.equal(true)
    // What a citizen is told is of everybody; an agency is told of its own.
    expect(total(citizen.json)).to.be.at.least(total(whole.json))
    const own = await ask('H26/kiem-soat', 'GET', path)
    expect([total(own.json), own.json['suppressed']]).to.deep.equal([0, false])
    const shown = await ask('G22/thanh-tra', 'GET', `${path}&public=true`)
    expect(shown.json['suppressed']).to.equal(true)
    const none = await ask('G22/thanh-tra', 'GET', `${path}&agency=H14`)
    expect(total(none.json)).to.equal(0)
    for (const wrong of [
      'period=2026-Q5',
      'by=colour',
      'compare=never',
      'agency=x',
      'service=y',
      'public=1',
    ]) {
      const refused = await ask('G22/thanh-tra', 'GET', `/audit/figures?${wrong}`)
      expect(refused.json['code'], wrong).to.equal('request_invalid')
    }
  })

  it('gives every form as its description has it, to each role within what it may see', async () => {
    for (const form of FORM_IDS) {
      for (const id of ['G22/thanh-tra', 'H26/kiem-soat', 'G22/cong-dan'] as const) {
        const { status, json } = await ask(id, 'GET', `/audit/figures?form=${form}`)
        expect(status, `${form} ${JSON.stringify(json)}`).to.equal(200)
        assertDescribed('Figures', json)
        expect([json['form'], json['suppressed']], form).to.deep.equal([form, id === 'G22/cong-dan'])
      }
    }
    const { json } = await ask('G22/thanh-tra', 'GET', '/audit/figures?form=connections')
    const matrix = json['matrix'] as { agency: string; service: string; state: string }[]
    expect(matrix.find(({ agency, service }) => agency === 'H29' && service === SERVICE)).to.include({
      state: 'used',
    })
    const own = await ask('H26/kiem-soat', 'GET', '/audit/figures?form=connections')
    const seen = own.json['matrix'] as { agency: string }[]
    expect(seen.every(({ agency }) => agency === 'H26')).to.equal(true)
    const tasks = await ask('G22/thanh-tra', 'GET', '/audit/figures?form=tasks&agency=H29')
    expect((tasks.json['rows'] as { id: string }[]).map(({ id }) => id))
      .to.include('NV-2026-02')
      .and.not.include('NV-2026-01')
    const refused = await ask('G22/thanh-tra', 'GET', '/audit/figures?form=cleaning&by=province')
    expect(refused.json['code']).to.equal('request_invalid')
  }).timeout(60_000)

  it('is read by lienthong audit from elsewhere: from a question to a record that is proved without the gateway', async () => {
    const folder = await createTestFolder()
    const run = (words: readonly string[], stdin?: string) =>
      runCli(words, {
        workingDirectory: folder,
        newId: () => crypto.randomUUID(),
        ...(stdin !== undefined && { stdin }),
      })
    try {
      for (const id of ['G22/thanh-tra', 'G22/van-hanh'] as const) {
        const jwk = await crypto.subtle.exportKey('jwk', keys.get(id)?.privateKey as webcrypto.CryptoKey)
        const name = id.replace('/', '-')
        const { publicUrl, managementUrl } = world.gateway
        const profile = { gateway: publicUrl, management: managementUrl, consumer: id, key: `${name}.jwk` }
        writeFileSync(join(folder, `${name}.jwk`), JSON.stringify({ ...jwk, kid: 'main', alg: 'ES256' }), {
          mode: 0o600,
        })
        writeFileSync(join(folder, `${name}.json`), JSON.stringify(profile))
      }
      const as = ['--profile', 'G22-thanh-tra.json']
      const note = ['--note', 'Đơn 9/2026']
      const words = ['audit', 'search', ...as, ...note, '--subject-stdin', `service=${SERVICE}`, '--json']
      const { exit, out, err } = await run(words, subject)
      expect(exit, err).to.equal(0)
      const { records } = JSON.parse(out) as { records: { record: { exchange: string } }[] }
      expect(records.map(({ record }) => record.exchange)).to.include.members(asked.slice(0, 4))
      const reading = (await lastRecord())?.['exchange']
      const life = await ask('G22/thanh-tra', 'GET', `/audit/exchanges/${reading}`)
      expect(life.json).to.have.nested.property('entry.private.note', 'Đơn 9/2026')

      const shown = await run(['audit', 'exchange', asked[0] ?? '', ...as, '--out', 'giao-dich'])
      expect(shown.exit, shown.err).to.equal(0)
      const command = shown.out.trim().split(' ').slice(1)
      const verified = await run(command)
      expect(verified.exit, verified.out + verified.err).to.equal(0)
      expect(verified.out).to.include(REASON)
      const record = join(folder, 'giao-dich/record.json')
      writeFileSync(record, readFileSync(record, 'utf8').replace('H29/', 'H26/'))
      expect((await run(command)).exit).to.equal(3)

      const partial = await run([
        'audit',
        'exchange',
        asked[0] ?? '',
        '--profile',
        'G22-van-hanh.json',
        '--out',
        'mot-phan',
      ])
      expect([partial.exit, partial.out]).to.deep.equal([0, ''])
      expect(readdirSync(join(folder, 'mot-phan'))).not.to.include('disclosures')
      const denied = await run(['audit', 'search', '--profile', 'G22-van-hanh.json', '--private', '--json'])
      expect(denied.exit).to.equal(1)
      expect(denied.err).to.include('reading_denied')

      const counted = await run(['audit', 'count', ...as, `service=${SERVICE}`, 'by:=["outcome"]'])
      const { json: told } = await ask('G22/thanh-tra', 'POST', '/audit/count', {
        service: SERVICE,
        outcome: 'delivered',
      })
      expect(counted.out).to.match(new RegExp(`delivered +${told['total']}\\n`))
      const exported = await run([
        'audit',
        'export',
        'csv',
        ...as,
        `exchange=${asked[0]}`,
        '--out',
        'bang.zip',
      ])
      expect(exported.exit, exported.err).to.equal(0)
      expect([...unzip(readFileSync(join(folder, 'bang.zip'))).keys()]).to.include.members([
        'records.csv',
        'manifest.jws',
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }).timeout(60_000)

  it('erases what the records say of a person, who stands nowhere in the erasure’s own record', async () => {
    const before = await ask('G22/bao-ve-du-lieu', 'POST', '/audit/count', { subject })
    const { json } = await ask('G22/bao-ve-du-lieu', 'POST', '/audit/erasures', {
      subject,
      order: 'Đơn 7/2026',
    })
    assertDescribed('Erased', json)
    expect(json['records']).to.be.at.least(Number(before.json['total']))
    const record = await lastRecord()
    expect(record).to.include({ service: 'erasure', operation: 'erase', exchange: json['erasedBy'] })
    expect(record?.['reading']).to.deep.equal({
      found: json['records'],
      query: '{"class":"subject","order":"Đơn 7/2026"}',
    })
    expect(record?.['private'] ?? {}).not.to.have.property('subjectTag')
    const life = await ask('G22/thanh-tra', 'GET', `/audit/exchanges/${asked[0]}`)
    expect(life.json)
      .to.have.nested.property('entry.private')
      .that.deep.equals({ erased: true, erasedBy: json['erasedBy'] })
    const used = await ask('G22/cong-dan', 'POST', '/audit/v2/findUsage', { userCode: subject })
    expect(used.json).to.include({ totalUsages: 0 })
    const sheet = await ask('G22/thanh-tra', 'POST', '/audit/export', {
      format: 'csv',
      exchange: asked[0],
      private: true,
    })
    expect(unzip(sheet.bytes).get('records.csv')?.toString()).to.include('đã xóa / erased')
    expect(JSON.stringify(await world.records()) + world.log()).not.to.include(subject)
  })

  it('serves the document of its routes, all of them and no other', async () => {
    const served = await (await fetch(`${world.gateway.managementUrl}/audit/openapi.json`)).json()
    expect(served).to.deep.equal(AUDIT_DESCRIPTION)
    const { paths } = served as { paths: Record<string, Record<string, unknown>> }
    // Those of applications are test/scenarios/applications.test.ts's to hold.
    const own = Object.entries(paths).filter(([path]) => !path.startsWith('/audit/applications'))
    const described = own.flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const tested = MATRIX.map(([method, path]) => `${method} ${path('{id}').replace(/\?.*/, '')}`)
    expect(new Set(described)).to.deep.equal(new Set([...tested, 'GET /audit/openapi.json']))
  })
})

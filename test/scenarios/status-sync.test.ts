import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Subsystem } from '../../src/model/party.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { runCli } from '../support/cli.ts'
import { createParty, type Party } from '../support/event-world.ts'
import { type Answer, createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const PORTAL = 'G22/dich-vu-cong/ho-so/v1'
const headers = { 'exchange-purpose': 'dong-bo-trang-thai', 'exchange-dossier': undefined }
/** What the one-stop system calls its statuses. */
const OWN = { TIEP_NHAN: '2', DANG_XU_LY: '4', BO_SUNG: '5', XONG: '9', DA_TRA: '10' }

describe('dossiers and their statuses between a one-stop system and the national portal', () => {
  let world: GatewayWorld
  let portal: Party
  let stranger: Party
  let asked = 0

  before(async () => {
    portal = await createParty('G22/dich-vu-cong', () => world.gateway.publicUrl)
    stranger = await createParty('G03/hoc-ba', () => world.gateway.publicUrl)
    const withCodes = (documents: RegistryDocuments): RegistryDocuments => ({
      ...documents,
      subsystems: documents.subsystems.map(
        (its): Subsystem => (its.id === 'H29/mot-cua' ? { ...its, codes: { 'dossier-status': OWN } } : its),
      ),
    })
    world = await startWorld({
      change: (documents) => stranger.register(portal.register(withCodes(documents))),
    })
  })
  after(() => world?.close())

  const submit = (path: string, body: object): Promise<Answer> => {
    asked += 1
    return world.consumer.call(`${PORTAL}${path}`, {
      body,
      headers: { ...headers, 'idempotency-key': `s-${asked}` },
    })
  }
  const fileDossier = (dossierCode: string) =>
    submit('/ho-so', {
      dossierCode,
      procedureCode: '1.004873',
      agency: 'H29.12',
      applicantPersonalId: '099188010001',
      channel: '2',
      receivedOn: '2026-11-20',
      dueOn: '2026-11-27',
    })
  const tell = (dossierCode: string, status: string, at: string) =>
    submit('/tien-do', { dossierCode, status, at: `2026-11-20T${at}:00Z` })
  async function stepsOf(dossierCode: string) {
    const { json } = await world.consumer.call(`${PORTAL}/ho-so/tra-cuu`, { body: { dossierCode }, headers })
    const steps = json['steps'] as { status: string; isOdd: boolean }[]
    return { status: json['status'], steps: steps.map(({ status, isOdd }) => [status, isOdd]) }
  }

  it('reach the portal as national codes, whatever the system calls them', async () => {
    await fileDossier('H29.12-261120-0001')
    expect((await tell('H29.12-261120-0001', 'TIEP_NHAN', '01:00')).status).to.equal(200)
    expect(await stepsOf('H29.12-261120-0001')).to.deep.equal({ status: '2', steps: [['2', false]] })
  })

  it('are refused with a pointer where the registry does not know the code, national ones too', async () => {
    await fileDossier('H29.12-261120-0002')
    for (const status of ['CHO_KY', '4', 'toString']) {
      const { status: code, json } = await tell('H29.12-261120-0002', status, '01:00')
      expect([code, json['code']]).to.deep.equal([422, 'request_invalid'])
      const [error] = json['errors'] as { pointer: string; rule: string }[]
      expect([error?.pointer, error?.rule]).to.deep.equal(['/status', 'code_unmapped'])
    }
    expect((await stepsOf('H29.12-261120-0002')).steps).to.deep.equal([])
  })

  it('are ordered by their own time and never by arrival; an odd step is flagged and kept', async () => {
    const code = 'H29.12-261120-0003'
    await fileDossier(code)
    await tell(code, 'DA_TRA', '05:00')
    await tell(code, 'TIEP_NHAN', '01:00')
    expect(await stepsOf(code)).to.deep.equal({
      status: '10',
      steps: [
        ['2', false],
        ['10', true],
      ],
    })
    await tell(code, 'XONG', '04:00')
    await tell(code, 'DANG_XU_LY', '02:00')
    expect(await stepsOf(code)).to.deep.equal({
      status: '10',
      steps: [
        ['2', false],
        ['4', false],
        ['9', false],
        ['10', false],
      ],
    })
  })

  const NOVEMBER = `/reconciliations/${PORTAL}/2026-11-01/2026-11-30`
  const ndjson = (items: readonly object[]) => items.map((item) => JSON.stringify(item)).join('\n')
  const own = [
    { key: 'H29.12-261120-0001', status: '2' },
    { key: 'H29.12-261120-0002', status: '1' },
    { key: 'H29.12-261120-0003', status: '10', digest: 'abc' },
  ]
  const theirs = [
    { key: 'H29.12-261120-0001', status: '2', digest: 'said-by-one-side-only' },
    { key: 'H29.12-261120-0003', status: '9', digest: 'abd' },
    { key: 'H29.12-261120-0009', status: '4' },
  ]

  it('are held against each other: both sides get the counts and where they differ', async () => {
    const consumer = await createConsumer(world.gateway.publicUrl, 'H29/mot-cua', world.keys, {
      resource: `${world.gateway.publicUrl}/reconciliations`,
    })
    const type = { 'content-type': 'application/x-ndjson', 'exchange-purpose': 'doi-soat' }
    const handIn = await consumer.request('PUT', NOVEMBER, type, ndjson(own))
    expect(handIn.status).to.equal(200)
    expect(await handIn.json()).to.deep.include({ state: 'waiting' })
    const reply = await portal.send(
      'PUT',
      `${NOVEMBER}?consumer=H29/mot-cua`,
      ndjson(theirs),
      'application/x-ndjson',
    )
    expect(reply.status, JSON.stringify(reply.json)).to.equal(200)
    const seen = await (await consumer.request('GET', NOVEMBER, { 'exchange-purpose': 'doi-soat' })).json()
    const expected = {
      state: 'compared',
      matched: 1,
      counts: { differing: 1, onlyConsumer: 1, onlyProvider: 1 },
      differing: [
        { key: 'H29.12-261120-0003', consumer: '10', provider: '9', differs: ['status', 'digest'] },
      ],
      onlyConsumer: ['H29.12-261120-0002'],
      onlyProvider: ['H29.12-261120-0009'],
    }
    expect(seen).to.deep.include(expected)
    expect(reply.json).to.deep.include(expected)
    const record = (await world.records()).at(-1)
    expect(record).to.deep.include({ service: PORTAL, operation: 'reconcile', outcome: 'delivered' })
    const { rows } = await world.pool.query(
      'SELECT reconciliation_list::text AS row FROM reconciliation_list',
    )
    for (const { row } of rows) expect(row).not.to.include(Buffer.from('H29.12-261120').toString('hex'))
  })

  it('are handed in as docs/integrators.md shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const [, after = ''] = page.split('<!-- PUT /reconciliations/')
    const [place, list] = [after.split(' -->')[0], after.split('```ndjson\n')[1]?.split('```')[0]]
    const path = `/reconciliations/${place}?consumer=H29/mot-cua`
    const { status, json } = await portal.send('PUT', path, list, 'application/x-ndjson')
    expect(status, JSON.stringify(json)).to.equal(200)
    expect(json).to.have.nested.property('sides.provider.count', 2)
    await portal.send('PUT', `${NOVEMBER}?consumer=H29/mot-cua`, ndjson(theirs), 'application/x-ndjson')
  })

  it('are held against each other by those with an agreement only, and by lists that are well formed', async () => {
    const refused = await stranger.send('PUT', NOVEMBER, ndjson(own), 'application/x-ndjson')
    expect([refused.status, refused.json['code']]).to.deep.equal([403, 'agreement_missing'])
    const bad = [
      { key: 'a', status: '1' },
      { key: 'a', status: '2' },
      { key: 'b' },
      { key: 'c', status: '1', name: 'x' },
    ]
    const told = await portal.send(
      'PUT',
      `${NOVEMBER}?consumer=H29/mot-cua`,
      ndjson(bad),
      'application/x-ndjson',
    )
    expect([told.status, told.json['code']]).to.deep.equal([422, 'request_invalid'])
    const errors = told.json['errors'] as { pointer: string; rule: string }[]
    expect(errors.map(({ pointer, rule }) => `${pointer} ${rule}`)).to.deep.equal([
      '/1 key_duplicate',
      '/2 item',
      '/3 item',
    ])
  })

  it('are held against each other from the command line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lienthong-'))
    try {
      const jwk = await crypto.subtle.exportKey('jwk', world.keys.privateKey)
      await writeFile(join(folder, 'mot-cua.jwk'), JSON.stringify({ ...jwk, kid: 'main', alg: 'ES256' }), {
        mode: 0o600,
      })
      await writeFile(
        join(folder, 'ho-so.csv'),
        `key,status\n${own.map(({ key, status }) => `${key},${status}`).join('\n')}\n`,
      )
      const words = [
        'reconcile',
        'ho-so.csv',
        '--service',
        PORTAL,
        '--from',
        '2026-11-01',
        '--until',
        '2026-11-30',
      ]
      const who = ['--consumer', 'H29/mot-cua', '--key', 'mot-cua.jwk', '--gateway', world.gateway.publicUrl]
      const { exit, out, err } = await runCli([...words, ...who], { workingDirectory: folder })
      expect(exit, err).to.equal(1)
      expect(out).to.include('matched\t1\n').and.include('differs\tH29.12-261120-0003\t10\t9\n')
      expect(out).to.include('onlyProvider\tH29.12-261120-0009\n')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

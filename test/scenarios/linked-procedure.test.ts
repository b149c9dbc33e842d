import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { createProcedureStore } from '../../src/storage/procedures.ts'
import { createVault } from '../../src/storage/vault.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { ANSWERS, bindAgencies, type Effect, FORWARD, startAgency } from '../support/linked-agency.ts'

const SERVICE = 'G06/lien-thong/khai-sinh/v1'
const CONTRACT = join(import.meta.dirname, '../../schemas/services/G06/lien-thong/khai-sinh.v1.yaml')
const { examples } = parse(readFileSync(CONTRACT, 'utf8')).components
const DECLARATION = examples.StartBirthRequest.value

interface Step {
  readonly state: string
  readonly code?: string
  readonly exchange?: string
  readonly answer?: Record<string, string>
}
interface Told {
  readonly procedureId: string
  readonly state: string
  readonly steps: Readonly<Record<string, Step>>
}

describe('a linked procedure', () => {
  let world: GatewayWorld
  let agency: Awaited<ReturnType<typeof startAgency>>
  let misconduct: (effect: Effect) => { status: number; body: object } | 'answers' | undefined = () =>
    'answers'
  let asked = 0

  before(async () => {
    agency = await startAgency((effect) => {
      const said = misconduct(effect)
      return said === 'answers' ? { status: 200, body: ANSWERS[effect.path] ?? {} } : said
    })
    world = await startWorld({ change: (documents) => bindAgencies(documents, agency.url) })
  })
  after(async () => {
    await world?.close()
    await agency?.close()
  })
  beforeEach(() => {
    misconduct = () => 'answers'
    agency.effects.length = 0
    agency.asked.length = 0
  })

  const headers = { 'exchange-purpose': 'lien-thong-thu-tuc' }

  async function begin(key = `birth-${asked++}`) {
    const { status, json } = await world.consumer.call(`${SERVICE}/nop`, {
      body: DECLARATION,
      headers: { ...headers, 'idempotency-key': key },
    })
    expect(status, JSON.stringify(json)).to.equal(200)
    return json as unknown as Told
  }

  async function look(procedureId: string): Promise<Told> {
    const { status, json } = await world.consumer.call(`${SERVICE}/tien-do`, {
      body: { procedureId },
      headers,
    })
    expect(status, JSON.stringify(json)).to.equal(200)
    return json as unknown as Told
  }

  async function until(procedureId: string, isReached: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const told = await look(procedureId)
      if (isReached(told)) return told
    }
  }
  const hasEnded = ({ state }: Told) => state !== 'running' && state !== 'undoing'

  it('submits one step after the other, each with what the ones before were answered', async () => {
    const { procedureId, state } = await begin()
    expect(state).to.equal('running')
    const { steps, ...told } = await until(procedureId, hasEnded)
    expect(told.state).to.equal('done')
    expect(agency.effects.map(({ path }) => path)).to.deep.equal(FORWARD)
    expect(agency.effects.at(1)?.body).to.include({ birthRegistrationNumber: 'KS-2026-0000001' })
    expect(agency.effects.at(3)?.body).to.include({ personalId: '099326900001' })
    expect(steps['personalId']?.answer).to.deep.equal(ANSWERS['/cap-so-dinh-danh'])
  }).timeout(30_000)

  it('has a record for each step that names the exchange it was begun with', async () => {
    const before = (await world.records()).length
    const { procedureId } = await begin()
    const { steps } = await until(procedureId, hasEnded)
    const records = (await world.records()).slice(before)
    const begun = records.find(({ operation }) => operation === 'startBirth')
    const legs = records.filter(({ parent }) => parent !== undefined)
    expect(legs.map(({ parent }) => parent)).to.deep.equal(FORWARD.map(() => begun?.['exchange']))
    expect(legs.map(({ exchange }) => exchange)).to.deep.equal(
      Object.values(steps).map(({ exchange }) => exchange),
    )
  }).timeout(30_000)

  it('is begun once, however often it is submitted', async () => {
    const first = await begin('birth-twice')
    const second = await begin('birth-twice')
    expect(second.procedureId).to.equal(first.procedureId)
    await until(first.procedureId, hasEnded)
    expect(agency.effects).to.have.length(FORWARD.length)
  }).timeout(30_000)

  it('takes back what was done, last first, where a step is refused', async () => {
    misconduct = ({ path }) =>
      path === '/the-tre-em' ? { status: 409, body: { code: 'conflict', message: 'Đã có.' } } : 'answers'
    const { procedureId } = await begin()
    const { state, steps } = await until(procedureId, hasEnded)
    expect(state).to.equal('undone')
    expect(agency.effects.map(({ path }) => path)).to.deep.equal([
      ...FORWARD.slice(0, 3),
      '/huy',
      '/huy',
      '/huy-dang-ky',
    ])
    expect(
      agency.effects.slice(3).map(({ body }) => body['number'] ?? body['registrationNumber']),
    ).to.deep.equal(['DKCT-2026-0000001', 'CSDD-2026-0000001', 'KS-2026-0000001'])
    expect(Object.values(steps).map((step) => step.state)).to.deep.equal([
      'undone',
      'undone',
      'undone',
      'refused',
    ])
  }).timeout(30_000)

  it('asks again what broke off, with the same key: nothing is done twice', async () => {
    let broken = 0
    misconduct = ({ path }) => (path === '/thuong-tru' && broken++ === 0 ? undefined : 'answers')
    const { procedureId } = await begin()
    const waiting = await until(procedureId, ({ steps }) => steps['residence']?.code !== undefined)
    expect(waiting.steps['residence']).to.include({ state: 'waiting', code: 'provider_unavailable' })
    const { state } = await until(procedureId, hasEnded)
    expect(state).to.equal('done')
    expect(agency.asked.filter((path) => path === '/thuong-tru')).to.have.length(2)
    expect(agency.effects.map(({ path }) => path)).to.deep.equal(FORWARD)
  }).timeout(30_000)

  it('is left to people where what was done cannot be taken back', async () => {
    const refusal = { status: 409, body: { code: 'conflict', message: 'Không được.' } }
    misconduct = ({ path }) => (path === '/the-tre-em' || path === '/huy-dang-ky' ? refusal : 'answers')
    const { procedureId } = await begin()
    const { state, steps } = await until(procedureId, hasEnded)
    expect(state).to.equal('stuck')
    expect(steps['civilStatus']?.state).to.equal('undo_refused')
  }).timeout(30_000)

  it('is known to nobody who did not begin it', async () => {
    const { procedureId } = await begin()
    await until(procedureId, hasEnded)
    await world.pool.query("UPDATE linked_procedure SET consumer = 'H26/mot-cua' WHERE procedure_id = $1", [
      procedureId,
    ])
    const { status } = await world.consumer.call(`${SERVICE}/tien-do`, { body: { procedureId }, headers })
    expect(status).to.equal(404)
  }).timeout(30_000)

  it('holds nothing of anybody in clear, and nothing at all once its days are over', async () => {
    const { procedureId } = await begin()
    await until(procedureId, hasEnded)
    const { rows } = await world.pool.query('SELECT linked_procedure::text AS row FROM linked_procedure')
    const text = rows.map(({ row }) => row).join('\n')
    const hex = (plain: string) => Buffer.from(plain).toString('hex')
    for (const plain of [DECLARATION.childFullName, DECLARATION.motherPersonalId]) {
      expect(text).not.to.include(plain)
      expect(text).not.to.include(hex(plain))
    }
    await world.pool.query('UPDATE linked_procedure SET erase_at = now()')
    await createProcedureStore({
      pool: world.pool,
      vault: createVault(Buffer.alloc(32)),
      jobs: { sendWithin: async () => undefined },
      queue: '',
      now: Date.now,
    }).erase()
    expect(await look(procedureId)).to.deep.include({ state: 'done', steps: {} })
  }).timeout(30_000)
})

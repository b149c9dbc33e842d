import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openSandboxTools } from '../../src/cli/sandbox-tools.ts'
import { isHardName } from '../../src/sandbox/test-data.ts'
import { readSettings } from '../../src/settings.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readBlocks } from '../support/markdown.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
type Person = Readonly<Record<string, string>>

describe('a sandbox', () => {
  let world: GatewayWorld
  before(async () => {
    world = await startWorld()
  })
  after(() => world?.close())

  async function ask(path: string, body?: object, base = world.gateway.publicUrl) {
    const reply = await fetch(`${base}/sandbox/${path}`, {
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    return { status: reply.status, json: (await reply.json()) as Record<string, unknown> }
  }
  async function draw(wish: object): Promise<readonly Person[]> {
    const { status, json } = await ask('test-data', wish)
    expect(status, JSON.stringify(json)).to.equal(200)
    return json['items'] as readonly Person[]
  }
  const call = (path: string, body: object, headers = {}) => world.consumer.call(path, { body, headers })
  const control = (path: string, body?: object) => ask(path, body, world.gateway.managementUrl)

  it('gives people with the wanted properties, whom the agencies know as such', async () => {
    const wish = { kind: 'person', count: 3, maritalStatus: 'married', idCardNumber: true, sex: 'female' }
    const women = await draw(wish)
    expect(women).to.have.length(3)
    expect(await draw(wish), 'the same wish and seed').to.deep.equal(women)
    expect(await draw({ ...wish, seed: 2 })).not.to.deep.equal(women)
    for (const { personalId, fullName, birthDate, sex, idCardNumber, spousePersonalId } of women) {
      const verify = { personalId, fullName, birthDate, sex, idCardNumber }
      expect((await call(`${CITIZEN}/xac-thuc`, verify)).json).to.include({ matched: true })
      expect(idCardNumber).to.match(/^99\d{7}$/)
      const { json } = await call('G15/ho-tich/su-kien/v1/tinh-trang-hon-nhan', { personalId })
      expect(json).to.include({ maritalStatus: 'married' })
      expect(spousePersonalId).to.match(/^099/)
    }
  })

  it('gives dead people, hard names, owners, households, parcels and enterprises', async () => {
    for (const { personalId, diedOn } of await draw({ kind: 'person', dead: true, count: 3 })) {
      expect(diedOn).to.match(/^20\d\d-\d\d-\d\d$/)
      const { json } = await call('G15/ho-tich/su-kien/v1/khai-tu/xac-thuc', { personalId })
      expect(json['isRegisteredDead']).to.equal(true)
      const again = await call(
        'G15/ho-tich/su-kien/v1/khai-tu',
        { personalId, diedOn: '2026-11-10', declarantPersonalId: '099188010001' },
        { 'idempotency-key': `chet-${personalId}` },
      )
      expect(again.status, 'nobody dies twice').to.equal(409)
    }
    const hard = await draw({ kind: 'person', hardName: true, count: 10 })
    expect(hard.every(({ fullName = '' }) => isHardName(fullName))).to.equal(true)
    expect(hard).to.have.length(10)
    const [owner] = await draw({ kind: 'person', ownsParcel: true, maritalStatus: 'married' })
    const { parcelKey, personalId, fullName } = owner ?? {}
    const owned = await call('G10/dat-dai/thua-dat/v1/xac-thuc-chu-su-dung', {
      parcelKey,
      personalId,
      fullName,
    })
    expect(owned.json).to.include({ matched: true })
    const [household] = (await draw({ kind: 'household', province: '82' })) as unknown as {
      members: Person[]
      headPersonalId: string
    }[]
    expect(household?.members.length).to.be.above(1)
    expect(household?.members.map((member) => member['personalId'])).to.include(household?.headPersonalId)
    expect(household?.members.at(-1)).to.include({ province: '82' })
    const [parcel] = await draw({ kind: 'parcel', owners: 2, restriction: 'mortgage', province: '79' })
    expect(parcel?.['parcelKey']).to.match(/^\d{5}_\d+_\d+$/)
    expect(parcel).to.deep.include({ restrictions: ['mortgage'] })
    const [enterprise] = await draw({ kind: 'enterprise', active: false })
    const found = await call('G12/thue/nguoi-nop-thue/v1/tra-cuu', { taxCode: enterprise?.['taxCode'] })
    expect(found.json['statusCode']).to.equal(enterprise?.['statusCode']).and.not.to.equal('00')
  })

  it('answers the wish that the integrators’ guide shows', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const [wish] = readBlocks(page)
      .filter(({ language, text }) => language === 'json' && text.includes('"kind"'))
      .map(({ text }) => JSON.parse(text))
    expect(await draw(wish)).to.have.length(wish.count)
  })

  it('names what a wish breaks, and gives nothing where nobody is like that', async () => {
    const { status, json } = await ask('test-data', { kind: 'person', sex: 'other', colour: 'red' })
    expect([status, json['code']]).to.deep.equal([422, 'request_invalid'])
    expect((json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)).to.include('/sex')
    expect(await draw({ kind: 'person', dead: true, bornFrom: 2000 })).to.deep.equal([])
    expect((await ask('test-data')).status).to.equal(405)
    expect((await ask('nothing')).status).to.equal(404)
  })

  it('lists the identifiers that provoke errors, and each does', async () => {
    const { json } = await ask('scenarios')
    const scenarios = json['scenarios'] as { ending: string; personalId: string; misconduct: string }[]
    const code = { not_found: 404, conflict: 200, answer_invalid: 502, unavailable: 503 } as const
    for (const { ending, personalId, misconduct } of scenarios) {
      expect(await draw({ kind: 'person', scenario: ending })).to.deep.include.members([
        (await draw({ kind: 'person', scenario: ending }))[0],
      ])
      const wanted = (code as Record<string, number>)[misconduct]
      if (wanted === undefined) continue
      expect((await call(`${CITIZEN}/tra-cuu`, { personalId })).status, misconduct).to.equal(wanted)
    }
  })

  it('has agencies that are broken and mended by whoever runs it, and by nobody else', async () => {
    const management = ['--management', world.gateway.managementUrl]
    const look = () => call('G12/thue/nguoi-nop-thue/v1/tra-cuu', { taxCode: '099188010001' })
    expect((await runCli(['demo', 'break', 'tax', '--how', 'error', ...management])).out).to.match(
      /tax +error/,
    )
    expect((await look()).json['code']).to.equal('provider_failed')
    expect((await control('agencies')).json['agencies']).to.include({ tax: 'error', land: 'works' })
    const healed = await runCli(['demo', 'heal', '--json', ...management])
    expect(JSON.parse(healed.out).agencies).to.include({ tax: 'works' })
    expect((await look()).status).to.equal(200)
    expect((await ask('agencies/tax', { mode: 'down' })).status).to.equal(404)
    expect((await runCli(['demo', 'break', 'nobody', ...management])).exit).to.equal(2)
    expect((await runCli(['demo', 'break', 'tax', '--how', 'badly', ...management])).exit).to.equal(2)
    expect((await control('agencies/tax', { mode: 'sideways' })).status).to.equal(422)
  })

  it('has a clock that goes forward only: agreements end by it, credentials do not', async () => {
    const verify = () =>
      call(`${CITIZEN}/xac-thuc`, { personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan' })
    expect((await verify()).status).to.equal(200)
    expect((await ask('clock', { days: 1 })).status, 'not at the public door').to.equal(405)
    expect((await control('clock', { days: -1 })).status).to.equal(422)
    expect((await control('clock', {})).status).to.equal(422)
    const { exit, out } = await runCli([
      ...['demo', 'clock', '--advance', '1200d', '--json'],
      ...['--management', world.gateway.managementUrl],
    ])
    expect(exit).to.equal(0)
    expect(JSON.parse(out).advancedSeconds).to.equal(1200 * 86_400)
    expect(Date.parse(String((await ask('clock')).json['now']))).to.be.above(Date.now() + 1199 * 86_400_000)
    // The token and the proof are those of the real time; the agreement's days are over.
    expect((await verify()).json['code']).to.equal('agreement_not_in_force')
    const refused = (await world.records()).at(-1)
    expect(refused).to.include({ outcome: 'refused', code: 'agreement_not_in_force' })
  })

  it('is one only where its settings say so', async () => {
    const file = join(import.meta.dirname, '../../config/gateway.yaml')
    const settings = readSettings({ file, environment: {}, overrides: { sandbox: false } })
    const now = () => 1
    const side = await openSandboxTools(settings, { database: world, now, onError: () => {} })
    expect([side.tools, side.now]).to.deep.equal([undefined, now])
    side.close()
  })
})

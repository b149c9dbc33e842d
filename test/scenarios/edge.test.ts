import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const LOOK_UP = 'G01/dan-cu/cong-dan/v1/tra-cuu'
const REQUEST = { body: samplePerson(17).lookUp }
const PER_MINUTE = 5

describe('an address that is refused again and again', () => {
  let world: GatewayWorld

  beforeEach(async () => {
    world = await startWorld({ overrides: { limits: { refusalsPerMinute: PER_MINUTE } } })
  })

  afterEach(() => world.close())

  const refused = (code: string, stage: string) =>
    world.metric(`lienthong_refusals_total{stage="${stage}",code="${code}"}`)

  it('gets 429 before anything is looked at, is counted, and leaves no record', async () => {
    expect((await world.consumer.call(LOOK_UP, REQUEST)).status).to.equal(200)
    const records = (await world.records()).length
    const forged = { headers: { authorization: 'DPoP a.b.c' } }
    const attempt = () =>
      fetch(`${world.gateway.publicUrl}/exchange/${LOOK_UP}`, { method: 'POST', ...forged })
    for (let time = 0; time < PER_MINUTE; time += 1) expect((await attempt()).status).to.be.oneOf([400, 401])
    const answer = await attempt()
    expect(answer.status).to.equal(429)
    expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 12)
    expect(await answer.json()).to.include({ code: 'refusals_too_many' })
    const form = await fetch(`${world.gateway.publicUrl}/oauth/token`, { method: 'POST' })
    expect(form.status).to.equal(429)
    expect(await world.records()).to.have.length(records)
  })

  it('spends one allowance at every public door and the gate, and none of the management listener’s', async () => {
    const { publicUrl, managementUrl } = world.gateway
    const statuses = [
      await fetch(`${publicUrl}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'x' }),
      }),
      await fetch(`${publicUrl}/oauth/revoke`, { method: 'POST' }),
      await fetch(`${publicUrl}/nowhere`),
      await fetch(`${publicUrl}/exchange/${LOOK_UP}`, { method: 'POST' }),
      await fetch(`${publicUrl}/oauth/jwks?a=%00`),
      await fetch(`${publicUrl}/oauth/jwks`),
    ].map(({ status }) => status)
    expect(statuses.slice(0, PER_MINUTE).every((status) => status >= 400 && status < 429)).to.equal(true)
    expect(statuses.at(-1)).to.equal(429)
    expect((await fetch(`${managementUrl}/livez`)).status).to.equal(200)
    expect(await refused('refusals_too_many', 'gate')).to.equal(1)
  })

  it('has another allowance at the management listener, which readers’ refusals spend', async () => {
    const { publicUrl, managementUrl } = world.gateway
    for (let time = 0; time < PER_MINUTE; time += 1) {
      expect((await fetch(`${managementUrl}/audit/search`, { method: 'POST' })).status).to.be.oneOf([
        400, 401,
      ])
    }
    expect((await fetch(`${managementUrl}/audit/search`, { method: 'POST' })).status).to.equal(429)
    expect((await fetch(`${publicUrl}/oauth/jwks`)).status).to.equal(200)
  })
})

describe('the management listener', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld({ overrides: { management: { port: 0, hosts: ['metrics.test:9464'] } } })
  })

  after(() => world.close())

  async function statusOf(...lines: string[]): Promise<number> {
    const socket = connect(Number(new URL(world.gateway.managementUrl).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    await once(socket, 'close')
    return Number(/^HTTP\/1\.1 (\d\d\d)/.exec(answer)?.[1])
  }

  for (const host of [
    '127.0.0.1',
    '10.1.2.3:9464',
    '[2001:db8::1]:9464',
    'localhost:9464',
    'METRICS.test:9464',
  ]) {
    it(`answers to ${host}`, async () => {
      expect(await statusOf('GET /livez HTTP/1.1', `Host: ${host}`)).to.equal(200)
    })
  }

  it('refuses a name that is not its own, as a page in the operator’s browser would have it', async () => {
    expect(await statusOf('GET /metrics HTTP/1.1', 'Host: attacker.test:9464')).to.equal(400)
    expect(await statusOf('GET /metrics HTTP/1.1', 'Host: metrics.test')).to.equal(400)
  })

  it('stands behind the same gate as the other', async () => {
    const host = 'Host: 127.0.0.1'
    expect(await statusOf('GET /livez HTTP/1.0', host)).to.equal(400)
    expect(await statusOf('GET /livez HTTP/1.1', host, host)).to.equal(400)
    expect(await statusOf('GET //livez HTTP/1.1', host)).to.equal(400)
    expect(await statusOf('GET /livez HTTP/1.1', host, 'Content-Length: 3')).to.equal(400)
    expect(await statusOf('GET /livez HTTP/1.1', host, `X: ${'a'.repeat(9000)}`)).to.equal(431)
    expect(await statusOf('GET /livez HTTP/1.1', host, 'Client-Cert: :AA==:')).to.equal(400)
  })
})

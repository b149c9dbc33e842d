import { expect } from 'chai'
import type { Agreement } from '../../src/model/agreement.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const LOOK_UP = 'G01/dan-cu/cong-dan/v1/tra-cuu'

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

function changeAgreement(
  documents: RegistryDocuments,
  id: string,
  change: Partial<Agreement>,
): RegistryDocuments {
  const agreements = documents.agreements.map((each) => (each.id === id ? { ...each, ...change } : each))
  return { ...documents, agreements }
}

describe('while the database is away', () => {
  let world: GatewayWorld
  let wire: TcpProxy

  before(async () => {
    const { url, drop } = await createTestDatabase()
    wire = await startTcpProxy(Number(new URL(url).port))
    await drop()
    world = await startWorld({
      databaseUrl(url) {
        const address = new URL(url)
        address.port = String(wire.port)
        return address.href
      },
    })
  })

  after(async () => {
    wire.mend()
    await world.close()
    await wire.close()
  })

  it('releases nothing, says so, and recovers without a restart', async () => {
    const body = samplePerson(17).lookUp
    const readiness = async () => (await fetch(`${world.gateway.managementUrl}/readyz`)).status
    expect((await world.consumer.call(LOOK_UP, { body })).status).to.equal(200)
    const written = (await world.records()).length
    wire.cut()
    const answer = await world.consumer.call(LOOK_UP, { body })
    expect(answer.status).to.equal(503)
    expect(answer.json).to.include({ code: 'ledger_unavailable', fault: 'gateway' })
    expect(answer.json).not.to.have.property('fullName')
    await until(async () => (await readiness()) === 503)
    wire.mend()
    await until(async () => (await readiness()) === 200)
    expect((await world.consumer.call(LOOK_UP, { body })).status).to.equal(200)
    expect(await world.records()).to.have.length(written + 1)
  })
})

describe('a submission whose record was sent when the database went away', () => {
  let world: GatewayWorld
  let wire: TcpProxy
  const path = 'G12/thue/nguoi-nop-thue/v1/nghia-vu-dat-dai'
  const body = sampleTaxpayer(7).submit

  before(async () => {
    const { url, drop } = await createTestDatabase()
    wire = await startTcpProxy(Number(new URL(url).port))
    await drop()
    world = await startWorld({
      databaseUrl(url) {
        const address = new URL(url)
        address.port = String(wire.port)
        return address.href
      },
    })
    await world.consumer.dpopToken()
  })

  after(async () => {
    wire.mend()
    await world.close()
    await wire.close()
  })

  /** Has the wire swallow one direction from the moment when the record is sent, and cuts it after `isSent`. */
  async function loseCommit(
    key: string,
    what: 'questions' | 'answers',
    isSent: () => Promise<boolean>,
  ): Promise<void> {
    const sending = wire.swallow(what, 'ledger_advance')
    const asked = world.consumer.call(path, { body, headers: { 'idempotency-key': key } })
    await sending
    await until(isSent)
    wire.cut()
    const answer = await asked
    expect(answer.status).to.equal(503)
    expect(answer.json).to.include({ code: 'ledger_unavailable' })
    wire.mend()
  }

  /** Sends it again with the same key until it is no longer under way. */
  async function askAgain(key: string): Promise<Answer> {
    let answer: Answer | undefined
    await until(async () => {
      answer = await world.consumer.call(path, { body, headers: { 'idempotency-key': key } })
      return answer.status < 300
    })
    if (answer === undefined) throw new Error('nothing was answered')
    return answer
  }

  const outcomes = async () => (await world.records()).map(({ outcome }) => outcome)
  const settled = async () =>
    (await world.pool.query('SELECT FROM submission WHERE status IS NOT NULL')).rowCount ?? 0

  it('is answered with the kept reply where the record had become durable', async () => {
    const before = await settled()
    await loseCommit('committed', 'answers', async () => (await settled()) > before)
    expect((await askAgain('committed')).headers.get('idempotency-replayed')).to.equal('true')
    expect((await outcomes()).filter((outcome) => outcome === 'interrupted')).to.deep.equal([])
  })

  it('may be sent again where it had not, and the first try is recorded as interrupted', async () => {
    await loseCommit('lost', 'questions', async () => true)
    expect((await askAgain('lost')).headers.get('idempotency-replayed')).to.equal(null)
    expect((await outcomes()).filter((outcome) => outcome === 'interrupted')).to.have.length(1)
    expect((await world.pool.query('SELECT FROM exchange_intent')).rowCount).to.equal(0)
  })
})

describe('a registry that changes while exchanges run', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld()
  })

  after(async () => {
    await world.close()
  })

  it('is swapped whole, without an exchange dropped, and each record names the one it was judged by', async () => {
    const body = samplePerson(18).lookUp
    let running = true
    const statuses: number[] = []
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (running) statuses.push((await world.consumer.call(LOOK_UP, { body })).status)
      }),
    )
    for (let turn = 0; turn < 5; turn += 1) {
      const counted = statuses.length
      const title = { vi: `Lần ${turn}`, en: `Turn ${turn}` }
      await world.apply(
        changeAgreement(world.documents, 'TT-2026-001', {
          title,
          quota: { perSecond: 1000, perDay: 100_000 },
        }),
      )
      await until(() => statuses.length > counted + 8)
    }
    running = false
    await load
    expect(new Set(statuses)).to.deep.equal(new Set([200]))
    const digests = new Set((await world.records()).map(({ registry }) => registry))
    expect(digests.size).to.be.greaterThan(1)
  })

  it('ends what an agreement allowed as soon as it is revoked', async () => {
    const body = samplePerson(18).lookUp
    await world.apply(changeAgreement(world.documents, 'TT-2026-001', { state: 'revoked' }))
    await until(async () => (await world.consumer.call(LOOK_UP, { body })).status === 403)
    const answer = await world.consumer.call(LOOK_UP, { body })
    expect(answer.json).to.include({ code: 'agreement_not_in_force' })
  })
})

describe('quotas', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld({
      change: (documents) =>
        changeAgreement(documents, 'TT-2026-001', { quota: { perSecond: 4, perDay: 10 } }),
    })
  })

  after(async () => {
    await world.close()
  })

  it('let through what was agreed for a second and for a day, and tell when to come back', async () => {
    const body = samplePerson(19).lookUp
    const burst = await Promise.all(Array.from({ length: 20 }, () => world.consumer.call(LOOK_UP, { body })))
    const delivered = burst.filter(({ status }) => status === 200)
    expect(delivered.length).to.be.within(1, 8)
    const refused = burst.filter(({ status }) => status === 429)
    expect(delivered.length + refused.length).to.equal(20)
    expect(refused[0]?.headers.get('retry-after')).to.equal('1')
    expect(refused[0]?.json).to.include({ code: 'quota_exceeded' })
    let total = delivered.length
    await until(async () => {
      const { status, headers } = await world.consumer.call(LOOK_UP, { body })
      if (status === 200) total += 1
      return status === 429 && Number(headers.get('retry-after')) > 1
    })
    expect(total).to.equal(10)
  })
})

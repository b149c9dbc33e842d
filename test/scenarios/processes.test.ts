import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type Consumer, createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'

const LOOK_UP = 'G01/dan-cu/cong-dan/v1/tra-cuu'
const REQUEST = { body: samplePerson(21).lookUp }

describe('lienthong serve', () => {
  let world: GatewayWorld
  const running: ChildProcess[] = []

  before(async () => {
    world = await startWorld({
      change: (documents) => ({
        ...documents,
        agreements: documents.agreements.map((each) => ({
          ...each,
          quota: { perSecond: 10_000, perDay: 1_000_000 },
        })),
      }),
    })
  })

  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  after(async () => {
    await world.close()
  })

  it('refuses to start over a database that was written under another key', async () => {
    const other = await createTestFolder()
    const error = await serve(world, { LIENTHONG_DATADIR: other }).catch((thrown: unknown) => thrown)
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/ended with 1/)
  })

  async function start(environment: Record<string, string>): Promise<Served & { consumer: Consumer }> {
    const served = await serve(world, environment)
    running.push(served.process)
    return { ...served, consumer: await createConsumer(served.url, 'H29/mot-cua', world.keys) }
  }

  /** Asks over and over; whatever was answered 200 before the end is counted. */
  function load(consumer: Consumer, lanes: number): { delivered: string[]; stop(): Promise<void> } {
    const delivered: string[] = []
    let going = true
    const done = Promise.all(
      Array.from({ length: lanes }, async () => {
        while (going) {
          const answer = await consumer.call(LOOK_UP, REQUEST).catch(() => undefined)
          if (answer?.status === 200) delivered.push(answer.headers.get('exchange-id') ?? '')
          if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }),
    )
    return {
      delivered,
      async stop() {
        going = false
        await done
      },
    }
  }

  async function expectRecorded(delivered: readonly string[]): Promise<void> {
    const recorded = new Set((await world.records()).map(({ exchange }) => exchange))
    expect(delivered.filter((id) => !recorded.has(id))).to.deep.equal([])
    expect(new Set(delivered).size).to.equal(delivered.length)
  }

  /** How often each is there. */
  function tally(names: readonly string[]): Record<string, number> {
    return Object.fromEntries(
      [...Map.groupBy(names, (name) => name)].map(([name, { length }]) => [name, length]),
    )
  }

  const nameOf = (labels: Record<string, unknown>) =>
    ['consumer', 'provider', 'service', 'operation', 'outcome'].map((label) => labels[label]).join(' ')

  /** Exchanges as the page of metrics counts them. */
  async function countedOn({ managementUrl }: Served): Promise<Record<string, number>> {
    const page = await (await fetch(`${managementUrl}/metrics`)).text()
    const samples = [...page.matchAll(/^lienthong_transactions_total\{(.+)\} (\d+)$/gm)]
    const counts = samples.map(([, labels = '', count]) => {
      const named = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])
      return [nameOf(Object.fromEntries(named)), Number(count)] as const
    })
    return Object.fromEntries(counts.filter(([, count]) => count > 0))
  }

  it('finishes what is under way on SIGTERM and leaves no process', async () => {
    const served = await start({})
    const run = load(served.consumer, 8)
    while (run.delivered.length < 40) await new Promise((resolve) => setTimeout(resolve, 5))
    served.process.kill('SIGTERM')
    const [code] = await once(served.process, 'close')
    await run.stop()
    expect(code).to.equal(0)
    expect(served.lines()).to.include('"lienthong.drained":true')
    await expectRecorded(run.delivered)
  })

  it('says of a fault that nobody caught what and where it was, and no more of it', async () => {
    const fault = join(import.meta.dirname, '../support/uncaught-fault.ts')
    const served = await serve(world, {}, ['--import', fault])
    running.push(served.process)
    served.process.kill('SIGUSR2')
    // Its last line may come after its end.
    const [code] = await once(served.process, 'close')
    expect(code).to.equal(1)
    const last = served.lines().trim().split('\n').at(-1) ?? ''
    expect(last)
      .to.include('"event.action":"gateway_crashed"')
      .and.include('RangeError')
      .and.include('23505')
      .and.include('uncaught-fault.ts:4')
    expect(served.lines() + served.complaints()).not.to.include('099090000017')
  })

  it('acknowledges nothing that a kill -9 could lose', async () => {
    for (let round = 0; round < 3; round += 1) {
      const served = await start({})
      const run = load(served.consumer, 8)
      while (run.delivered.length < 30) await new Promise((resolve) => setTimeout(resolve, 5))
      served.process.kill('SIGKILL')
      await once(served.process, 'exit')
      await run.stop()
      await expectRecorded(run.delivered)
    }
  })

  it('shares one log, one quota and one page of metrics among its workers, and replaces one that dies', async () => {
    const served = await start({ LIENTHONG_WORKERS: '2' })
    const before = (await world.records()).length
    const run = load(served.consumer, 6)
    while (run.delivered.length < 60) await new Promise((resolve) => setTimeout(resolve, 5))
    await run.stop()
    await expectRecorded(run.delivered)
    // Whatever became of a call, it has its record and its count.
    const recorded = tally((await world.records()).slice(before).map(nameOf))
    expect(await countedOn(served), served.lines()).to.deep.equal(recorded)

    const started = /"worker_started","lienthong.worker_role":"exchanges","lienthong.worker_pid":(\d+)/g
    const pids = [...served.lines().matchAll(started)].map(([, pid]) => Number(pid))
    expect(pids).to.have.length(2)
    process.kill(pids[0] ?? 0, 'SIGKILL')
    while ([...served.lines().matchAll(started)].length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect((await served.consumer.call(LOOK_UP, REQUEST)).status).to.equal(200)
    served.process.kill('SIGTERM')
    const [code] = await once(served.process, 'close')
    expect(code, served.lines().slice(-3000)).to.equal(0)
    const ends = [...served.lines().matchAll(/"event.action":"worker_(ended|stopped)"/g)].map(
      ([, how]) => how,
    )
    expect(ends).to.deep.equal(['ended', 'stopped', 'stopped', 'stopped'])
  })
})

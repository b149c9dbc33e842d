import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { startDemoAlertmanager, type ToldAlert } from '../../src/cli/demo-alerts.ts'
import { startDemoPrometheus } from '../../src/cli/demo-prometheus.ts'
import { CliFault } from '../../src/cli/fault.ts'
import { requireProgram } from '../support/debian-program.ts'
import { createTestFolder } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')

describe('demo --with-prometheus', () => {
  let folder: string

  before(async () => {
    folder = await createTestFolder()
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const parts = (managementUrl: string, environment: NodeJS.ProcessEnv) => ({
    folder,
    managementUrl,
    publicUrl: 'http://127.0.0.1:8080',
    projectRoot: PROJECT,
    environment,
    signal: new AbortController().signal,
  })

  it('has a real Prometheus scrape the demo by the project’s own rules, and ends it', async function () {
    requireProgram(this, 'prometheus', 'prometheus')
    const served = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('lienthong_up_here 1\n')
    }).listen(0, '127.0.0.1')
    const { port } = await new Promise<AddressInfo>((resolve) => {
      served.once('listening', () => resolve(served.address() as AddressInfo))
    })
    const prometheus = await startDemoPrometheus(parts(`http://127.0.0.1:${port}`, process.env))
    try {
      const ask = async (path: string) => JSON.parse(await (await fetch(prometheus.url + path)).text())
      let found: readonly unknown[] = []
      for (let tries = 0; tries < 300 && found.length === 0; tries += 1) {
        await pause(100)
        found = (await ask('/api/v1/query?query=lienthong_up_here')).data.result
      }
      expect(found).to.have.length(1)
      const { groups } = (await ask('/api/v1/rules')).data
      expect(groups.length).to.be.above(0)
      expect((await ask('/api/v1/status/config')).data.yaml).to.include('gateway_url: http://127.0.0.1:8080')
    } finally {
      await prometheus.stop()
      served.close()
    }
    expect(await fetch(prometheus.url).catch(() => 'gone')).to.equal('gone')
  })

  it('tells of an alert once when a real Alertmanager has it, and once when it is over', async function () {
    requireProgram(this, 'prometheus-alertmanager', 'prometheus-alertmanager')
    const told: ToldAlert[] = []
    const { signal } = new AbortController()
    const tell = (alert: ToldAlert) => told.push(alert)
    const alertmanager = await startDemoAlertmanager({ folder, environment: process.env, signal, tell })
    if (alertmanager === undefined) throw new Error('there is one')
    const startsAt = new Date().toISOString()
    const send = async (more: object) => {
      const labels = { alertname: 'LienthongBreakerOpen', provider: 'G12/thue' }
      const annotations = {
        summary: 'cannot be called',
        summary_vi: 'không gọi được',
        runbook_url: 'http://x',
      }
      const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ labels, annotations, startsAt, ...more }]),
      })
      expect(answer.status).to.equal(200)
    }
    try {
      await send({})
      while (told.length < 1) await pause(100)
      await send({})
      await send({ endsAt: new Date().toISOString() })
      while (told.length < 2) await pause(100)
    } finally {
      await alertmanager.stop()
    }
    const alert = { summary: { vi: 'không gọi được', en: 'cannot be called' }, runbook: 'http://x' }
    expect(told).to.deep.equal([
      { isResolved: false, ...alert },
      { isResolved: true, ...alert },
    ])
  })

  it('goes on without an Alertmanager where there is none', async () => {
    const { signal } = new AbortController()
    const tell = () => {}
    expect(
      await startDemoAlertmanager({ folder, environment: { PATH: join(folder, 'none') }, signal, tell }),
    ).to.equal(undefined)
  })

  it('says how to install it where there is none', async () => {
    const thrown = await startDemoPrometheus(
      parts('http://127.0.0.1:1', { PATH: join(folder, 'none') }),
    ).catch((error: unknown) => error)
    expect(thrown).to.be.an.instanceOf(CliFault).and.to.include({ code: 'prometheus_missing' })
    expect((thrown as CliFault).particulars.fix?.en).to.include('apt-get install')
  })
})

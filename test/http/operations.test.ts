import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { expect } from 'chai'
import express from 'express'
import { createOperationsRouter } from '../../src/http/operations.ts'
import type { ReadinessCheck } from '../../src/telemetry/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createMetricsPage, type MetricsPage } from '../../src/telemetry/metrics-page.ts'
import { providersCheck } from '../../src/telemetry/readiness.ts'

const ledger: ReadinessCheck = {
  name: 'ledger',
  check: () => ({ ok: false, detail: { vi: 'Sổ không ghi được.', en: 'The ledger takes no records.' } }),
}
const registry: ReadinessCheck = {
  name: 'registry',
  check: () => ({ ok: true, detail: { vi: 'Phiên bản 7.', en: 'Version 7.' } }),
}

describe('the management listener', () => {
  let server: Server | undefined
  let errors: unknown[] = []

  async function serve(
    checks: readonly ReadinessCheck[],
    page?: MetricsPage,
    remarks: readonly ReadinessCheck[] = [],
  ) {
    errors = []
    const app = express()
    const pageOrOwn = page ?? createMetricsPage(createMetrics().collect)
    app.use(
      createOperationsRouter({
        page: pageOrOwn,
        checks,
        remarks,
        onInternalError: (error) => errors.push(error),
      }),
    )
    server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const { port } = address
    return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  }

  afterEach(async () => {
    server?.closeAllConnections()
    server?.close()
    if (server?.listening) await once(server, 'close')
  })

  it('answers /livez whatever else is wrong', async () => {
    const ask = await serve([ledger])
    const answer = await ask('/livez')
    expect(answer.status).to.equal(200)
    expect(await answer.json()).to.deep.equal({ status: 'ok' })
    expect(answer.headers.get('cache-control')).to.equal('no-store')
  })

  it('answers /readyz with 503 and what is wrong, in both languages', async () => {
    const ask = await serve([registry, ledger])
    const answer = await ask('/readyz')
    expect(answer.status).to.equal(503)
    expect(await answer.json()).to.deep.equal({
      status: 'unready',
      checks: [
        { name: 'registry', ok: true },
        {
          name: 'ledger',
          ok: false,
          detail: { vi: 'Sổ không ghi được.', en: 'The ledger takes no records.' },
        },
      ],
    })
    expect(answer.headers.get('cache-control')).to.equal('no-store')
  })

  it('answers /readyz with 200 once all is well, and ?verbose with every detail', async () => {
    const ask = await serve([registry])
    const answer = await ask('/readyz')
    expect([answer.status, await answer.json()]).to.deep.equal([
      200,
      { status: 'ok', checks: [{ name: 'registry', ok: true }] },
    ])
    expect(await (await ask('/readyz?verbose')).json()).to.have.nested.property(
      'checks[0].detail.vi',
      'Phiên bản 7.',
    )
  })

  it('tells people of readiness in lines of their language, and programs in JSON', async () => {
    const ask = await serve([registry])
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const answer = await ask('/readyz?verbose', { headers: { accept, 'accept-language': 'vi' } })
    expect(answer.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    expect(await answer.text()).to.equal('[+] registry: Phiên bản 7.\nok\n')
    const json = await ask('/readyz', { headers: { accept: 'application/json, text/plain' } })
    expect(json.headers.get('content-type')).to.equal('application/json')
  })

  it('stays ready while a provider cannot be called, and ?verbose says which', async () => {
    const circuits = [
      { provider: 'G01/dan-cu', state: 'closed' },
      { provider: 'G12/thue', state: 'open' },
      { provider: 'G12/thue', state: 'half_open' },
    ]
    const unknown: ReadinessCheck = { name: 'odd', check: () => Promise.reject(new Error('not known')) }
    const ask = await serve([registry], undefined, [providersCheck(async () => circuits), unknown])
    const answer = await ask('/readyz?verbose', { headers: { accept: 'text/plain' } })
    expect(answer.status).to.equal(200)
    const [first, second, third] = (await answer.text()).split('\n')
    expect(first).to.match(/^\[\+\] registry/)
    expect(second).to.match(/^\[!\] providers: Không gọi được: G12\/thue \(/)
    expect(third).to.match(/^\[!\] odd/)
    const json = await (await ask('/readyz?verbose')).json()
    expect(json).to.nested.include({ status: 'ok', 'checks[1].ok': true, 'checks[1].concern': true })
    expect(await (await ask('/readyz')).json()).to.deep.equal({
      status: 'ok',
      checks: [{ name: 'registry', ok: true }],
    })
  })

  it('serves /metrics as text, and as OpenMetrics where that is asked for', async () => {
    const ask = await serve([])
    const text = await ask('/metrics')
    expect(text.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8')
    expect(await text.text()).to.contain('# TYPE lienthong_transactions_total counter')
    expect([text.headers.get('vary'), text.headers.get('etag')]).to.deep.equal(['Accept', null])
    const open = await ask('/metrics', { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
    expect(open.headers.get('content-type')).to.equal(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    expect(await open.text()).to.match(/# EOF\n$/)
  })

  it('answers HEAD without a body', async () => {
    const ask = await serve([])
    const answer = await ask('/metrics', { method: 'HEAD' })
    expect([answer.status, await answer.text()]).to.deep.equal([200, ''])
  })

  it('refuses every other method, naming those it takes', async () => {
    const ask = await serve([])
    for (const path of ['/livez', '/readyz', '/metrics']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const answer = await ask(path, { method })
        expect([answer.status, answer.headers.get('allow')], `${method} ${path}`).to.deep.equal([
          405,
          'GET, HEAD',
        ])
        expect(await answer.json()).to.include({ code: 'method_unsupported' })
      }
    }
  })

  it('answers 500 without a word of the error where the page cannot be written', async () => {
    const failure = new Error('a worker said 099300012345')
    const ask = await serve([], { render: () => Promise.reject(failure) })
    const answer = await ask('/metrics')
    expect([answer.status, await answer.json()]).to.deep.equal([500, { status: 'failed' }])
    expect(errors).to.deep.equal([failure])
  })
})

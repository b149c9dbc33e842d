import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { createExchangeMetrics } from '../../src/telemetry/exchange-metrics.ts'
import { createLedgerMetrics } from '../../src/telemetry/ledger-metrics.ts'
import { METRIC_NAMES, METRICS } from '../../src/telemetry/metric-table.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { chooseFormat, createMetricsPage } from '../../src/telemetry/metrics-page.ts'
import { watchProcess } from '../../src/telemetry/process-metrics.ts'
import { createProviderMetrics } from '../../src/telemetry/provider-metrics.ts'
import { mergeSnapshots, takeSnapshot } from '../../src/telemetry/snapshot.ts'
import { requireProgram } from '../support/debian-program.ts'
import { exchangeEvent } from '../support/exchange-event.ts'
import { meteredRegistry, PROVIDER, SERVICE } from '../support/metered-registry.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Metrics of a process that has done a bit of everything. */
function createBusyMetrics(scale: Parameters<typeof meteredRegistry>[0] = {}) {
  const metrics = createMetrics()
  const exchanges = createExchangeMetrics({ metrics, now: () => NOW_MS, routes: ['/oauth/token'] })
  exchanges.useRegistry(meteredRegistry(scale))
  exchanges.observeExchange(exchangeEvent())
  exchanges.observeExchange(exchangeEvent({ outcome: 'failed', code: 'response_invalid', status: 502 }))
  exchanges.observeRequest({ method: 'POST', route: '/oauth/token', status: 200, totalMs: 2 })
  exchanges.inFlight(SERVICE).inc()
  const provider = createProviderMetrics(metrics, { provider: PROVIDER, address: 'dan-cu.gov.test' })
  provider.attempt({ method: 'POST', status: 200, seconds: 0.1 })
  provider.breaker('open')
  createLedgerMetrics(metrics, () => 1)({ outcomes: ['delivered'], seconds: 0.001, size: 9, atMs: NOW_MS })
  metrics.gauge('lienthong_build_info').child({ version: '0.1.0', node: 'v24' }).set(1)
  metrics.gauge('lienthong_registry_info').child({ version: '7', digest: 'ab' }).set(1)
  metrics
    .gauge('lienthong_registry_last_load_timestamp_seconds')
    .child({ result: 'applied' })
    .set(NOW_MS / 1000)
  metrics
    .gauge('lienthong_certificate_not_after_timestamp_seconds')
    .child({ use: 'server', subject: 'CN="cổng \\ liên thông"\n' })
    .set(NOW_MS / 1000)
  metrics.counter('lienthong_metrics_series_overflow_total').child({ metric: 'x' }).inc()
  giveSamples(metrics)
  return metrics
}

/** What none of the parts above has counted gets one sample with the first value of each label. */
function giveSamples(metrics: Metrics): void {
  const shown = new Set(metrics.collect().flatMap((family) => (family.size() > 0 ? [family.name] : [])))
  for (const [name, { type, labels }] of Object.entries(METRICS)) {
    if (shown.has(name)) continue
    const values = Object.fromEntries(
      Object.entries(labels).map(([label, source]) => [label, typeof source === 'string' ? 'x' : source[0]]),
    )
    const labelled = values as never
    if (type === 'counter')
      metrics
        .counter(name as never)
        .child(labelled)
        .inc()
    if (type === 'gauge')
      metrics
        .gauge(name as never)
        .child(labelled)
        .set(1)
    if (type === 'histogram')
      metrics
        .histogram(name as never)
        .child(labelled)
        .observe(1)
  }
}

describe('the page of metrics', () => {
  let stopWatching = () => {}
  afterEach(() => stopWatching())

  for (const source of ['one process', 'two merged processes']) {
    it(`of ${source} is clean to promtool check metrics, with a sample of every metric`, async function () {
      requireProgram(this, 'promtool', 'prometheus')
      const metrics = createBusyMetrics()
      stopWatching = watchProcess(metrics)
      const collect = () => {
        const families = metrics.collect()
        return source === 'one process'
          ? families
          : mergeSnapshots([takeSnapshot(families), takeSnapshot(createBusyMetrics().collect())])
      }
      const { body, contentType } = await createMetricsPage(collect).render('text')
      expect(contentType).to.equal('text/plain; version=0.0.4; charset=utf-8')
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input: body,
        encoding: 'utf8',
      })
      expect(stdout + stderr).to.equal('')
      expect(status).to.equal(0)
      const isShown = (name: string) => new RegExp(`^${name}(?:_bucket)?[{ ]`, 'm').test(body)
      expect(METRIC_NAMES.filter((name) => !isShown(name))).to.deep.equal([])
    })
  }

  it('declares each metric of the table once, with its type and English help', async () => {
    const { body } = await createMetricsPage(createMetrics().collect).render('text')
    const declared = body.split('\n').filter((line) => line.startsWith('#'))
    expect(declared).to.deep.equal(
      METRIC_NAMES.flatMap((name) => [
        `# HELP ${name} ${METRICS[name].help}`,
        `# TYPE ${name} ${METRICS[name].type}`,
      ]),
    )
  })

  it('escapes what an operator named', async () => {
    const { body } = await createMetricsPage(createBusyMetrics().collect).render('text')
    expect(body).to.contain('subject="CN=\\"cổng \\\\ liên thông\\"\\n"} 1767323045')
  })

  it('cumulates buckets up to +Inf', async () => {
    const { body } = await createMetricsPage(createBusyMetrics().collect).render('text')
    const buckets = body
      .split('\n')
      .filter((line) => line.startsWith('lienthong_overhead_seconds_bucket'))
      .map((line) => [/le="([^"]*)"/.exec(line)?.[1], line.split(' ').at(-1)])
    expect(buckets.slice(0, 4)).to.deep.equal([
      ['0.00025', '0'],
      ['0.0005', '0'],
      ['0.001', '2'],
      ['0.0025', '2'],
    ])
    expect(buckets.at(-1)).to.deep.equal(['+Inf', '2'])
  })

  it('carries the trace of the last exchange in a bucket, in OpenMetrics only', async () => {
    const page = createMetricsPage(createBusyMetrics().collect)
    const { body, contentType } = await page.render('openmetrics')
    expect(contentType).to.equal('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(body).to.contain(
      `lienthong_overhead_seconds_bucket{le="0.001",service="${SERVICE}"} 2 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.001 1767323045`,
    )
    expect((await page.render('text')).body).to.not.contain('trace_id')
  })

  it('names counters as OpenMetrics does and ends with its mark', async () => {
    const { body } = await createMetricsPage(createBusyMetrics().collect).render('openmetrics')
    expect(body).to.contain('# TYPE lienthong_refusals counter\nlienthong_refusals_total{')
    expect(body).to.contain('# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total')
    expect(body).to.match(/[^\n]\n# EOF\n$/)
    expect(body).to.not.contain('\n\n')
  })

  it('lets exchanges pass while many series are written', async () => {
    const metrics = createBusyMetrics({ services: 200 })
    let turns = 0
    let isWriting = true
    const count = () => {
      turns += 1
      if (isWriting) setImmediate(count)
    }
    setImmediate(count)
    const { body } = await createMetricsPage(metrics.collect).render('text')
    isWriting = false
    const lines = body.split('\n')
    expect(turns).to.be.at.least(Math.floor(lines.length / 500))
    expect(lines.filter((line) => line.startsWith('lienthong_overhead_seconds_count'))).to.have.length(201)
    expect(lines.filter((line) => line === '# TYPE lienthong_overhead_seconds histogram')).to.have.length(1)
  })

  it('is written once for scrapes that come at the same time', async () => {
    let collected = 0
    const metrics = createMetrics()
    metrics.onCollect(() => {
      collected += 1
    })
    const page = createMetricsPage(metrics.collect)
    const [one, two] = await Promise.all([page.render('text'), page.render('text')])
    expect(one).to.equal(two)
    expect(collected).to.equal(1)
    await page.render('text')
    expect(collected).to.equal(2)
  })

  it('is written again after a failure', async () => {
    let fails = true
    const page = createMetricsPage(() => {
      if (fails) throw new Error('no answer')
      return []
    })
    const failed = await page.render('text').catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(Error)
    fails = false
    expect((await page.render('text')).body).to.equal('\n')
  })

  const prometheus2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const prometheus3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  for (const [accept, format] of [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html, */*;q=0.8', 'text'],
    [prometheus2, 'openmetrics'],
    [prometheus3, 'openmetrics'],
    ['Application/OpenMetrics-Text', 'openmetrics'],
    ['application/openmetrics-text;version=0.0.1', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=0.2,text/plain;q=0.7', 'text'],
    ['application/openmetrics-text;q=x', 'text'],
  ] as const) {
    it(`is ${format} for ${accept ?? 'no Accept'}`, () => {
      expect(chooseFormat(accept)).to.equal(format)
    })
  }
})

import { expect } from 'chai'
import fc from 'fast-check'
import { createExchangeMetrics, type ExchangeMetrics } from '../../src/telemetry/exchange-metrics.ts'
import { CODES } from '../../src/telemetry/metric-table.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { createMetricsPage } from '../../src/telemetry/metrics-page.ts'
import { exchangeEvent } from '../support/exchange-event.ts'
import { CONSUMER, meteredRegistry, OPERATION, PROVIDER, SERVICE } from '../support/metered-registry.ts'

const TOKEN_ROUTE = '/oauth/token'
const NOW_MS = Date.UTC(2026, 0, 2)

function createWorld(registry = meteredRegistry(), maxSeriesPerMetric = 10_000) {
  const metrics = createMetrics({ maxSeriesPerMetric })
  const exchanges = createExchangeMetrics({ metrics, now: () => NOW_MS, routes: [TOKEN_ROUTE] })
  return { metrics, exchanges, seeds: exchanges.useRegistry(registry) }
}

/** Lines of the page that are not zero, without the process's own. */
async function moved(metrics: Metrics, prefix: string): Promise<readonly string[]> {
  const { body } = await createMetricsPage(metrics.collect).render('text')
  return body
    .split('\n')
    .filter((line) => line.startsWith(prefix) && !line.endsWith(' 0') && !line.includes('_bucket'))
}

const transaction = (labels: string) =>
  `lienthong_transactions_total{consumer="${CONSUMER}",provider="${PROVIDER}",service="${SERVICE}",${labels}`

function observe(
  exchanges: ExchangeMetrics,
  ...changes: readonly Parameters<typeof exchangeEvent>[0][]
): void {
  for (const change of changes) exchanges.observeExchange(exchangeEvent(change))
}

describe('metrics of exchanges', () => {
  it('starts every agreed operation at zero for each outcome, and every error code', () => {
    const { metrics, seeds } = createWorld()
    const series = [...metrics.counter('lienthong_transactions_total').series()]
    expect(series.map(({ labels }) => `${labels['operation']} ${labels['outcome']}`)).to.have.members(
      ['delivered', 'refused', 'failed', 'interrupted'].flatMap((outcome) => [
        `xacThuc ${outcome}`,
        `traCuu ${outcome}`,
      ]),
    )
    expect(series.every(({ value }) => value === 0)).to.equal(true)
    expect(seeds).to.deep.equal({ seeded: 8, skipped: 0 })
    const refusals = [...metrics.counter('lienthong_refusals_total').series()]
    expect(refusals.map(({ labels }) => labels['code'])).to.have.members([...CODES])
  })

  it('leaves room for real traffic: zero series take half of the limit, deliveries first', () => {
    const { metrics, exchanges, seeds } = createWorld(meteredRegistry({ consumers: 99 }), 400)
    expect(seeds).to.deep.equal({ seeded: 200, skipped: 600 })
    const outcomes = [...metrics.counter('lienthong_transactions_total').series()].map(
      ({ labels }) => labels['outcome'],
    )
    expect(new Set(outcomes)).to.deep.equal(new Set(['delivered']))
    observe(exchanges, { outcome: 'refused' })
    expect([...metrics.counter('lienthong_metrics_series_overflow_total').series()]).to.deep.equal([])
  })

  it('counts a delivered exchange once in each metric', async () => {
    const { metrics, exchanges } = createWorld()
    observe(exchanges, { totalMs: 5, providerMs: 4 })
    expect(await moved(metrics, 'lienthong_')).to.deep.equal([
      `${transaction('operation="xacThuc",outcome="delivered"')}} 1`,
      `lienthong_overhead_seconds_sum{service="${SERVICE}"} 0.001`,
      `lienthong_overhead_seconds_count{service="${SERVICE}"} 1`,
    ])
    const labels = `http_request_method="POST",http_route="/exchange/${SERVICE}/xac-thuc",http_response_status_code="200",error_type=""`
    expect(await moved(metrics, 'http_server')).to.deep.equal([
      `http_server_request_duration_seconds_sum{${labels}} 0.005`,
      `http_server_request_duration_seconds_count{${labels}} 1`,
    ])
  })

  it('counts a refusal by stage and code, with the code as error type', async () => {
    const { metrics, exchanges } = createWorld()
    observe(exchanges, { outcome: 'refused', code: 'field_not_agreed', status: 403, providerMs: 0 })
    expect(await moved(metrics, 'lienthong_refusals')).to.deep.equal([
      'lienthong_refusals_total{stage="authorise",code="field_not_agreed"} 1',
    ])
    expect(await moved(metrics, 'lienthong_transactions')).to.deep.equal([
      `${transaction('operation="xacThuc",outcome="refused"')}} 1`,
    ])
    expect((await moved(metrics, 'http_server')).at(-1)).to.contain(
      'http_response_status_code="403",error_type="field_not_agreed"} 1',
    )
  })

  it('counts at the stage the exchange ended, where that is not the one of the table', async () => {
    const { metrics, exchanges } = createWorld()
    observe(exchanges, { outcome: 'failed', code: 'internal_error', stage: 'check_response', status: 500 })
    expect(await moved(metrics, 'lienthong_refusals')).to.deep.equal([
      'lienthong_refusals_total{stage="check_response",code="internal_error"} 1',
    ])
  })

  it('counts broken contracts by their direction', async () => {
    const { metrics, exchanges } = createWorld()
    observe(
      exchanges,
      { outcome: 'refused', code: 'request_invalid', status: 422 },
      { outcome: 'failed', code: 'response_invalid', status: 502, operation: 'traCuu' },
    )
    expect(await moved(metrics, 'lienthong_schema')).to.deep.equal([
      `lienthong_schema_violations_total{service="${SERVICE}",operation="xacThuc",direction="request"} 1`,
      `lienthong_schema_violations_total{service="${SERVICE}",operation="traCuu",direction="response"} 1`,
    ])
  })

  it('counts one route per operation, whatever stood in the path', async () => {
    const { metrics, exchanges } = createWorld()
    observe(exchanges, { operation: 'traCuu' }, { operation: 'traCuu' })
    const [line] = (await moved(metrics, 'http_server_request_duration_seconds_count')).slice(-1)
    expect(line).to.contain(`http_route="/exchange/${SERVICE}/tra-cuu/{so}"`)
    expect(line).to.match(/ 2$/)
  })

  it('counts exchanges under way', () => {
    const { metrics, exchanges } = createWorld()
    const gauge = exchanges.inFlight(SERVICE)
    gauge.inc()
    gauge.inc()
    gauge.dec()
    expect(metrics.gauge('lienthong_exchanges_in_flight').child({ service: SERVICE }).value).to.equal(1)
    expect(exchanges.inFlight('G99/khong/co/v1').labels).to.deep.equal({ service: '_unknown' })
  })

  it('counts requests that are no exchange by their own route', async () => {
    const { metrics, exchanges } = createWorld()
    const request = { method: 'POST', status: 401, code: 'client_invalid', totalMs: 2 } as const
    exchanges.observeRequest({ ...request, route: TOKEN_ROUTE })
    exchanges.observeRequest({ ...request, route: '/exchange/099300012345' })
    exchanges.observeAuthentication('client_invalid')
    const counts = (await moved(metrics, 'http_server')).filter((line) => line.includes('_count'))
    expect(counts.map((line) => /http_route="([^"]*)"/.exec(line)?.[1])).to.deep.equal([
      TOKEN_ROUTE,
      '_unknown',
    ])
    expect(await moved(metrics, 'lienthong_refusals')).to.deep.equal([
      'lienthong_refusals_total{stage="authenticate",code="client_invalid"} 2',
    ])
    expect(await moved(metrics, 'lienthong_authentication')).to.deep.equal([
      'lienthong_authentication_total{result="client_invalid"} 1',
    ])
  })

  it('takes a service of a new registry into account, and goes on counting the old series', async () => {
    const { metrics, exchanges } = createWorld()
    const service = 'G10/dat-dai-0/thua-dat/v1'
    observe(exchanges, { service, provider: 'G10/dat-dai-0' }, {})
    exchanges.useRegistry(meteredRegistry({ services: 1 }))
    observe(exchanges, { service, provider: 'G10/dat-dai-0' }, {})
    const counts = (await moved(metrics, 'lienthong_transactions')).map((line) => [
      /service="([^"]*)"/.exec(line)?.[1],
      line.split(' ').at(-1),
    ])
    expect(counts).to.have.deep.members([
      ['_unknown', '1'],
      [SERVICE, '2'],
      [service, '1'],
    ])
  })

  it('never shows a word of a request, in either format', async () => {
    const planted = fc.constantFrom(
      '099300012345',
      'Nguyễn Văn Hồ Sơ',
      '9900000019',
      'eyJhbGciOiJFUzI1NiJ9.e30.c2ln',
      '"} 1\nlienthong_planted 1',
    )
    const hostile = fc.record({
      consumer: planted,
      provider: planted,
      service: fc.oneof(planted, fc.constant(SERVICE)),
      operation: fc.oneof(planted, fc.constant(OPERATION)),
      method: planted,
      agreement: planted,
      purpose: planted,
      exchangeId: planted,
      traceId: planted,
      status: fc.integer({ min: -1, max: 999 }),
    })
    const { metrics, exchanges } = createWorld()
    fc.assert(
      fc.property(hostile, (change) => {
        observe(exchanges, change)
        exchanges.observeRequest({
          method: change.method,
          route: change.service,
          status: change.status,
          totalMs: 1,
        })
        exchanges.inFlight(change.service)
      }),
      { numRuns: 200 },
    )
    const page = createMetricsPage(metrics.collect)
    const bodies = (await page.render('text')).body + (await page.render('openmetrics')).body
    expect(bodies).to.not.match(/0993000|Nguy|9900000019|eyJ|planted/)
    expect(metrics.counter('lienthong_transactions_total').size()).to.be.below(20)
  })
})

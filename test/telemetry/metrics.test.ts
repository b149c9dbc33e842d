import { expect } from 'chai'
import { knownIn } from '../../src/telemetry/known.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { HistogramSeries } from '../../src/telemetry/series.ts'
import { CONSUMER, meteredRegistry, OPERATION, PROVIDER, SERVICE } from '../support/metered-registry.ts'

const TRANSACTION = {
  consumer: CONSUMER,
  provider: PROVIDER,
  service: SERVICE,
  operation: OPERATION,
  outcome: 'delivered',
} as const

function createKnowing(maxSeriesPerMetric?: number): Metrics {
  const metrics = createMetrics(maxSeriesPerMetric === undefined ? {} : { maxSeriesPerMetric })
  metrics.useKnown(knownIn(meteredRegistry()))
  return metrics
}

const overflows = (metrics: Metrics) =>
  Array.from(metrics.counter('lienthong_metrics_series_overflow_total').series(), ({ labels, value }) => [
    labels['metric'],
    value,
  ])

describe('metrics', () => {
  it('finds the same series for the same labels', () => {
    const metrics = createKnowing()
    metrics.counter('lienthong_transactions_total').child(TRANSACTION).inc()
    metrics
      .counter('lienthong_transactions_total')
      .child({ ...TRANSACTION })
      .inc(2)
    expect(metrics.counter('lienthong_transactions_total').child(TRANSACTION).value).to.equal(3)
    expect(metrics.counter('lienthong_transactions_total').size()).to.equal(1)
  })

  it('puts _unknown for what the registry does not know', () => {
    const metrics = createKnowing()
    const { labels } = metrics
      .counter('lienthong_transactions_total')
      .child({ ...TRANSACTION, consumer: '099300012345', service: 'G99/x/y/v1' })
    expect(labels).to.deep.equal({ ...TRANSACTION, consumer: '_unknown', service: '_unknown' })
  })

  it('puts _unknown for a word outside a closed set', () => {
    const outcome = '099300012345' as 'delivered'
    const { labels } = createKnowing().counter('lienthong_ledger_records_total').child({ outcome })
    expect(labels).to.deep.equal({ outcome: '_unknown' })
  })

  it('knows nothing before a registry is loaded', () => {
    const { labels } = createMetrics().counter('lienthong_transactions_total').child(TRANSACTION)
    expect(labels).to.deep.equal({
      consumer: '_unknown',
      provider: '_unknown',
      service: '_unknown',
      operation: '_unknown',
      outcome: 'delivered',
    })
  })

  it('keeps methods, statuses and error types in their closed sets', () => {
    const { labels } = createKnowing().histogram('http_server_request_duration_seconds').child({
      http_request_method: 'PROPFIND099300012345',
      http_route: '/exchange/G01/dan-cu/cong-dan/v1/099300012345',
      http_response_status_code: '099',
      error_type: '099300012345',
    })
    expect(labels).to.deep.equal({
      http_request_method: '_OTHER',
      http_route: '_unknown',
      http_response_status_code: '_unknown',
      error_type: '_OTHER',
    })
  })

  it('holds no more series than its limit under 100,000 random values, and counts what it merged', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 1000 })
    const everything = { has: () => true }
    metrics.useKnown({ ...knownIn(meteredRegistry()), subsystem: everything })
    const transactions = metrics.counter('lienthong_transactions_total')
    for (let count = 0; count < 100_000; count += 1) {
      const consumer = `H29/${(count * 2_654_435_761) % 4_294_967_296}`
      transactions.child({ ...TRANSACTION, consumer, outcome: count % 2 ? 'delivered' : 'refused' }).inc()
    }
    expect(transactions.size()).to.equal(1002)
    const merged = ['delivered', 'refused'].map(
      (outcome) =>
        [...transactions.series()].find(
          ({ labels }) => labels['consumer'] === '_other' && labels['outcome'] === outcome,
        )?.value,
    )
    expect(merged).to.deep.equal([49_500, 49_500])
    expect([...transactions.series()].reduce((sum, { value }) => sum + value, 0)).to.equal(100_000)
    expect(overflows(metrics)).to.deep.equal([['lienthong_transactions_total', 99_000]])
  })

  it('counts overflows even where the limit is smaller than the number of metrics', () => {
    const metrics = createKnowing(1)
    metrics.counter('lienthong_transactions_total').child(TRANSACTION).inc()
    metrics
      .counter('lienthong_transactions_total')
      .child({ ...TRANSACTION, operation: 'traCuu' })
      .inc()
    metrics.counter('lienthong_provider_retries_total').child({ provider: PROVIDER }).inc()
    metrics.counter('lienthong_provider_retries_total').child({ provider: CONSUMER }).inc()
    expect(overflows(metrics)).to.deep.include.members([
      ['lienthong_transactions_total', 1],
      ['lienthong_provider_retries_total', 1],
    ])
  })

  it('starts counters and histograms of closed sets at zero', () => {
    const metrics = createMetrics()
    const authentications = [...metrics.counter('lienthong_authentication_total').series()]
    expect(authentications.map(({ labels }) => labels['result'])).to.include.members([
      'accepted',
      'credential_missing',
      'dpop_proof_invalid',
    ])
    expect(authentications.map(({ value }) => value)).to.satisfy((values: number[]) =>
      values.every((value) => value === 0),
    )
    expect(metrics.counter('lienthong_quota_decisions_total').size()).to.equal(2)
    expect(metrics.histogram('lienthong_ledger_append_seconds').size()).to.equal(1)
  })

  it('shows a gauge only from its first value on', () => {
    const metrics = createMetrics()
    expect(metrics.gauge('lienthong_ledger_last_durable_timestamp_seconds').size()).to.equal(0)
  })

  it('never lets a counter fall or a sum become NaN', () => {
    const metrics = createMetrics()
    const counter = metrics.counter('lienthong_log_lines_dropped_total').child({})
    counter.inc(2)
    counter.inc(-5)
    counter.inc(Number.NaN)
    expect(counter.value).to.equal(2)
    const append = metrics.histogram('lienthong_ledger_append_seconds').child({})
    append.observe(Number.NaN)
    append.observe(-1)
    expect([append.sum, append.count]).to.deep.equal([0, 2])
  })

  it('puts an observation on a bound into the bucket of that bound', () => {
    const series = new HistogramSeries({}, [1, 2])
    for (const value of [0, 1, 1.5, 2, 2.5, 1000]) series.observe(value)
    expect(series.counts).to.deep.equal([2, 2, 2])
    expect(series.sum).to.equal(1007)
  })

  it('brings gauges up to date before it is read, until told otherwise', () => {
    const metrics = createMetrics()
    const queue = metrics.gauge('lienthong_ledger_queue_records').child({})
    let queued = 3
    const stop = metrics.onCollect(() => queue.set(queued))
    metrics.collect()
    expect(queue.value).to.equal(3)
    stop()
    queued = 9
    metrics.collect()
    expect(queue.value).to.equal(3)
  })
})

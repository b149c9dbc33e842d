import { expect } from 'chai'
import type { LabelSource, MetricEntry } from '../../src/telemetry/metric-entry.ts'
import { METRIC_NAMES, METRICS } from '../../src/telemetry/metric-table.ts'

const entries: readonly (readonly [string, MetricEntry])[] = METRIC_NAMES.map((name) => [name, METRICS[name]])
const namesOf = (wrong: (name: string, entry: MetricEntry) => boolean) =>
  entries.filter(([name, entry]) => wrong(name, entry)).map(([name]) => name)

describe('the table of metrics', () => {
  it('ends counters, and nothing else, in _total', () => {
    expect(namesOf((name, { type }) => name.endsWith('_total') !== (type === 'counter'))).to.deep.equal([])
  })

  it('names seconds and bytes by their base unit', () => {
    const suffix = (unit: string) => new RegExp(`_${unit}(?:_total)?$`)
    expect(
      namesOf((name, { unit }) => (unit === 'seconds' || unit === 'bytes') && !suffix(unit).test(name)),
    ).to.deep.equal([])
    expect(namesOf((_, { type, unit }) => type === 'histogram' && unit !== 'seconds')).to.deep.equal([])
  })

  it('tells each metric in both languages', () => {
    expect(
      namesOf((_, { help, meaning }) => help === '' || meaning === '' || help === meaning),
    ).to.deep.equal([])
    expect(namesOf((_, { help }) => !help.endsWith('.'))).to.deep.equal([])
  })

  it('gives histograms rising buckets, and a rule of merging to every gauge', () => {
    const rising = (bounds: readonly number[]) => bounds.every((bound, at) => bound > (bounds[at - 1] ?? 0))
    expect(
      namesOf((_, { type, buckets }) => (type === 'histogram') !== (buckets !== undefined)),
    ).to.deep.equal([])
    expect(namesOf((_, { buckets = [1] }) => !rising(buckets))).to.deep.equal([])
    expect(namesOf((_, { type, merge }) => (type === 'gauge') !== (merge !== undefined))).to.deep.equal([])
  })

  it('never puts the consumer on a histogram', () => {
    expect(namesOf((_, { type, labels }) => type === 'histogram' && 'consumer' in labels)).to.deep.equal([])
  })

  it('takes each label of a request from a closed set or the registry', () => {
    const given = entries.flatMap(([, { labels }]) =>
      Object.entries(labels)
        .filter(([, source]: readonly [string, LabelSource]) => source === 'given')
        .map(([label]) => label),
    )
    // Chosen by the program or its settings, never by who sends a request.
    const chosen = [
      'authority',
      'basis',
      'digest',
      'issuer',
      'log',
      'metric',
      'node',
      'queue',
      'subject',
      'version',
      'witness',
    ]
    expect([...new Set(given)].toSorted()).to.deep.equal(chosen)
  })

  it('has the buckets of OpenTelemetry for HTTP, and a quarter of a millisecond to a second for the overhead', () => {
    const otel = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
    expect(METRICS.http_server_request_duration_seconds.buckets).to.deep.equal(otel)
    expect(METRICS.http_client_request_duration_seconds.buckets).to.deep.equal(otel)
    expect(METRICS.lienthong_overhead_seconds.buckets[0]).to.equal(0.00025)
    expect(METRICS.lienthong_overhead_seconds.buckets.at(-1)).to.equal(1)
  })

  it('keeps the names and labels that dashboards rest on', () => {
    const labelsOf = (name: keyof typeof METRICS) => Object.keys(METRICS[name].labels)
    expect(labelsOf('lienthong_transactions_total')).to.deep.equal([
      'consumer',
      'provider',
      'service',
      'operation',
      'outcome',
    ])
    expect(labelsOf('lienthong_refusals_total')).to.deep.equal(['stage', 'code'])
    expect(labelsOf('http_server_request_duration_seconds')).to.deep.equal([
      'http_request_method',
      'http_route',
      'http_response_status_code',
      'error_type',
    ])
    expect(labelsOf('http_client_request_duration_seconds')).to.deep.equal([
      'http_request_method',
      'server_address',
      'http_response_status_code',
      'error_type',
    ])
  })
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import type { Family } from '../../src/telemetry/family.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { HistogramSeries } from '../../src/telemetry/series.ts'
import { mergeSnapshots, takeSnapshot } from '../../src/telemetry/snapshot.ts'
import {
  createMetricsCollector,
  createWorkerMetrics,
  type WorkerPort,
} from '../../src/telemetry/worker-metrics.ts'

const never = () => new Promise<void>(() => {})
const atOnce = () => Promise.resolve()

function firstValue(families: readonly Family[], name: string): number | undefined {
  const family = families.find((each) => each.name === name)
  const [series] = family?.series() ?? []
  return series instanceof HistogramSeries ? series.count : series?.value
}

const DROPPED = 'lienthong_log_lines_dropped_total'
const QUEUE = 'lienthong_ledger_queue_records'

function counting(dropped: number): Metrics {
  const metrics = createMetrics()
  metrics.counter(DROPPED).child({}).inc(dropped)
  metrics.gauge(QUEUE).child({}).set(1)
  return metrics
}

/** Snapshots as they come out of the channel. */
const overTheWire = (metrics: Metrics) => JSON.parse(JSON.stringify(takeSnapshot(metrics.collect())))

describe('metrics of several processes', () => {
  it('are summed for counters and histograms, and merged as the table says for gauges', () => {
    const [one, two] = [createMetrics(), createMetrics()]
    for (const [metrics, size, notAfter] of [
      [one, 10, 900],
      [two, 7, 500],
    ] as const) {
      metrics.counter('lienthong_ledger_records_total').child({ outcome: 'delivered' }).inc(size)
      metrics.gauge(QUEUE).child({}).set(size)
      metrics.gauge('lienthong_ledger_size').child({}).set(size)
      metrics
        .gauge('lienthong_certificate_not_after_timestamp_seconds')
        .child({ use: 'server', subject: 'cổng' })
        .set(notAfter)
      metrics
        .histogram('lienthong_ledger_append_seconds')
        .child({})
        .observe(size / 1000)
    }
    const merged = mergeSnapshots([overTheWire(one), overTheWire(two)])
    expect(firstValue(merged, 'lienthong_ledger_records_total')).to.equal(17)
    expect(firstValue(merged, QUEUE)).to.equal(17)
    expect(firstValue(merged, 'lienthong_ledger_size')).to.equal(10)
    expect(firstValue(merged, 'lienthong_certificate_not_after_timestamp_seconds')).to.equal(500)
    const append = merged.find(({ name }) => name === 'lienthong_ledger_append_seconds')
    const [series] = append?.series() ?? []
    expect(series).to.be.instanceOf(HistogramSeries)
    expect(series).to.deep.include({ sum: 0.017, count: 2 })
  })

  it('keep the latest exemplar of a bucket', () => {
    const traced = (traceId: string, atMs: number) => {
      const metrics = createMetrics()
      metrics.histogram('lienthong_ledger_append_seconds').child({}).observe(0.001, traceId, atMs)
      return overTheWire(metrics)
    }
    const merged = mergeSnapshots([traced('a', 2000), traced('b', 3000), traced('c', 1000)])
    const append = merged.find(({ name }) => name === 'lienthong_ledger_append_seconds')
    const [series] = append?.series() ?? []
    const exemplars = series instanceof HistogramSeries ? series.exemplars : []
    expect(exemplars.filter((exemplar) => exemplar !== undefined)).to.deep.equal([
      { traceId: 'b', value: 0.001, atSeconds: 3 },
    ])
  })

  it('come from every worker, and the primary process itself', async () => {
    const ports: WorkerPort[] = []
    const collector = createMetricsCollector({ workers: () => ports, own: counting(100), patience: never })
    for (const id of [1, 2]) {
      const worker = createWorkerMetrics(counting(id), (message) =>
        queueMicrotask(() => collector.receive(id, message)),
      )
      ports.push({ id, send: (message) => worker.receive(message) })
    }
    expect(firstValue(await collector.collect(), DROPPED)).to.equal(103)
    expect(firstValue(await collector.collect(), DROPPED), 'a second scrape').to.equal(103)
  })

  it('of a worker that does not answer count as they were last known', async () => {
    const metrics = counting(5)
    let isStuck = false
    const collector = createMetricsCollector({ workers: () => [port], patience: atOnce })
    const worker = createWorkerMetrics(metrics, (message) => collector.receive(1, message))
    const port: WorkerPort = { id: 1, send: (message) => (isStuck ? undefined : worker.receive(message)) }
    expect(firstValue(await collector.collect(), DROPPED)).to.equal(5)
    metrics.counter(DROPPED).child({}).inc()
    isStuck = true
    expect(firstValue(await collector.collect(), DROPPED)).to.equal(5)
  })

  it('of a worker that ended stay in the counters, and leave the gauges', async () => {
    let ports: WorkerPort[] = []
    const collector = createMetricsCollector({ workers: () => ports, patience: never })
    const worker = createWorkerMetrics(counting(5), (message) => collector.receive(1, message))
    worker.tellFinal()
    collector.depart(1)
    const replacement = createWorkerMetrics(counting(1), (message) =>
      queueMicrotask(() => collector.receive(2, message)),
    )
    ports = [{ id: 2, send: (message) => replacement.receive(message) }]
    worker.tellFinal()
    const merged = await collector.collect()
    expect(firstValue(merged, DROPPED)).to.equal(6)
    expect(firstValue(merged, QUEUE)).to.equal(1)
  })

  it('do not wait for a worker that has just gone', async () => {
    const gone: WorkerPort = {
      id: 1,
      send() {
        throw new Error('channel closed')
      },
    }
    const collector = createMetricsCollector({ workers: () => [gone], own: counting(2), patience: never })
    expect(firstValue(await collector.collect(), DROPPED)).to.equal(2)
    const silent: WorkerPort = { id: 2, send: () => queueMicrotask(() => other.depart(2)) }
    const other = createMetricsCollector({ workers: () => [silent], own: counting(2), patience: never })
    expect(firstValue(await other.collect(), DROPPED)).to.equal(2)
  })

  it('leave messages that are not theirs alone', () => {
    const sent: unknown[] = []
    const worker = createWorkerMetrics(createMetrics(), (message) => sent.push(message))
    for (const message of [undefined, null, 'stop', 7, {}, { type: 'other' }]) worker.receive(message)
    expect(sent).to.deep.equal([])
  })

  it('travel between real processes, the last word included', async () => {
    const children = [3, 4].map((dropped) =>
      fork(`${import.meta.dirname}/../support/metrics-worker.ts`, [`${dropped}`]),
    )
    const ports = children.map(
      (child, id): WorkerPort => ({ id, send: (message) => child.send(Object(message)) }),
    )
    const collector = createMetricsCollector({ workers: () => ports, patience: never })
    for (const [id, child] of children.entries()) {
      child.on('message', (message) => collector.receive(id, message))
      child.on('disconnect', () => collector.depart(id))
    }
    const asked = await collector.collect()
    expect([firstValue(asked, DROPPED), firstValue(asked, QUEUE)]).to.deep.equal([7, 2])
    const ended = Promise.all(children.map((child) => once(child, 'exit')))
    for (const child of children) child.send('stop')
    expect(await ended).to.deep.equal([
      [0, null],
      [0, null],
    ])
    ports.length = 0
    const after = await collector.collect()
    expect([firstValue(after, DROPPED), firstValue(after, QUEUE)]).to.deep.equal([7, undefined])
  })
})

import { expect } from 'chai'
import { METRIC_NAMES } from '../../src/telemetry/metric-table.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { watchProcess } from '../../src/telemetry/process-metrics.ts'

describe('metrics of the process', () => {
  it('are those of this process, brought up to date by each page', () => {
    const metrics = createMetrics()
    const stop = watchProcess(metrics)
    metrics.collect()
    const cpu = metrics.counter('process_cpu_seconds_total').child({})
    const first = cpu.value
    expect(first).to.be.within(0.01, process.uptime() * 8)
    const used = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6
    while (used() < first + 0.02) JSON.stringify(METRIC_NAMES)
    metrics.collect()
    expect(cpu.value).to.be.above(first)
    const { user, system } = process.cpuUsage()
    expect(cpu.value).to.be.at.most((user + system) / 1e6)
    expect(metrics.gauge('process_resident_memory_bytes').child({}).value).to.be.above(1e7)
    expect(metrics.gauge('nodejs_heap_size_used_bytes').child({}).value).to.be.above(1e6)
    const startedAt = metrics.gauge('process_start_time_seconds').child({}).value
    expect(startedAt).to.be.closeTo(performance.timeOrigin / 1000, 1)
    if (process.platform === 'linux') expect(metrics.gauge('process_open_fds').child({}).value).to.be.above(2)
    for (const name of ['mean', 'max', 'p50', 'p99'] as const) {
      const lag = metrics.gauge(`nodejs_eventloop_lag_${name}_seconds`).child({}).value
      expect(lag, name).to.be.at.least(0)
    }
    stop()
  })

  it('are left as they were once watching has stopped', () => {
    const metrics = createMetrics()
    watchProcess(metrics)()
    metrics.collect()
    expect(metrics.counter('process_cpu_seconds_total').child({}).value).to.equal(0)
  })
})

import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createWorkerMetrics } from '../../src/telemetry/worker-metrics.ts'

/** A worker process that has dropped as many log lines as its argument says, and ends when told `stop`. */
const metrics = createMetrics()
metrics.counter('lienthong_log_lines_dropped_total').child({}).inc(Number(process.argv[2]))
metrics.gauge('lienthong_ledger_queue_records').child({}).set(1)
const worker = createWorkerMetrics(metrics, (message) => process.send?.(message))
process.on('message', (message) => {
  worker.receive(message)
  if (message !== 'stop') return
  worker.tellFinal()
  process.disconnect()
})

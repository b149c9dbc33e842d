import { readdirSync } from 'node:fs'
import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

const EVENT_LOOP_RESOLUTION_MS = 10

type CollectionKind = 'major' | 'minor' | 'incremental' | 'weakcb'

/** Kinds of a `gc` performance entry's `detail` (Node.js, perf_hooks). */
const COLLECTION_KINDS: ReadonlyMap<unknown, CollectionKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

/** @returns the kind; Node.js declares `detail` on its subclasses of entry only. */
function kindOf(entry: PerformanceEntry): CollectionKind {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined
  const kind = typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined
  return COLLECTION_KINDS.get(kind) ?? 'minor'
}

/** Open file descriptors, or `undefined` where the system has no `/proc`. */
function openFiles(): number | undefined {
  try {
    // One of them is the folder being read.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

function watchCollections(metrics: Metrics): PerformanceObserver {
  const durations = metrics.histogram('nodejs_gc_duration_seconds')
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      durations.child({ kind: kindOf(entry) }).observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return observer
}

function watchCpu(metrics: Metrics): () => void {
  const user = metrics.counter('process_cpu_user_seconds_total').child({})
  const system = metrics.counter('process_cpu_system_seconds_total').child({})
  const both = metrics.counter('process_cpu_seconds_total').child({})
  let last = { user: 0, system: 0 }
  return () => {
    const usage = process.cpuUsage()
    user.inc((usage.user - last.user) / 1e6)
    system.inc((usage.system - last.system) / 1e6)
    both.inc((usage.user + usage.system - last.user - last.system) / 1e6)
    last = usage
  }
}

function watchMemory(metrics: Metrics): () => void {
  const resident = metrics.gauge('process_resident_memory_bytes').child({})
  const heapTotal = metrics.gauge('nodejs_heap_size_total_bytes').child({})
  const heapUsed = metrics.gauge('nodejs_heap_size_used_bytes').child({})
  const external = metrics.gauge('nodejs_external_memory_bytes').child({})
  return () => {
    const usage = process.memoryUsage()
    resident.set(usage.rss)
    heapTotal.set(usage.heapTotal)
    heapUsed.set(usage.heapUsed)
    external.set(usage.external)
  }
}

/**
 * Fills the process's own metrics whenever a page is written.
 * @returns an end to the watching.
 */
export function watchProcess(metrics: Metrics): () => void {
  const loop = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS })
  loop.enable()
  const collections = watchCollections(metrics)
  const cpu = watchCpu(metrics)
  const memory = watchMemory(metrics)
  const mean = metrics.gauge('nodejs_eventloop_lag_mean_seconds').child({})
  const max = metrics.gauge('nodejs_eventloop_lag_max_seconds').child({})
  const p50 = metrics.gauge('nodejs_eventloop_lag_p50_seconds').child({})
  const p99 = metrics.gauge('nodejs_eventloop_lag_p99_seconds').child({})
  metrics
    .gauge('process_start_time_seconds')
    .child({})
    .set(performance.timeOrigin / 1000)

  const stop = metrics.onCollect(() => {
    cpu()
    memory()
    const files = openFiles()
    if (files !== undefined) metrics.gauge('process_open_fds').child({}).set(files)
    // The histogram's times hold the timer's own period and are in nanoseconds; without samples, mean is NaN.
    const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - EVENT_LOOP_RESOLUTION_MS / 1000) || 0
    mean.set(lag(loop.mean))
    max.set(lag(loop.max))
    p50.set(lag(loop.percentile(50)))
    p99.set(lag(loop.percentile(99)))
    loop.reset()
  })
  return () => {
    stop()
    loop.disable()
    collections.disconnect()
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliFault, EXIT, interrupted } from './fault.ts'

export interface DemoPrometheusParts {
  /** Its files go below this. */
  readonly folder: string
  /** The management listener, `http://host:port`. */
  readonly managementUrl: string
  /** Where alerts lead to. */
  readonly publicUrl: string
  /** Where the project's own `config` is. */
  readonly projectRoot: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** A Prometheus that scrapes the demo. */
export interface DemoPrometheus {
  readonly url: string
  /** Ends it; its data stay until the next demo. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const USUAL_PORT = 9090
const PROBE_MS = 50
/** It replays what it kept before it is ready. */
const READY_MS = 30_000

function missing(cause: unknown): CliFault {
  return new CliFault(EXIT.failed, 'prometheus_missing', {
    title: { vi: 'Máy này chưa có Prometheus', en: 'There is no Prometheus on this machine' },
    side: 'you',
    fix: {
      vi: 'sudo apt-get install -y --no-install-recommends prometheus, hoặc chạy demo không có --with-prometheus.',
      en: 'sudo apt-get install -y --no-install-recommends prometheus, or run the demo without --with-prometheus.',
    },
    cause,
  })
}

function portOr(port: number): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', () => (port === 0 ? reject(new Error('no port is free')) : resolve(portOr(0))))
    probe.listen(port, HOST, () => {
      const address = probe.address()
      const found = typeof address === 'object' && address !== null ? address.port : port
      probe.close(() => resolve(found))
    })
  })
}

/** The configuration of `config/prometheus`, with the demo for its target and looks often enough to watch. */
function configurationFor(target: string, gatewayUrl: string): string {
  return JSON.stringify({
    global: {
      scrape_interval: '2s',
      scrape_timeout: '2s',
      evaluation_interval: '5s',
      external_labels: { gateway_url: gatewayUrl },
    },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      { job_name: 'lienthong', metrics_path: '/metrics', static_configs: [{ targets: [target] }] },
    ],
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/**
 * Starts the Prometheus of this machine's PATH on loopback, with the project's own rules.
 * @throws CliFault `prometheus_missing` with the line that installs it; `prometheus_failed` where it does not come up.
 */
export async function startDemoPrometheus(parts: DemoPrometheusParts): Promise<DemoPrometheus> {
  const { folder, managementUrl, signal } = parts
  const home = join(folder, 'prometheus')
  mkdirSync(home, { recursive: true })
  // JSON is YAML.
  writeFileSync(join(home, 'prometheus.yaml'), configurationFor(new URL(managementUrl).host, parts.publicUrl))
  copyFileSync(join(parts.projectRoot, 'config/prometheus/rules.yaml'), join(home, 'rules.yaml'))
  const port = await portOr(USUAL_PORT)
  const url = `http://${HOST}:${port}`
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(home, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      '--storage.tsdb.retention.time=1d',
      `--web.listen-address=${HOST}:${port}`,
      '--log.level=warn',
    ],
    { stdio: 'ignore', env: parts.environment },
  )
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(missing(cause)))
    child.once('exit', (code) => {
      const title = { vi: `Prometheus kết thúc với mã ${code}`, en: `Prometheus ended with ${code}` }
      reject(new CliFault(EXIT.failed, 'prometheus_failed', { title, side: 'you' }))
    })
  })
  // After it came up nobody waits for this any more.
  failed.catch(() => {})
  const stop = () => end(child)
  try {
    await Promise.race([failed, whenReady(url, signal)])
    return { url, stop }
  } catch (thrown) {
    if (child.pid !== undefined) await stop()
    throw thrown
  }
}

async function whenReady(url: string, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += PROBE_MS) {
    if (signal.aborted) throw interrupted()
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(PROBE_MS)
  }
  const title = { vi: 'Prometheus không sẵn sàng', en: 'Prometheus did not become ready' }
  throw new CliFault(EXIT.failed, 'prometheus_failed', { title, side: 'you' })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { freePort } from './free-port.ts'

/** A running Prometheus or Alertmanager. */
export interface RunningProgram {
  readonly url: string
  stop(): Promise<void>
}

async function waitFor(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    await sleep(50)
  }
  throw new Error(`${url} does not answer`)
}

async function startProgram(program: string, args: readonly string[], url: string): Promise<RunningProgram> {
  const child = spawn(program, args, { stdio: 'ignore' })
  await waitFor(`${url}/-/ready`, child)
  return {
    url,
    async stop() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

export interface PrometheusOptions {
  /** Where its files go; the caller removes it. */
  readonly folder: string
  /** `host:port` of what it scrapes, every half second. */
  readonly targets: readonly string[]
  readonly rules: string
  readonly alertmanager?: string
  /** Where alerts lead to. */
  readonly gatewayUrl?: string
}

/** Starts Debian's Prometheus on loopback with the rules evaluated every second. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningProgram> {
  const { folder, targets, rules, alertmanager, gatewayUrl } = options
  writeFileSync(join(folder, 'rules.yaml'), rules.replaceAll(/interval: \w+/g, 'interval: 1s'))
  const config = {
    global: {
      scrape_interval: '500ms',
      scrape_timeout: '500ms',
      evaluation_interval: '1s',
      ...(gatewayUrl && { external_labels: { gateway_url: gatewayUrl } }),
    },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'lienthong', static_configs: [{ targets }] }],
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    }),
  }
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
  const port = await freePort()
  return startProgram(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    `http://127.0.0.1:${port}`,
  )
}

/** Starts Debian's Alertmanager, which sends every alert at once to `webhook`. */
export async function startAlertmanager(folder: string, webhook: string): Promise<RunningProgram> {
  const config = {
    route: { receiver: 'duty', group_wait: '100ms', group_interval: '1s' },
    receivers: [{ name: 'duty', webhook_configs: [{ url: webhook }] }],
  }
  writeFileSync(join(folder, 'alertmanager.yaml'), stringify(config))
  const port = await freePort()
  return startProgram(
    'prometheus-alertmanager',
    [
      `--config.file=${join(folder, 'alertmanager.yaml')}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    `http://127.0.0.1:${port}`,
  )
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** @returns what an instant query finds. @throws where Prometheus refuses it. */
export async function query({ url }: RunningProgram, expr: string): Promise<readonly Series[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`)
  const { status, error, data } = (await response.json()) as {
    status: string
    error?: string
    data?: { resultType: string; result: readonly Series[] }
  }
  if (status !== 'success') throw new Error(`${expr}: ${error}`)
  return data?.result ?? []
}

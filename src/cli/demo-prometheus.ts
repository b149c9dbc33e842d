import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DemoProgram, LOOPBACK, portOr, startDemoProgram } from './demo-program.ts'
import { CliFault, EXIT } from './fault.ts'

export interface DemoPrometheusParts {
  /** Its files go below this. */
  readonly folder: string
  /** The management listener, `http://host:port`. */
  readonly managementUrl: string
  /** Where alerts lead to. */
  readonly publicUrl: string
  /** Where the project's own `config` is. */
  readonly projectRoot: string
  /** Told of alerts, `http://host:port`. */
  readonly alertmanagerUrl?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

const USUAL_PORT = 9090

function missing(): CliFault {
  return new CliFault(EXIT.failed, 'prometheus_missing', {
    title: { vi: 'Máy này chưa có Prometheus', en: 'There is no Prometheus on this machine' },
    side: 'you',
    fix: {
      vi: 'sudo apt-get install -y --no-install-recommends prometheus, hoặc chạy demo không có --with-prometheus.',
      en: 'sudo apt-get install -y --no-install-recommends prometheus, or run the demo without --with-prometheus.',
    },
  })
}

/** The configuration of `config/prometheus`, with the demo for its target and looks often enough to watch. */
function configurationFor({ managementUrl, publicUrl, alertmanagerUrl }: DemoPrometheusParts): string {
  const at = (url: string) => [{ targets: [new URL(url).host] }]
  return JSON.stringify({
    global: {
      scrape_interval: '2s',
      scrape_timeout: '2s',
      evaluation_interval: '5s',
      external_labels: { gateway_url: publicUrl },
    },
    rule_files: ['rules.yaml'],
    ...(alertmanagerUrl !== undefined && {
      alerting: { alertmanagers: [{ static_configs: at(alertmanagerUrl) }] },
    }),
    scrape_configs: [{ job_name: 'lienthong', metrics_path: '/metrics', static_configs: at(managementUrl) }],
  })
}

/**
 * Starts the Prometheus of this machine's PATH on loopback, with the project's own rules.
 * @throws CliFault `prometheus_missing` with the line that installs it; `demo_program_failed` where it does not come up.
 */
export async function startDemoPrometheus(parts: DemoPrometheusParts): Promise<DemoProgram> {
  const { environment, signal } = parts
  const home = join(parts.folder, 'prometheus')
  mkdirSync(home, { recursive: true })
  // JSON is YAML.
  writeFileSync(join(home, 'prometheus.yaml'), configurationFor(parts))
  copyFileSync(join(parts.projectRoot, 'config/prometheus/rules.yaml'), join(home, 'rules.yaml'))
  const listen = `${LOOPBACK}:${await portOr(USUAL_PORT)}`
  const started = await startDemoProgram({
    name: 'Prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${join(home, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      '--storage.tsdb.retention.time=1d',
      `--web.listen-address=${listen}`,
      '--log.level=warn',
    ],
    url: `http://${listen}`,
    environment,
    signal,
  })
  if (started === undefined) throw missing()
  return started
}

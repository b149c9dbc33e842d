import type { Bilingual } from '../model/identifier.ts'
import type { TrafficCall } from '../sandbox/traffic.ts'
import type { ConsumerClient } from './client.ts'
import { startDemoAlertmanager, type ToldAlert } from './demo-alerts.ts'
import { createAsking, keepGoing } from './demo-asking.ts'
import type { DemoProgram } from './demo-program.ts'
import { startDemoPrometheus } from './demo-prometheus.ts'
import type { DemoWorld } from './demo-world.ts'
import { formatInstant } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  prometheus: (url: string): Bilingual => ({
    vi: `Prometheus đang đọc cổng: ${url}/graph, cảnh báo: ${url}/alerts`,
    en: `Prometheus scrapes the gateway: ${url}/graph, alerts: ${url}/alerts`,
  }),
  alertmanager: (url: string): Bilingual => ({
    vi: `Alertmanager: ${url}; cảnh báo nào đến cũng in ra ở cửa sổ này`,
    en: `Alertmanager: ${url}; each alert is told in this window too`,
  }),
  noAlertmanager: {
    vi: 'Máy này không có Alertmanager (apt-get install prometheus-alertmanager): chỉ xem được cảnh báo ở Prometheus.',
    en: 'There is no Alertmanager here (apt-get install prometheus-alertmanager): see alerts in Prometheus alone.',
  },
  asking: (rate: number): Bilingual => ({
    vi: `Từ giờ các hệ thống một cửa hỏi khoảng ${rate} lần mỗi giây. Thử: npx lienthong demo break tax`,
    en: `From now on one-stop systems ask about ${rate} times a second. Try: npx lienthong demo break tax`,
  }),
  begins: { vi: 'CẢNH BÁO', en: 'ALERT' },
  over: { vi: 'hết cảnh báo', en: 'alert over' },
  runbook: { vi: 'Xử lý', en: 'What to do' },
} as const

/** Enough for the breaker of each agency that is asked to open within seconds. */
const ASKED_PER_SECOND = 20
const SEED = 20_261_122

/** What whoever runs a gateway has beside it. */
export interface DemoWatch {
  /** Begins to ask as one-stop systems do, until the demo is to stop. */
  ask(): void
  /** Ends it all. */
  stop(): Promise<void>
}

function tellAlert({ isResolved, summary, runbook }: ToldAlert, { terminal, outside }: Tools): void {
  const { pick, style, talk } = terminal
  const mark = isResolved ? style('green', `✔ ${pick(TEXTS.over)}`) : style('red', `▲ ${pick(TEXTS.begins)}`)
  const at = formatInstant(outside.now()).slice(11)
  talk(`${at}  ${mark}: ${pick(summary)}`)
  if (!isResolved) talk(`          ${pick(TEXTS.runbook)}: ${runbook}`)
}

function startAsking(world: DemoWorld, { outside, terminal }: Tools): Promise<unknown> {
  const clients: Readonly<Record<TrafficCall['consumer'], ConsumerClient>> = {
    'H29/mot-cua': world.consumer,
    'H21/mot-cua': world.as('H21/mot-cua'),
  }
  const act = createAsking((consumer) => clients[consumer], SEED, outside.newId)
  const pace = { rate: ASKED_PER_SECOND, seconds: Number.POSITIVE_INFINITY, shape: 'flat' } as const
  terminal.talk(terminal.pick(TEXTS.asking(ASKED_PER_SECOND)))
  return keepGoing(pace, act, { signal: outside.signal, ended: () => {} })
}

/**
 * Starts this machine's Prometheus, and its Alertmanager where it has one, beside the demo.
 * @throws CliFault `prometheus_missing`, or `demo_program_failed` where one does not come up.
 */
export async function startDemoWatch(world: DemoWorld, tools: Tools): Promise<DemoWatch> {
  const { terminal, outside, projectRoot } = tools
  const { environment, signal } = outside
  const { folder } = world.files
  const { managementUrl, publicUrl } = world.gateway
  const tell = (alert: ToldAlert) => tellAlert(alert, tools)
  const alertmanager = await startDemoAlertmanager({ folder, environment, signal, tell })
  let prometheus: DemoProgram | undefined
  try {
    const at = { folder, managementUrl, publicUrl, projectRoot, alertmanagerUrl: alertmanager?.url }
    prometheus = await startDemoPrometheus({ ...at, environment, signal })
  } catch (thrown) {
    await alertmanager?.stop()
    throw thrown
  }
  const told = alertmanager === undefined ? TEXTS.noAlertmanager : TEXTS.alertmanager(alertmanager.url)
  terminal.talk(terminal.pick(TEXTS.prometheus(prometheus.url)))
  terminal.talk(terminal.pick(told))
  let asking: Promise<unknown> | undefined
  return {
    ask() {
      asking = startAsking(world, tools)
    },
    async stop() {
      await asking
      await prometheus.stop()
      await alertmanager?.stop()
    },
  }
}

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Bilingual } from '../model/identifier.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { type DemoProgram, LOOPBACK, portOr, startDemoProgram } from './demo-program.ts'

/** An alert as Alertmanager tells whoever is on duty of it. */
export interface ToldAlert {
  readonly isResolved: boolean
  readonly summary: Bilingual
  /** The page of what to do. */
  readonly runbook: string
}

export interface DemoAlertmanagerParts {
  /** Its files go below this. */
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Told of each alert once when it begins and once when it is over. */
  readonly tell: (alert: ToldAlert) => void
}

/** Debian's name, and the program's own. */
const COMMANDS = ['prometheus-alertmanager', 'alertmanager']
const USUAL_PORT = 9093

/** Faster than those on duty would like it: somebody is watching. */
const GROUPING = { group_by: ['...'], group_wait: '1s', group_interval: '5s', repeat_interval: '4h' }

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : {}
}

/** @returns the alerts of a notification (version 4 of Alertmanager's webhook) that were not told yet. */
function newsOf(notification: unknown, told: Map<string, string>): readonly ToldAlert[] {
  const { alerts } = membersOf(notification)
  return (Array.isArray(alerts) ? alerts : []).map(membersOf).flatMap((alert) => {
    const fingerprint = String(alert['fingerprint'])
    const state = `${alert['status']} ${alert['startsAt']}`
    if (told.get(fingerprint) === state) return []
    told.set(fingerprint, state)
    const annotations = membersOf(alert['annotations'])
    const annotation = (name: string) => String(annotations[name] ?? '')
    return [
      {
        isResolved: alert['status'] === 'resolved',
        summary: { vi: annotation('summary_vi'), en: annotation('summary') },
        runbook: annotation('runbook_url'),
      },
    ]
  })
}

/** The receiver of the notifications. */
async function listenForAlerts(tell: (alert: ToldAlert) => void) {
  const told = new Map<string, string>()
  const receive = async (request: IncomingMessage) => {
    for (const alert of newsOf(JSON.parse(await text(request)), told)) tell(alert)
  }
  const server = createServer((request, response) => {
    receive(request).then(
      () => response.end(),
      () => response.writeHead(400).end(),
    )
  }).listen(0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://${LOOPBACK}:${port}/`, close: () => server.close() }
}

/**
 * Starts the Alertmanager of this machine's PATH on loopback, with the demo itself for the one on duty.
 * @returns nothing where there is none: Prometheus shows its alerts all the same.
 * @throws CliFault `demo_program_failed` where it does not come up.
 */
export async function startDemoAlertmanager(parts: DemoAlertmanagerParts): Promise<DemoProgram | undefined> {
  const { environment, signal } = parts
  const home = join(parts.folder, 'alertmanager')
  mkdirSync(home, { recursive: true })
  const duty = await listenForAlerts(parts.tell)
  const webhook = { url: duty.url, send_resolved: true }
  const receivers = [{ name: 'duty', webhook_configs: [webhook] }]
  const file = join(home, 'alertmanager.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ route: { receiver: 'duty', ...GROUPING }, receivers }))
  const listen = `${LOOPBACK}:${await portOr(USUAL_PORT)}`
  const args = [
    `--config.file=${file}`,
    `--storage.path=${join(home, 'data')}`,
    `--web.listen-address=${listen}`,
    // One alone: no gossip.
    '--cluster.listen-address=',
  ]
  try {
    for (const command of COMMANDS) {
      const url = `http://${listen}`
      const started = await startDemoProgram({
        name: 'Alertmanager',
        command,
        args,
        url,
        environment,
        signal,
      })
      if (started === undefined) continue
      return {
        url,
        async stop() {
          await started.stop()
          duty.close()
        },
      }
    }
  } catch (thrown) {
    duty.close()
    throw thrown
  }
  duty.close()
  return undefined
}

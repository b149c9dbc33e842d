/**
 * What checkpoints, tiles, the running audit and receipts cost beside a log without them, of two gateways that are the
 * same otherwise:
 *   node test/bench/evidence-cost.ts [seconds of a window] [windows of each]
 */
import { fileURLToPath } from 'node:url'
import { startGatewayRow } from './gateway-row.ts'
import { createHost } from './host.ts'
import { comparePairs } from './pairs.ts'
import { announcedPort } from './subjects/node-peers.ts'

const [seconds = 2, windows = 30] = process.argv.slice(2).map(Number)
const WITHOUT = new URL('subjects/without-evidence.ts', import.meta.url)
const host = createHost()
try {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const providerUrl = `http://127.0.0.1:${await announcedPort(provider)}`
  const shared = { host, providerUrl, binding: 'bearer' } as const
  const bare = await startGatewayRow({ ...shared, environment: { NODE_OPTIONS: `--import=${WITHOUT}` } })
  const whole = await startGatewayRow(shared)
  await comparePairs(
    [
      { name: 'without evidence', subject: bare, request: await bare.request() },
      { name: 'with evidence', subject: whole, request: await whole.request() },
    ],
    { seconds, windows },
  )
} finally {
  await host.close()
}

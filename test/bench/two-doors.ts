/**
 * What the X-Road door costs beside the native one, in the same process, over connections with the same client
 * certificate:
 *   node test/bench/two-doors.ts [seconds of a window] [windows of each]
 */
import { fileURLToPath } from 'node:url'
import { CONSUMER, XROAD_ADDRESS } from './gateway-files.ts'
import { startGatewayRow } from './gateway-row.ts'
import { createHost } from './host.ts'
import { QUESTION } from './message.ts'
import { comparePairs } from './pairs.ts'
import { announcedPort } from './subjects/node-peers.ts'

const [seconds = 1, windows = 30] = process.argv.slice(2).map(Number)
const host = createHost()
try {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const providerUrl = `http://127.0.0.1:${await announcedPort(provider)}`
  const subject = await startGatewayRow({ host, providerUrl, binding: 'mtls' })
  const asked = { headers: { 'X-Road-Client': `VN/GOV/${CONSUMER}` }, body: QUESTION }
  await comparePairs(
    [
      { name: 'native', subject, request: await subject.request() },
      { name: 'xroad', subject, address: XROAD_ADDRESS, request: asked },
    ],
    { seconds, windows },
  )
} finally {
  await host.close()
}

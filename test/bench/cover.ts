/**
 * How long after its answer an exchange is covered by a signed checkpoint, asked over HTTP by eight consumers at once:
 *   node test/bench/cover.ts [seconds]
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts'
import { parseReceipt } from '../../src/ledger/receipt.ts'
import { startGatewayRow } from './gateway-row.ts'
import { createHost } from './host.ts'
import { announcedPort } from './subjects/node-peers.ts'

const [seconds = 20] = process.argv.slice(2).map(Number)
const CONSUMERS = 8
const PUBLIC = { LIENTHONG_LEDGER_PUBLIC: 'true' }
const LOOK_MS = 20
const LONGEST_MS = 30_000

const host = createHost()
try {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const providerUrl = `http://127.0.0.1:${await announcedPort(provider)}`
  const subject = await startGatewayRow({ host, providerUrl, binding: 'bearer', environment: PUBLIC })
  const { headers, body } = await subject.request()
  const open: { readonly index: number; readonly answeredMs: number }[] = []
  const delays: number[] = []
  const endMs = performance.now() + seconds * 1000

  async function ask(): Promise<void> {
    while (performance.now() < endMs) {
      const answer = await fetch(subject.url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      })
      await answer.arrayBuffer()
      const receipt = parseReceipt(answer.headers.get('exchange-receipt') ?? '')
      if (receipt === undefined) throw new Error(`no receipt: ${answer.status}`)
      open.push({ index: receipt.index, answeredMs: performance.now() })
    }
  }

  async function look(): Promise<void> {
    const untilMs = endMs + LONGEST_MS
    while (performance.now() < endMs || (open.length > 0 && performance.now() < untilMs)) {
      const { size } = parseCheckpoint(
        await (await fetch(new URL('/log/checkpoint', subject.url))).text(),
      ) ?? {
        size: 0,
      }
      const nowMs = performance.now()
      for (const { answeredMs } of open.filter(({ index }) => index < size)) delays.push(nowMs - answeredMs)
      open.splice(0, open.length, ...open.filter(({ index }) => index >= size))
      await pause(LOOK_MS)
    }
  }

  await Promise.all([look(), ...Array.from({ length: CONSUMERS }, ask)])
  if (open.length > 0) throw new Error(`${open.length} exchanges were never covered`)
  delays.sort((one, other) => one - other)
  const at = (share: number) => `${(delays[Math.ceil(delays.length * share) - 1] ?? 0).toFixed(0)} ms`
  console.log(
    `${delays.length} answers covered after p50 ${at(0.5)}, p99 ${at(0.99)}, ${at(1)} at most (looked at every ${LOOK_MS} ms)`,
  )
} finally {
  await host.close()
}

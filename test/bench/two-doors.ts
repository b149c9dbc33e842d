/**
 * What the X-Road door costs beside the native one, in the same process: windows of both turn and turn about, over
 * connections with the same client certificate, so that whatever else the machine does hits both alike.
 *   node test/bench/two-doors.ts [seconds of a window] [windows of each]
 * Only the processor time of an exchange is told: on a shared machine it is what can be compared.
 */
import { fileURLToPath } from 'node:url'
import { CONSUMER, XROAD_ADDRESS } from './gateway-files.ts'
import { startGatewayRow } from './gateway-row.ts'
import { createHost } from './host.ts'
import { type Door, requestBytes } from './lane.ts'
import { type Load, openLoad } from './load.ts'
import { QUESTION } from './message.ts'
import type { Subject } from './row.ts'
import { announcedPort } from './subjects/node-peers.ts'
import { readUsage } from './usage.ts'

const [seconds = 2, windows = 8] = process.argv.slice(2).map(Number)
/** Few: on a busy machine a request that waits for 63 others runs into its time limit. */
const CONNECTIONS = 16
const WARM_UP_SECONDS = 5

interface Candidate {
  readonly name: string
  readonly load: Load
  readonly request: Buffer
  readonly cpuUs: number[]
}

async function candidate(name: string, subject: Subject, address: string): Promise<Candidate> {
  const door: Door = {
    url: new URL(address, subject.url),
    tls: subject.tls,
    expectedBody: Buffer.from(subject.expectedBody ?? ''),
  }
  const asked =
    name === 'native'
      ? await subject.request()
      : { headers: { 'X-Road-Client': `VN/GOV/${CONSUMER}` }, body: QUESTION }
  const load = await openLoad(door, CONNECTIONS)
  return { name, load, request: requestBytes(door.url, asked), cpuUs: [] }
}

async function window(
  { name, load, request, cpuUs }: Candidate,
  subject: Subject,
  length: number,
): Promise<void> {
  const before = readUsage(subject)
  const sample = await load.saturate(length, () => request)
  const after = readUsage(subject)
  if (sample.wrong > 0) throw new Error(`${name}: ${sample.firstFault}`)
  if (before && after) cpuUs.push(((after.subjectCpuMs - before.subjectCpuMs) * 1000) / sample.answered)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const host = createHost()
try {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const providerUrl = `http://127.0.0.1:${await announcedPort(provider)}`
  const subject = await startGatewayRow({ host, providerUrl, binding: 'mtls' })
  const native = await candidate('native', subject, new URL(subject.url).pathname)
  const xroad = await candidate('xroad', subject, XROAD_ADDRESS)
  for (const each of [native, xroad]) {
    await window(each, subject, WARM_UP_SECONDS)
    each.cpuUs.length = 0
  }
  const ratios: number[] = []
  for (let turn = 0; turn < windows; turn += 1) {
    for (const each of turn % 2 === 0 ? [native, xroad] : [xroad, native])
      await window(each, subject, seconds)
    ratios.push((xroad.cpuUs.at(-1) ?? 0) / (native.cpuUs.at(-1) ?? 1))
  }
  for (const { name, cpuUs } of [native, xroad])
    console.log(`${name.padEnd(7)} ${median(cpuUs).toFixed(1)} µs of CPU an exchange`)
  console.log(`ratio   ${median(ratios).toFixed(3)} (median of ${windows} pairs)`)
  for (const { load } of [native, xroad]) load.close()
} finally {
  await host.close()
}

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGatewayRow } from './gateway-row.ts'
import { createHost, type Host } from './host.ts'
import { requestBytes } from './lane.ts'
import { type Load, openLoad } from './load.ts'
import { ANSWER } from './message.ts'
import type { Subject } from './row.ts'
import { announcedPort, startCeiling } from './subjects/node-peers.ts'
import { databasePids, othersShare, readUsage } from './usage.ts'

/**
 * Holds two states of the gateway against each other, in windows of a second turn and turn about, with the bare proxy
 * between them: a change of a few per cent can be told on a machine that is not quiet, where one state after the
 * other cannot.
 *   node test/bench/compare.ts FOLDER [windows]
 * FOLDER is another working tree of this project with its own node_modules (`git worktree add`).
 */
const [folder, windows = '12'] = process.argv.slice(2)
if (folder === undefined) throw new Error('which folder is to be compared with this one?')

const WARM_UP_SECONDS = 12
const WINDOW_SECONDS = 1
const CONNECTIONS = 64

interface Run {
  readonly name: string
  readonly subject: Subject
  readonly load: Load
  readonly request: Buffer
  readonly cpuUs: number[]
  readonly databaseUs: number[]
  readonly p99Ms: number[]
  residentMb: number
  others: number
}

async function open(host: Host, name: string, subject: Subject): Promise<Run> {
  host.move(databasePids(subject), 'load')
  const url = new URL(subject.url)
  const expectedBody = Buffer.from(subject.expectedBody ?? ANSWER)
  const load = await openLoad({ url, tls: subject.tls, expectedBody }, CONNECTIONS)
  const request = requestBytes(url, await subject.request())
  await load.saturate(WARM_UP_SECONDS, () => request)
  return { name, subject, load, request, cpuUs: [], databaseUs: [], p99Ms: [], residentMb: 0, others: 0 }
}

async function measure(run: Run): Promise<void> {
  const before = readUsage(run.subject)
  const sample = await run.load.saturate(WINDOW_SECONDS, () => run.request)
  const after = readUsage(run.subject)
  if (sample.wrong > 0) throw new Error(`${run.name} answered wrongly: ${sample.firstFault}`)
  if (before === undefined || after === undefined) throw new Error('this needs Linux: /proc is not there')
  run.cpuUs.push(((after.subjectCpuMs - before.subjectCpuMs) * 1000) / sample.answered)
  run.databaseUs.push(((after.databaseCpuMs - before.databaseCpuMs) * 1000) / sample.answered)
  run.p99Ms.push(sample.percentileMs(0.99))
  run.residentMb = after.residentMb
  run.others = Math.max(run.others, othersShare(before, after))
}

const at = (values: readonly number[], share: number) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? 0

function line({ name, cpuUs, databaseUs, p99Ms, residentMb, others }: Run): string {
  const cells = [
    at(cpuUs, 0),
    at(cpuUs, 0.25),
    at(cpuUs, 0.5),
    at(databaseUs, 0.5),
    at(p99Ms, 0.5),
    residentMb,
    100 * others,
  ]
  return name.padEnd(8) + cells.map((cell) => cell.toFixed(0).padStart(9)).join('')
}

const host = createHost()
try {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const context = { host, providerUrl: `http://127.0.0.1:${await announcedPort(provider)}` }
  const other: { startGatewayRow: typeof startGatewayRow } = await import(
    join(resolve(folder), 'test/bench/gateway-row.ts')
  )
  const binding = 'bearer' as const
  const runs = [
    await open(host, 'other', await other.startGatewayRow({ ...context, binding })),
    await open(host, 'ceiling', await startCeiling(context)),
    await open(host, 'this', await startGatewayRow({ ...context, binding })),
  ]
  for (let window = 0; window < Number(windows); window += 1) {
    for (const run of window % 2 === 0 ? runs : runs.toReversed()) await measure(run)
  }
  console.log(
    `${' '.repeat(8)}  CPU min   CPU 1/4   CPU 1/2    DB 1/2  p99 1/2   RSS MB  others %   (µs, µs, µs, µs, ms)`,
  )
  for (const run of runs) console.log(line(run))
  for (const { load, subject } of runs) {
    load.close()
    await subject.close()
  }
} finally {
  await host.close()
}

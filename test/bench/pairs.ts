import { type Door, requestBytes } from './lane.ts'
import { openLoad } from './load.ts'
import type { BenchRequest, Subject } from './row.ts'
import { readUsage } from './usage.ts'

/** What is compared: one subject, asked at one address. */
export interface Candidate {
  readonly name: string
  readonly subject: Subject
  /** Path; the subject's own where absent. */
  readonly address?: string
  readonly request: BenchRequest
}

interface Lane {
  readonly name: string
  readonly cpuUs: number[]
  /** @returns the microseconds of processor time an exchange took, its database's too. */
  window(seconds: number): Promise<number>
  close(): void
}

/** Few: on a busy machine a request that waits for 63 others runs into its time limit. */
const CONNECTIONS = 16
const WARM_UP_SECONDS = 5

async function openLane({ name, subject, address, request }: Candidate): Promise<Lane> {
  const door: Door = {
    url: new URL(address ?? subject.url, subject.url),
    tls: subject.tls,
    expectedBody: Buffer.from(subject.expectedBody ?? ''),
  }
  const load = await openLoad(door, CONNECTIONS)
  const bytes = requestBytes(door.url, request)
  return {
    name,
    cpuUs: [],
    async window(seconds) {
      const before = readUsage(subject)
      const sample = await load.saturate(seconds, () => bytes)
      const after = readUsage(subject)
      if (sample.wrong > 0) throw new Error(`${name}: ${sample.firstFault}`)
      if (!before || !after) throw new Error('this machine does not tell processor time')
      const own = after.subjectCpuMs - before.subjectCpuMs
      const database = after.databaseCpuMs - before.databaseCpuMs
      return ((own + database) * 1000) / sample.answered
    },
    close: () => load.close(),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/**
 * Measures two candidates in windows turn and turn about, so that whatever else the machine does hits both alike, and
 * prints the processor time of an exchange: on a shared machine it is what can be compared.
 */
export async function comparePairs(
  pair: readonly [Candidate, Candidate],
  { seconds, windows }: { readonly seconds: number; readonly windows: number },
): Promise<void> {
  const first = await openLane(pair[0])
  const second = await openLane(pair[1])
  for (const lane of [first, second]) await lane.window(WARM_UP_SECONDS)
  for (let turn = 0; turn < windows; turn += 1) {
    for (const lane of turn % 2 === 0 ? [first, second] : [second, first])
      lane.cpuUs.push(await lane.window(seconds))
  }
  for (const { name, cpuUs } of [first, second])
    console.log(`${name.padEnd(16)} ${median(cpuUs).toFixed(1)} µs of CPU an exchange, its database’s too`)
  const ratios = second.cpuUs.map((us, turn) => us / (first.cpuUs[turn] ?? us))
  console.log(`${'ratio'.padEnd(16)} ${median(ratios).toFixed(3)} (median of ${windows} pairs)`)
  for (const lane of [first, second]) lane.close()
}

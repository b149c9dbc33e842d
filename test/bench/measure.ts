import { type Door, openLane, requestBytes } from './lane.ts'
import { type Load, type NextRequest, openLoad } from './load.ts'
import { ANSWER } from './message.ts'
import type { BenchRequest, Row, Subject } from './row.ts'
import type { Sample } from './tally.ts'
import { othersShare, readUsage } from './usage.ts'

/** How long and how wide a row is measured. */
export interface Plan {
  readonly connections: number
  /** Length of a timed window. */
  readonly seconds: number
  /** Load before it that is not counted. */
  readonly warmUpSeconds: number
}

/** What one round found out about one row; `null` where it could not be or was not asked for. */
export interface Reading {
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the subject alone, without its database. */
  readonly cpuUs: number | null
  readonly databaseCpuUs: number | null
  readonly rssMb: number | null
  /** Share of its core that the subject used (1 = all of it); well below 1, it was not what was measured. */
  readonly busy: number | null
  /** Share of the machine that went to programs outside the bench, or was stolen by its host. */
  readonly others: number | null
  /** p50 with a single connection. */
  readonly p50OneMs: number | null
  /** p99 at half of `rps`, open loop. */
  readonly p99HalfMs: number | null
}

/** One-time requests are made for this many a second; the fastest row that needs them stays well below. */
const ONE_TIME_PER_SECOND = 6_000

const SHORT_WARM_UP_SECONDS = 0.5

/**
 * Measures a running subject.
 * @throws where an answer is wrong, or a forged request is not refused
 */
export async function measure(row: Row, subject: Subject, plan: Plan): Promise<Reading> {
  const door: Door = {
    url: new URL(subject.url),
    tls: subject.tls,
    expectedBody: Buffer.from(subject.expectedBody ?? ANSWER),
  }
  const supply = (seconds: number) => supplyRequests(subject, door.url, seconds)
  if (subject.forged !== undefined) await expectRefusal(door, subject.forged)

  const saturated = await withLoad(door, plan.connections, async (load) => {
    const forWarmUp = await supply(plan.warmUpSeconds)
    const next = await supply(plan.seconds)
    checked(await load.saturate(plan.warmUpSeconds, forWarmUp))
    const before = readUsage(subject)
    const sample = checked(await load.saturate(plan.seconds, next))
    if (sample.seconds < plan.seconds / 2) throw new Error('its one-time requests were used up too soon')
    return { sample, before, after: readUsage(subject) }
  })
  const { sample, before, after } = saturated
  const rps = sample.answered / sample.seconds
  const perRequestUs = (beforeMs?: number, afterMs?: number) =>
    beforeMs === undefined || afterMs === undefined ? null : ((afterMs - beforeMs) * 1000) / sample.answered
  const cpuUs = perRequestUs(before?.subjectCpuMs, after?.subjectCpuMs)
  const databaseCpuUs = perRequestUs(before?.databaseCpuMs, after?.databaseCpuMs)
  return {
    rps,
    p50Ms: sample.percentileMs(0.5),
    p99Ms: sample.percentileMs(0.99),
    cpuUs,
    databaseCpuUs: databaseCpuUs === 0 ? null : databaseCpuUs,
    rssMb: after?.residentMb ?? null,
    busy: cpuUs === null ? null : (cpuUs * rps) / 1e6,
    others: before === undefined || after === undefined ? null : othersShare(before, after),
    p50OneMs: row.alone ? await measureAlone(door, plan.seconds, supply) : null,
    p99HalfMs: row.half ? await measureHalf(door, plan, await subject.request(), rps / 2) : null,
  }
}

type Supply = (seconds: number) => Promise<NextRequest>

async function measureAlone(door: Door, seconds: number, supply: Supply): Promise<number> {
  return withLoad(door, 1, async (load) => {
    const next = await supply(SHORT_WARM_UP_SECONDS + seconds)
    checked(await load.saturate(SHORT_WARM_UP_SECONDS, next))
    return checked(await load.saturate(seconds, next)).percentileMs(0.5)
  })
}

async function measureHalf(
  door: Door,
  plan: Plan,
  request: BenchRequest,
  perSecond: number,
): Promise<number> {
  const bytes = requestBytes(door.url, request)
  return withLoad(door, plan.connections, async (load) => {
    checked(await load.pace(SHORT_WARM_UP_SECONDS, bytes, perSecond))
    return checked(await load.pace(plan.seconds, bytes, perSecond)).percentileMs(0.99)
  })
}

async function withLoad<T>(door: Door, connections: number, use: (load: Load) => Promise<T>): Promise<T> {
  const load = await openLoad(door, connections)
  try {
    return await use(load)
  } finally {
    load.close()
  }
}

/** One request over and over; or, where each is good for one use, enough of them for so many seconds. */
async function supplyRequests(subject: Subject, url: URL, seconds: number): Promise<NextRequest> {
  if (subject.oneTimeRequests !== true) {
    const request = requestBytes(url, await subject.request())
    return () => request
  }
  const requests: Buffer[] = []
  const wanted = Math.ceil(seconds * ONE_TIME_PER_SECOND)
  while (requests.length < wanted) requests.push(requestBytes(url, await subject.request()))
  return () => requests.pop()
}

async function expectRefusal(door: Door, forged: BenchRequest): Promise<void> {
  const fault = await new Promise<string | undefined>((resolve, reject) => {
    openLane(door, (lane, fault) => {
      lane.close()
      resolve(fault)
    }).then((lane) => lane.send(requestBytes(door.url, forged)), reject)
  })
  if (fault?.startsWith('status 401') !== true)
    throw new Error(`a forged token was not refused: ${fault ?? '200'}`)
}

function checked(sample: Sample): Sample {
  if (sample.answered === 0) throw new Error('there was no answer at all')
  if (sample.wrong === 0) return sample
  throw new Error(`${sample.wrong} of ${sample.answered} answers were wrong, the first: ${sample.firstFault}`)
}

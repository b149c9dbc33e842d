import { setTimeout as pause } from 'node:timers/promises'
import { createCountry } from '../sandbox/country.ts'
import { busynessAt, createTraffic, type TrafficCall, type TrafficShape } from '../sandbox/traffic.ts'
import type { ConsumerClient } from './client.ts'
import { isMembers } from './consumer-reply.ts'

/** How often something is done, and for how long. */
export interface Pace {
  /** A second, on average. */
  readonly rate: number
  readonly seconds: number
  readonly shape: TrafficShape
}

interface Going {
  readonly signal: AbortSignal
  /** Told as each ends; without a time where it was not begun, too many being under way. */
  readonly ended: (outcome: string, ms: number | undefined) => void
}

/** More at once would tell of this command's own patience, not of the gateway. */
const MOST_AT_ONCE = 64
const TICK_MS = 50
/** One submission of so many is looked up again. */
const LOOKED_UP = 10

/**
 * Does one thing after the other at a rate, many at once where they take their time.
 * @returns for how many seconds, once all that was begun has ended.
 */
export async function keepGoing(
  pace: Pace,
  act: (place: number) => Promise<string>,
  { signal, ended }: Going,
): Promise<number> {
  const underWay = new Set<Promise<void>>()
  const startedMs = performance.now()
  let place = 0
  let owed = 0
  let lastMs = startedMs
  const begin = () => {
    const begunMs = performance.now()
    const task: Promise<void> = act(place++)
      .catch(() => 'unreachable')
      .then((outcome) => ended(outcome, performance.now() - begunMs))
      .finally(() => underWay.delete(task))
    underWay.add(task)
  }
  for (;;) {
    const nowMs = performance.now()
    const share = (nowMs - startedMs) / (pace.seconds * 1000)
    if (share >= 1 || signal.aborted) break
    owed += (pace.rate * busynessAt(pace.shape, share) * (nowMs - lastMs)) / 1000
    lastMs = nowMs
    for (; owed >= 1; owed -= 1) {
      if (underWay.size < MOST_AT_ONCE) begin()
      else ended('held_back', undefined)
    }
    await pause(TICK_MS, undefined, { signal }).catch(() => {})
  }
  await Promise.all(underWay)
  return (performance.now() - startedMs) / 1000
}

/** Questions of one dossier; four digits count the dossiers of a day. */
const OF_ONE_DOSSIER = 4
const OFFICERS = 40

/** For whom it is asked: a few questions for each dossier, so that one of them can be looked up. */
function particularsOf(place: number): { readonly dossier: string; readonly officer: string } {
  const dossier = Math.floor(place / OF_ONE_DOSSIER)
  return {
    dossier: `H29.12-261122-${1000 + (dossier % 9000)}`,
    officer: `cb-${100 + (dossier % OFFICERS)}`,
  }
}

/** Asks, and looks some of what was submitted up again. @returns how it ended: `delivered`, or a code. */
async function carry(client: ConsumerClient, call: TrafficCall, key: string, place: number): Promise<string> {
  const { service, path, body, purpose, fields, submission } = call
  const common = { service, purpose, ...particularsOf(place) }
  const idempotencyKey = submission === undefined ? undefined : key
  const { status, body: answer } = await client.call({ ...common, path, body, fields, idempotencyKey })
  if (status >= 300) {
    const { code } = isMembers(answer) ? answer : {}
    return typeof code === 'string' ? code : `http_${status}`
  }
  if (submission === undefined || place % LOOKED_UP !== 0) return 'delivered'
  const { lookUpPath, lookUp } = submission
  const found = await client.call({ ...common, path: lookUpPath, body: lookUp })
  return found.status === 404 ? 'lost' : 'delivered'
}

/** @returns asks as the one-stop systems do; the same seed asks the same in the same order. */
export function createAsking(
  clientOf: (consumer: TrafficCall['consumer']) => ConsumerClient,
  seed: number,
  newId: () => string,
): (place: number) => Promise<string> {
  const at = createTraffic(createCountry(), seed)
  return (place) => {
    const call = at(place)
    return carry(clientOf(call.consumer), call, newId(), place)
  }
}

import { hash } from 'node:crypto'
import { afterWorkingDays, type IsWorkingDay } from '../model/calendar.ts'
import type { ResultTerms } from '../model/party.ts'
import type { KeptOrder } from './kept-order.ts'

/** Requests that are answered days later: a document that an agency first has to make. */

/** `accepted`: not yet with the provider; `forwarded`: the provider has taken it. The others are ends. */
export type RequestState = 'accepted' | 'forwarded' | 'answered' | 'refused' | 'expired' | 'cancelled'

/** What a request was made with; it is carried on by this, whatever the registry says later. */
export interface RequestOrder extends KeptOrder {
  readonly consent: string | undefined
  /** When the provider is asked again, Unix milliseconds, in order. */
  readonly remindAtMs: readonly number[]
  readonly askEveryMs: number | undefined
  readonly keepDays: number
  /** Where its end is told. */
  readonly notifyUrl?: string
}

/** What came of it so far. */
export interface RequestProgress {
  readonly state: RequestState
  /** Tries in a row that got no answer. */
  readonly failures: number
  /** Times the provider was asked since it took the request. */
  readonly reminders: number
  readonly lastAskedMs: number
  /** The provider's own number for it. */
  readonly reference?: string
  /** Why the gateway refused to carry it on. */
  readonly code?: string
  /** What ended it: the document with status 200, or the provider's refusal. */
  readonly answer?: { readonly status: number; readonly content: unknown }
  /** Tries to tell its end so far; undefined before the first, `done` once it was told or given up. */
  readonly notified?: number | 'done'
  /** SHA-256 of the delivered body, base64url: the same once more is a repetition. */
  readonly digest?: string
}

export interface StoredRequest {
  /** UUID. */
  readonly id: string
  /** Changes with each save. */
  readonly revision: number
  readonly state: RequestState
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly receivedAtMs: number
  /** First millisecond at which the result is late. */
  readonly dueAtMs: number
  /** From then on no result is taken. */
  readonly closeAtMs: number
  /** Undefined once its contents were erased. */
  readonly contents: { readonly order: RequestOrder; readonly progress: RequestProgress } | undefined
}

export interface NewRequest {
  readonly id: string
  readonly order: RequestOrder
  readonly receivedAtMs: number
  readonly dueAtMs: number
  readonly closeAtMs: number
}

/** Where requests are kept, contents encrypted. */
export interface RequestStore {
  /**
   * Takes one down, and makes sure that it will be carried on; what is made twice under one slot is one.
   * @throws GatewayError `idempotency_key_reused`, `ledger_unavailable`.
   */
  begin(
    made: NewRequest,
    submission: { readonly slot: string; readonly requestDigest: string },
  ): Promise<StoredRequest>
  find(id: string): Promise<StoredRequest | undefined>
  /** @returns false where somebody else has saved it since it was found; then nothing is changed. */
  save(found: StoredRequest, progress: RequestProgress, nextAtMs: number): Promise<boolean>
}

/** How many are under way, for metrics. */
export interface RequestCount {
  readonly service: string
  readonly state: RequestState
  readonly count: number
  readonly late: number
}

/** The same, with what its keeping needs from time to time. */
export interface RequestArchive extends RequestStore {
  /** @returns the ids of those that nobody seems to carry on. */
  overdue(): Promise<readonly string[]>
  /** Erases the contents of those that ended long enough ago. */
  erase(): Promise<void>
  counts(): Promise<readonly RequestCount[]>
}

export const FIRST_PROGRESS: RequestProgress = {
  state: 'accepted',
  failures: 0,
  reminders: 0,
  lastAskedMs: 0,
}

/** @returns whether nothing more is to come of it. */
export function hasEnded(state: RequestState): boolean {
  return state !== 'accepted' && state !== 'forwarded'
}

/** When a request received now is due, is asked about again and is closed. */
export function datesOf(terms: ResultTerms, receivedAtMs: number, isWorkingDay: IsWorkingDay) {
  const { withinWorkingDays, remindWorkingDaysBefore = [], closeAfterWorkingDays } = terms
  const dueAtMs = afterWorkingDays(isWorkingDay, receivedAtMs, withinWorkingDays)
  const dueDayMs = dueAtMs - 1
  const before = remindWorkingDaysBefore
    .map((days) => afterWorkingDays(isWorkingDay, dueDayMs, -days))
    .filter((atMs) => atMs > receivedAtMs)
  const after = Array.from({ length: closeAfterWorkingDays }, (_, days) =>
    days === 0 ? dueAtMs : afterWorkingDays(isWorkingDay, dueDayMs, days),
  )
  const closeAtMs = afterWorkingDays(isWorkingDay, dueDayMs, closeAfterWorkingDays)
  const remindAtMs = [...before, ...after].toSorted((a, b) => a - b)
  return { dueAtMs, closeAtMs, remindAtMs }
}

/** What is to be done about a request at a moment. */
export type NextStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'expire' }
  | { readonly do: 'notify' }
  /** @property reminder 0 where it is handed over, else which reminder it is; undefined where it is only asked for. */
  | { readonly do: 'ask'; readonly reminder: number | undefined }
  | { readonly do: 'wait'; readonly untilMs: number }

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 3_600_000

/** Twice as long from failure to failure. */
function retryAtMs({ failures, lastAskedMs }: RequestProgress): number {
  if (failures === 0) return 0
  return lastAskedMs + Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16), LONGEST_WAIT_MS)
}

const MAX_NOTICES = 12

/** @returns whether the end of a request is still to be told. */
export function isToTell({ notifyUrl }: RequestOrder, { state, notified }: RequestProgress): boolean {
  return notifyUrl !== undefined && hasEnded(state) && notified !== 'done'
}

function nextNotice(order: RequestOrder, progress: RequestProgress, nowMs: number): NextStep {
  if (!isToTell(order, progress)) return { do: 'nothing' }
  const again = retryAtMs(progress)
  return again > nowMs ? { do: 'wait', untilMs: again } : { do: 'notify' }
}

/** @returns how it stands after a try to tell its end. */
export function afterNotice(before: RequestProgress, isTold: boolean, nowMs: number): RequestProgress {
  const tries = (typeof before.notified === 'number' ? before.notified : 0) + 1
  const notified = isTold || tries >= MAX_NOTICES ? 'done' : tries
  return { ...before, notified, failures: tries, lastAskedMs: nowMs }
}

/** @returns the next thing to do; pure, so that a process that takes over does the same. */
export function nextStep(
  closeAtMs: number,
  order: RequestOrder,
  progress: RequestProgress,
  nowMs: number,
): NextStep {
  if (hasEnded(progress.state)) return nextNotice(order, progress, nowMs)
  if (nowMs >= closeAtMs) return { do: 'expire' }
  const again = retryAtMs(progress)
  if (again > nowMs) return { do: 'wait', untilMs: Math.min(again, closeAtMs) }
  if (progress.state === 'accepted') return { do: 'ask', reminder: 0 }
  const passed = order.remindAtMs.filter((atMs) => atMs <= nowMs).length
  if (passed > progress.reminders) return { do: 'ask', reminder: passed }
  const askAtMs = order.askEveryMs === undefined ? closeAtMs : progress.lastAskedMs + order.askEveryMs
  if (askAtMs <= nowMs) return { do: 'ask', reminder: undefined }
  const reminderAtMs = order.remindAtMs[progress.reminders] ?? closeAtMs
  return { do: 'wait', untilMs: Math.min(askAtMs, reminderAtMs, closeAtMs) }
}

/** How one try to ask the provider ended. */
export type Asked =
  | { readonly outcome: 'failed' }
  | { readonly outcome: 'refused'; readonly code: string }
  | { readonly outcome: 'answered'; readonly status: number; readonly content: unknown }

function referenceIn(content: unknown): string | undefined {
  const said = typeof content === 'object' && content !== null && 'reference' in content && content.reference
  return typeof said === 'string' ? said : undefined
}

/** @returns how the request stands once the provider was asked. */
export function afterAsked(
  before: RequestProgress,
  asked: Asked,
  { reminder, nowMs }: { readonly reminder: number | undefined; readonly nowMs: number },
): RequestProgress {
  const told = { ...before, reminders: reminder ?? before.reminders, lastAskedMs: nowMs }
  if (asked.outcome === 'failed') {
    return { ...told, reminders: before.reminders, failures: before.failures + 1 }
  }
  if (asked.outcome === 'refused') return { ...told, state: 'refused', code: asked.code, failures: 0 }
  const { status, content } = asked
  if (status === 202) {
    const reference = referenceIn(content) ?? before.reference
    return { ...told, state: 'forwarded', failures: 0, ...(reference !== undefined && { reference }) }
  }
  const state = status < 300 ? 'answered' : 'refused'
  return { ...told, state, failures: 0, answer: { status, content } }
}

/** The Idempotency-Key under which the provider is asked, each time the same. */
export function requestKey(id: string): string {
  return hash('sha256', `request\0${id}`, 'base64url').slice(0, 40)
}

const SECOND_ASK = 300

/** What the gateway tells of a request to whoever made it: `dictionary/request.yaml`. */
export function describeRequest(found: StoredRequest, statusUrl: string, nowMs: number): object {
  const { id, state, receivedAtMs, dueAtMs, contents } = found
  const { reference } = contents?.progress ?? {}
  return {
    state,
    requestId: id,
    ...(reference !== undefined && { reference }),
    receivedAt: new Date(receivedAtMs).toISOString(),
    dueBy: new Date(dueAtMs).toISOString(),
    isLate: !hasEnded(state) && nowMs >= dueAtMs,
    statusUrl,
  }
}

/** @returns the header fields that an answer of a `request` operation bears while it is not the last. */
export function waitHeaders(content: unknown): Readonly<Record<string, string>> {
  const url = typeof content === 'object' && content !== null && 'statusUrl' in content && content.statusUrl
  return typeof url === 'string' ? { location: url, 'retry-after': String(SECOND_ASK) } : {}
}

const PLACE = /^\/-\/requests\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\/result)?$/

/** What an address below a service that names a request means. */
export interface RequestPlace {
  readonly id: string
  readonly isResult: boolean
}

/** @param path inside the service. @returns undefined where it names no request. */
export function placeOf(path: string): RequestPlace | undefined {
  if (!path.startsWith('/-/')) return undefined
  const [, id, result] = PLACE.exec(path) ?? []
  return id === undefined ? undefined : { id, isResult: result !== undefined }
}

import type { ExchangeEvent } from './exchange-event.ts'
import type { Known } from './known.ts'
import { type EventEntry, LOG_EVENTS, type LogAction, type LogEvent, type LogLevel } from './log-events.ts'
import { type FieldWriter, fieldWriter } from './log-field.ts'

/** Writes events as lines of JSON; compiled once, since a line is written per exchange. */
export interface LineWriter {
  levelOf(event: LogEvent): LogLevel
  /** @param nowMs Unix milliseconds. */
  write(event: LogEvent, nowMs: number, known: Known): string
}

interface CompiledEvent {
  readonly heads: Readonly<Record<LogLevel, string>>
  readonly members: readonly (readonly [member: string, write: FieldWriter])[]
}

const ECS_VERSION = '8.11.0'

function compileEvent(action: LogAction, pid: number): CompiledEvent {
  const entry: EventEntry = LOG_EVENTS[action]
  // The order of the first members is the one ECS loggers use.
  const head = (level: LogLevel) =>
    `","log.level":"${level}","message":${JSON.stringify(entry.message)},"ecs.version":"${ECS_VERSION}"` +
    `,"service.name":"lienthong","process.pid":${pid},"event.action":"${action}"`
  return {
    heads: { error: head('error'), warn: head('warn'), info: head('info'), debug: head('debug') },
    members: Object.entries(entry.fields).map(
      ([member, [name, kind]]) => [member, fieldWriter(name, kind)] as const,
    ),
  }
}

function compileEvents(pid: number): Readonly<Record<string, CompiledEvent>> {
  const compiled: Record<string, CompiledEvent> = Object.create(null)
  for (const action in LOG_EVENTS) {
    if (isAction(action)) compiled[action] = compileEvent(action, pid)
  }
  return compiled
}

function isAction(action: string): action is LogAction {
  return Object.hasOwn(LOG_EVENTS, action)
}

/** A failure is worth looking at; a refusal is the gateway at work. */
function levelOf(event: LogEvent): LogLevel {
  if (event.action !== 'exchange') return LOG_EVENTS[event.action].level
  if (event.code === 'internal_error' || event.code === 'ledger_unavailable') return 'error'
  return event.outcome === 'delivered' || event.outcome === 'refused' ? 'info' : 'warn'
}

/** @param pid of the process that writes. */
export function createLineWriter(pid: number): LineWriter {
  const compiled = compileEvents(pid)
  let stampedMs = Number.NaN
  let stamp = ''

  /** Many lines share a millisecond. */
  function timestamp(nowMs: number): string {
    if (nowMs !== stampedMs) {
      stampedMs = nowMs
      stamp = new Date(nowMs).toISOString()
    }
    return stamp
  }

  return {
    levelOf,
    write(event, nowMs, known) {
      const { heads, members } = compiled[event.action] ?? { heads: undefined, members: [] }
      if (heads === undefined) return ''
      const values: Readonly<Record<string, unknown>> = event
      let line = `{"@timestamp":"${timestamp(nowMs)}${heads[levelOf(event)]}`
      for (const [member, write] of members) {
        const value = values[member]
        if (value !== undefined) line += write(value, known)
      }
      return `${line}}`
    },
  }
}

/** Whole numbers are written several times faster than fractions. */
const NANOSECONDS = 1e6
const MICROSECONDS = 1e3

/** @returns the line's event of an exchange: `event.duration` is in nanoseconds, as ECS says. */
export function exchangeLine(event: ExchangeEvent): LogEvent {
  return {
    action: 'exchange',
    exchangeId: event.exchangeId,
    traceId: event.traceId,
    success: event.outcome === 'delivered' ? 'success' : 'failure',
    outcome: event.outcome,
    code: event.code,
    consumer: event.consumer,
    provider: event.provider,
    service: event.service,
    operation: event.operation,
    kind: event.kind,
    agreement: event.agreement,
    purpose: event.purpose,
    method: event.method,
    status: event.status,
    durationNs: Math.round(event.totalMs * NANOSECONDS),
    providerUs: Math.round(event.providerMs * MICROSECONDS),
    overheadUs: Math.round((event.totalMs - event.providerMs) * MICROSECONDS),
    attempts: event.attempts,
    requestBytes: event.requestBytes,
    answerBytes: event.answerBytes,
  }
}

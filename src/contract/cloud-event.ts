import { GatewayError, type Violation } from '../model/errors.ts'
import type { CloudEvent } from '../model/event.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Contract, Operation } from './contract.ts'
import { readPointer } from './minimise.ts'

/** Media type of an event in structured mode (CloudEvents JSON format 1.0.2 §3). */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json'

/** An event may be told this much before its own time: clocks differ. */
const AHEAD_MS = 300_000
/** Printable ASCII: an id or a source that two readers could take for another is none. */
const NAME = /^[\x21-\x7e]{1,256}$/
/** RFC 3339 §5.6, with an offset. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/
/** A subject or an extension would be handed on beside the fields that agreements name: neither is taken. */
const MEMBERS: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'datacontenttype',
  'data',
])

const DETAILS = {
  type: { vi: 'Phải là một đối tượng CloudEvents.', en: 'It must be a CloudEvents object.' },
  attribute_unknown: {
    vi: 'Chỉ nhận specversion, id, source, type, time, datacontenttype và data.',
    en: 'Only specversion, id, source, type, time, datacontenttype and data are taken.',
  },
  specversion: { vi: 'specversion phải là "1.0".', en: 'specversion must be "1.0".' },
  name: { vi: 'Cần chuỗi ASCII 1–256 ký tự.', en: 'A string of 1–256 ASCII characters is needed.' },
  time: {
    vi: 'Cần thời điểm xảy ra theo RFC 3339, không ở tương lai.',
    en: 'The time at which it happened is needed (RFC 3339), not in the future.',
  },
  content: {
    vi: 'datacontenttype phải là application/json.',
    en: 'datacontenttype must be application/json.',
  },
  event_unknown: { vi: 'Hợp đồng không có loại sự kiện này.', en: 'The contract has no such event type.' },
} as const satisfies Record<string, Bilingual>

type Members = Readonly<Record<string, unknown>>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPast(value: unknown, nowMs: number): value is string {
  return typeof value === 'string' && INSTANT.test(value) && Date.parse(value) <= nowMs + AHEAD_MS
}

/** A published event with its contract's description. */
export interface ReadEvent {
  readonly event: CloudEvent
  readonly operation: Operation
  /** Whom or what its data tell of. */
  readonly subject: string | undefined
}

/** @returns the event type that a publication names, as far as it names one; its envelope is not judged. */
export function eventTypeOf(json: unknown, contract: Contract): Operation | undefined {
  const type = isMembers(json) ? json['type'] : undefined
  const operation = typeof type === 'string' ? contract.operations.get(type) : undefined
  return operation?.kind === 'event' ? operation : undefined
}

/** @returns whom or what an event's data tell of, where its contract names that and the data have it. */
export function subjectOf({ subjectPointer }: Operation, data: unknown): string | undefined {
  const subject = subjectPointer === undefined ? undefined : readPointer(data, subjectPointer)
  return typeof subject === 'string' && subject.length <= 64 ? subject : undefined
}

/**
 * Reads a CloudEvent in structured mode and holds its data to the contract.
 * @param json read strictly before.
 * @throws GatewayError `request_invalid` with all that the envelope breaks, or else all that the data do.
 */
export function readCloudEvent(json: unknown, contract: Contract, nowMs: number): ReadEvent {
  const errors: Violation[] = []
  const fault = (pointer: string, rule: keyof typeof DETAILS) =>
    errors.push({ pointer, rule, detail: DETAILS[rule] })
  const members = isMembers(json) ? json : {}
  const { specversion, id, source, time, datacontenttype = 'application/json', data } = members
  const operation = eventTypeOf(json, contract)
  if (!isMembers(json)) fault('', 'type')
  if (Object.keys(members).some((name) => !MEMBERS.has(name))) fault('', 'attribute_unknown')
  if (specversion !== '1.0') fault('/specversion', 'specversion')
  if (typeof id !== 'string' || !NAME.test(id)) fault('/id', 'name')
  if (typeof source !== 'string' || !NAME.test(source)) fault('/source', 'name')
  if (!isPast(time, nowMs)) fault('/time', 'time')
  if (datacontenttype !== 'application/json') fault('/datacontenttype', 'content')
  if (operation === undefined) fault('/type', 'event_unknown')
  if (errors.length > 0 || operation === undefined) throw new GatewayError('request_invalid', { errors })
  try {
    operation.checkRequest({ pathParameters: {}, query: undefined, body: data })
  } catch (thrown) {
    throw thrown instanceof GatewayError ? insideData(thrown) : thrown
  }
  const event = { id: String(id), source: String(source), type: operation.id, time: String(time), data }
  return { event, operation, subject: subjectOf(operation, data) }
}

function insideData({ code, errors }: GatewayError): GatewayError {
  return new GatewayError(code, {
    errors: errors.map((violation) => ({ ...violation, pointer: `/data${violation.pointer}` })),
  })
}

/**
 * An event as a subscriber gets it, in structured mode. `sequence` is the extension of that name: of two events on
 * one subject the later has the greater text.
 */
export function writeCloudEvent(
  { id, source, type, time }: CloudEvent,
  sequence: number,
  data: unknown,
): Buffer {
  const place = String(sequence).padStart(16, '0')
  const attributes = { specversion: '1.0', id, source, type, time, datacontenttype: 'application/json' }
  return Buffer.from(JSON.stringify({ ...attributes, sequence: place, data }))
}

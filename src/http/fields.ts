import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../model/errors.ts'
import type { TraceContext } from '../model/exchange.ts'
import { readNote } from '../model/note.ts'

/** The request fields that the gateway's doors have in common. */

export const PURPOSE = /^(?=.{1,64}$)[a-z]+(?:-[a-z0-9]+)*$/
export const PARTICULAR = /^[\x21-\x7e]{1,64}$/
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** @throws GatewayError `request_malformed` where the field is there and is not what it has to be. */
export function optional(
  request: IncomingMessage,
  name: string,
  pattern: Pick<RegExp, 'test'>,
): string | undefined {
  const value = request.headers[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new GatewayError('request_malformed', {
    detail: { vi: `Tiêu đề ${name} không đúng dạng.`, en: `Header ${name} is not well formed.` },
  })
}

/** @throws GatewayError `header_missing`, `request_malformed`. */
export function purposeOf(request: IncomingMessage): string {
  const purpose = optional(request, 'exchange-purpose', PURPOSE)
  if (purpose !== undefined) return purpose
  throw new GatewayError('header_missing', {
    detail: { vi: 'Thiếu Exchange-Purpose.', en: 'Exchange-Purpose is missing.' },
  })
}

const NOTE = { test: (value: string) => readNote(value) !== undefined }

/** @throws GatewayError `request_malformed` where there is an `Exchange-Note` that is none. */
export function noteOf(request: IncomingMessage): string | undefined {
  const field = optional(request, 'exchange-note', NOTE)
  return field === undefined ? undefined : readNote(field)
}

/** W3C Trace Context of a request; a new trace where it brings none. @param randomHex hex digits of so many bytes. */
export function traceOf(request: IncomingMessage, randomHex: (bytes: number) => string): TraceContext {
  const { traceparent, tracestate } = request.headers
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null
  const spanId = randomHex(8)
  if (match === null) return { traceId: randomHex(16), spanId, sampled: false }
  const [, traceId = '', , flags = '00'] = match
  const sampled = (Number.parseInt(flags, 16) & 1) === 1
  return typeof tracestate === 'string' && tracestate.length <= 512
    ? { traceId, spanId, sampled, state: tracestate }
    : { traceId, spanId, sampled }
}

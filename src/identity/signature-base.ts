import { type InnerList, serializeInnerList, serializeItem } from 'structured-headers'
import type { RequestMessage } from '../model/exchange.ts'

/**
 * Gives the value of a component of a message; undefined where the message has none or the name means nothing
 * here. `ofRequest` tells a component of the request that an answer is bound to (`;req`).
 */
export type FindComponent = (name: string, ofRequest: boolean) => string | undefined

/** Visible ASCII, blanks and tabs: anything else would make two bases of one message. */
const FIELD_VALUE = /^[\x20-\x7e\t]*$/

/**
 * Of a request (RFC 9421 §2.2): the derived components that need no parameter, and fields. What takes a
 * parameter (`@query-param`, `;sf`, `;key`, `;bs`, `;tr`) is not covered here.
 */
export function requestComponents(message: RequestMessage): FindComponent {
  const url = URL.parse(message.targetUri)
  // The target as it was sent: a URL parser might spell it anew.
  const [path = '', query] = splitTarget(message.targetUri)
  const derived: Readonly<Record<string, string | undefined>> = {
    '@method': message.method,
    '@target-uri': message.targetUri,
    '@scheme': url?.protocol.slice(0, -1),
    '@authority': url?.host,
    '@request-target': query === undefined ? path : `${path}?${query}`,
    '@path': path,
    '@query': `?${query ?? ''}`,
  }
  return (name, ofRequest) => {
    if (ofRequest) return undefined
    return name.startsWith('@') ? derived[name] : message.fields.get(name)
  }
}

function splitTarget(uri: string): [path: string, query: string | undefined] {
  const target = uri.replace(/^[a-z]+:\/\/[^/?]*/, '')
  const mark = target.indexOf('?')
  return mark < 0 ? [target || '/', undefined] : [target.slice(0, mark) || '/', target.slice(mark + 1)]
}

/** An answer as it leaves or came. */
export interface AnswerMessage {
  readonly status: number
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>
}

/** Of an answer, and of the request it is bound to (RFC 9421 §2.4). */
export function answerComponents(answer: AnswerMessage, request: RequestMessage): FindComponent {
  const asked = requestComponents(request)
  return (name, ofRequest) => {
    if (ofRequest) return asked(name, false)
    if (name === '@status') return String(answer.status)
    return name.startsWith('@') ? undefined : answer.fields.get(name)
  }
}

/**
 * The signature base (RFC 9421 §2.5) of the components an entry of `Signature-Input` lists.
 * @returns undefined where one stands twice, is not in the message or is of a kind not taken here.
 */
export function signatureBase(entry: InnerList, find: FindComponent): string | undefined {
  const lines = new Map<string, string>()
  for (const item of entry[0]) {
    const [name, parameters] = item
    const ofRequest = parameters.get('req') === true
    if (typeof name !== 'string' || parameters.size !== (ofRequest ? 1 : 0)) return undefined
    const value = find(name, ofRequest)
    const identifier = serializeItem(item)
    if (value === undefined || !FIELD_VALUE.test(value) || lines.has(identifier)) return undefined
    lines.set(identifier, value.trim())
  }
  lines.set('"@signature-params"', serializeInnerList(entry))
  return Array.from(lines, ([identifier, value]) => `${identifier}: ${value}`).join('\n')
}

import { errorFacts } from './error-facts.ts'
import { type Known, type KnownKind, UNKNOWN } from './known.ts'
import { METHODS, OTHER_HTTP } from './label.ts'
import type { FieldKind } from './log-events.ts'
import { CODES } from './metric-table.ts'

/** @returns a field as JSON members, a comma first; empty where there is nothing that may be told. */
export type FieldWriter = (value: unknown, known: Known) => string

const EXCHANGE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TRACE_ID = /^[0-9a-f]{32}$/
/** SHA-256 in base64url or hex. */
const DIGEST = /^(?:[\w-]{43}|[0-9a-f]{64})$/
/** A personal id, tax code, telephone or account number is never shorter. */
const LONG_NUMBER = /\d(?:[ \u00a0]?\d){8,}/g
const MAX_TEXT = 200
const CODE_WORDS: ReadonlySet<string> = new Set(CODES)

function member(name: string, value: unknown): string {
  return `,${JSON.stringify(name)}:${JSON.stringify(value)}`
}

function wordWriter(name: string, words: readonly string[], other = UNKNOWN): FieldWriter {
  const members = new Map(words.map((word) => [word, member(name, word)]))
  const unknown = member(name, other)
  return (value) => (typeof value === 'string' ? (members.get(value) ?? unknown) : '')
}

function knownWriter(name: string, kind: KnownKind): FieldWriter {
  const unknown = member(name, UNKNOWN)
  // Members already written for the registry that serves; as many as it has words.
  let members = new Map<string, string>()
  let words: Known[KnownKind] | undefined
  return (value, known) => {
    if (typeof value !== 'string') return ''
    if (words !== known[kind]) {
      words = known[kind]
      members = new Map()
    }
    const written = members.get(value)
    if (written !== undefined) return written
    if (!words.has(value)) return unknown
    const made = member(name, value)
    members.set(value, made)
    return made
  }
}

/** A value of this shape needs no escaping in JSON. */
function shapeWriter(name: string, shape: RegExp): FieldWriter {
  const head = `,${JSON.stringify(name)}:"`
  return (value) => (typeof value === 'string' && shape.test(value) ? `${head}${value}"` : '')
}

function countsWriter(name: string): FieldWriter {
  return (value) => {
    if (typeof value !== 'object' || value === null) return ''
    const counts = Object.entries(value).filter(
      ([code, count]) => CODE_WORDS.has(code) && typeof count === 'number' && Number.isFinite(count),
    )
    return counts.length === 0 ? '' : member(name, Object.fromEntries(counts))
  }
}

function writeError(value: unknown): string {
  if (value === undefined || value === null) return ''
  const { type, code, stack, causes } = errorFacts(value)
  return [
    member('error.type', type),
    code === undefined ? '' : member('error.code', code),
    stack.length === 0 ? '' : member('error.stack_trace', stack.join('\n')),
    causes.length === 0
      ? ''
      : member(
          'lienthong.causes',
          causes.map((cause) => ({ type: cause.type, code: cause.code, stack: cause.stack.join('\n') })),
        ),
  ].join('')
}

function writeText(name: string, value: unknown): string {
  if (typeof value !== 'string') return ''
  return member(name, value.slice(0, MAX_TEXT).replace(LONG_NUMBER, '…'))
}

const KNOWN_KINDS = {
  'known.subsystem': 'subsystem',
  'known.service': 'service',
  'known.operation': 'operation',
  'known.agreement': 'agreement',
  'known.purpose': 'purpose',
} as const satisfies Record<string, KnownKind>

/** @param name of the field in the line. @returns the one check of this kind, with the name written in. */
export function fieldWriter(name: string, kind: FieldKind): FieldWriter {
  if (typeof kind !== 'string') return wordWriter(name, kind)
  const head = `,${JSON.stringify(name)}:`
  switch (kind) {
    case 'exchange_id':
      return shapeWriter(name, EXCHANGE_ID)
    case 'trace_id':
      return shapeWriter(name, TRACE_ID)
    case 'digest':
      return shapeWriter(name, DIGEST)
    case 'code':
      return wordWriter(name, CODES)
    case 'method':
      return wordWriter(name, METHODS, OTHER_HTTP)
    case 'number':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? head + String(value) : '')
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? head + String(value) : '')
    case 'counts':
      return countsWriter(name)
    case 'error':
      return writeError
    case 'operator_text':
      return (value) => writeText(name, value)
    default:
      return knownWriter(name, KNOWN_KINDS[kind])
  }
}

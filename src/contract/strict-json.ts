import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { findJsonFault, type JsonLimits, type JsonRule } from './json-scanner.ts'

/** Of what a consumer asks: a request is small, and it is a stranger's. */
export const REQUEST_LIMITS: JsonLimits = {
  depth: 32,
  values: 20_000,
  nameLength: 256,
  stringLength: 65_536,
  items: 10_000,
}

/** Of what a provider answers: its bytes are limited by its binding, and a document may be one long string. */
export const ANSWER_LIMITS: JsonLimits = {
  depth: 32,
  values: 1_000_000,
  nameLength: 256,
  stringLength: Number.POSITIVE_INFINITY,
  items: 100_000,
}

const DETAILS = {
  encoding: { vi: 'Không phải UTF-8.', en: 'It is not UTF-8.' },
  byteOrderMark: { vi: 'Không được bắt đầu bằng BOM.', en: 'It must not begin with a byte order mark.' },
  syntax: { vi: 'Không phải JSON (RFC 8259).', en: 'It is not JSON (RFC 8259).' },
  depth: { vi: 'Lồng nhau quá sâu.', en: 'It is nested too deep.' },
  values: { vi: 'Có quá nhiều giá trị.', en: 'It has too many values.' },
  items: { vi: 'Có quá nhiều phần tử.', en: 'It has too many items.' },
  nameLength: { vi: 'Tên thành phần quá dài.', en: 'The name of a member is too long.' },
  stringLength: { vi: 'Chuỗi quá dài.', en: 'The string is too long.' },
  duplicateName: {
    vi: 'Tên thành phần lặp lại trong một đối tượng.',
    en: 'A name stands twice in one object.',
  },
  reservedName: {
    vi: 'Không nhận thành phần tên __proto__, constructor hoặc prototype.',
    en: 'No member may be named __proto__, constructor or prototype.',
  },
  loneSurrogate: {
    vi: 'Có nửa cặp surrogate, không phải ký tự Unicode.',
    en: 'It has half a surrogate pair, which is no Unicode character.',
  },
  unsafeNumber: {
    vi: 'Số ngoài phạm vi mà mọi bộ đọc hiểu như nhau (±2^53−1); gửi dưới dạng chuỗi.',
    en: 'The number is beyond what all readers read alike (±2^53−1): send it as a string.',
  },
} as const satisfies Record<JsonRule | 'encoding' | 'byteOrderMark' | 'syntax', Bilingual>

/** The value of a text, or the first place where it breaks a rule. */
export type StrictJson = { readonly value: unknown } | { readonly violation: Violation }

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** No number with fewer zeros and without an exponent is too small for double precision. */
const ZEROS = '0'.repeat(300)

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const LOWER_U = 0x75
const [MINUS, LOWER_E, UPPER_E] = [0x2d, 0x65, 0x45]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** What a first look at the bytes tells. */
interface Survey {
  readonly depth: number
  readonly members: number
  readonly commas: number
  /** Whether there is a `\\u` escape. */
  readonly hasEscapes: boolean
  /** Whether there is a negative exponent. */
  readonly hasSmall: boolean
}

function survey(bytes: Uint8Array): Survey {
  let [level, depth, members, commas] = [0, 0, 0, 0]
  let hasEscapes = false
  let hasSmall = false
  let isInString = false
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]
    if (isInString) {
      if (byte === QUOTE) isInString = false
      else if (byte === BACKSLASH) {
        index += 1
        if (bytes[index] === LOWER_U) hasEscapes = true
      }
    } else if (byte === QUOTE) isInString = true
    else if (byte === COLON) members += 1
    else if (byte === COMMA) commas += 1
    else if (byte === MINUS) hasSmall ||= bytes[index - 1] === LOWER_E || bytes[index - 1] === UPPER_E
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      level += 1
      if (level > depth) depth = level
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) level -= 1
  }
  return { depth, members, commas, hasEscapes, hasSmall }
}

/** What is counted of a parsed value; `isPlain` turns false at anything that needs a closer look. */
interface Tally {
  readonly limits: JsonLimits
  readonly hasEscapes: boolean
  /** Whether a zero may be what is left of a number too small to hold. */
  readonly mayVanish: boolean
  members: number
  values: number
  isPlain: boolean
}

function tallyText(text: string, maxLength: number, tally: Tally): void {
  if (text.length > maxLength || (tally.hasEscapes && !text.isWellFormed())) tally.isPlain = false
}

function tallyObject(value: object, tally: Tally): void {
  const before = tally.members
  for (const name in value) {
    tally.members += 1
    if (name === '__proto__' || name === 'constructor' || name === 'prototype') tally.isPlain = false
    tallyText(name, tally.limits.nameLength, tally)
    tallyValue((value as Readonly<Record<string, unknown>>)[name], tally)
  }
  if (tally.members - before > tally.limits.items) tally.isPlain = false
}

function tallyValue(value: unknown, tally: Tally): void {
  tally.values += 1
  if (typeof value === 'string') tallyText(value, tally.limits.stringLength, tally)
  else if (typeof value === 'number') {
    if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER) || (value === 0 && tally.mayVanish)) {
      tally.isPlain = false
    }
  } else if (Array.isArray(value)) {
    if (value.length > tally.limits.items) tally.isPlain = false
    for (const item of value) tallyValue(item, tally)
  } else if (typeof value === 'object' && value !== null) tallyObject(value, tally)
}

/**
 * The quick look at a parsed value: right in what it lets pass, and without a verdict on the rest. A name
 * that stood twice is a member fewer than the text has colons.
 */
function isPlain(value: unknown, surveyed: Survey, mayVanish: boolean, limits: JsonLimits): boolean {
  const { hasEscapes } = surveyed
  const tally: Tally = { limits, hasEscapes, mayVanish, members: 0, values: 0, isPlain: true }
  tallyValue(value, tally)
  return tally.isPlain && tally.members === surveyed.members && tally.values <= limits.values
}

function broken(rule: keyof typeof DETAILS, pointer = ''): StrictJson {
  return { violation: { pointer, rule, detail: DETAILS[rule] } }
}

/**
 * JSON that two readers cannot read differently (I-JSON, RFC 7493), within limits: UTF-8 without faults and
 * without a byte order mark, no name twice, no half of a surrogate pair, no number that double precision
 * cannot hold, no name that reaches a prototype. What is accepted is what `JSON.parse` gives.
 *
 * Depth and number of values are known before anything is built, so that a text costs little more memory
 * than its bytes. The scanner reads only texts that the quick look has a doubt about.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): StrictJson {
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    return broken('encoding')
  }
  if (text.charCodeAt(0) === 0xfeff) return broken('byteOrderMark')
  const surveyed = survey(bytes)
  const isWithin = surveyed.depth <= limits.depth && surveyed.commas < limits.values
  const early = isWithin ? undefined : findJsonFault(text, limits)
  if (early !== undefined) return broken(early.rule, early.pointer)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return broken('syntax')
  }
  const mayVanish = surveyed.hasSmall || text.includes(ZEROS)
  if (isPlain(value, surveyed, mayVanish, limits)) return { value }
  const fault = findJsonFault(text, limits)
  return fault === undefined ? { value } : broken(fault.rule, fault.pointer)
}

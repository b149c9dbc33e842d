import type { JsonLimits } from '../contract/json-scanner.ts'
import { parseStrictJson } from '../contract/strict-json.ts'

/** Members of a parsed JSON object, by name. */
export type Members = Readonly<Record<string, unknown>>

/** Of a header, of claims and of the like; the whole is 8 KB at most. */
const TOKEN_LIMITS: JsonLimits = {
  depth: 8,
  values: 4096,
  nameLength: 256,
  stringLength: 8192,
  items: 2048,
}

/** @returns the JSON object that the bytes are, `undefined` unless it can be read in one way only. */
export function parseStrictObject(bytes: Uint8Array): Members | undefined {
  const read = parseStrictJson(bytes, TOKEN_LIMITS)
  if (!('value' in read)) return undefined
  const { value } = read
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

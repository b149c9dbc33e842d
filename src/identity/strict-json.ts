import { isUtf8 } from 'node:buffer'

/** Members of a parsed JSON object, by name. */
export type Members = Readonly<Record<string, unknown>>

const MAX_DEPTH = 8
/** Names that reach an object's prototype in careless code further on. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype'])

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** @returns the index of the quote that ends the string opened at `start`; the text is known to be valid JSON. */
function endOfString(text: string, start: number): number {
  let index = start + 1
  while (text.charCodeAt(index) !== QUOTE) {
    index += text.charCodeAt(index) === BACKSLASH ? 2 : 1
  }
  return index
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

/** @returns the name if the string that ends at `end` is a member's name. */
function nameAt(text: string, start: number, end: number): string | undefined {
  let index = end + 1
  while (isWhitespace(text.charCodeAt(index))) index += 1
  if (text.charCodeAt(index) !== COLON) return undefined
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
}

/** @param text valid JSON. @returns whether names are unique and harmless in each object and nesting is shallow. */
function hasSoundNames(text: string): boolean {
  const scopes: Set<string>[] = []
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '{' || character === '[') {
      if (scopes.push(new Set()) > MAX_DEPTH) return false
    } else if (character === '}' || character === ']') {
      scopes.pop()
    } else if (character === '"') {
      const end = endOfString(text, index)
      const name = nameAt(text, index, end)
      const scope = scopes.at(-1)
      if (name !== undefined && scope !== undefined) {
        if (scope.has(name) || FORBIDDEN_NAMES.has(name)) return false
        scope.add(name)
      }
      index = end
    }
  }
  return true
}

/**
 * A JSON object that two parsers cannot read differently: UTF-8 without faults, no name twice (RFC 8259 §4
 * leaves the choice to the parser, RFC 7519 §4 lets us refuse), at most 8 levels deep.
 * @returns undefined where the bytes are anything else.
 */
export function parseStrictObject(bytes: Uint8Array): Members | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return hasSoundNames(text) ? (value as Members) : undefined
}

/** How large a JSON text may be in each direction. */
export interface JsonLimits {
  /** Objects and lists inside one another. */
  readonly depth: number
  /** Values of every kind, the outermost included. */
  readonly values: number
  /** Of a member's name, in UTF-16 code units; an escape counts as one. */
  readonly nameLength: number
  /** Of any other string, in the same. */
  readonly stringLength: number
  /** Items of a list, members of an object. */
  readonly items: number
}

/** Why a text within UTF-8 and the grammar is refused all the same. */
export type JsonRule =
  | 'depth'
  | 'values'
  | 'items'
  | 'nameLength'
  | 'stringLength'
  | 'duplicateName'
  | 'reservedName'
  | 'loneSurrogate'
  | 'unsafeNumber'

/** The first place where a text breaks a rule. */
export interface JsonFault {
  /** JSON Pointer (RFC 6901); names that might be data are `*` in it. */
  readonly pointer: string
  readonly rule: JsonRule
}

/** Names that reach an object's prototype in careless code further on. */
const RESERVED_NAME = /^(?:__proto__|constructor|prototype)$/
/** A name that a programmer chose; any other might be data used as a name, and is told as `*`. */
const TELLABLE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,40}$/

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const LOWER_U = 0x75
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** One object or list that is open. */
interface Scope {
  /** Undefined in a list. */
  readonly names: Set<string> | undefined
  /** The member or item the scanner is at. */
  name: string
  items: number
  /** Whether the next string is a name. */
  wantsName: boolean
}

/** Ends a scan at the first fault. */
class Found extends Error {
  readonly rule: JsonRule

  constructor(rule: JsonRule) {
    super(rule)
    this.rule = rule
  }
}

function isNumberStart(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39)
}

/** Digits, sign, point and exponent. */
function isNumberPart(code: number): boolean {
  return isNumberStart(code) || code === 0x2e || code === 0x2b || code === 0x65 || code === 0x45
}

/** RFC 7493 §2.2: what double precision holds, and no whole number that it rounds. */
function isSafeNumber(token: string): boolean {
  const value = Number(token)
  if (!Number.isFinite(value)) return false
  if (/^-?\d+$/.test(token)) return Number.isSafeInteger(value)
  return value !== 0 || !/[1-9]/.test(token.replace(/[eE].*$/, ''))
}

/** Reads a text once, left to right; it need not be JSON, the scanner ends all the same. */
class Scanner {
  readonly #text: string
  readonly #limits: JsonLimits
  readonly #scopes: Scope[] = []
  #values = 0

  constructor(text: string, limits: JsonLimits) {
    this.#text = text
    this.#limits = limits
  }

  /** @throws Found */
  scan(): void {
    const text = this.#text
    let index = 0
    while (index < text.length) {
      const code = text.charCodeAt(index)
      if (code === QUOTE) index = this.#string(index)
      else if (code === OPEN_OBJECT || code === OPEN_LIST) {
        this.#open(code === OPEN_OBJECT)
        index += 1
      } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
        this.#scopes.pop()
        index += 1
      } else if (code === COMMA) {
        this.#next()
        index += 1
      } else if (isNumberStart(code)) index = this.#number(index)
      else if (code === 0x74 || code === 0x66 || code === 0x6e) {
        // true, false or null; a text in which it is something else is not JSON.
        this.#value()
        index += 4
      } else index += 1
    }
  }

  /** Where the scanner is, as a JSON Pointer (RFC 6901). */
  pointer(): string {
    const steps = this.#scopes.map(({ names, name, items }) => {
      if (names === undefined) return String(items - 1)
      return TELLABLE_NAME.test(name) ? name : '*'
    })
    // A scope just opened stands at no member yet.
    if (this.#scopes.at(-1)?.items === 0) steps.pop()
    return steps.map((step) => `/${step}`).join('')
  }

  #value(): void {
    const scope = this.#scopes.at(-1)
    if (scope !== undefined && scope.names === undefined && scope.items === 0) this.#next()
    this.#values += 1
    if (this.#values > this.#limits.values) throw new Found('values')
  }

  #open(isObject: boolean): void {
    this.#value()
    this.#scopes.push({ names: isObject ? new Set() : undefined, name: '', items: 0, wantsName: isObject })
    if (this.#scopes.length > this.#limits.depth) throw new Found('depth')
  }

  /** After a comma, and before the first item of a list. */
  #next(): void {
    const scope = this.#scopes.at(-1)
    if (scope === undefined) return
    if (scope.names !== undefined) scope.wantsName = true
    else this.#count(scope)
  }

  #count(scope: Scope): void {
    scope.items += 1
    if (scope.items > this.#limits.items) throw new Found('items')
  }

  #number(start: number): number {
    this.#value()
    let end = start + 1
    while (isNumberPart(this.#text.charCodeAt(end))) end += 1
    // Fifteen digits and a sign are safe however they are arranged, but for an exponent.
    const token = this.#text.slice(start, end)
    if (!/^-?\d{1,15}$/.test(token) && !isSafeNumber(token)) throw new Found('unsafeNumber')
    return end
  }

  #string(start: number): number {
    const scope = this.#scopes.at(-1)
    if (scope?.names !== undefined && scope.wantsName) return this.#name(start, scope, scope.names)
    this.#value()
    return this.#stringEnd(start, this.#limits.stringLength, 'stringLength') + 1
  }

  #name(start: number, scope: Scope, names: Set<string>): number {
    scope.wantsName = false
    scope.name = ''
    this.#count(scope)
    const end = this.#stringEnd(start, this.#limits.nameLength, 'nameLength')
    const raw = this.#text.slice(start + 1, end)
    const name = raw.includes('\\') ? unescapeName(raw) : raw
    scope.name = name
    if (RESERVED_NAME.test(name)) throw new Found('reservedName')
    if (names.has(name)) throw new Found('duplicateName')
    names.add(name)
    return end + 1
  }

  /** @returns the index of the closing quote, or the text's length where there is none. */
  #stringEnd(start: number, maxLength: number, rule: JsonRule): number {
    const text = this.#text
    let index = start + 1
    let length = 0
    for (; index < text.length; length += 1) {
      const code = text.charCodeAt(index)
      if (code === QUOTE) break
      index += code === BACKSLASH ? this.#escape(index) : 1
    }
    if (length > maxLength) throw new Found(rule)
    return index
  }

  /** @returns the length of the escape at `index`; a pair of surrogates is one. */
  #escape(index: number): number {
    if (this.#text.charCodeAt(index + 1) !== LOWER_U) return 2
    const unit = this.#unit(index)
    // RFC 7493 §2.1: no code point may be half a character.
    if (unit < 0xd800 || unit > 0xdfff) return 6
    const second = this.#unit(index + 6)
    if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff) throw new Found('loneSurrogate')
    return 12
  }

  /** @returns the code unit of a `\uXXXX` at `index`, 0 where there is none. */
  #unit(index: number): number {
    const digits = this.#text.slice(index + 2, index + 6)
    const isEscape = this.#text.startsWith('\\u', index) && /^[0-9a-fA-F]{4}$/.test(digits)
    return isEscape ? Number.parseInt(digits, 16) : 0
  }
}

function unescapeName(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    // The text is not JSON, which its own parser will say.
    return raw
  }
}

/**
 * Reads a text character by character for what `JSON.parse` lets pass. The text need not be JSON: the scan
 * ends all the same.
 * @returns the first fault, undefined where there is none.
 */
export function findJsonFault(text: string, limits: JsonLimits): JsonFault | undefined {
  const scanner = new Scanner(text, limits)
  try {
    scanner.scan()
    return undefined
  } catch (thrown) {
    if (thrown instanceof Found) return { rule: thrown.rule, pointer: scanner.pointer() }
    throw thrown
  }
}

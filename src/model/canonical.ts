/**
 * The JSON Canonicalization Scheme (RFC 8785): one byte sequence for one value, so that a digest of a
 * document does not depend on who wrote it or in which order.
 */

function compareCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Printable ASCII without `"` and `\\`: stands for itself. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** §3.2.2.2: text that is not Unicode has no canonical form. */
function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(text)
}

type Members = Readonly<Record<string, unknown>>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}

/** §3.2.3: members stand in the order of their names' UTF-16 code units. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value)
  for (let index = 1; index < names.length; index += 1) {
    if ((names[index - 1] ?? '') > (names[index] ?? '')) return names.sort(compareCodeUnits)
  }
  return names
}

function writeMembers(members: Members): string {
  if (typeof members['toJSON'] === 'function') {
    throw new TypeError('an object that is not plain data has no canonical form')
  }
  let text = ''
  for (const name of sortedNames(members)) {
    const member = members[name]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${quote(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

function writeItems(items: readonly unknown[]): string {
  let text = ''
  for (let index = 0; index < items.length; index += 1) {
    text += `${index === 0 ? '' : ','}${canonicalJson(items[index])}`
  }
  return `[${text}]`
}

/**
 * @param value a JSON value; members that are `undefined` count as absent.
 * @returns its canonical text (RFC 8785).
 * @throws TypeError for what JSON cannot say: other types, dates, NaN and infinities, lone surrogates.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no canonical form')
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    default:
      if (value === null) return 'null'
      if (Array.isArray(value)) return writeItems(value)
      if (isMembers(value)) return writeMembers(value)
      throw new TypeError(`a ${typeof value} has no canonical form`)
  }
}

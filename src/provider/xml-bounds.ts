/** What of an XML document is looked at before any parser sees it: its cost is known before it is paid. */

export interface XmlLimits {
  readonly depth: number
  readonly elements: number
  /** Of one element. */
  readonly attributes: number
}

export const XML_LIMITS: XmlLimits = { depth: 64, elements: 20_000, attributes: 64 }

/** Why a document is refused; the names tell no content. */
export class XmlRefusal extends Error {
  override readonly name = 'XmlRefusal'
}

/** What XML 1.0 §2.2 has no place for; lone surrogates cannot be in a text that was decoded strictly. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const FORBIDDEN_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

const DECLARATION = /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')[^?<>]*\?>/
/** What may follow an ampersand: a character's number, or one of the five names that need no declaration. */
const REFERENCE = /&(?:#(x[0-9A-Fa-f]+|[0-9]+);|(?:amp|lt|gt|quot|apos);)?/g

function isCharacter(code: number): boolean {
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  )
}

/** @param text outside comments and CDATA. */
function checkReferences(text: string): void {
  if (!text.includes('&')) return
  for (const [reference, digits] of text.matchAll(REFERENCE)) {
    if (reference === '&') throw new XmlRefusal('an entity')
    if (digits === undefined) continue
    const code = digits.startsWith('x') ? Number.parseInt(digits.slice(1), 16) : Number(digits)
    if (!isCharacter(code)) throw new XmlRefusal('a reference to no character')
  }
}

function indexAfter(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from)
  if (at < 0) throw new XmlRefusal('it is cut off')
  return at + end.length
}

/** @returns where a start tag ends and how many attributes it has; quotes may hold anything but `<`. */
function scanTag(text: string, from: number): { readonly end: number; readonly attributes: number } {
  let quote = ''
  let attributes = 0
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]
    if (character === '<') break
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") {
      quote = character
      attributes += 1
    } else if (character === '>') return { end: at + 1, attributes }
  }
  throw new XmlRefusal('a tag does not end')
}

/**
 * Looks once through a document, in time proportional to its length. Refused are any document type, and with it every
 * entity, any processing instruction, any other version than 1.0, characters that XML does not have, and more depth,
 * elements or attributes than the limits.
 * @returns how many attributes all its tags have: a parser that tells another number has read another document.
 * @throws XmlRefusal
 */
export function assertXmlBounds(text: string, limits: XmlLimits = XML_LIMITS): number {
  if (FORBIDDEN_CHARACTER.test(text)) throw new XmlRefusal('a character that XML does not have')
  let at = 0
  if (text.startsWith('<?xml')) {
    const [declaration] = DECLARATION.exec(text) ?? []
    if (declaration === undefined) throw new XmlRefusal('another version than XML 1.0')
    at = declaration.length
  }
  let depth = 0
  let elements = 0
  let attributes = 0
  for (;;) {
    const next = text.indexOf('<', at)
    checkReferences(text.slice(at, next < 0 ? undefined : next))
    if (next < 0) return attributes
    at = next
    if (text.startsWith('<!--', at)) at = indexAfter(text, '-->', at + 4)
    else if (text.startsWith('<![CDATA[', at)) at = indexAfter(text, ']]>', at + 9)
    else if (text.startsWith('<!', at)) throw new XmlRefusal('a document type')
    else if (text.startsWith('<?', at)) throw new XmlRefusal('a processing instruction')
    else if (text.startsWith('</', at)) {
      depth -= 1
      at = indexAfter(text, '>', at)
    } else {
      const tag = scanTag(text, at + 1)
      checkReferences(text.slice(at, tag.end))
      elements += 1
      attributes += tag.attributes
      if (text[tag.end - 2] !== '/') depth += 1
      if (depth > limits.depth) throw new XmlRefusal('too many levels')
      if (elements > limits.elements) throw new XmlRefusal('too many elements')
      if (tag.attributes > limits.attributes) throw new XmlRefusal('too many attributes')
      at = tag.end
    }
  }
}

import { DOMParser, type Element as DomElement } from '@xmldom/xmldom'
import { assertXmlBounds, FORBIDDEN_CHARACTER, type XmlLimits, XmlRefusal } from './xml-bounds.ts'

/** A name with its namespace; '' is none. */
export interface XmlName {
  readonly uri: string
  readonly local: string
}

export interface XmlAttribute extends XmlName {
  readonly value: string
}

/** An element as it is read: comments are gone, CDATA is text, namespace declarations are no attributes. */
export interface XmlElement extends XmlName {
  readonly attributes: readonly XmlAttribute[]
  readonly children: readonly XmlElement[]
  /** All text directly in it. */
  readonly text: string
}

/** An element to be written; the prefix of each name is declared at the root. */
export interface XmlOutput {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  /** Text, or elements in their order. */
  readonly content?: string | readonly XmlOutput[]
}

const XMLNS = 'http://www.w3.org/2000/xmlns/'
const XML = 'http://www.w3.org/XML/1998/namespace'
const ELEMENT = 1
const TEXT = 3
const CDATA = 4

/**
 * Charsets an answer may come in. Only UTF-8 is ever sent. Windows-1258 writes tone marks as characters of their own,
 * so what comes of it is put together (NFC) as its writers mean it.
 */
const CHARSETS: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  'windows-1258': 'windows-1258',
}

const ENCODING = /^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/

function charsetOf(name: string): string {
  const charset = CHARSETS[name.toLowerCase()]
  if (charset === undefined || !Object.hasOwn(CHARSETS, name.toLowerCase())) {
    throw new XmlRefusal('a charset that is not taken')
  }
  return charset
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return undefined
}

/** RFC 7303 §3: the byte order mark counts, then the header, then the declaration; what disagrees is refused. */
function decode(bytes: Buffer, header: string | undefined): string {
  const told = ENCODING.exec(bytes.subarray(0, 200).toString('latin1').replace(/^ï»¿/, ''))?.[1]
  const names = [markOf(bytes), header, told].filter((name) => name !== undefined).map(charsetOf)
  const charset = names[0] ?? 'utf-8'
  const isSame = (name: string) =>
    name === charset || (name.startsWith('utf-16') && charset.startsWith('utf-16'))
  if (!names.every(isSame)) throw new XmlRefusal('two charsets at once')
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes)
    return charset === 'windows-1258' ? text.normalize('NFC') : text
  } catch {
    throw new XmlRefusal('bytes that are not of its charset')
  }
}

function attributesOf(element: DomElement): XmlAttribute[] {
  const found: XmlAttribute[] = []
  for (const { namespaceURI, localName, name, value } of element.attributes) {
    const uri = namespaceURI ?? ''
    const local = localName ?? name
    if (uri === XMLNS) {
      if (name.startsWith('xmlns:xml') || value === XMLNS || (value === XML && name !== 'xmlns:xml')) {
        throw new XmlRefusal('a namespace that may not be declared')
      }
      continue
    }
    found.push({ uri, local, value })
  }
  return found
}

function countAttributes(element: DomElement): number {
  let count = element.attributes.length
  for (let node = element.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === ELEMENT) count += countAttributes(node as DomElement)
  }
  return count
}

function elementOf(element: DomElement): XmlElement {
  const children: XmlElement[] = []
  let text = ''
  for (let node = element.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === ELEMENT) children.push(elementOf(node as DomElement))
    else if (node.nodeType === TEXT || node.nodeType === CDATA) text += node.nodeValue ?? ''
  }
  const local = element.localName ?? element.tagName
  return { uri: element.namespaceURI ?? '', local, attributes: attributesOf(element), children, text }
}

/**
 * Reads a document that nobody vouches for. No document type, entity or processing instruction is taken, nothing is
 * fetched, depth, elements and attributes are bounded before it is parsed; how many bytes come is the caller's bound.
 * @param charset as the header of the message names it.
 * @throws XmlRefusal
 */
export function readXml(bytes: Buffer, charset?: string, limits?: XmlLimits): XmlElement {
  const text = decode(bytes, charset)
  const attributes = assertXmlBounds(text, limits)
  try {
    const parser = new DOMParser({
      locator: false,
      // As XML 1.0 §2.11 has it: the default takes what only 1.1 calls the end of a line.
      normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n'),
      onError: (level, words) => {
        // It warns of U+FFFD, which is a character like others in what was decoded strictly.
        if (level === 'warning' && words.startsWith('Unicode replacement character')) return
        throw new XmlRefusal('it is not well-formed')
      },
    })
    const root = parser.parseFromString(text, 'text/xml').documentElement
    if (root === null) throw new XmlRefusal('it has no element')
    // Two prefixes for one namespace: the same attribute twice, of which the parser keeps one.
    if (countAttributes(root) !== attributes) throw new XmlRefusal('an attribute twice')
    return elementOf(root)
  } catch (thrown) {
    throw thrown instanceof XmlRefusal ? thrown : new XmlRefusal('it is not well-formed', { cause: thrown })
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser turns these into spaces or line feeds where they stand as they are (XML 1.0 §2.11, §3.3.3).
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** Whether XML has a way to write the text at all. */
export function isXmlText(text: string): boolean {
  return text.isWellFormed() && !FORBIDDEN_CHARACTER.test(text)
}

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character)
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] ?? character)
}

/** @returns the element as text; its texts have passed `isXmlText`, its names are those of a checked mapping. */
export function writeXml({ name, attributes = {}, content = '' }: XmlOutput): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`)
  const inner = typeof content === 'string' ? escapeText(content) : content.map(writeXml).join('')
  const start = `<${name}${written.join('')}`
  return inner === '' ? `${start}/>` : `${start}>${inner}</${name}>`
}

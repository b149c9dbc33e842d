import { setMember } from '../model/mapped-json.ts'
import type { SoapNode } from '../model/soap.ts'
import { createTextCodec, type TextCodec } from '../model/text-form.ts'
import type { XmlElement } from './xml.ts'

/** Reading an answer in XML as JSON, as a mapping has it. */

export const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** An answer that cannot be what the mapping says it is; `place` names elements of the mapping, no content. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer'
  readonly place: string

  constructor(place: string) {
    super(place)
    this.place = place
  }
}

type Members = Record<string, unknown>
/** Puts what stands in `parent` into `target`. */
type Read = (parent: XmlElement, target: Members) => void
/** @returns the value that stands in an element or attribute; undefined where it says there is none. */
type ReadValue = (found: { readonly text: string; readonly element?: XmlElement }) => unknown

/** Finds elements by the name a mapping gives them. */
export type MatchName = (element: { readonly uri: string; readonly local: string }) => boolean

/** @returns a match of `prefix:name`, `*:name` or `name`. */
export function createMatch(name: string, namespaces: Readonly<Record<string, string>>): MatchName {
  const [prefix, local] = name.includes(':') ? name.split(':', 2) : [undefined, name]
  if (prefix === '*') return (element) => element.local === local
  const uri = prefix === undefined ? '' : namespaces[prefix]
  return (element) => element.local === local && element.uri === uri
}

function isNil({ attributes }: XmlElement): boolean {
  return attributes.some(
    ({ uri, local, value }) => uri === XSI && local === 'nil' && /^(?:true|1)$/.test(value),
  )
}

function joinWords(element: XmlElement, names: readonly string[], namespaces: Namespaces): string {
  const words = names.map((name) => {
    const match = createMatch(name, namespaces)
    return element.children.filter(match).map(({ text }) => text.trim())[0] ?? ''
  })
  return words.filter((word) => word !== '').join(' ')
}

type Namespaces = Readonly<Record<string, string>>

function compileValue(node: SoapNode, namespaces: Namespaces): ReadValue {
  const codec: TextCodec = createTextCodec(node)
  const { words, empty, nil } = node
  const names = words && [words.first, words.middle, words.last]
  const place = node.element ?? `@${node.attribute}`
  return ({ text: own, element }) => {
    if (element !== undefined && isNil(element)) return nil === 'null' ? null : undefined
    // A text where elements stand is another answer than the mapping's.
    if (element !== undefined && names === undefined && element.children.length > 0)
      throw new UnreadableAnswer(place)
    const text = element !== undefined && names !== undefined ? joinWords(element, names, namespaces) : own
    if (text === '' && empty !== 'text') return undefined
    const read = codec.read(text)
    if (read === undefined) throw new UnreadableAnswer(place)
    return read === 'nothing' ? undefined : read.value
  }
}

function findOne(parent: XmlElement, node: SoapNode, match: MatchName): XmlElement | undefined {
  const [first, second] = parent.children.filter(match)
  // Which of the two is meant nobody can tell.
  if (second !== undefined) throw new UnreadableAnswer(node.element ?? '')
  return first
}

function compileLeaf(node: SoapNode, pointer: string, namespaces: Namespaces): Read {
  const { element, attribute } = node
  const read = compileValue(node, namespaces)
  const match = createMatch(element ?? attribute ?? '', namespaces)
  const put = (value: unknown, target: Members) => {
    if (value === undefined) return
    if (!setMember(target, pointer, value)) throw new UnreadableAnswer(element ?? `@${attribute}`)
  }
  if (attribute !== undefined) {
    return (parent, target) => {
      const found = parent.attributes.find(match)
      if (found !== undefined) put(read({ text: found.value }), target)
    }
  }
  return (parent, target) => {
    const found = findOne(parent, node, match)
    if (found !== undefined) put(read({ text: found.text, element: found }), target)
  }
}

/** Items are objects where the node has children, else values. */
function compileItem(node: SoapNode, namespaces: Namespaces): (element: XmlElement) => unknown {
  if (node.children === undefined) {
    const read = compileValue(node, namespaces)
    return (element) => read({ text: element.text, element })
  }
  const readers = node.children.map((child) => compileNode(child, namespaces))
  return (element) => {
    const item: Members = {}
    for (const read of readers) read(element, item)
    return item
  }
}

function compileEach(node: SoapNode, pointer: string, namespaces: Namespaces): Read {
  const match = createMatch(node.element ?? '', namespaces)
  const readItem = compileItem(node, namespaces)
  const members = (node.children ?? []).flatMap(({ element }) =>
    element ? [createMatch(element, namespaces)] : [],
  )
  return (parent, target) => {
    const found = parent.children.filter(match)
    const isCollapsed =
      node.collapsed === true &&
      found.length === 0 &&
      parent.children.some((child) => members.some((member) => member(child)))
    const items = (isCollapsed ? [parent] : found).map(readItem).filter((item) => item !== undefined)
    if (items.length === 0 && node.none !== 'empty') return
    if (!setMember(target, pointer, items)) throw new UnreadableAnswer(node.element ?? '')
  }
}

function compileContainer(node: SoapNode, namespaces: Namespaces): Read {
  const match = createMatch(node.element ?? '', namespaces)
  const readers = (node.children ?? []).map((child) => compileNode(child, namespaces))
  return (parent, target) => {
    const found = findOne(parent, node, match)
    if (found === undefined || isNil(found)) return
    for (const read of readers) read(found, target)
  }
}

function compileNode(node: SoapNode, namespaces: Namespaces): Read {
  if (node.each !== undefined) return compileEach(node, node.each, namespaces)
  if (node.pointer !== undefined) return compileLeaf(node, node.pointer, namespaces)
  return compileContainer(node, namespaces)
}

/**
 * Compiles a mapping of answers.
 * @returns a function that reads the JSON document out of the element that holds the answer's own one. It throws
 * UnreadableAnswer; what the mapping does not name is left where it is.
 */
export function compileRead(node: SoapNode, namespaces: Namespaces): (parent: XmlElement) => Members {
  const read = compileNode(node, namespaces)
  return (parent) => {
    const document: Members = {}
    read(parent, document)
    return document
  }
}

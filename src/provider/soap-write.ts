import { GatewayError, type Violation } from '../model/errors.ts'
import { memberAt } from '../model/mapped-json.ts'
import type { ExchangeFact, SoapNode } from '../model/soap.ts'
import { createTextCodec, type TextCodec } from '../model/text-form.ts'
import { isXmlText, type XmlOutput } from './xml.ts'

/** Saying a JSON document in XML, as a mapping has it. */

export interface WriteContext {
  readonly facts: Readonly<Partial<Record<ExchangeFact, string>>>
  readonly readSecret: (reference: NonNullable<SoapNode['secret']>) => string
}

/** @returns the elements (and attributes, by `@`) of a node for one document; takes note of what it could not say. */
type Write = (document: unknown, state: WriteState) => readonly XmlOutput[]

interface WriteState extends WriteContext {
  /** Pointers of values that some node has said, and of those that one could not. */
  readonly said: Set<string>
  readonly unsaid: Set<string>
  /** Pointer of the document that is written, from the root. */
  readonly base: string
}

const NIL: Readonly<Record<string, string>> = { 'xsi:nil': 'true' }

/** `@name` marks an attribute on its way to its element. */
function outputOf({ element, attribute }: SoapNode, content?: XmlOutput['content']): XmlOutput {
  return { name: element ?? `@${attribute}`, ...(content !== undefined && { content }) }
}

function withAttributes(outputs: readonly XmlOutput[], node: SoapNode): XmlOutput {
  const attributes = outputs.filter(({ name }) => name.startsWith('@'))
  const content = outputs.filter(({ name }) => !name.startsWith('@'))
  return {
    ...outputOf(node, content),
    ...(attributes.length > 0 && {
      attributes: Object.fromEntries(
        attributes.map(({ name, content: text }) => [name.slice(1), String(text)]),
      ),
    }),
  }
}

function writeAbsent(node: SoapNode): readonly XmlOutput[] {
  if (node.whenAbsent === 'empty') return [outputOf(node, '')]
  if (node.whenAbsent === 'nil') return [{ ...outputOf(node), attributes: NIL }]
  return []
}

/** First, middle and last word in elements of their own; undefined where the words could not be put together again. */
function splitWords(
  text: string,
  { first, middle, last }: NonNullable<SoapNode['words']>,
): XmlOutput[] | undefined {
  const all = text.split(' ')
  if (all.includes('')) return undefined
  const [final = '', start] = [all.at(-1), all.length > 1 ? all[0] : undefined]
  const between = all.slice(1, -1).join(' ')
  return [
    ...(start === undefined ? [] : [{ name: first, content: start }]),
    ...(between === '' ? [] : [{ name: middle, content: between }]),
    { name: last, content: final },
  ]
}

function writeText(node: SoapNode, codec: TextCodec, value: unknown): readonly XmlOutput[] | undefined {
  if (value === null) return node.nil === 'null' ? [{ ...outputOf(node), attributes: NIL }] : undefined
  const text = codec.write(value)
  if (text === undefined || !isXmlText(text) || (text === '' && node.empty !== 'text')) return undefined
  if (node.words === undefined) return [outputOf(node, text)]
  const words = splitWords(text, node.words)
  return words && [outputOf(node, words)]
}

function compileLeaf(node: SoapNode, pointer: string): Write {
  const codec = createTextCodec(node)
  return (document, { said, unsaid, base }) => {
    const value = memberAt(document, pointer)
    if (value === undefined) return writeAbsent(node)
    const written = writeText(node, codec, value)
    if (written === undefined) unsaid.add(base + pointer)
    else said.add(base + pointer)
    return written ?? []
  }
}

function compileFixed(node: SoapNode): Write {
  return (_, { facts, readSecret }) => {
    const { value, exchange, secret } = node
    const text = value ?? (exchange && facts[exchange]) ?? (secret && readSecret(secret))
    return text === undefined || !isXmlText(text) ? writeAbsent(node) : [outputOf(node, text)]
  }
}

function compileEach(node: SoapNode, pointer: string): Write {
  const { each: _, ...item } = node
  const writeItem = node.children ? compileContainer({ ...item, whenAbsent: 'empty' }) : compileLeaf(item, '')
  return (document, state) => {
    const items = memberAt(document, pointer)
    if (!Array.isArray(items)) return []
    return items.flatMap((one: unknown, index) =>
      writeItem(one, { ...state, base: `${state.base}${pointer}/${index}` }),
    )
  }
}

function compileContainer(node: SoapNode): Write {
  const writers = (node.children ?? []).map(compileNode)
  return (document, state) => {
    const inner = writers.flatMap((write) => write(document, state))
    return inner.length === 0 ? writeAbsent(node) : [withAttributes(inner, node)]
  }
}

function compileNode(node: SoapNode): Write {
  if (node.each !== undefined) return compileEach(node, node.each)
  if (node.pointer !== undefined) return compileLeaf(node, node.pointer)
  return node.children ? compileContainer(node) : compileFixed(node)
}

function cannotSay(pointer: string): Violation {
  return {
    pointer,
    rule: 'provider_form',
    detail: {
      vi: 'Bên cung cấp không có cách ghi giá trị này.',
      en: 'The provider has no way to write this value.',
    },
  }
}

/**
 * Compiles a mapping of requests.
 * @returns a function that says a document in XML. It throws GatewayError `request_invalid` where a value has no place
 * in the provider's form: nothing is left out or changed in silence.
 */
export function compileWrite(
  node: SoapNode,
): (document: unknown, context: WriteContext) => readonly XmlOutput[] {
  // The element that asks is there whatever it holds.
  const write = compileNode({ ...node, whenAbsent: 'empty' })
  return (document, context) => {
    const state = { ...context, said: new Set<string>(), unsaid: new Set<string>(), base: '' }
    const written = write(document, state)
    // Two elements may share a member, each for its own form of it; one of them has to have said it.
    const errors = [...state.unsaid].filter((pointer) => !state.said.has(pointer)).map(cannotSay)
    if (errors.length > 0) throw new GatewayError('request_invalid', { errors })
    return written
  }
}

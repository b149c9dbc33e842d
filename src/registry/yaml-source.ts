import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLMap,
} from 'yaml'
import { parsePointer, pointerTo } from '../contract/minimise.ts'
import type { Violation } from '../model/errors.ts'

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** One document of a YAML file, with the places of its parts. */
export interface YamlSource {
  /** Its value as JSON would say it; `undefined` where `faults` is not empty. */
  readonly value: unknown
  readonly faults: readonly (Violation & Position)[]
  /** A top-level text even of a document that is otherwise broken, so that references to it can be told. */
  readText(name: string): string | undefined
  /**
   * @param part whether the member's name or its value is meant.
   * @returns where the part is, or the nearest above it that exists.
   */
  locate(pointer: string, part: 'name' | 'value'): Position
}

const DETAILS = {
  yaml_alias: {
    vi: 'Không dùng neo (&) và bí danh (*); viết ra đầy đủ.',
    en: 'Anchors (&) and aliases (*) are not used here; write it out.',
  },
  yaml_tag: { vi: 'Không dùng thẻ kiểu (!).', en: 'Tags (!) are not used here.' },
  yaml_version: { vi: 'Chỉ dùng YAML 1.2.', en: 'Only YAML 1.2 is read.' },
  yaml_key: {
    vi: 'Tên thành phần phải là văn bản đơn giản và không phải __proto__.',
    en: 'The name of a member must be plain text and not __proto__.',
  },
  yaml_duplicate_key: { vi: 'Tên thành phần bị lặp.', en: 'The name of this member is repeated.' },
  number: {
    vi: 'Số phải hữu hạn và, nếu nguyên, không vượt quá 2^53 − 1; đặt mã số trong dấu nháy.',
    en: 'A number must be finite and, if whole, at most 2^53 - 1; put codes in quotes.',
  },
  text: { vi: 'Văn bản không phải Unicode hợp lệ.', en: 'The text is not well-formed Unicode.' },
} as const

type Rule = keyof typeof DETAILS

/** What JSON cannot say or two readers could read differently; undefined where the node is sound. */
function objectionTo(node: Node): Rule | undefined {
  if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) return 'yaml_alias'
  if (node.tag !== undefined) return 'yaml_tag'
  if (!isScalar(node)) return undefined
  const { value } = node
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'text'
  if (typeof value !== 'number') return undefined
  if (!Number.isFinite(value)) return 'number'
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? 'number' : undefined
}

function nameOf(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined
}

type Path = readonly unknown[]

/** The pointer to `node`, from the path of a visit. */
function pointerOf(path: Path, node: unknown): string {
  const steps = [...path, node]
  let pointer = ''
  steps.forEach((step, index) => {
    const parent = steps[index - 1]
    if (isPair(step)) pointer = pointerTo(pointer, nameOf(step.key) ?? '')
    else if (isSeq(parent)) pointer = pointerTo(pointer, parent.items.indexOf(step))
  })
  return pointer
}

interface RawFault {
  readonly offset: number
  readonly violation: Violation
}

/** One fault a place: what follows the first is mostly its echo. */
function parserFaults(document: Document): RawFault[] {
  const byOffset = new Map(document.errors.map(({ pos, message }) => [pos[0], message]))
  return [...byOffset].map(([offset, message]) => ({
    offset,
    violation: {
      pointer: '',
      rule: 'yaml_syntax',
      detail: { vi: `Sai cú pháp YAML: ${message}.`, en: `YAML syntax: ${message}.` },
    },
  }))
}

function nodeFaults(document: Document): RawFault[] {
  const faults: RawFault[] = []
  const add = (rule: Rule, offset: number | undefined, pointer: string) => {
    const violation = { pointer, rule, detail: DETAILS[rule] }
    faults.push({ offset: offset ?? startOf(document), violation })
  }
  const checkNames = (map: YAMLMap, path: Path) => {
    const seen = new Set<string>()
    for (const pair of map.items) {
      const name = nameOf(pair.key)
      const at = isScalar(pair.key) ? pair.key.range?.[0] : map.range?.[0]
      const pointer = () => pointerOf([...path, map], pair)
      if (name === undefined || name === '__proto__') add('yaml_key', at, pointer())
      // `200` and `"200"` are one name once they are JSON.
      else if (seen.has(name)) add('yaml_duplicate_key', at, pointer())
      else seen.add(name)
    }
  }
  if (document.directives?.yaml.version === '1.1') add('yaml_version', undefined, '')
  visit(document, (_, node, path) => {
    if (!isNode(node)) return
    const rule = objectionTo(node)
    if (rule !== undefined) add(rule, node.range?.[0], pointerOf(path, node))
    if (isMap(node)) checkNames(node, path)
  })
  return faults
}

function startOf(document: Document): number {
  return document.contents?.range?.[0] ?? document.range?.[0] ?? 0
}

function findPart(document: Document, pointer: string, part: 'name' | 'value'): number {
  let node: unknown = document.contents
  let offset = startOf(document)
  for (const token of parsePointer(pointer)) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => nameOf(key) === token)
      if (pair === undefined) return offset
      node = pair.value
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
    } else if (isSeq(node)) {
      node = node.items[Number(token)]
      offset = (isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined) ?? offset
    } else return offset
  }
  return part === 'value' && isScalar(node) ? (node.range?.[0] ?? offset) : offset
}

/** The texts among a document's own members, however broken the rest of it is. */
function topTexts({ contents }: Document): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = nameOf(key)
    if (name === undefined || texts.has(name) || !isScalar(value)) continue
    if (typeof value.value === 'string') texts.set(name, value.value)
  }
  return texts
}

/** @param offsetOf where a part of this very document stands; it is read anew for that. */
function sourceOf(
  document: Document,
  lines: LineCounter,
  offsetOf: (pointer: string, part: 'name' | 'value') => number,
): YamlSource {
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const raw = [...parserFaults(document), ...nodeFaults(document)]
  const faults = raw.map(({ offset, violation }) => ({ ...violation, ...position(offset) }))
  // No function here may hold the document: its tree takes thirty times the memory of its text.
  const texts = topTexts(document)
  return {
    value: faults.length === 0 ? document.toJS() : undefined,
    faults,
    readText: (name) => texts.get(name),
    locate: (pointer, part) => position(offsetOf(pointer, part)),
  }
}

/** A file that the parser itself cannot hold (nesting without end). */
function unreadable(): YamlSource {
  const detail = {
    vi: 'Không đọc được tệp: lồng quá sâu.',
    en: 'The file cannot be read: it nests too deeply.',
  }
  const start = { line: 1, column: 1 }
  return {
    value: undefined,
    faults: [{ pointer: '', rule: 'yaml_syntax', detail, ...start }],
    readText: () => undefined,
    locate: () => start,
  }
}

/** One document after the other, none of them held. */
function* documentsOf(text: string, lines: LineCounter): Generator<Document> {
  const parser = new Parser(lines.addNewLine)
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false })
  for (const document of composer.compose(parser.parse(text))) {
    if (document.errors.length > 0 || !isEmpty(document)) yield document
  }
}

/**
 * Reads a YAML 1.2 file of one or more documents, strictly: no repeated names, aliases, tags or values that
 * JSON has not. Empty documents are left out.
 */
export function parseYaml(text: string): YamlSource[] {
  const lines = new LineCounter()
  const sources: YamlSource[] = []
  let again: readonly Document[] | undefined
  try {
    for (const document of documentsOf(text, lines)) {
      const place = sources.length
      const offsetOf = (pointer: string, part: 'name' | 'value') => {
        again ??= [...documentsOf(text, new LineCounter())]
        const own = again[place]
        return own === undefined ? 0 : findPart(own, pointer, part)
      }
      sources.push(sourceOf(document, lines, offsetOf))
    }
    return sources
  } catch (thrown) {
    if (thrown instanceof RangeError) return [unreadable()]
    throw thrown
  }
}

function isEmpty(document: Document): boolean {
  return document.contents === null || (isScalar(document.contents) && document.contents.value === null)
}

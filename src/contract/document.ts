import { parsePointer, pointerTo, readPointer } from './minimise.ts'

/** A document of the schemas folder, parsed. */
export interface SchemaDocument {
  /** Relative to `schemas/`: `dictionary/person.yaml`, `services/G01/dan-cu/cong-dan.v1.yaml`. */
  readonly path: string
  readonly content: unknown
}

/** Contents by path. */
export type Documents = ReadonlyMap<string, unknown>

/** A place in a document. */
export interface Location {
  readonly path: string
  readonly pointer: string
}

export type Members = Readonly<Record<string, unknown>>

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the members of an object; none where it is something else. */
export function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isMembers(value) ? Object.entries(value) : []
}

export function isDictionary(path: string): boolean {
  return path.startsWith('dictionary/')
}

/** The URI of a document: plain resolution of relative references finds the others. */
export function uriOf({ path, pointer }: Location): string {
  const fragment = parsePointer(pointer).reduce(
    (text, token) => pointerTo(text, encodeURIComponent(token)),
    '',
  )
  return `lienthong:///${path}${fragment === '' ? '' : `#${fragment}`}`
}

export function inside({ path, pointer }: Location, ...tokens: readonly (string | number)[]): Location {
  return { path, pointer: tokens.reduce<string>(pointerTo, pointer) }
}

export function contentAt(documents: Documents, { path, pointer }: Location): unknown {
  return readPointer(documents.get(path), pointer)
}

/**
 * A reference is a relative path, `#` and a pointer. Schemes, hosts, queries, escapes and whole documents
 * are left out, so that this resolution and ajv's can't differ.
 */
const REFERENCE = /^((?:\.\.\/)*[A-Za-z0-9_][A-Za-z0-9_./-]*)?#((?:\/[A-Za-z0-9_.~$-]+)+)$/

/**
 * RFC 3986 §5.2 for the references above.
 * @returns where a `$ref` in document `from` points to; `undefined` where it is no reference we follow.
 */
export function resolveReference(reference: string, from: string): Location | undefined {
  const [, relative, pointer] = REFERENCE.exec(reference) ?? []
  if (pointer === undefined) return undefined
  if (relative === undefined) return { path: from, pointer }
  const segments = from.split('/').slice(0, -1)
  for (const segment of relative.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return { path: segments.join('/'), pointer }
}

/** Calls `visit` with each `$ref` below a value. Text that stands in an example counts too, which is harmless. */
function visitReferences(value: unknown, visit: (reference: string) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visitReferences(item, visit)
    return
  }
  for (const [name, member] of membersOf(value)) {
    if (name === '$ref' && typeof member === 'string') visit(member)
    else visitReferences(member, visit)
  }
}

/** @returns the other documents that one refers to; those that don't exist are left out. */
export function referredBy(path: string, documents: Documents): ReadonlySet<string> {
  const referred = new Set<string>()
  visitReferences(documents.get(path), (reference) => {
    const target = resolveReference(reference, path)?.path
    if (target !== undefined && target !== path && documents.has(target)) referred.add(target)
  })
  return referred
}

/**
 * @param referred the documents each document refers to, by path.
 * @returns the document and all it refers to, directly or not, sorted by path.
 */
export function closureOf(path: string, referred: (path: string) => ReadonlySet<string>): readonly string[] {
  const reached = new Set([path])
  for (const at of reached) for (const next of referred(at)) reached.add(next)
  return [...reached].sort()
}

/** Bounds of what is looked at at all. */
export interface Extent {
  readonly nodes: number
  readonly depth: number
}

/** @returns whether a value has no more nodes and levels than `most`; it never looks at more than those. */
export function isWithinExtent(value: unknown, most: Extent): boolean {
  let nodes = 0
  const visit = (item: unknown, depth: number): boolean => {
    nodes += 1
    if (nodes > most.nodes || depth > most.depth) return false
    if (typeof item !== 'object' || item === null) return true
    return Object.values(item).every((below) => visit(below, depth + 1))
  }
  return visit(value, 1)
}

import { pointerTo } from '../contract/minimise.ts'
import { canonicalJson } from '../model/canonical.ts'
import {
  compareNames,
  type DocumentName,
  documentPath,
  listDocuments,
  type NamedDocument,
  type RegistryDocuments,
} from './documents.ts'

export interface ChangedDocument extends DocumentName {
  /** JSON Pointers of what differs; the least part that does. */
  readonly changes: readonly string[]
}

/** What one registry has and another has not; each list sorted by kind and id. */
export interface RegistryDiff {
  readonly added: readonly DocumentName[]
  readonly changed: readonly ChangedDocument[]
  readonly removed: readonly DocumentName[]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** The members of an object or the items of an array, by name; `undefined` of anything else. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return isObject(value) ? new Map(Object.entries(value)) : undefined
}

function collectChanges(before: unknown, after: unknown, pointer: string, changes: string[]): void {
  if (before === after) return
  const [old, fresh] = [partsOf(before), partsOf(after)]
  if (old === undefined || fresh === undefined || Array.isArray(before) !== Array.isArray(after)) {
    changes.push(pointer)
    return
  }
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const below = pointerTo(pointer, name)
    if (old.has(name) && fresh.has(name)) collectChanges(old.get(name), fresh.get(name), below, changes)
    else changes.push(below)
  }
}

function isSame(a: NamedDocument, b: NamedDocument): boolean {
  return a.content === b.content || canonicalJson(a.content) === canonicalJson(b.content)
}

function nameOf({ kind, id }: DocumentName): DocumentName {
  return { kind, id }
}

/** Compares two registries document by document; the order of members means nothing. */
export function diffRegistry(current: RegistryDocuments, next: RegistryDocuments): RegistryDiff {
  const before = new Map(listDocuments(current).map((named) => [documentPath(named), named]))
  const added: DocumentName[] = []
  const changed: ChangedDocument[] = []
  for (const named of listDocuments(next)) {
    const old = before.get(documentPath(named))
    before.delete(documentPath(named))
    if (old === undefined) added.push(nameOf(named))
    else if (!isSame(old, named)) {
      const changes: string[] = []
      collectChanges(old.content, named.content, '', changes)
      changed.push({ ...nameOf(named), changes })
    }
  }
  return { added, changed, removed: [...before.values()].map(nameOf).sort(compareNames) }
}

export function isEmptyDiff({ added, changed, removed }: RegistryDiff): boolean {
  return added.length + changed.length + removed.length === 0
}

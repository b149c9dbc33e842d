import type { DocumentFault } from '../contract/violation.ts'
import type { CompiledRegistry } from './compiled.ts'
import { diffRegistry, isEmptyDiff, type RegistryDiff } from './diff.ts'
import { listDigested } from './digest.ts'
import { type DocumentName, documentPath, type RegistryDocuments } from './documents.ts'
import type { Admission } from './rules.ts'
import { compileRegistry } from './snapshot.ts'
import type { DigestedDocument, RegistryStore } from './store.ts'

export interface ApplyOptions {
  readonly syntheticPersons: boolean
  readonly admission: Admission
  /** Who applies, for the history: a person or a program, not a secret. */
  readonly by: string
  readonly note: string
  /** The documents compiled already, as `readRegistryDirectory` did, to save doing it twice. */
  readonly compiled?: CompiledRegistry | undefined
}

export type ApplyOutcome =
  | { readonly outcome: 'applied'; readonly version: number; readonly diff: RegistryDiff }
  /** The store says the same already. */
  | { readonly outcome: 'unchanged'; readonly version: number }
  | { readonly outcome: 'refused'; readonly faults: readonly DocumentFault[] }
  /** Somebody else applied `version` meanwhile; look at it and apply anew. */
  | { readonly outcome: 'conflict'; readonly version: number }

function pick(
  names: readonly DocumentName[],
  digested: ReadonlyMap<string, DigestedDocument>,
): DigestedDocument[] {
  return names.flatMap((name) => digested.get(documentPath(name)) ?? [])
}

/**
 * Makes the store hold exactly these documents: checks all, writes what differs as one version in one
 * transaction, or writes nothing.
 */
export async function applyRegistry(
  store: RegistryStore,
  documents: RegistryDocuments,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const { syntheticPersons, admission, compiled, by, note } = options
  const stored = await store.current()
  const expectedVersion = stored.version
  const compilation = compileRegistry(documents, {
    version: expectedVersion + 1,
    syntheticPersons,
    admission,
    previous: compiled,
  })
  if ('faults' in compilation) return { outcome: 'refused', faults: compilation.faults }
  const diff = diffRegistry(stored.documents, documents)
  if (isEmptyDiff(diff)) return { outcome: 'unchanged', version: expectedVersion }
  const { registry } = compilation
  const digested = new Map(listDigested(registry).map((document) => [documentPath(document), document]))
  const change = {
    digest: registry.digest,
    added: pick(diff.added, digested),
    changed: pick(diff.changed, digested),
    removed: diff.removed,
  }
  const { applied, version } = await store.apply(change, { expectedVersion, by, note })
  return applied ? { outcome: 'applied', version, diff } : { outcome: 'conflict', version }
}

/**
 * Fills an empty store, and leaves one that holds anything alone. Several gateways may start at once: one of
 * them writes.
 * @param read gives the documents; only called where the store is empty.
 */
export async function seedRegistry(
  store: RegistryStore,
  read: () => Promise<RegistryDocuments>,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const version = await store.version()
  if (version > 0) return { outcome: 'unchanged', version }
  const outcome = await applyRegistry(store, await read(), options)
  return outcome.outcome === 'conflict' ? { outcome: 'unchanged', version: outcome.version } : outcome
}

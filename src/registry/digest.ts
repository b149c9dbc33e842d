import { hash } from 'node:crypto'
import { canonicalJson } from '../model/canonical.ts'
import type { CompiledRegistry, Memo } from './compiled.ts'
import { listDocuments, type NamedDocument } from './documents.ts'
import type { DigestedDocument } from './store.ts'

/** @returns SHA-256 of a document's canonical form (RFC 8785), hex. */
export function digestDocument(content: unknown): string {
  return hash('sha256', canonicalJson(content), 'hex')
}

export function digestWith({ digests }: Memo, content: unknown): string {
  if (typeof content !== 'object' || content === null) return digestDocument(content)
  const known = digests.get(content)
  if (known !== undefined) return known
  const digest = digestDocument(content)
  digests.set(content, digest)
  return digest
}

export function digestEach(list: readonly NamedDocument[], memo: Memo): DigestedDocument[] {
  return list.map(({ kind, id, content }) => ({ kind, id, content, digest: digestWith(memo, content) }))
}

/** @returns every document of a registry with its digest, sorted by kind and id. */
export function listDigested({ documents, memo }: CompiledRegistry): DigestedDocument[] {
  return digestEach(listDocuments(documents), memo)
}

import { canonicalJson } from '../model/canonical.ts'
import type { Bilingual } from '../model/identifier.ts'
import { isMembers, isWithinExtent, membersOf, type SchemaDocument } from './document.ts'
import type { DocumentFault } from './violation.ts'

/** Which documents can be looked at: what is neither too large nor means something to a program by its names. */

const MAX_EXTENT = { nodes: 50_000, depth: 40 }
const MAX_BYTES = 262_144

const PATH = /^(?:dictionary|services)(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+\.(?:yaml|yml|json)$/

/** Every rule for a document as a whole, in order: the first broken one is told. */
export const DOCUMENT_RULES: readonly {
  readonly rule: string
  readonly isBroken: (document: SchemaDocument) => boolean
  readonly detail: Bilingual
}[] = [
  {
    rule: 'path_malformed',
    isBroken: ({ path }) => !PATH.test(path),
    detail: {
      vi: 'Tài liệu phải nằm trong dictionary/ hoặc services/, tên ASCII, đuôi .yaml, .yml hoặc .json.',
      en: 'A document stands under dictionary/ or services/ with an ASCII name ending in .yaml, .yml or .json.',
    },
  },
  {
    rule: 'document_not_object',
    isBroken: ({ content }) => !isMembers(content),
    detail: { vi: 'Tài liệu phải là một đối tượng.', en: 'A document must be an object.' },
  },
  {
    rule: 'document_too_complex',
    isBroken: ({ content }) => !isWithinExtent(content, MAX_EXTENT),
    detail: {
      vi: 'Tài liệu sâu hơn 40 cấp hoặc có hơn 50.000 thành phần.',
      en: 'The document has more than 40 levels or 50,000 parts.',
    },
  },
  {
    rule: 'key_unsafe',
    isBroken: ({ content }) => hasUnsafeKey(content),
    detail: {
      vi: 'Tên thành phần __proto__, constructor và prototype không được dùng.',
      en: 'Members must not be named __proto__, constructor or prototype.',
    },
  },
  {
    // ajv takes such a member for the name of a schema wherever it stands, also in an example.
    rule: 'identifier_inside',
    isBroken: ({ content }) => Object.values(content ?? {}).some(hasIdentifier),
    detail: {
      vi: '$id, $anchor và $dynamicAnchor không được đứng bên trong tài liệu.',
      en: '$id, $anchor and $dynamicAnchor must not stand inside a document.',
    },
  },
]

/** Names of members that an assignment somewhere would take for an object's prototype or constructor. */
const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

function hasUnsafeKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnsafeKey)
  return membersOf(value).some(([name, member]) => UNSAFE_KEYS.has(name) || hasUnsafeKey(member))
}

function hasIdentifier(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasIdentifier)
  return membersOf(value).some(
    ([name, member]) =>
      (typeof member === 'string' && (name === '$id' || name === '$anchor' || name === '$dynamicAnchor')) ||
      hasIdentifier(member),
  )
}

/** What a document is, once it is known to be one. */
export type Reading = { readonly canonical: string } | { readonly fault: DocumentFault }

/** @returns the canonical text of a document (RFC 8785), or why it can't be looked at. */
export function readDocument(document: SchemaDocument): Reading {
  const { path, content } = document
  const fault = (rule: string, detail: Bilingual) => ({ fault: { path, pointer: '', rule, detail } })
  const broken = DOCUMENT_RULES.find((rule) => rule.isBroken(document))
  if (broken !== undefined) return fault(broken.rule, broken.detail)
  try {
    const canonical = canonicalJson(content)
    if (Buffer.byteLength(canonical) <= MAX_BYTES) return { canonical }
    return fault('document_too_large', {
      vi: 'Tài liệu lớn hơn 256 KB.',
      en: 'The document is larger than 256 KB.',
    })
  } catch {
    return fault('document_not_json', {
      vi: 'Tài liệu chứa giá trị mà JSON không viết được.',
      en: 'The document holds a value that JSON cannot say.',
    })
  }
}

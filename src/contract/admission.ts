import type { ValidateFunction } from 'ajv/dist/2020.js'
import { canonicalJson } from '../model/canonical.ts'
import type { Bilingual } from '../model/identifier.ts'
import {
  contentAt,
  type Documents,
  inside,
  isDictionary,
  isMembers,
  isWithinExtent,
  type Location,
  type Members,
  membersOf,
  type SchemaDocument,
} from './document.ts'
import { type ContractDescription, type Report, readContract } from './openapi.ts'
import { OPERATION_RULES } from './operation-rules.ts'
import { createUnfoldedSize, reachableFrom, subschemasOf } from './schema.ts'
import { type RuleContext, SCHEMA_RULES, type SchemaNode, type SchemaRule } from './schema-rules.ts'
import { type DocumentFault, violationsOf } from './violation.ts'

/** Which documents are safe to compile. Everything is judged at load; nothing unsafe reaches ajv. */

const MAX_EXTENT = { nodes: 50_000, depth: 40 }
const MAX_BYTES = 262_144

/** Schemas that one may unfold to; a chain of references can double at each link. */
const MAX_UNFOLDED = 20_000

const PATH = /^(?:dictionary|services)(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+\.(?:yaml|yml|json)$/

/** Every rule for a document as a whole, in order: the first broken one is told. */
const DOCUMENT_RULES: readonly {
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
    // ajv takes such a member for the name of a schema wherever it stands, also in an example.
    rule: 'identifier_inside',
    isBroken: ({ content }) => Object.values(content ?? {}).some(hasIdentifier),
    detail: {
      vi: '$id, $anchor và $dynamicAnchor không được đứng bên trong tài liệu.',
      en: '$id, $anchor and $dynamicAnchor must not stand inside a document.',
    },
  },
]

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

/** @returns a schema and all schemas in it, references not followed. */
function nodesFrom(
  schema: unknown,
  location: Location,
  around: SchemaNode['around'],
  reportMalformed: (location: Location) => void,
): SchemaNode[] {
  if (schema === false) return []
  const content: Members | undefined = schema === true ? {} : isMembers(schema) ? schema : undefined
  if (content === undefined) {
    reportMalformed(location)
    return []
  }
  const below = subschemasOf(content, location).flatMap((inner) => {
    // That an object is open is judged at the object.
    if (inner.keyword === 'additionalProperties' && inner.schema === true) return []
    const innerAround = inner.sameValue ? [...around, { schema: content, location }] : []
    return nodesFrom(inner.schema, inner.location, innerAround, reportMalformed)
  })
  return [{ schema: content, location, around }, ...below]
}

export interface AdmittedContract {
  /** `undefined` where the document's outer form is not a contract's. */
  readonly description: ContractDescription | undefined
  readonly faults: readonly DocumentFault[]
}

export interface Admission {
  admitDictionary(path: string): readonly DocumentFault[]
  admitContract(path: string): AdmittedContract
}

const MALFORMED: Bilingual = {
  vi: 'Lược đồ phải là một đối tượng hoặc true/false.',
  en: 'A schema must be an object or true/false.',
}
const RECURSIVE: Bilingual = {
  vi: 'Lược đồ không được tự tham chiếu, trực tiếp hay qua lược đồ khác.',
  en: 'A schema must not refer to itself, directly or through others.',
}
const TOO_WIDE: Bilingual = {
  vi: 'Khi viết hết các tham chiếu, lược đồ có hơn 20.000 phần.',
  en: 'With its references written out the schema has more than 20,000 parts.',
}

interface Judge {
  readonly context: RuleContext
  readonly checkShape: ValidateFunction
  readonly unfoldedSize: (location: Location) => number
  /** The schemas of each document, by pointer. */
  readonly schemasOf: Map<string, ReadonlyMap<string, SchemaNode>>
}

/** Finds and keeps the schemas of a document. */
function findSchemas(
  judge: Judge,
  path: string,
  roots: readonly Location[],
  report: Report,
): readonly SchemaNode[] {
  const reportMalformed = (at: Location) => report(at, 'schema_malformed', MALFORMED)
  const nodes = roots.flatMap((root) =>
    nodesFrom(contentAt(judge.context.documents, root), root, [], reportMalformed),
  )
  const byPointer = new Map(nodes.map((node) => [node.location.pointer, node]))
  judge.schemasOf.set(path, byPointer)
  return [...byPointer.values()]
}

function applyRules(
  judge: Judge,
  nodes: readonly SchemaNode[],
  scope: SchemaRule['scope'],
  report: Report,
): void {
  for (const { rule, find, detail } of SCHEMA_RULES.filter((one) => one.scope === scope)) {
    for (const node of nodes) {
      for (const keyword of find(node, judge.context)) {
        report(keyword === '' ? node.location : inside(node.location, keyword), rule, detail)
      }
    }
  }
}

function judgeSize(judge: Judge, root: Location, report: Report): void {
  const size = judge.unfoldedSize(root)
  if (size === Number.POSITIVE_INFINITY) report(root, 'schema_recursive', RECURSIVE)
  else if (size > MAX_UNFOLDED) report(root, 'schema_too_wide', TOO_WIDE)
}

/** What can come in must be closed and typed, in the dictionary too. */
function judgeRequests(judge: Judge, { operations }: ContractDescription, report: Report): void {
  const asked = operations.flatMap(({ body }) => (body === undefined ? [] : [body.schema]))
  const nodes = reachableFrom(judge.context.documents, asked).flatMap(
    ({ location }) => judge.schemasOf.get(location.path)?.get(location.pointer) ?? [],
  )
  applyRules(judge, nodes, 'request', report)
}

function admitDictionary(judge: Judge, path: string): readonly DocumentFault[] {
  const { faults, report } = collect()
  const root: Location = { path, pointer: '' }
  applyRules(judge, findSchemas(judge, path, [root], report), 'all', report)
  for (const [name] of membersOf(contentAt(judge.context.documents, inside(root, '$defs')))) {
    judgeSize(judge, inside(root, '$defs', name), report)
  }
  return faults
}

function admitContract(judge: Judge, path: string): AdmittedContract {
  const { documents } = judge.context
  const { faults, report } = collect()
  if (!judge.checkShape(documents.get(path))) {
    for (const { pointer, rule, detail } of violationsOf(judge.checkShape.errors ?? [])) {
      report({ path, pointer }, rule, detail)
    }
    return { description: undefined, faults }
  }
  const description = readContract(path, documents, report)
  applyRules(judge, findSchemas(judge, path, description.schemas, report), 'all', report)
  for (const root of description.schemas) judgeSize(judge, root, report)
  judgeRequests(judge, description, report)
  for (const operation of description.operations) {
    for (const { rule, find, detail } of OPERATION_RULES) {
      for (const location of find(operation, description, documents)) report(location, rule, detail)
    }
  }
  return { description, faults }
}

function collect(): { readonly faults: readonly DocumentFault[]; readonly report: Report } {
  const faults: DocumentFault[] = []
  return {
    faults,
    report: ({ path, pointer }, rule, detail) => faults.push({ path, pointer, rule, detail }),
  }
}

/**
 * @param options.checkShape the check of a contract's outer form.
 * @returns the judgement of documents that `readDocument` could read.
 */
export function createAdmission(
  documents: Documents,
  options: { readonly formats: RuleContext['formats']; readonly checkShape: ValidateFunction },
): Admission {
  const schemasOf: Judge['schemasOf'] = new Map()
  const isSchema = ({ path, pointer }: Location): boolean => {
    // A dictionary document may be referred to before it is its turn; its own faults are told then.
    if (isDictionary(path) && !schemasOf.has(path))
      findSchemas(judge, path, [{ path, pointer: '' }], () => {})
    return schemasOf.get(path)?.has(pointer) === true
  }
  const judge: Judge = {
    context: { documents, formats: options.formats, isSchema },
    checkShape: options.checkShape,
    unfoldedSize: createUnfoldedSize(documents),
    schemasOf,
  }
  return {
    admitDictionary: (path) => admitDictionary(judge, path),
    admitContract: (path) => admitContract(judge, path),
  }
}

import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { Bilingual } from '../model/identifier.ts'
import {
  contentAt,
  type Documents,
  inside,
  isDictionary,
  isMembers,
  type Location,
  type Members,
  membersOf,
} from './document.ts'
import { type ContractDescription, type Report, readContract } from './openapi.ts'
import { rulesFor } from './operation-rules.ts'
import { createUnfoldedSize, reachableFrom, subschemasOf } from './schema.ts'
import type { RuleContext, SchemaNode, SchemaRule } from './schema-rule.ts'
import { SCHEMA_RULES } from './schema-rules.ts'
import { type DocumentFault, violationsOf } from './violation.ts'

/** Which documents are safe to compile. Everything is judged at load; nothing unsafe reaches ajv. */

/**
 * ajv's time for one function grows with the square of its parts, so each schema is small; the bounds below
 * keep the compilation of any admitted schema to about a second (measured: docs/decisions/0004).
 */
const MAX_PARTS = 500

/** Schemas that one may unfold to; a chain of references can double at each link. */
const MAX_UNFOLDED = 5_000

/** Schemas that may judge one and the same value: a small body must not be worked on for long. */
const MAX_JUDGES = 100

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

/** What bounds the work of compiling a schema, and of validating by it. */
export const SIZE_RULES = {
  schema_malformed: {
    vi: 'Lược đồ phải là một đối tượng hoặc true/false.',
    en: 'A schema must be an object or true/false.',
  },
  schema_recursive: {
    vi: 'Lược đồ không được tự tham chiếu, trực tiếp hay qua lược đồ khác.',
    en: 'A schema must not refer to itself, directly or through others.',
  },
  schema_too_wide: {
    vi: 'Khi viết hết các tham chiếu, lược đồ có hơn 5.000 phần.',
    en: 'With its references written out the schema has more than 5,000 parts.',
  },
  schema_too_large: {
    vi: 'Lược đồ có hơn 500 phần viết liền; tách ra thành các thành phần dùng chung ($ref).',
    en: 'The schema has more than 500 parts in one piece; divide it into components ($ref).',
  },
  value_overjudged: {
    vi: 'Hơn 100 lược đồ cùng xét một giá trị (allOf, anyOf, oneOf, not, if, $ref).',
    en: 'More than 100 schemas judge the same value (allOf, anyOf, oneOf, not, if, $ref).',
  },
} as const satisfies Record<string, Bilingual>

function tell(at: Location, rule: keyof typeof SIZE_RULES, report: Report): void {
  report(at, rule, SIZE_RULES[rule])
}

interface Judge {
  readonly context: RuleContext
  readonly checkShape: ValidateFunction
  readonly unfoldedSize: (location: Location) => number
  /** The number of schemas that judge the value at a place. */
  readonly judges: (location: Location) => number
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
  const reportMalformed = (at: Location) => tell(at, 'schema_malformed', report)
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
  if (size === Number.POSITIVE_INFINITY) {
    tell(root, 'schema_recursive', report)
    return
  }
  if (size > MAX_UNFOLDED) tell(root, 'schema_too_wide', report)
  const nodes = nodesFrom(contentAt(judge.context.documents, root), root, [], () => {})
  if (nodes.length > MAX_PARTS) tell(root, 'schema_too_large', report)
  for (const { location, around } of nodes) {
    if (around.length === 0 && judge.judges(location) > MAX_JUDGES) tell(location, 'value_overjudged', report)
  }
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
    for (const { rule, find, detail } of rulesFor(operation)) {
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
    unfoldedSize: createUnfoldedSize(documents, ({ keyword }) => keyword !== '$defs'),
    judges: createUnfoldedSize(documents, ({ sameValue }) => sameValue),
    schemasOf,
  }
  return {
    admitDictionary: (path) => admitDictionary(judge, path),
    admitContract: (path) => admitContract(judge, path),
  }
}

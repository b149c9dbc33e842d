import type { AnonymityRules } from '../model/anonymity.ts'
import type { OperationKind } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import {
  contentAt,
  type Documents,
  inside,
  isMembers,
  type Location,
  membersOf,
  resolveReference,
} from './document.ts'

/** Reading an OpenAPI document whose outer form was checked into what an exchange needs of it. */

export type PersonalDataClass = 'none' | 'basic' | 'sensitive'

/** How old what an event tells may be. */
export interface Freshness {
  /** From the event's own time to its delivery; what takes longer is late. */
  readonly deliverWithinSeconds: number
  /** The data set is late where its newest event is older. */
  readonly silentAfterSeconds?: number
}

export interface ParameterDescription {
  readonly location: Location
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Location
}

/**
 * An operation that does for many at once what another does for one: its body is `{ items: […] }`, each of them a body
 * of the other one, and its answer `{ results: […] }`, in the order of the items.
 */
export interface BatchForm {
  /** Id of the operation for one, in the same contract. */
  readonly of: string
  /** Items at most. */
  readonly size: number
}

export interface OperationDescription {
  readonly location: Location
  readonly id: string
  /** Upper case. */
  readonly method: string
  readonly pathTemplate: string
  /** `undefined` where neither `x-exchange.title` nor a summary is given. */
  readonly title: Bilingual | undefined
  readonly kind: OperationKind
  readonly durableBefore: boolean
  readonly personalData: PersonalDataClass
  readonly subjectPointer: string | undefined
  readonly batch: BatchForm | undefined
  /** Of a data set that leaves as an anonymised package alone. */
  readonly anonymised?: AnonymityRules | undefined
  /** By JSON Pointer into the body: the list whose national codes stand there. */
  readonly codes?: Readonly<Record<string, string>> | undefined
  readonly parameters: readonly ParameterDescription[]
  readonly body: { readonly required: boolean; readonly schema: Location } | undefined
  /** Of an event whose contract promises it. */
  readonly freshness?: Freshness | undefined
  /** By status (`200`) or range (`4XX`); `undefined` where the answer has no content. */
  readonly responses: ReadonlyMap<string, Location | undefined>
}

export interface ContractDescription {
  readonly path: string
  readonly title: Bilingual
  readonly version: string
  readonly operations: readonly OperationDescription[]
  /** Every schema the document defines or uses, references not followed. */
  readonly schemas: readonly Location[]
}

/** Takes note of a fault. */
export type Report = (location: Location, rule: string, detail: Bilingual) => void

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete'])

const DANGLING: Bilingual = {
  vi: 'Tham chiếu phải trỏ tới một thành phần có trong components của chính tài liệu này.',
  en: 'The reference must point into the components of this same document.',
}

interface ExchangeExtension {
  readonly kind: OperationKind
  readonly title?: Bilingual
  readonly subject?: string
  readonly personalData: PersonalDataClass
  readonly durableBefore?: boolean
  readonly batch?: BatchForm
  readonly anonymised?: AnonymityRules
  readonly codes?: Readonly<Record<string, string>>
  readonly freshness?: Freshness
}

interface Reader {
  readonly documents: Documents
  readonly report: Report
}

/** @returns where a parameter, body or answer really stands; `undefined` where its reference dangles. */
function follow({ documents, report }: Reader, from: Location, component: string): Location | undefined {
  const part = contentAt(documents, from)
  const reference = isMembers(part) ? part['$ref'] : undefined
  if (typeof reference !== 'string') return from
  const target = resolveReference(reference, from.path)
  const isComponent = target?.path === from.path && target.pointer.startsWith(`/components/${component}/`)
  if (target !== undefined && isComponent && isMembers(contentAt(documents, target))) return target
  report(inside(from, '$ref'), 'reference_unknown', DANGLING)
  return undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readParameters(reader: Reader, at: Location): ParameterDescription[] {
  const list = contentAt(reader.documents, at)
  if (!Array.isArray(list)) return []
  return list.flatMap((_, index): ParameterDescription[] => {
    const location = follow(reader, inside(at, index), 'parameters')
    const content = location && contentAt(reader.documents, location)
    if (location === undefined || !isMembers(content)) return []
    const place = content['in']
    if (place !== 'path' && place !== 'query' && place !== 'header') return []
    return [
      {
        location,
        name: String(content['name']),
        in: place,
        required: content['required'] === true,
        schema: inside(location, 'schema'),
      },
    ]
  })
}

const JSON_SCHEMA = ['content', 'application/json', 'schema'] as const

function readBody(reader: Reader, operation: Location): OperationDescription['body'] {
  const at = inside(operation, 'requestBody')
  if (contentAt(reader.documents, at) === undefined) return undefined
  const location = follow(reader, at, 'requestBodies')
  if (location === undefined) return undefined
  const required = contentAt(reader.documents, inside(location, 'required')) === true
  return { required, schema: inside(location, ...JSON_SCHEMA) }
}

function readResponses(reader: Reader, operation: Location): OperationDescription['responses'] {
  const at = inside(operation, 'responses')
  const responses = new Map<string, Location | undefined>()
  for (const [status] of membersOf(contentAt(reader.documents, at))) {
    if (status.startsWith('x-')) continue
    const location = follow(reader, inside(at, status), 'responses')
    if (location === undefined) continue
    const hasContent = contentAt(reader.documents, inside(location, 'content')) !== undefined
    responses.set(status, hasContent ? inside(location, ...JSON_SCHEMA) : undefined)
  }
  return responses
}

function readOperation(reader: Reader, location: Location, shared: readonly ParameterDescription[]) {
  const operation = contentAt(reader.documents, location)
  if (!isMembers(operation)) return undefined
  // The shape check has been passed.
  const exchange = operation['x-exchange'] as ExchangeExtension
  const summary = text(operation['summary'])
  const own = readParameters(reader, inside(location, 'parameters'))
  const inherited = shared.filter(
    ({ name, in: place }) => !own.some((one) => one.name === name && one.in === place),
  )
  return {
    location,
    id: String(operation['operationId']),
    title: exchange.title ?? (summary === undefined ? undefined : { vi: summary, en: summary }),
    kind: exchange.kind,
    durableBefore: exchange.durableBefore ?? (exchange.kind === 'submit' || exchange.kind === 'request'),
    personalData: exchange.personalData,
    subjectPointer: exchange.subject,
    batch: exchange.batch,
    anonymised: exchange.anonymised,
    codes: exchange.codes,
    parameters: [...inherited, ...own],
    body: readBody(reader, location),
    responses: readResponses(reader, location),
    freshness: exchange.freshness,
  }
}

/** Event types. What subscribers get of one is its data: agreements name fields of it as of an answer. */
function readEvents(reader: Reader, webhooks: Location): OperationDescription[] {
  return membersOf(contentAt(reader.documents, webhooks)).flatMap(([name]): OperationDescription[] => {
    if (name.startsWith('x-')) return []
    const event = readOperation(reader, inside(webhooks, name, 'post'), [])
    if (event === undefined) return []
    const responses = new Map(event.body && [['200', event.body.schema]])
    return [{ ...event, method: 'POST', pathTemplate: '', responses }]
  })
}

function readOperations(reader: Reader, paths: Location): OperationDescription[] {
  const operations: OperationDescription[] = []
  for (const [pathTemplate, item] of membersOf(contentAt(reader.documents, paths))) {
    if (!pathTemplate.startsWith('/')) continue
    const at = inside(paths, pathTemplate)
    const shared = readParameters(reader, inside(at, 'parameters'))
    for (const [method] of membersOf(item)) {
      if (!METHODS.has(method)) continue
      const operation = readOperation(reader, inside(at, method), shared)
      if (operation !== undefined)
        operations.push({ ...operation, method: method.toUpperCase(), pathTemplate })
    }
  }
  return operations
}

function schemasUsedBy({ parameters, body, responses }: OperationDescription): Location[] {
  const answers = [...responses.values()].filter((schema) => schema !== undefined)
  const asked = parameters.map((parameter) => parameter.schema)
  return body === undefined ? [...asked, ...answers] : [...asked, body.schema, ...answers]
}

/**
 * @param path of a document that passed the check of its outer form.
 * @param report called for references to parts that don't exist; what they stand for is left out.
 */
export function readContract(path: string, documents: Documents, report: Report): ContractDescription {
  const root: Location = { path, pointer: '' }
  const info = contentAt(documents, inside(root, 'info')) as {
    readonly title: string
    readonly version: string
    readonly 'x-title'?: Bilingual
  }
  const reader: Reader = { documents, report }
  const operations = [
    ...readOperations(reader, inside(root, 'paths')),
    ...readEvents(reader, inside(root, 'webhooks')),
  ]
  const components = inside(root, 'components', 'schemas')
  const defined = membersOf(contentAt(documents, components)).map(([name]) => inside(components, name))
  const schemas = [...defined, ...operations.flatMap(schemasUsedBy)]
  return {
    path,
    title: info['x-title'] ?? { vi: info.title, en: info.title },
    version: info.version,
    operations,
    // Components that several operations share come once.
    schemas: [...new Map(schemas.map((schema) => [schema.pointer, schema])).values()],
  }
}

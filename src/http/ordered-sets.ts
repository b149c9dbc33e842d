import type { BundledDocument } from '../contract/bundle.ts'
import type { Operation } from '../contract/contract.ts'
import { isMembers, type Members, membersOf } from '../contract/document.ts'
import type { AnonymityRules, ColumnRule } from '../model/anonymity.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import { exampleOf, follow, JSON_CONTENT, reach } from './bundle-place.ts'

/** How a data set that leaves as an anonymised package only is ordered, and what a line of it holds. */
export interface SetDescription extends Members {
  readonly order: { readonly method: 'POST'; readonly path: string; readonly body: Members }
  /** JSON Schema of what is ordered: the request without the members that say which page. */
  readonly scope: Members
  /** JSON Schema of a line of the package. */
  readonly row: Members
  readonly rules: AnonymityRules
}

const HOW = `Tập ẩn danh (x-sets) không gọi được như thao tác: đặt bằng POST /jobs/bulk với scope, hoặc lienthong package order, rồi lấy gói.
Anonymised sets (x-sets) cannot be called: order one by POST /jobs/bulk with its scope, or by lienthong package order, and fetch the package.`

/** Members of the request that the gateway itself fills in, page after page. */
const PAGE: ReadonlySet<string> = new Set(['from', 'most'])

function withoutPage(members: unknown): Members {
  return Object.fromEntries(membersOf(members).filter(([name]) => !PAGE.has(name)))
}

function scopeOf(document: BundledDocument, request: unknown): Members {
  const { $ref: _, ...asked } = follow(document, reach(document, request, 'schema'))
  const required = Array.isArray(asked['required']) ? asked['required'].filter((name) => !PAGE.has(name)) : []
  return { ...asked, properties: withoutPage(asked['properties']), required }
}

/** What cannot be told as the rules say is told as null. */
function cellOf({ as = 'same' }: ColumnRule, schema: unknown): Members {
  if (as === 'same') return { anyOf: [schema, { type: 'null' }] }
  return { type: ['string', 'null'] }
}

/** @param document the service's own contract, bundled. */
export function describeSet(
  service: CompiledService,
  document: BundledDocument,
  { id, title, method, pathTemplate }: Operation,
  rules: AnonymityRules,
): SetDescription {
  const operation = reach(document, document, 'paths', pathTemplate, method.toLowerCase())
  const request = reach(document, operation, 'requestBody', ...JSON_CONTENT)
  const rows = reach(document, operation, 'responses', '200', ...JSON_CONTENT, 'schema', 'properties', 'rows')
  const columns = Object.entries(rules.columns).filter(([, { is }]) => is !== 'identifier')
  const cells = columns.map(([name, rule]) => [
    name,
    cellOf(rule, reach(document, rows, 'items', 'properties', name)),
  ])
  const scope = withoutPage(exampleOf(document, request))
  return {
    title,
    order: {
      method: 'POST',
      path: '/jobs/bulk',
      body: { service: service.document.id, operation: id, scope },
    },
    scope: scopeOf(document, request),
    row: {
      type: 'object',
      additionalProperties: false,
      required: columns.map(([name]) => name),
      properties: Object.fromEntries(cells),
    },
    rules,
  }
}

function withoutOperation(paths: Members, { method, pathTemplate }: Operation): Members {
  const { [pathTemplate]: item, ...others } = paths
  const { [method.toLowerCase()]: _, ...rest } = isMembers(item) ? item : {}
  const isLeft = Object.keys(rest).some((name) => ['get', 'put', 'post', 'delete', 'patch'].includes(name))
  return isLeft ? { ...others, [pathTemplate]: rest } : others
}

/** @returns the contract of what may be called; sets that are ordered instead stand beside it, in `x-sets`. */
export function bundleWithSetsApart(service: CompiledService): BundledDocument {
  const document = service.contract.bundle()
  const ordered = [...service.contract.operations.values()].flatMap((operation) =>
    operation.anonymised ? [{ operation, rules: operation.anonymised }] : [],
  )
  if (ordered.length === 0) return document
  const info = isMembers(document['info']) ? document['info'] : {}
  return {
    ...document,
    info: { ...info, description: [info['description'], HOW].filter(Boolean).join('\n\n') },
    paths: ordered.reduce((paths, { operation }) => withoutOperation(paths, operation), document.paths),
    'x-sets': Object.fromEntries(
      ordered.map(({ operation, rules }) => [operation.id, describeSet(service, document, operation, rules)]),
    ),
  }
}

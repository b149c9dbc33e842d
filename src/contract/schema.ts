import {
  contentAt,
  type Documents,
  inside,
  isMembers,
  type Location,
  type Members,
  membersOf,
  resolveReference,
} from './document.ts'

/** Walking JSON Schemas: what stands in a schema, what it refers to, which members it describes. */

const SCHEMA_MAPS = ['properties', '$defs', 'dependentSchemas']
const SCHEMA_LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const SCHEMAS = ['items', 'contains', 'additionalProperties', 'not', 'if', 'then', 'else']

/** Keywords whose schemas judge the same value as the schema they stand in. */
const SAME_VALUE: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
])

/** Those of them that can add members to the value. */
const DESCRIBING: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'then',
  'else',
  'dependentSchemas',
])

const ITEMS: ReadonlySet<string> = new Set(['items', 'prefixItems', 'contains'])

/** What stands at a place, boolean schemas and malformed ones included. */
export interface PlacedSchema {
  readonly location: Location
  readonly schema: unknown
}

/** A schema inside a schema. */
export interface Subschema extends PlacedSchema {
  readonly keyword: string
  /** Whether it judges the same value as the schema around it. */
  readonly sameValue: boolean
}

/** @returns the schemas that stand directly in a schema; references are not followed. */
export function subschemasOf(schema: Members, location: Location): readonly Subschema[] {
  const found: Subschema[] = []
  const add = (keyword: string, inner: unknown, ...tokens: readonly (string | number)[]) =>
    found.push({
      schema: inner,
      location: inside(location, keyword, ...tokens),
      keyword,
      sameValue: SAME_VALUE.has(keyword),
    })
  for (const keyword of SCHEMA_MAPS) {
    for (const [name, inner] of membersOf(schema[keyword])) add(keyword, inner, name)
  }
  for (const keyword of SCHEMA_LISTS) {
    const list = schema[keyword]
    if (!Array.isArray(list)) continue
    list.forEach((inner: unknown, index) => {
      add(keyword, inner, index)
    })
  }
  for (const keyword of SCHEMAS) if (schema[keyword] !== undefined) add(keyword, schema[keyword])
  return found
}

/** @returns where a schema's `$ref` points to. */
export function referenceOf(schema: Members, { path }: Location): Location | undefined {
  const reference = schema['$ref']
  return typeof reference === 'string' ? resolveReference(reference, path) : undefined
}

function keyOf({ path, pointer }: Location): string {
  return `${path}#${pointer}`
}

export function schemaAt(documents: Documents, location: Location): PlacedSchema {
  return { location, schema: contentAt(documents, location) }
}

/** @returns schemas and those reached from them through references and chosen keywords; each once. */
function spread(
  documents: Documents,
  from: readonly PlacedSchema[],
  isChosen: (keyword: string) => boolean,
): readonly PlacedSchema[] {
  const reached = new Map(from.map((placed) => [keyOf(placed.location), placed]))
  for (const { schema, location } of reached.values()) {
    if (!isMembers(schema)) continue
    const target = referenceOf(schema, location)
    if (target !== undefined && !reached.has(keyOf(target)))
      reached.set(keyOf(target), schemaAt(documents, target))
    for (const inner of subschemasOf(schema, location)) {
      const key = keyOf(inner.location)
      if (isChosen(inner.keyword) && !reached.has(key)) reached.set(key, inner)
    }
  }
  return [...reached.values()]
}

/** @returns the schemas reached from some, themselves first, through references and keywords; each once. */
export function reachableFrom(documents: Documents, from: readonly Location[]): readonly PlacedSchema[] {
  const placed = from.map((location) => schemaAt(documents, location))
  return spread(documents, placed, () => true)
}

/** @returns schemas and those that describe the same value as they do: references, combinations, conditions. */
export function describingSchemas(
  documents: Documents,
  from: readonly PlacedSchema[],
): readonly PlacedSchema[] {
  return spread(documents, from, (keyword) => DESCRIBING.has(keyword))
}

/** @returns the names of all members that a schema describes at its top. */
export function memberNames(documents: Documents, placed: PlacedSchema): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { schema } of describingSchemas(documents, [placed])) {
    if (isMembers(schema)) for (const [name] of membersOf(schema['properties'])) names.add(name)
  }
  return names
}

interface MemberNode {
  /** The schemas that describe this place. */
  readonly views: readonly PlacedSchema[]
  readonly members: Map<string, MemberNode>
  /** What a member described by no name has; made when first asked for. */
  others: MemberNode | undefined
}

interface TreeOptions {
  /** Whether a name after an array means that member of each item. */
  readonly throughArrays: boolean
  /** Whether only schemas count that hold whatever the value is. */
  readonly certain?: boolean
}

/**
 * @returns a function from a place (names from the top) to the schemas that describe it, none where it is described by
 * none: a member that is merely not forbidden is not. What was found is kept, so asking costs a look-up; only names
 * that stand in a schema are kept, whatever is asked.
 */
export function createMemberTree(
  documents: Documents,
  roots: readonly Location[],
  options: TreeOptions,
): (tokens: readonly string[]) => readonly PlacedSchema[] {
  const isView = (keyword: string) =>
    (options.certain === true ? keyword === 'allOf' : DESCRIBING.has(keyword)) ||
    (options.throughArrays && ITEMS.has(keyword))
  const createNode = (placed: readonly PlacedSchema[]): MemberNode => ({
    views: spread(documents, placed, isView),
    members: new Map(),
    others: undefined,
  })
  const root = createNode(roots.map((location) => schemaAt(documents, location)))

  const below = (node: MemberNode, name: string): MemberNode | undefined => {
    const known = node.members.get(name)
    if (known !== undefined) return known
    const named: PlacedSchema[] = []
    const others: PlacedSchema[] = []
    for (const { schema, location } of node.views) {
      if (!isMembers(schema)) continue
      const { properties, additionalProperties } = schema
      if (isMembers(properties) && Object.hasOwn(properties, name)) {
        named.push({ schema: properties[name], location: inside(location, 'properties', name) })
      } else if (isMembers(additionalProperties)) {
        others.push({ schema: additionalProperties, location: inside(location, 'additionalProperties') })
      }
    }
    if (named.length > 0) {
      const member = createNode([...named, ...others])
      node.members.set(name, member)
      return member
    }
    if (others.length > 0) node.others ??= createNode(others)
    return node.others
  }

  return (tokens) => {
    let node: MemberNode | undefined = root
    for (const name of tokens) {
      node = below(node, name)
      if (node === undefined) return []
    }
    return node.views.filter(({ schema }) => schema !== undefined && schema !== false)
  }
}

/** @returns whether a place is described by one of the schemas; see `createMemberTree`. */
export function createMemberLookUp(
  documents: Documents,
  roots: readonly Location[],
  options: Pick<TreeOptions, 'throughArrays'>,
): (tokens: readonly string[]) => boolean {
  const viewsAt = createMemberTree(documents, roots, options)
  return (tokens) => viewsAt(tokens).length > 0
}

/** @returns the names of all members that stand under `properties` anywhere in a document. */
export function allMemberNames(content: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    for (const [name, member] of membersOf(value)) {
      if (name === 'properties') for (const [described] of membersOf(member)) names.add(described)
      visit(member)
    }
  }
  visit(content)
  return names
}

/**
 * The number of schemas that one unfolds to when every reference is written out: the bound of the work
 * that validating one value can take.
 * @param isCounted which of the schemas inside a schema are followed.
 * @returns infinity where it refers to itself.
 */
export function createUnfoldedSize(
  documents: Documents,
  isCounted: (inner: Subschema) => boolean,
): (location: Location) => number {
  const sizes = new Map<string, number>()
  const sizeOf = ({ schema, location }: PlacedSchema): number => {
    const key = keyOf(location)
    const known = sizes.get(key)
    if (known !== undefined) return known
    // Met again before it is known: it contains itself.
    sizes.set(key, Number.POSITIVE_INFINITY)
    let size = 1
    if (isMembers(schema)) {
      const target = referenceOf(schema, location)
      if (target !== undefined) size += sizeOf(schemaAt(documents, target))
      for (const inner of subschemasOf(schema, location)) {
        if (isCounted(inner)) size += sizeOf(inner)
      }
    }
    sizes.set(key, size)
    return size
  }
  return (location) => sizeOf(schemaAt(documents, location))
}

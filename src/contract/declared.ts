import { type Documents, inside, isMembers, type Location, membersOf } from './document.ts'
import type { Projection } from './minimise.ts'
import { describingSchemas, type PlacedSchema, referenceOf, schemaAt } from './schema.ts'

/**
 * Keeping what a contract declares. An answer may hold more than its contract says; what nobody declared
 * nobody agreed to hand on: neither below an agreed field nor in a refusal, which no agreement looks at.
 */

/** Nothing to leave out, so nothing to copy. */
const keepAll: Projection = (value) => value

function isComposite(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** What is told of a place that no schema describes: its value, if it is one, without any member. */
const keepScalars: Projection = (value) => {
  if (Array.isArray(value)) return value.map(keepScalars)
  return isComposite(value) ? {} : value
}

const SCALARS: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'null'])

interface Shape {
  readonly members: ReadonlyMap<string, Projection>
  /** For members that only `additionalProperties` describes. */
  readonly others: Projection | undefined
  readonly items: Projection
}

function projectionOf({ members, others, items }: Shape): Projection {
  const named = [...members]
  return (value) => {
    if (Array.isArray(value)) return value.map(items)
    if (!isMembers(value)) return value
    const result: Record<string, unknown> = {}
    for (const [name, project] of named) {
      if (Object.hasOwn(value, name)) result[name] = project(value[name])
    }
    if (others === undefined) return result
    for (const name of Object.keys(value)) {
      // Assigning `__proto__` would set the result's prototype.
      if (!members.has(name) && name !== '__proto__') result[name] = others(value[name])
    }
    return result
  }
}

/** The schema itself, or the last of a chain of references: what holds whatever the value is. */
function certain(documents: Documents, placed: PlacedSchema): PlacedSchema {
  const target = isMembers(placed.schema) ? referenceOf(placed.schema, placed.location) : undefined
  const isAlone = isMembers(placed.schema) && placed.schema['type'] === undefined
  return target !== undefined && isAlone ? certain(documents, schemaAt(documents, target)) : placed
}

/** @returns whether a value that keeps the schema has no member which the schema does not declare. */
function isClosed(documents: Documents, placed: PlacedSchema): boolean {
  const { schema, location } = certain(documents, placed)
  if (!isMembers(schema)) return schema === false
  const { type, additionalProperties, properties, items } = schema
  const types = [type].flat()
  if ('enum' in schema || 'const' in schema) return true
  if (types.every((one) => SCALARS.has(one))) return true
  if (types.some((one) => one === 'array')) {
    return (
      types.length === 1 &&
      items !== undefined &&
      schema['prefixItems'] === undefined &&
      isClosed(documents, { schema: items, location: inside(location, 'items') })
    )
  }
  return (
    types.every((one) => one === 'object' || one === 'null') &&
    additionalProperties === false &&
    membersOf(properties).every(([name, inner]) =>
      isClosed(documents, { schema: inner, location: inside(location, 'properties', name) }),
    )
  )
}

function itemsOf({ schema, location }: PlacedSchema): PlacedSchema[] {
  if (!isMembers(schema)) return []
  const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : []
  return [
    ...first.map((inner, index) => ({ schema: inner, location: inside(location, 'prefixItems', index) })),
    ...['items', 'contains'].flatMap((keyword) =>
      schema[keyword] === undefined ? [] : [{ schema: schema[keyword], location: inside(location, keyword) }],
    ),
  ]
}

function compile(documents: Documents, placed: readonly PlacedSchema[]): Projection {
  if (placed.length === 0) return keepScalars
  if (placed.every((one) => isClosed(documents, one))) return keepAll
  const views = describingSchemas(documents, placed)
  const named = new Map<string, PlacedSchema[]>()
  const others: PlacedSchema[] = []
  for (const { schema, location } of views) {
    if (!isMembers(schema)) continue
    for (const [name, inner] of membersOf(schema['properties'])) {
      const member = { schema: inner, location: inside(location, 'properties', name) }
      named.set(name, [...(named.get(name) ?? []), member])
    }
    const { additionalProperties } = schema
    if (isMembers(additionalProperties))
      others.push({ schema: additionalProperties, location: inside(location, 'additionalProperties') })
  }
  return projectionOf({
    members: new Map([...named].map(([name, member]) => [name, compile(documents, [...member, ...others])])),
    others: others.length === 0 ? undefined : compile(documents, others),
    items: compile(documents, views.flatMap(itemsOf)),
  })
}

/**
 * @param schema of an answer that was found to keep it.
 * @returns what keeps of such an answer the members that its schema declares, and of a place that the schema
 * leaves open the plain value. Where the schema itself admits no other members, that is the answer as it is.
 */
export function compileDeclared(documents: Documents, schema: Location): Projection {
  return compile(documents, [schemaAt(documents, schema)])
}

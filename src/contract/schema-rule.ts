import type { Bilingual } from '../model/identifier.ts'
import type { Documents, Location, Members } from './document.ts'

/** A schema where it stands, with what is known from around it. */
export interface SchemaNode {
  readonly schema: Members
  readonly location: Location
  /** Schemas around it that judge the same value: what they bound is bounded. */
  readonly around: readonly { readonly schema: Members; readonly location: Location }[]
}

export interface RuleContext {
  readonly documents: Documents
  /** The type of value that each format judges. */
  readonly formats: ReadonlyMap<string, 'string' | 'number'>
  /** Whether a place is one of the schemas these rules are applied to. */
  readonly isSchema: (location: Location) => boolean
}

/** What makes a schema unsafe. */
export interface SchemaRule {
  readonly rule: string
  /** Answers may carry more than the contract says, since they are minimised; requests may not. */
  readonly scope: 'all' | 'request'
  /** @returns the keywords at fault; `''` for the schema itself. */
  readonly find: (node: SchemaNode, context: RuleContext) => readonly string[]
  readonly detail: Bilingual
}

/** @returns the types a schema names; `undefined` among them where it names none. */
export function typesOf(schema: Members): readonly unknown[] {
  return [schema['type']].flat()
}

/** @returns whether one of the keywords bounds the value, in the schema or around it. */
export function isBounded({ schema, around }: SchemaNode, ...keywords: readonly string[]): boolean {
  return [schema, ...around.map((outer) => outer.schema)].some((bounding) =>
    keywords.some((keyword) => bounding[keyword] !== undefined),
  )
}

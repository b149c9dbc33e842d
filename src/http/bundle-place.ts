import type { BundledDocument } from '../contract/bundle.ts'
import { isMembers, type Members } from '../contract/document.ts'

/** Where the body of a request or an answer stands below it. */
export const JSON_CONTENT = ['content', 'application/json'] as const

/** @returns what a reference inside the document leads to, with what stands beside it; nothing where it leads nowhere. */
export function follow(document: BundledDocument, schema: unknown): Members {
  if (!isMembers(schema)) return {}
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  const target = reference
    .split('/')
    .slice(1)
    .reduce<unknown>((at, token) => (isMembers(at) ? at[token] : undefined), document)
  // What stands beside a reference says more about this place.
  return { ...follow(document, target), ...schema }
}

/** @returns what stands at a path of members, through references. */
export function reach(document: BundledDocument, from: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, member) => follow(document, at)[member], from)
}

/** @returns the first example of a body. */
export function exampleOf(document: BundledDocument, media: unknown): unknown {
  const [first] = Object.values(follow(document, reach(document, media, 'examples')))
  return reach(document, first, 'value')
}

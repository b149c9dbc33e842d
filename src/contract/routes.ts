import type { OperationDescription } from './openapi.ts'

/** Finding the operation that a method and a path name. */

export type PathParameters = Readonly<Record<string, string>>

export interface RouteMatch<T> {
  readonly operation: T
  readonly pathParameters: PathParameters
}

interface Segment {
  readonly literal: string | undefined
  readonly name: string
}

interface Route<T> {
  readonly method: string
  readonly segments: readonly Segment[]
  readonly operation: T
}

const NO_PARAMETERS: PathParameters = Object.freeze({})

function segmentsOf(pathTemplate: string): Segment[] {
  return pathTemplate
    .slice(1)
    .split('/')
    .map((text) =>
      text.startsWith('{') ? { literal: undefined, name: text.slice(1, -1) } : { literal: text, name: '' },
    )
}

/** Orders the more literal template first, segment by segment, so that `/a/b` goes before `/a/{id}`. */
function compareSegments(left: readonly Segment[], right: readonly Segment[]): number {
  for (const [index, segment] of left.entries()) {
    const difference = Number(segment.literal === undefined) - Number(right[index]?.literal === undefined)
    if (difference !== 0) return difference
  }
  return 0
}

function parametersOf(segments: readonly Segment[], texts: readonly string[]): PathParameters | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, { literal, name }] of segments.entries()) {
    const text = texts[index]
    if (text === undefined || text === '') return undefined
    if (literal === undefined) parameters[name] = text
    else if (literal !== text) return undefined
  }
  return parameters
}

/**
 * @returns a function from method and path (decoded, `/` first) to the operation; `undefined` where none
 * fits. Templates are the same up to parameter names only if their methods differ (admission).
 */
export function createRoutes<T extends Pick<OperationDescription, 'method' | 'pathTemplate'>>(
  operations: readonly T[],
): (method: string, path: string) => RouteMatch<T> | undefined {
  const literal = new Map<string, RouteMatch<T>>()
  const byLength = new Map<number, Route<T>[]>()
  for (const operation of operations) {
    const { method, pathTemplate } = operation
    if (!pathTemplate.includes('{')) {
      literal.set(`${method} ${pathTemplate}`, { operation, pathParameters: NO_PARAMETERS })
      continue
    }
    const segments = segmentsOf(pathTemplate)
    const routes = byLength.get(segments.length) ?? []
    routes.push({ method, segments, operation })
    routes.sort((left, right) => compareSegments(left.segments, right.segments))
    byLength.set(segments.length, routes)
  }

  return (method, path) => {
    const exact = literal.get(`${method} ${path}`)
    if (exact !== undefined || byLength.size === 0 || !path.startsWith('/')) return exact
    const texts = path.slice(1).split('/')
    for (const { method: routed, segments, operation } of byLength.get(texts.length) ?? []) {
      const pathParameters = routed === method ? parametersOf(segments, texts) : undefined
      if (pathParameters !== undefined) return { operation, pathParameters }
    }
    return undefined
  }
}

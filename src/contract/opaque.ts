import { hash } from 'node:crypto'
import { canonicalJson } from '../model/canonical.ts'
import type { Endpoint } from '../model/party.ts'
import type { Contract, Operation } from './contract.ts'

/** Services whose messages nobody looks into: what may be asked of them is methods and paths. */

type Token = { readonly literal: string } | 'run' | 'anything'

/** `*` is any run without `/`, `**` anything, `\*` the character itself. */
function readGlob(glob: string): readonly Token[] {
  const tokens: Token[] = []
  for (let place = 0; place < glob.length; place += 1) {
    const character = glob[place] ?? ''
    if (character === '\\' && place + 1 < glob.length) {
      place += 1
      tokens.push({ literal: glob[place] ?? '' })
    } else if (character !== '*') tokens.push({ literal: character })
    else if (glob[place + 1] === '*') {
      place += 1
      tokens.push('anything')
    } else tokens.push('run')
  }
  return tokens
}

/** From a set of places in the pattern, those reached without a character: a wildcard may stand for nothing. */
function close(places: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const place of places) if (typeof tokens[place] === 'string') places.add(place + 1)
  return places
}

/**
 * @returns whether a path (decoded, canonical) is one of those a pattern means. Takes time in proportion to pattern
 * and path, whatever both are.
 */
export function createGlob(glob: string): (path: string) => boolean {
  const tokens = readGlob(glob)
  return (path) => {
    let places = close(new Set([0]), tokens)
    for (const character of path) {
      const next = new Set<number>()
      for (const place of places) {
        const token = tokens[place]
        if (token === 'anything' || (token === 'run' && character !== '/')) next.add(place)
        else if (typeof token === 'object' && token.literal === character) next.add(place + 1)
      }
      places = close(next, tokens)
      if (places.size === 0) return false
    }
    return places.has(tokens.length)
  }
}

function createOperation({ id, method, path, kind, title }: Endpoint): Operation {
  return Object.freeze({
    id,
    method,
    pathTemplate: path,
    title: title ?? { vi: id, en: id },
    kind,
    durableBefore: kind === 'submit',
    idempotent: kind !== 'submit',
    personalData: 'basic' as const,
    subjectPointer: undefined,
    checkRequest() {},
    judgeBody: () => undefined,
    checkResponse() {},
    keepDeclared: (_status: number, body: unknown) => body,
    batch: undefined,
    hasField: () => false,
  })
}

/**
 * Makes the contract of a service that has none: its endpoints are its operations. The first that fits counts, so
 * they are written from the particular to the general; an agreement opens each by its id.
 */
export function createOpaqueContract(endpoints: readonly Endpoint[]): Contract {
  const routes = endpoints.map((endpoint) => ({
    method: endpoint.method,
    fits: createGlob(endpoint.path),
    operation: createOperation(endpoint),
  }))
  return Object.freeze({
    path: '',
    digest: hash('sha256', canonicalJson(endpoints), 'hex'),
    title: { vi: 'Không có hợp đồng', en: 'Without a contract' },
    version: '',
    isOpaque: true,
    operations: new Map(routes.map(({ operation }) => [operation.id, operation])),
    bundle: () => ({ openapi: '3.1.0', paths: {}, components: { schemas: {} } }),
    match(method: string, path: string) {
      const route = routes.find((each) => (each.method === '*' || each.method === method) && each.fits(path))
      return route && { operation: route.operation, pathParameters: {} }
    },
  })
}

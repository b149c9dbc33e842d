import {
  contentAt,
  type Documents,
  isMembers,
  type Location,
  type Members,
  resolveReference,
} from './document.ts'

/** An OpenAPI 3.1 document whose references all point inside itself. */
export interface BundledDocument extends Members {
  readonly openapi: string
  readonly paths: Members
  readonly components: Members & { readonly schemas: Members }
}

/** `dictionary/person.yaml` and `/$defs/FullName` give `FullName`; a name taken by another place gets the file's. */
function createNames(taken: ReadonlySet<string>) {
  const names = new Map<string, string>()
  const used = new Set(taken)
  return ({ path, pointer }: Location): string => {
    const key = `${path}#${pointer}`
    const known = names.get(key)
    if (known !== undefined) return known
    const short = pointer.split('/').at(-1) ?? ''
    const file = path.split('/').at(-1)?.split('.')[0] ?? ''
    const name = used.has(short) ? `${file}_${short}` : short
    used.add(name)
    names.set(key, name)
    return name
  }
}

/**
 * Puts a contract and what it uses of the dictionary into one document, which tools read without the rest.
 * @param path of a contract that was admitted, so that every reference leads somewhere.
 */
export function bundleDocument(documents: Documents, path: string): BundledDocument {
  const root = documents.get(path)
  if (!isMembers(root)) throw new RangeError(`no contract ${path}`)
  const components = isMembers(root['components']) ? root['components'] : {}
  const own = isMembers(components['schemas']) ? components['schemas'] : {}
  const nameOf = createNames(new Set(Object.keys(own)))
  const schemas: Record<string, unknown> = {}

  function rewrite(value: unknown, from: string): unknown {
    if (Array.isArray(value)) return value.map((item) => rewrite(item, from))
    if (!isMembers(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([member, content]) => [
        member,
        member === '$ref' && typeof content === 'string' ? take(content, from) : rewrite(content, from),
      ]),
    )
  }

  /** @returns the reference as it reads inside the bundle, where what it names is put. */
  function take(reference: string, from: string): string {
    const place = resolveReference(reference, from)
    if (place === undefined || place.path === path) return reference.slice(reference.indexOf('#'))
    const name = nameOf(place)
    if (!Object.hasOwn(schemas, name)) {
      // Its place is kept first: what it names may name it again.
      schemas[name] = {}
      schemas[name] = rewrite(contentAt(documents, place), place.path)
    }
    return `#/components/schemas/${name}`
  }

  const bundled = rewrite(root, path) as Members
  const rewritten = rewrite(components, path) as Members
  return {
    ...bundled,
    openapi: String(root['openapi']),
    paths: rewrite(root['paths'] ?? {}, path) as Members,
    components: { ...rewritten, schemas: { ...(rewritten['schemas'] as Members | undefined), ...schemas } },
  }
}

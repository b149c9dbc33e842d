/** JSON documents that are put together member by member, by pointers that a registry document gives. */

type Members = Record<string, unknown>

/** @returns the names of a pointer whose names have no escapes. */
export function namesIn(pointer: string): readonly string[] {
  return pointer === '' ? [] : pointer.slice(1).split('/')
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns what stands at a pointer; undefined where there is nothing. */
export function memberAt(document: unknown, pointer: string): unknown {
  return namesIn(pointer).reduce<unknown>(
    (value, name) => (isMembers(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    document,
  )
}

/** Sets a member, and makes the objects above it. @returns false where a value stands there already. */
export function setMember(document: Members, pointer: string, value: unknown): boolean {
  const names = [...namesIn(pointer)]
  const last = names.pop()
  if (last === undefined) return false
  let at = document
  for (const name of names) {
    if (!Object.hasOwn(at, name)) at[name] = {}
    const below = at[name]
    if (!isMembers(below)) return false
    at = below
  }
  if (Object.hasOwn(at, last)) return false
  at[last] = value
  return true
}

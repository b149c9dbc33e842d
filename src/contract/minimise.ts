/** Data minimisation: only what the agreement names leaves the gateway. */

/** @returns what may leave of a value; `undefined` where nothing of it may. The value is not changed. */
export type Projection = (value: unknown) => unknown

const WRONG_ESCAPE = /~(?![01])/

export function isPointer(text: string): boolean {
  return (text === '' || text.startsWith('/')) && !WRONG_ESCAPE.test(text)
}

/**
 * @returns the reference tokens of a JSON Pointer (RFC 6901), unescaped.
 * @throws SyntaxError where it is not a pointer.
 */
export function parsePointer(pointer: string): string[] {
  if (!isPointer(pointer)) throw new SyntaxError('not a JSON Pointer')
  if (pointer === '') return []
  const tokens = pointer.slice(1).split('/')
  return pointer.includes('~')
    ? tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    : tokens
}

/** @returns the pointer to a member of what `pointer` points to. */
export function pointerTo(pointer: string, token: string | number): string {
  return `${pointer}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

type Members = Readonly<Record<string, unknown>>

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const INDEX = /^(?:0|[1-9]\d{0,9})$/

function readToken(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined
  return isMembers(value) && Object.hasOwn(value, token) ? value[token] : undefined
}

/** The same as `readPointer` for a pointer that `parsePointer` has read. */
export function readTokens(document: unknown, tokens: readonly string[]): unknown {
  let value = document
  for (const token of tokens) value = readToken(value, token)
  return value
}

/** @returns what a pointer (RFC 6901, array items by index) points to; `undefined` where there is nothing. */
export function readPointer(document: unknown, pointer: string): unknown {
  return readTokens(document, parsePointer(pointer))
}

/** Members to keep, by name; `WHOLE` keeps a member with all below it. */
type Selection = Map<string, Selection | typeof WHOLE>

const WHOLE = Symbol('whole')

function select(pointers: readonly string[]): Selection | typeof WHOLE {
  const root: Selection = new Map()
  for (const pointer of pointers) {
    const tokens = parsePointer(pointer)
    const last = tokens.pop()
    if (last === undefined) return WHOLE
    const parent = tokens.reduce<Selection | typeof WHOLE>((selection, token) => {
      if (selection === WHOLE) return WHOLE
      const below = selection.get(token) ?? new Map()
      selection.set(token, below)
      return below
    }, root)
    if (parent !== WHOLE) parent.set(last, WHOLE)
  }
  return root
}

const keep: Projection = (value) => value

function projectionOf(selection: Selection | typeof WHOLE): Projection {
  if (selection === WHOLE) return keep
  // Assigning `__proto__` would set the result's prototype; such a member never leaves.
  const kept = [...selection]
    .filter(([name]) => name !== '__proto__')
    .map(([name, below]) => ({ name, projectMember: projectionOf(below) }))

  const project = (value: unknown): unknown => {
    if (Array.isArray(value)) return projectItems(value)
    if (!isMembers(value)) return undefined
    const result: Record<string, unknown> = {}
    for (const { name, projectMember } of kept) {
      if (!Object.hasOwn(value, name)) continue
      const member = projectMember(value[name])
      if (member !== undefined) result[name] = member
    }
    return result
  }
  const projectItems = (items: readonly unknown[]): unknown[] => {
    const result: unknown[] = []
    for (const item of items) {
      const projected = project(item)
      if (projected !== undefined) result.push(projected)
    }
    return result
  }
  return project
}

/**
 * Compiles the fields of an agreement into a function that keeps those and nothing else. Arrays are passed
 * through: `/owners/name` is the name of every owner. A value that is not an object where a pointer goes
 * deeper is left out. Whole members are handed on as they are, not copied.
 * @param pointers JSON Pointers; `''` keeps everything.
 * @throws SyntaxError where one is not a pointer.
 */
export function compileProjection(pointers: readonly string[]): Projection {
  return projectionOf(select(pointers))
}

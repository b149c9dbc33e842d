import { compileProjection, type Projection } from '../contract/minimise.ts'
import type { OperationGrant } from '../model/agreement.ts'
import { GatewayError } from '../model/errors.ts'

/** What of one operation's answer an agreement lets out. */
export interface CompiledGrant {
  readonly fields: readonly string[]
  /** Keeps the agreed fields and nothing else. */
  readonly project: Projection
  /**
   * @returns the projection to fewer fields than agreed.
   * @throws GatewayError `field_not_agreed` where one is not covered.
   */
  projectSubset(fields: readonly string[]): Projection
  /** Whether a pointer names an agreed field or what lies below one. */
  covers(pointer: string): boolean
}

const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/
/** A consumer's programs ask for a few sets of fields; more than these are compiled anew. */
const MAX_SUBSETS = 32

/** @returns whether `pointer` names one of the fields or what lies below one. */
export function coversPointer(fields: ReadonlySet<string>, pointer: string): boolean {
  if (fields.has(pointer)) return true
  if (!POINTER.test(pointer)) return false
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    if (fields.has(pointer.slice(0, end))) return true
  }
  return false
}

export function compileGrant({ fields }: OperationGrant): CompiledGrant {
  const agreed = new Set(fields)
  const subsets = new Map<string, Projection>()

  const covers = (pointer: string) => coversPointer(agreed, pointer)

  return Object.freeze({
    fields,
    project: compileProjection(fields),
    covers,
    projectSubset(asked: readonly string[]) {
      const key = JSON.stringify(asked)
      const known = subsets.get(key)
      if (known !== undefined) return known
      if (!asked.every(covers)) throw new GatewayError('field_not_agreed')
      const projection = compileProjection(asked)
      if (subsets.size < MAX_SUBSETS) subsets.set(key, projection)
      return projection
    },
  })
}

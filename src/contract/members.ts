import { type Documents, isMembers, type Location, membersOf } from './document.ts'
import { parsePointer } from './minimise.ts'
import { createMemberTree } from './schema.ts'

/** What a body's schema says of its members, for those who say the body in another form. Arrays are passed through. */
export interface MemberView {
  has(pointer: string): boolean
  /** Names that an object at the place may have. */
  namesAt(pointer: string): readonly string[]
  /** Those it has whatever else holds. */
  requiredAt(pointer: string): readonly string[]
  /** JSON types the place may have; none where the schema does not say. */
  typesAt(pointer: string): ReadonlySet<string>
}

/** The bodies of an operation. */
export interface OperationMembers {
  /** Whether a request says more than its body: in its path or query. */
  readonly hasParameters: boolean
  /** Absent where there is no body. */
  readonly request: MemberView | undefined
  /** Of a 200. */
  readonly answer: MemberView | undefined
}

function strings(value: unknown): readonly string[] {
  return [value].flat().filter((each) => typeof each === 'string')
}

/** @param schema of a body. */
export function viewMembers(documents: Documents, schema: Location): MemberView {
  const described = createMemberTree(documents, [schema], { throughArrays: true })
  const certain = createMemberTree(documents, [schema], { throughArrays: true, certain: true })
  return {
    has: (pointer) => described(parsePointer(pointer)).length > 0,
    namesAt(pointer) {
      const names = described(parsePointer(pointer)).flatMap(({ schema: each }) =>
        isMembers(each) ? membersOf(each['properties']) : [],
      )
      return [...new Set(names.filter(([, inner]) => inner !== false).map(([name]) => name))]
    },
    requiredAt(pointer) {
      const names = certain(parsePointer(pointer)).flatMap(({ schema: each }) =>
        isMembers(each) ? strings(each['required']) : [],
      )
      return [...new Set(names)]
    },
    typesAt(pointer) {
      const types = described(parsePointer(pointer)).flatMap(({ schema: each }) =>
        isMembers(each) ? strings(each['type']) : [],
      )
      return new Set(types)
    },
  }
}

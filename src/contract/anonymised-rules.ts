import type { ColumnRule } from '../model/anonymity.ts'
import { type Documents, isMembers, type Location, membersOf } from './document.ts'
import type { OperationDescription } from './openapi.ts'
import { createMemberTree, describingSchemas, type PlacedSchema } from './schema.ts'

/** Members of the body and the answer whose names are fixed: where a page begins, how many rows it has, and its rows. */
const PAGE = ['from', 'most'] as const
const ROWS = 'rows'

/** What a set's rows are described by: members by name. */
function columnsOf(documents: Documents, answer: Location): ReadonlyMap<string, readonly PlacedSchema[]> {
  const viewsAt = createMemberTree(documents, [answer], { throughArrays: true })
  const names = new Set(
    viewsAt([ROWS]).flatMap(({ schema }) =>
      isMembers(schema) ? membersOf(schema['properties']).map(([name]) => name) : [],
    ),
  )
  return new Map([...names].map((name) => [name, viewsAt([ROWS, name])]))
}

function identifies(documents: Documents, views: readonly PlacedSchema[]): boolean {
  return describingSchemas(documents, views).some(
    ({ schema }) => isMembers(schema) && schema['x-personal'] === true,
  )
}

function isTold({ is, as = 'same' }: ColumnRule): boolean {
  return is !== 'identifier' && as === 'same'
}

/**
 * A set that leaves anonymised is read page by page: a look-up by POST about nobody in particular, whose body has `from`
 * and `most` and whose 200 has `rows`. The rules name each member of a row and no other, at least one quasi-identifier
 * among them, and let nothing that identifies somebody (`x-personal`) leave as it is.
 */
export function isAnonymisedForm(
  documents: Documents,
  { anonymised, kind, method, body, responses, subjectPointer, batch }: OperationDescription,
): boolean {
  if (anonymised === undefined) return true
  const answer = responses.get('200')
  const isLookUp = kind === 'lookup' && method === 'POST' && subjectPointer === undefined
  if (!isLookUp || batch !== undefined || body === undefined || answer === undefined) return false
  const asked = createMemberTree(documents, [body.schema], { throughArrays: false })
  if (!PAGE.every((name) => asked([name]).length > 0)) return false
  const rules = new Map(Object.entries(anonymised.columns))
  const columns = columnsOf(documents, answer)
  if (columns.size !== rules.size || ![...rules.values()].some(({ is }) => is === 'quasi')) return false
  return [...columns].every(([name, views]) => {
    const rule = rules.get(name)
    return rule !== undefined && !(isTold(rule) && identifies(documents, views))
  })
}

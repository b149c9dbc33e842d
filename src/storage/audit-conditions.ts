import type { AuditConditions, MonthTag } from '../reporting/audit-query.ts'

const TAG_COLUMNS = { subject: 'subject_tag', officer: 'officer_tag', dossier: 'dossier_tag' } as const

/** Numbered parameters of one statement: values never stand in its text. */
export interface Parameters {
  readonly values: unknown[]
  /** @returns `$n` of a value. */
  add(value: unknown): string
}

export function createParameters(): Parameters {
  const values: unknown[] = []
  return {
    values,
    add(value) {
      values.push(value)
      return `$${values.length}`
    },
  }
}

/** Where the ids of a span begin and end: the planner then reads only the partitions and index ranges it needs. */
export function idsFrom(parameters: Parameters, since: Date | undefined): string[] {
  return since === undefined ? [] : [`exchange_id >= exchange_id_from(${parameters.add(since)})`]
}

export function idsUntil(parameters: Parameters, until: Date | undefined): string[] {
  return until === undefined ? [] : [`exchange_id < exchange_id_from(${parameters.add(until)})`]
}

/** The conditions on columns that records and counts share. */
export function columnConditions(query: AuditConditions, parameters: Parameters): string[] {
  const conditions: string[] = []
  const add = (column: string, value: string | undefined) => {
    if (value !== undefined) conditions.push(`${column} = ${parameters.add(value)}`)
  }
  add('consumer', query.consumer)
  add('provider', query.provider)
  add('service', query.service)
  add('operation', query.operation)
  add('outcome', query.outcome)
  add('code', query.code)
  add('agreement', query.agreement)
  add('purpose', query.purpose)
  if (query.exchangesOnly) conditions.push("service NOT IN ('audit', 'erasure', 'application')")
  // Said again for the planner: the index of outcomes leaves the delivered ones out.
  if (query.outcome !== undefined && query.outcome !== 'delivered') conditions.push("outcome <> 'delivered'")
  return conditions
}

/** All that holds for every branch of a search. */
export function recordConditions(query: AuditConditions, parameters: Parameters): string[] {
  const { exchange, leaves, treeSize } = query
  return [
    ...columnConditions(query, parameters),
    ...(exchange === undefined ? [] : [`exchange_id = ${parameters.add(exchange)}`]),
    ...(leaves === undefined ? [] : [`leaf_index = ANY (${parameters.add(leaves)}::bigint[])`]),
    ...idsFrom(parameters, query.since),
    ...idsUntil(parameters, query.until),
    ...(treeSize === undefined ? [] : [`leaf_index < ${parameters.add(treeSize)}`]),
  ]
}

/** The ways a month's records can be about somebody: by the record's own tag, or as one of a batch. */
function tagBranches(column: string, { month, tag, inBatch }: MonthTag, parameters: Parameters): string[][] {
  const from = new Date(`${month}-01T00:00:00Z`)
  const until = new Date(from)
  until.setUTCMonth(from.getUTCMonth() + 1)
  // A tag is of its month alone, so each branch reads one partition of either table.
  const span = [...idsFrom(parameters, from), ...idsUntil(parameters, until)]
  const within = (table: string, condition: string) => [
    ...span,
    `exchange_id IN (SELECT exchange_id FROM ${table} WHERE ${[condition, ...span].join(' AND ')})`,
  ]
  const own = within('exchange_private', `${column} = ${parameters.add(tag)}`)
  if (inBatch === undefined) return [own]
  return [own, within('exchange_subjects', `position(${parameters.add(inBatch)}::bytea IN tags) > 0`)]
}

/**
 * One list of conditions for each way a record can match; an index gives the records of each in order of their
 * id, where `OR` or `ANY` over all of them would have to find and sort every match.
 */
export function branchConditions(query: AuditConditions, parameters: Parameters): readonly string[][] {
  const { tagged, parties } = query
  const byTag = tagged
    ? tagged.tags.flatMap((tag) => tagBranches(TAG_COLUMNS[tagged.kind], tag, parameters))
    : [[]]
  const byParty = parties
    ? parties.flatMap((party) => {
        const value = parameters.add(party)
        return [[`consumer = ${value}`], [`provider = ${value}`]]
      })
    : [[]]
  return byTag.flatMap((tag) => byParty.map((party) => [...tag, ...party]))
}

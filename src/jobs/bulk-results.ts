import type { BulkCounts } from './bulk.ts'
import type { Taken } from './bulk-intake.ts'
import { count, emptyTally, groupBits, type RecordOutcome } from './data-quality.ts'

/** What a provider found of one record; only what the agreement lets through. */
export interface Finding {
  readonly found?: boolean
  readonly matched?: boolean
  readonly fields?: Readonly<Record<string, string>>
}

const NOT_FOUND = groupBits([5])
const DIFFERS = groupBits([8])
/** More than there ever were: beyond it the counts of further units go together. */
const MAX_UNITS = 20_000
const OTHER_UNITS = '_other'

function outcomeOf(finding: Finding): RecordOutcome {
  if (finding.found === false) return 'not_found'
  return finding.matched === true ? 'matched' : 'differs'
}

function countFields(fields: BulkCounts['fields'], found: Readonly<Record<string, string>>): boolean {
  let isExact = true
  for (const field in found) {
    const rung = found[field] ?? ''
    const rungs = fields[field] ?? {}
    fields[field] = rungs
    rungs[rung] = (rungs[rung] ?? 0) + 1
    if (rung !== 'exact') isExact = false
  }
  return isExact
}

function tallyOf(counts: BulkCounts, unit: string) {
  const { units } = counts
  const name = counts.unitCount < MAX_UNITS || units[unit] !== undefined ? unit : OTHER_UNITS
  const known = units[name]
  if (known !== undefined) return known
  const tally = emptyTally()
  units[name] = tally
  counts.unitCount += 1
  return tally
}

/**
 * Counts one record and tells of it.
 * @param finding undefined where nothing was asked of the provider.
 * @returns its line of the result, NDJSON.
 */
export function conclude(
  counts: BulkCounts,
  line: number,
  taken: Taken,
  finding: Finding | undefined,
): string {
  const { ref, unit, faults, first } = taken
  const asked = finding === undefined ? undefined : outcomeOf(finding)
  const outcome = asked ?? (first === 0 ? 'invalid' : 'duplicate')
  const groups = taken.groups | (asked === 'not_found' ? NOT_FOUND : 0) | (asked === 'differs' ? DIFFERS : 0)
  count(counts.total, outcome, groups)
  if (unit !== undefined) count(tallyOf(counts, unit), outcome, groups)

  let text = `{"record":${line}`
  if (ref !== undefined) text += `,"ref":${JSON.stringify(ref)}`
  text += `,"outcome":"${outcome}"`
  if (finding?.fields !== undefined && !countFields(counts.fields, finding.fields)) {
    text += `,"fields":${JSON.stringify(finding.fields)}`
  }
  if (first !== 0) text += `,"first":${first}`
  if (faults.length > 0) text += `,"faults":${JSON.stringify(faults)}`
  if (groups !== 0) text += `,"groups":[${groupList(groups)}]`
  return `${text}}\n`
}

function groupList(groups: number): string {
  const list: number[] = []
  for (let group = 1; group <= 8; group += 1) if ((groups & (1 << group)) !== 0) list.push(group)
  return list.join(',')
}

import type { Operation } from '../contract/contract.ts'
import { parsePointer, readTokens } from '../contract/minimise.ts'
import type { Violation } from '../model/errors.ts'
import type { Row } from './bulk-lines.ts'
import { groupBits, groupOf, isBlank } from './data-quality.ts'
import type { FirstSeen } from './first-seen.ts'

/** Where a record breaks a rule; never with the value. */
export type Fault = Pick<Violation, 'pointer' | 'rule'>

/** A record as it goes into a batch, or why it does not. */
export interface Taken {
  /** What is asked of the provider; undefined where nothing is. */
  readonly claim: object | undefined
  /** The consumer's own reference, given back with the result. */
  readonly ref: string | undefined
  /** Administrative unit for the report. */
  readonly unit: string | undefined
  /** Error groups found so far, as bits. */
  readonly groups: number
  readonly faults: readonly Fault[]
  /** Record in which the same subject stood before; 0 where this is the first. */
  readonly first: number
}

const UNIT = /^\d{2}(?:\d{3})?$/
const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const MAX_REF = 64
/** The longest of the words that mean "nothing known". */
const MAX_BLANK = 12
const NOT_A_RECORD: Taken = {
  claim: undefined,
  ref: undefined,
  unit: undefined,
  groups: groupBits([4]),
  faults: [{ pointer: '', rule: 'syntax' }],
  first: 0,
}
const STALE = groupBits([7])
const REPEATED = groupBits([3])

interface IntakeParts {
  /** The operation for one record. */
  readonly single: Operation
  readonly seen: FirstSeen
  /** `yyyy-mm-dd`: a record whose `asOf` is earlier is stale. */
  readonly staleBefore: string
}

interface Own {
  readonly ref?: string
  readonly unit?: string
  readonly asOf?: string
}

interface Split {
  readonly claim: Readonly<Record<string, unknown>>
  readonly own: Own
  readonly faults: readonly Fault[]
}

const NOTHING_OWN: Own = {}
const NO_FAULTS: readonly Fault[] = []

function isUnknown(value: unknown): boolean {
  return typeof value === 'string' ? value.length <= MAX_BLANK && isBlank(value) : isBlank(value)
}

/** What of a record is the consumer's own and not part of the claim. */
const OWN: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['ref', (text) => text.length <= MAX_REF],
  ['unit', (text) => UNIT.test(text)],
  ['asOf', (text) => DAY.test(text)],
])

/** Whether all of a record is its claim. */
function isClaim(row: Readonly<Record<string, unknown>>): boolean {
  for (const name in row) if (OWN.has(name) || isUnknown(row[name])) return false
  return true
}

/** All but `ref`, `unit` and `asOf` is the claim. What is blank counts as not there. */
function split(row: Readonly<Record<string, unknown>>): Split {
  // Most records need no copy.
  if (isClaim(row)) return { claim: row, own: NOTHING_OWN, faults: NO_FAULTS }
  const claim: Record<string, unknown> = {}
  let own = NOTHING_OWN
  let faults = NO_FAULTS
  for (const name in row) {
    const value = row[name]
    if (isUnknown(value)) continue
    const isSound = OWN.get(name)
    if (isSound === undefined) claim[name] = value
    else if (typeof value === 'string' && isSound(value)) own = { ...own, [name]: value }
    else faults = [...faults, { pointer: `/${name}`, rule: 'format' }]
  }
  return { claim, own, faults }
}

/** @returns what judges the records of one file, one after the other. */
export function createIntake({ single, seen, staleBefore }: IntakeParts): (row: Row, line: number) => Taken {
  const subject = single.subjectPointer === undefined ? undefined : parsePointer(single.subjectPointer)

  return (row, line) => {
    if (row === undefined) return NOT_A_RECORD
    const { claim, own, faults } = split(row)
    const { ref, unit, asOf } = own
    const stale = asOf !== undefined && asOf < staleBefore ? STALE : 0
    const broken = single.judgeBody(claim) ?? []
    if (broken.length > 0 || faults.length > 0) {
      const all = [...faults, ...broken.map(({ pointer, rule }) => ({ pointer, rule }))]
      const groups = groupBits(broken.map(groupOf)) | (faults.length > 0 ? groupBits([4]) : 0)
      return { claim: undefined, ref, unit, groups: groups | stale, faults: all, first: 0 }
    }
    const key = subject === undefined ? undefined : readTokens(claim, subject)
    const first = typeof key === 'string' ? seen.note(key, line) : 0
    if (first !== 0) return { claim: undefined, ref, unit, groups: REPEATED | stale, faults, first }
    return { claim, ref, unit, groups: stale, faults, first: 0 }
  }
}

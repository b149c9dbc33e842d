import type { ResolveUnit } from './administrative-unit.ts'

/**
 * Making a data set anonymous before it leaves: direct identifiers are dropped, what could identify somebody together
 * with other knowledge (quasi-identifiers) is told coarsely, and rows whose quasi-identifiers fewer than k rows share
 * are left out (k-anonymity; ISO/IEC 20889:2018, 9.3). The rules are data of the set's contract.
 */

/**
 * `identifier` never leaves; `quasi` makes up the class; `sensitive` leaves where a class has at least l different
 * values of it; `plain` leaves.
 */
export const COLUMN_ROLES = ['identifier', 'quasi', 'sensitive', 'plain'] as const

/**
 * How a value is told: as it is; a date as the span of years it lies in; an amount as the band it lies in; a commune or
 * address as its province of today.
 */
export const COLUMN_FORMS = ['same', 'years', 'band', 'province'] as const

export interface ColumnRule {
  readonly is: (typeof COLUMN_ROLES)[number]
  /** `same` where absent. */
  readonly as?: (typeof COLUMN_FORMS)[number]
  /** Years of a span, or the size of a band, 1 or more; 1 where absent. */
  readonly width?: number
}

export interface AnonymityRules {
  /** Rows that have to share their quasi-identifiers, 2 or more. */
  readonly k: number
  /** Different values of each sensitive column that a class has to have; 1 where absent. */
  readonly l?: number
  /** Rows the gateway asks the provider for at a time. */
  readonly pageSize: number
  /** By member of a row. What is not named here never leaves. */
  readonly columns: Readonly<Record<string, ColumnRule>>
}

/** What was left out of a set, and what was not. */
export interface AnonymityFacts {
  readonly rules: AnonymityRules
  readonly released: number
  readonly suppressed: number
  /** Classes that left. */
  readonly classes: number
}

type Cell = string | number | boolean | null

/** A row as far as it may leave, and the class it belongs to. */
export interface GeneralRow {
  /** JSON of its quasi-identifiers. */
  readonly key: string
  /** Of its sensitive columns, in their order. */
  readonly sensitive: readonly Cell[]
  /** JSON of what leaves. */
  readonly text: string
}

export interface Gazetteer {
  readonly resolveUnit: ResolveUnit
  /** `yyyy-mm-dd`: the day by which a commune's code is read that names none. */
  readonly today: string
}

const YEAR = /^(\d{4})(?:-\d{2}(?:-\d{2})?)?$/

function spanOf(from: number, width: number): string {
  return width === 1 ? String(from) : `${from}-${from + width - 1}`
}

function yearsOf(value: unknown, width: number): Cell {
  const year = typeof value === 'string' ? Number(YEAR.exec(value)?.[1] ?? Number.NaN) : Number.NaN
  return Number.isNaN(year) ? null : spanOf(year - (year % width), width)
}

function bandOf(value: unknown, width: number): Cell {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  return spanOf(Math.floor(value / width) * width, width)
}

function memberOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

/** @returns null where the place is in no province that is known, or may be in several. */
function provinceOf(value: unknown, { resolveUnit, today }: Gazetteer): Cell {
  const isAddress = typeof value === 'object' && value !== null
  const code = isAddress ? memberOf(value, 'province') : value
  const asOf = isAddress ? (memberOf(value, 'asOf') ?? today) : today
  if (typeof code !== 'string' || typeof asOf !== 'string') return null
  const provinces = new Set(resolveUnit(code, asOf).candidates.map(({ province }) => province))
  const [first = null] = provinces
  return provinces.size === 1 ? first : null
}

/** Objects and lists never leave: nobody has said what is in them. */
function sameOf(value: unknown): Cell {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function tell(value: unknown, { as = 'same', width = 1 }: ColumnRule, places: Gazetteer): Cell {
  if (as === 'years') return yearsOf(value, width)
  if (as === 'band') return bandOf(value, width)
  return as === 'province' ? provinceOf(value, places) : sameOf(value)
}

/** @returns what of one row may leave. What cannot be told as the rules say is told as null. */
export function createGeneraliser(
  { columns }: AnonymityRules,
  places: Gazetteer,
): (row: object) => GeneralRow {
  const told = Object.entries(columns).filter(([, { is }]) => is !== 'identifier')
  return (row) => {
    const quasi: Cell[] = []
    const sensitive: Cell[] = []
    const kept: Record<string, Cell> = {}
    for (const [name, rule] of told) {
      const cell = tell(memberOf(row, name), rule, places)
      kept[name] = cell
      if (rule.is === 'quasi') quasi.push(cell)
      if (rule.is === 'sensitive') sensitive.push(cell)
    }
    return { key: JSON.stringify(quasi), sensitive, text: JSON.stringify(kept) }
  }
}

/** Classes of a set at most: with more, a row has hardly anybody beside it, and they would fill the memory. */
export const MAX_CLASSES = 100_000

interface ClassCount {
  rows: number
  /** Values of each sensitive column, as many as matter. */
  readonly values: readonly Set<Cell>[]
}

/** What may leave of a set that was counted. */
export interface Release {
  readonly classes: number
  readonly released: number
  readonly suppressed: number
  /** Which share of the release a class belongs to, from 0; undefined where its rows are left out. */
  shareOf(key: string): number | undefined
  /** Shares have about as many rows as were wished, but a class is never divided. */
  readonly shares: number
}

/** Counts a set's rows by class, in one pass. */
export interface ClassCounter {
  add(row: Pick<GeneralRow, 'key' | 'sensitive'>): void
  /** @returns undefined where there are more than `MAX_CLASSES`. */
  conclude(rowsOfShare: number): Release | undefined
}

export function createClassCounter({ k, l = 1, columns }: AnonymityRules): ClassCounter {
  const counts = new Map<string, ClassCount>()
  // Every class has one value of each: that need not be counted.
  const sensitives = l === 1 ? 0 : Object.values(columns).filter(({ is }) => is === 'sensitive').length
  let rows = 0
  const holds = ({ rows: own, values }: ClassCount) => own >= k && values.every(({ size }) => size >= l)
  return {
    add({ key, sensitive }) {
      rows += 1
      let count = counts.get(key)
      if (count === undefined) {
        // One more than allowed says enough.
        if (counts.size > MAX_CLASSES) return
        count = { rows: 0, values: Array.from({ length: sensitives }, () => new Set<Cell>()) }
        counts.set(key, count)
      }
      count.rows += 1
      for (const [place, values] of count.values.entries())
        if (values.size < l) values.add(sensitive[place] ?? null)
    },
    conclude(rowsOfShare) {
      if (counts.size > MAX_CLASSES) return undefined
      const shares = new Map<string, number>()
      let share = 0
      let inShare = 0
      let released = 0
      // In the order of their text: nothing is left of the source's.
      for (const key of [...counts.keys()].sort()) {
        const count = counts.get(key)
        if (count === undefined || !holds(count)) continue
        if (inShare > 0 && inShare + count.rows > rowsOfShare) {
          share += 1
          inShare = 0
        }
        inShare += count.rows
        released += count.rows
        shares.set(key, share)
      }
      return {
        classes: shares.size,
        released,
        suppressed: rows - released,
        shareOf: (key) => shares.get(key),
        shares: shares.size === 0 ? 0 : share + 1,
      }
    },
  }
}

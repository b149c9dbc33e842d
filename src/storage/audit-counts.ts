import type pg from 'pg'
import type { AuditConditions, AuditCount, Dimension } from '../reporting/audit-query.ts'
import {
  branchConditions,
  columnConditions,
  createParameters,
  idsFrom,
  idsUntil,
  type Parameters,
  recordConditions,
} from './audit-conditions.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Vietnam's days begin at 17:00 UTC. */
const ZONE_MS = 7 * HOUR_MS

type Grain = 'month' | 'day' | 'hour' | 'record'

/** A dimension of time as rows of each grain have it; undefined where they can't tell. */
const TIME: Readonly<Record<'day' | 'hour', Readonly<Record<Grain, string | undefined>>>> = {
  day: {
    month: undefined,
    day: 'day',
    hour: "(hour AT TIME ZONE 'Asia/Ho_Chi_Minh')::date",
    record: "(received AT TIME ZONE 'Asia/Ho_Chi_Minh')::date",
  },
  hour: {
    month: undefined,
    day: undefined,
    hour: 'hour',
    record: "date_trunc('hour', received, 'UTC')",
  },
}

function expressionOf(dimension: Dimension, grain: Grain): string {
  return dimension === 'day' || dimension === 'hour' ? (TIME[dimension][grain] ?? '') : dimension
}

/** A group's value as text: written once for each group, not for each row of it. */
function textOf(dimension: Dimension, column: string): string {
  if (dimension === 'day') return `${column}::text`
  return dimension === 'hour' ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')` : column
}

interface Source {
  readonly grain: Grain
  readonly table: string
  readonly conditions: readonly string[]
}

interface Segment {
  readonly grain: Grain
  readonly fromMs: number
  readonly untilMs: number
}

/** @returns the first instants of Vietnam's months at or after one instant and at or before the other. */
function monthCuts(fromMs: number, untilMs: number): { readonly first: number; readonly last: number } {
  const start = (ms: number, later: number) => {
    if (!Number.isFinite(ms)) return ms
    const local = new Date(ms + ZONE_MS)
    return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + later) - ZONE_MS
  }
  const from = start(fromMs, 0)
  return { first: from < fromMs ? start(fromMs, 1) : from, last: start(untilMs, 0) }
}

/**
 * A span cut so that what is whole comes from the coarsest counts that can tell it: months (where `coarsest` says
 * so), days, hours; the rest is counted.
 */
export function cutSpan(
  fromMs: number,
  untilMs: number,
  { finest, coarsest }: { readonly finest: 'day' | 'hour'; readonly coarsest: 'month' | 'day' },
): readonly Segment[] {
  const cuts = (unit: number, shift: number) => ({
    first: Math.ceil((fromMs + shift) / unit) * unit - shift,
    last: Math.floor((untilMs + shift) / unit) * unit - shift,
  })
  const hours = cuts(HOUR_MS, 0)
  const segments: Segment[] = []
  const add = (grain: Grain, from: number, until: number) => {
    if (from < until) segments.push({ grain, fromMs: from, untilMs: until })
  }
  if (hours.first >= hours.last) {
    add('record', fromMs, untilMs)
    return segments
  }
  add('record', fromMs, hours.first)
  const days = cuts(DAY_MS, ZONE_MS)
  if (finest === 'hour' || days.first >= days.last) add('hour', hours.first, hours.last)
  else {
    const months = monthCuts(days.first, days.last)
    add('hour', hours.first, days.first)
    if (coarsest === 'day' || months.first >= months.last) add('day', days.first, days.last)
    else {
      add('day', days.first, months.first)
      add('month', months.first, months.last)
      add('day', months.last, days.last)
    }
    add('hour', days.last, hours.last)
  }
  add('record', hours.last, untilMs)
  return segments
}

function dateOf(ms: number): Date | undefined {
  return Number.isFinite(ms) ? new Date(ms) : undefined
}

const COUNTED = '(SELECT counted FROM rollup_progress)'
/**
 * What the job has not counted yet. Bounded on both sides though the log ends there anyway: of a range the planner
 * expects little and takes the index; of all that comes after a number it expects a third of the table, and reads it.
 */
export const UNCOUNTED = `leaf_index >= ${COUNTED} AND leaf_index < (SELECT size FROM ledger_head)`

function partyCondition({ parties }: AuditConditions, parameters: Parameters): string[] {
  if (parties === undefined) return []
  const value = parameters.add(parties)
  return [`(consumer = ANY (${value}) OR provider = ANY (${value}))`]
}

/** Which counts can tell what is asked: those by service alone, those of months, or only those with everything. */
function breadthOf(
  conditions: AuditConditions,
  by: readonly Dimension[],
): { readonly months: boolean; readonly totals: boolean } {
  const { consumer, provider, operation, code, agreement, purpose, parties } = conditions
  const only = (...dimensions: readonly Dimension[]) => by.every((each) => dimensions.includes(each))
  const named = [consumer, provider, operation, code, agreement, purpose, parties]
  return {
    months:
      agreement === undefined &&
      purpose === undefined &&
      only('consumer', 'provider', 'service', 'operation', 'outcome', 'code'),
    totals: named.every((each) => each === undefined) && only('day', 'hour', 'service', 'outcome'),
  }
}

function segmentSource(segment: Segment, totals: boolean, parameters: Parameters): Source {
  const { grain } = segment
  const from = dateOf(segment.fromMs)
  const until = dateOf(segment.untilMs)
  if (grain === 'record') {
    const ids = [...idsFrom(parameters, from), ...idsUntil(parameters, until)]
    return { grain, table: 'countable_record', conditions: [...ids, `leaf_index < ${COUNTED}`] }
  }
  const place = (date: Date) =>
    grain === 'hour'
      ? parameters.add(date)
      : `(${parameters.add(date)}::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date`
  return {
    grain,
    table: `exchange_${grain}${totals && grain !== 'month' ? '_total' : ''}`,
    conditions: [
      ...(from ? [`${grain} >= ${place(from)}`] : []),
      ...(until ? [`${grain} < ${place(until)}`] : []),
    ],
  }
}

function rollupSources(
  conditions: AuditConditions,
  by: readonly Dimension[],
  parameters: Parameters,
): Source[] {
  const fromMs = conditions.since?.getTime() ?? Number.NEGATIVE_INFINITY
  const untilMs = conditions.until?.getTime() ?? Number.POSITIVE_INFINITY
  const { months, totals } = breadthOf(conditions, by)
  const segments = cutSpan(fromMs, untilMs, {
    finest: by.includes('hour') ? 'hour' : 'day',
    // Totals of days are fewer rows than months with all their pairs.
    coarsest: months && !totals ? 'month' : 'day',
  })
  const ids = [...idsFrom(parameters, conditions.since), ...idsUntil(parameters, conditions.until)]
  const tail: Source = {
    grain: 'record',
    table: 'countable_record',
    conditions: [...ids, UNCOUNTED],
  }
  return [...segments.map((segment) => segmentSource(segment, totals, parameters)), tail]
}

/** One statement, so one snapshot: what the job has not counted yet is counted from the records. */
export function countStatement(
  conditions: AuditConditions,
  by: readonly Dimension[],
): { readonly text: string; readonly values: readonly unknown[] } {
  const parameters = createParameters()
  const { tagged, exchange, leaves, treeSize } = conditions
  const counted = [tagged, exchange, leaves, treeSize].every((each) => each === undefined)
  const shared = counted
    ? [...columnConditions(conditions, parameters), ...partyCondition(conditions, parameters)]
    : recordConditions(conditions, parameters)
  const sources: readonly Source[] = counted
    ? rollupSources(conditions, by, parameters)
    : branchConditions({ tagged }, parameters).map((branch) => ({
        grain: 'record',
        table: 'countable_record',
        conditions: [...branch, ...partyCondition(conditions, parameters)],
      }))
  const texts = sources.map(({ grain, table, conditions: own }) => {
    const where = [...shared, ...own]
    const columns = by.map((dimension, place) => `${expressionOf(dimension, grain)} AS d${place}, `).join('')
    const groups = by.map((_, place) => place + 1)
    return `SELECT ${columns}${grain === 'record' ? 'count(*)' : 'sum(count)'}::bigint AS n FROM ${table}
      ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
      ${groups.length > 0 ? `GROUP BY ${groups.join(', ')}` : ''}`
  })
  const columns = by.map((_, place) => `d${place}`)
  const shown = by.map((dimension, place) => `${textOf(dimension, `d${place}`)} AS d${place}, `)
  const groups =
    columns.length > 0 ? `GROUP BY ${columns.join(', ')} ORDER BY n DESC, ${columns.join(', ')}` : ''
  const all = texts.length > 0 ? texts.join('\nUNION ALL\n') : 'SELECT 0::bigint AS n WHERE false'
  return {
    text: `SELECT ${shown.join('')}coalesce(sum(n), 0)::bigint AS n FROM (${all}) AS parts ${groups}`,
    values: parameters.values,
  }
}

export async function countExchanges(
  pool: pg.Pool,
  conditions: AuditConditions,
  by: readonly Dimension[],
): Promise<readonly AuditCount[]> {
  const { text, values } = countStatement(conditions, by)
  const { rows } = await pool.query<Record<string, string | number>>(text, [...values])
  return rows.map((row) => ({
    values: by.map((_, place) => String(row[`d${place}`])),
    count: Number(row['n']),
  }))
}

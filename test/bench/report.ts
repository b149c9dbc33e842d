import type { Reading } from './measure.ts'
import { CEILING } from './rows.ts'

/** A row's line: medians over the rounds; of resident memory and of others' share the largest. */
export interface ReportRow {
  readonly name: string
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number | null
  readonly rssMb: number | null
  /** Median of the ratios to the ceiling within the same round; `null` where the ceiling was not measured. */
  readonly ratio: number | null
  readonly databaseCpuUs: number | null
  readonly busy: number | null
  readonly others: number | null
  readonly p50OneMs: number | null
  readonly p99HalfMs: number | null
}

/** One of the speeds the gateway is to reach. */
export interface Target {
  readonly title: string
  readonly value: number
  readonly goal: string
  readonly reached: boolean
}

/** The readings of each row, one a round; a row that was left out has none. */
export type Readings = ReadonlyMap<string, readonly Reading[]>

/** The table's lines, in the order of the readings. */
export function summarise(readings: Readings): readonly ReportRow[] {
  return [...readings].flatMap(([name, rounds]) => {
    const middle = (member: keyof Reading) => median(rounds.map((reading) => reading[member]))
    const rps = middle('rps')
    const p50Ms = middle('p50Ms')
    const p99Ms = middle('p99Ms')
    if (rps === null || p50Ms === null || p99Ms === null) return []
    return [
      {
        name,
        rps,
        p50Ms,
        p99Ms,
        cpuUs: middle('cpuUs'),
        rssMb: largest(rounds.map((reading) => reading.rssMb)),
        ratio: ratioOf(readings, name, CEILING),
        databaseCpuUs: middle('databaseCpuUs'),
        busy: middle('busy'),
        others: largest(rounds.map((reading) => reading.others)),
        p50OneMs: middle('p50OneMs'),
        p99HalfMs: middle('p99HalfMs'),
      },
    ]
  })
}

/** What the gateway is to reach, as far as the rows for it were measured. */
export function judgeTargets(readings: Readings): readonly Target[] {
  const rows = new Map(summarise(readings).map((row) => [row.name, row]))
  const gateway = rows.get('gateway')
  const ceiling = rows.get(CEILING)
  if (gateway === undefined) return []
  const alone =
    gateway.p50OneMs !== null && ceiling?.p50OneMs != null ? gateway.p50OneMs - ceiling.p50OneMs : null
  return [
    ...atLeast('req/s to ceiling', ratioOf(readings, 'gateway', CEILING), 0.36),
    ...atLeast('req/s to express-axios', ratioOf(readings, 'gateway', 'express-axios'), 3),
    ...atLeast('req/s to fastify-jwt', ratioOf(readings, 'gateway', 'fastify-jwt'), 1),
    ...atLeast('req/s to haproxy-es256', ratioOf(readings, 'gateway', 'haproxy-es256'), 0.7),
    ...atMost('p50 alone, ms above ceiling', alone, 0.5),
    ...atMost('p99 at half of saturation, ms', gateway.p99HalfMs, 10),
    ...atMost('p99 to p50 at saturation', gateway.p99Ms / gateway.p50Ms, 3),
    ...atMost('resident memory, MB', gateway.rssMb, 250),
  ]
}

/** The table as aligned text. */
export function renderRows(rows: readonly ReportRow[]): string {
  const head = [
    '',
    'req/s',
    'p50 ms',
    'p99 ms',
    'CPU µs',
    'DB µs',
    'core',
    'others',
    'RSS MB',
    'ratio',
    'p50 one',
    'p99 half',
  ]
  const lines = rows.map((row) => [
    row.name,
    figure(row.rps, 0),
    figure(row.p50Ms, 2),
    figure(row.p99Ms, 2),
    figure(row.cpuUs, 1),
    figure(row.databaseCpuUs, 1),
    percent(row.busy),
    percent(row.others),
    figure(row.rssMb, 0),
    figure(row.ratio, 3),
    figure(row.p50OneMs, 2),
    figure(row.p99HalfMs, 2),
  ])
  return aligned([head, ...lines])
}

/** The targets as aligned text. */
export function renderTargets(targets: readonly Target[]): string {
  const lines = targets.map(({ title, value, goal, reached }) => [
    title,
    figure(value, 2),
    goal,
    reached ? 'reached' : 'MISSED',
  ])
  return aligned(lines)
}

function atLeast(title: string, value: number | null, goal: number): readonly Target[] {
  return value === null ? [] : [{ title, value, goal: `≥ ${goal}`, reached: value >= goal }]
}

function atMost(title: string, value: number | null, goal: number): readonly Target[] {
  return value === null ? [] : [{ title, value, goal: `≤ ${goal}`, reached: value <= goal }]
}

/** Two rows are compared round by round, since the machine's speed drifts from one to the next. */
function ratioOf(readings: Readings, name: string, other: string): number | null {
  const others = readings.get(other) ?? []
  return median(
    (readings.get(name) ?? []).map((reading, round) => {
      const base = others[round]
      return base === undefined ? null : reading.rps / base.rps
    }),
  )
}

function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

function figure(value: number | null, digits: number): string {
  if (value === null) return '–'
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function percent(share: number | null): string {
  return share === null ? '–' : `${figure(share * 100, 0)}%`
}

/** First column to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join('  ')).join('\n')
}

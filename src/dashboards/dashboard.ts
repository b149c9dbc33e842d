import type { Bilingual } from '../model/identifier.ts'

/** One query of a panel. */
export interface Query {
  readonly expr: string
  readonly legend: string
  /** Only the value at the end of the time shown. */
  readonly instant?: true
  /** Points that lead to a trace. */
  readonly exemplars?: true
}

/** One panel: a title people read, and what it shows. */
export interface Panel {
  readonly title: Bilingual
  readonly kind: 'stat' | 'timeseries' | 'table' | 'heatmap' | 'bargauge'
  /** A unit of Grafana's, e.g. `s`, `short`, `percentunit`. */
  readonly unit: string
  readonly queries: readonly Query[]
  /** Of 24 columns; 12 where absent. */
  readonly width?: number
  /** Values from which it turns yellow, then red. */
  readonly thresholds?: readonly [warning: number, critical: number]
  readonly stacked?: true
}

export interface Row {
  readonly title: Bilingual
  readonly panels: readonly Panel[]
}

/** A dashboard as data; `build.ts` makes Grafana's form of it. */
export interface Dashboard {
  readonly uid: string
  readonly title: Bilingual
  readonly description: Bilingual
  readonly rows: readonly Row[]
  /** Variables beside those of every dashboard: each a label of `lienthong_transactions_total`. */
  readonly variables?: readonly ('consumer' | 'provider' | 'service')[]
}

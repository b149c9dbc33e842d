import type { Bilingual } from '../../model/identifier.ts'
import type { Column, Form } from '../form.ts'
import type { Names } from '../names.ts'
import type { FreshnessRow } from '../quality.ts'

/** A data set with what its contract promises, in seconds. */
export interface DatasetFreshness extends FreshnessRow {
  readonly withinSeconds: number | undefined
  readonly silentAfterSeconds: number | undefined
}

const COLUMNS: readonly Column[] = [
  { id: 'service', title: { vi: 'Bộ dữ liệu', en: 'Data set' }, kind: 'name' },
  { id: 'type', title: { vi: 'Loại sự kiện', en: 'Type of event' }, kind: 'code' },
  { id: 'newest', title: { vi: 'Sự kiện mới nhất', en: 'Newest event' }, kind: 'instant' },
  { id: 'state', title: { vi: 'Tình trạng', en: 'State' }, kind: 'text' },
  { id: 'events', title: { vi: 'Sự kiện', en: 'Events' }, kind: 'count' },
  {
    id: 'publishedP50',
    title: { vi: 'Công bố p50 (giây)', en: 'Published p50 (s)' },
    kind: 'seconds',
    fileOnly: true,
  },
  { id: 'publishedP95', title: { vi: 'Công bố p95 (giây)', en: 'Published p95 (s)' }, kind: 'seconds' },
  { id: 'deliveries', title: { vi: 'Lượt giao', en: 'Deliveries' }, kind: 'count' },
  {
    id: 'deliveredP50',
    title: { vi: 'Giao p50 (giây)', en: 'Delivered p50 (s)' },
    kind: 'seconds',
    fileOnly: true,
  },
  { id: 'deliveredP95', title: { vi: 'Giao p95 (giây)', en: 'Delivered p95 (s)' }, kind: 'seconds' },
  { id: 'within', title: { vi: 'Hạn giao (giây)', en: 'Promised (s)' }, kind: 'whole' },
  { id: 'late', title: { vi: 'Trễ', en: 'Late' }, kind: 'count' },
]

const STATES = {
  silent: { vi: 'Im quá hạn', en: 'Silent for too long' },
  fresh: { vi: 'Trong hạn', en: 'As promised' },
  unpromised: { vi: 'Không hẹn nhịp', en: 'No rhythm promised' },
} as const satisfies Readonly<Record<string, Bilingual>>

/** Whether a data set is silent for longer than its contract allows; undefined where it says nothing. */
export function isSilent(
  { newestMs, silentAfterSeconds }: DatasetFreshness,
  nowMs: number,
): boolean | undefined {
  return silentAfterSeconds === undefined ? undefined : nowMs - newestMs > silentAfterSeconds * 1000
}

const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000)

/** How long events took from when they happened, by data set. */
export function freshnessForm(datasets: readonly DatasetFreshness[], names: Names, nowMs: number): Form {
  return {
    id: 'freshness',
    columns: COLUMNS,
    rows: datasets.map((each) => {
      const silent = isSilent(each, nowMs)
      return [
        names.service(each.service),
        each.type,
        each.newestMs,
        STATES[silent === undefined ? 'unpromised' : silent ? 'silent' : 'fresh'],
        each.events,
        seconds(each.publishedP50),
        seconds(each.publishedP95),
        each.deliveries,
        seconds(each.deliveredP50),
        seconds(each.deliveredP95),
        each.withinSeconds,
        each.late,
      ]
    }),
    notes: [],
    suppressed: false,
    facts: {},
  }
}

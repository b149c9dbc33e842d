import type { AuditCount } from '../audit-query.ts'
import type { Column, Form } from '../form.ts'
import { growthOf, INDEX_INPUTS } from '../kpi.ts'

const COLUMNS: readonly Column[] = [
  { id: 'input', title: { vi: 'Đầu vào', en: 'Input' }, kind: 'name' },
  { id: 'group', title: { vi: 'Nhóm chỉ số', en: 'Group of the index' }, kind: 'text' },
  { id: 'points', title: { vi: 'Điểm tối đa của nhóm', en: 'Most points of the group' }, kind: 'text' },
  { id: 'delivered', title: { vi: 'Được trả', en: 'Delivered' }, kind: 'count' },
  { id: 'failed', title: { vi: 'Không thành', en: 'Failed' }, kind: 'count' },
  { id: 'share', title: { vi: 'Tỷ lệ', en: 'Share' }, kind: 'share' },
  { id: 'base', title: { vi: 'Cùng kỳ', en: 'Same period' }, kind: 'count' },
  { id: 'growth', title: { vi: 'Tăng, giảm', en: 'Growth' }, kind: 'growth' },
  {
    id: 'purposes',
    title: { vi: 'Mục đích được tính', en: 'Purposes that count' },
    kind: 'code',
    fileOnly: true,
  },
]

/** Counts by purpose and outcome, of the days of a period that are over and of the same days a year before. */
export interface PurposeCounts {
  readonly closed: readonly AuditCount[]
  readonly base: readonly AuditCount[]
  readonly covered: boolean
}

function countOf(counts: readonly AuditCount[], purposes: readonly string[], isDelivered: boolean): number {
  return counts.reduce((sum, { values: [purpose = '', outcome], count }) => {
    const fits = isDelivered ? outcome === 'delivered' : outcome === 'failed' || outcome === 'interrupted'
    return fits && purposes.includes(purpose) ? sum + count : sum
  }, 0)
}

/** What a gateway can say for the index of Decision 766/QĐ-TTg. */
export function indexForm({ closed, base, covered }: PurposeCounts): Form {
  return {
    id: 'index',
    columns: COLUMNS,
    rows: INDEX_INPUTS.map(({ title, group, points, purposes, isConfirmed }) => {
      const mark = isConfirmed ? '' : ' (?)'
      const head = [{ vi: title.vi + mark, en: title.en + mark }, group, String(points)]
      if (purposes.length === 0) return [...head, ...Array(6).fill(undefined)]
      const delivered = countOf(closed, purposes, true)
      const failed = countOf(closed, purposes, false)
      const before = countOf(base, purposes, true)
      return [
        ...head,
        delivered,
        failed,
        delivered + failed === 0 ? undefined : delivered / (delivered + failed),
        before,
        growthOf(delivered, before, covered),
        purposes.join(' '),
      ]
    }),
    notes: [],
    suppressed: false,
    facts: {},
  }
}

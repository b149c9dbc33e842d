import type { LegalBasis } from '../../model/agreement.ts'
import type { Bilingual } from '../../model/identifier.ts'
import type { ServiceIndex } from '../../model/service-index.ts'
import type { AuditCount } from '../audit-query.ts'
import type { Column, Form } from '../form.ts'
import { dayText } from '../format.ts'
import { growthOf } from '../kpi.ts'

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

/** An index with the text that sets it. */
export interface IndexGround {
  readonly index: ServiceIndex
  readonly legalBasis: LegalBasis | undefined
}

const NO_INDEX: Bilingual = {
  vi: 'Ngày cuối của kỳ này không có bộ chỉ số nào có hiệu lực trong danh bạ (ServiceIndex).',
  en: 'No index was in force in the registry on the last day of this period (ServiceIndex).',
}

/** What sets the index, and from when to when. */
function groundNote({ index: { title, validity }, legalBasis }: IndexGround): Bilingual {
  const text = legalBasis === undefined ? '' : ` (${legalBasis.text})`
  const from = dayText(validity.from)
  const until = validity.until && dayText(validity.until)
  return {
    vi: `${title.vi}${text}, áp dụng từ ${from}${until ? ` đến ${until}` : ''}.`,
    en: `${title.en}${text}, in force from ${from}${until ? ` to ${until}` : ''}.`,
  }
}

/** @param ground what was in force on the last day of the period; none where nothing was. */
export function indexForm(ground: IndexGround | undefined, { closed, base, covered }: PurposeCounts): Form {
  return {
    id: 'index',
    columns: COLUMNS,
    rows: (ground?.index.inputs ?? []).map(({ title, group, points, purposes, unverified = false }) => {
      const mark = unverified ? ' (?)' : ''
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
    notes: [ground === undefined ? NO_INDEX : groundNote(ground)],
    suppressed: false,
    facts: { index: ground?.index.id ?? null },
  }
}

import {
  type AgreedConnection,
  CONNECTION_STATES,
  type ConnectionState,
  lastUseOf,
  stateOf,
} from '../connections.ts'
import type { Column, Form } from '../form.ts'
import { UNUSED_DAYS } from '../kpi.ts'
import type { Names } from '../names.ts'

const COLUMNS: readonly Column[] = [
  { id: 'consumer', title: { vi: 'Bên khai thác', en: 'Consumer' }, kind: 'name' },
  { id: 'service', title: { vi: 'Dịch vụ', en: 'Service' }, kind: 'name' },
  { id: 'agreement', title: { vi: 'Thỏa thuận', en: 'Agreement' }, kind: 'code' },
  { id: 'state', title: { vi: 'Trạng thái', en: 'State' }, kind: 'text' },
  { id: 'lastUse', title: { vi: 'Dùng gần nhất', en: 'Last use' }, kind: 'day' },
  { id: 'delivered', title: { vi: 'Đã trả', en: 'Delivered' }, kind: 'count' },
  { id: 'until', title: { vi: 'Hết hạn', en: 'Ends' }, kind: 'day' },
]

const agencyOf = (subsystem: string) => subsystem.split('/')[0] ?? ''

/** Agencies by services: the state of each pair that an agreement opens, and its last use. */
function matrixOf(connections: readonly AgreedConnection[]) {
  const cells = Map.groupBy(connections, ({ consumer, service }) => `${agencyOf(consumer)} ${service}`)
  return [...cells].map(([key, own]) => {
    const [agency = '', service = ''] = key.split(' ')
    return { agency, service, state: stateOf(own), lastUse: lastUseOf(own) }
  })
}

export function connectionForm(connections: readonly AgreedConnection[], names: Names): Form {
  const states = Map.groupBy(connections, (each) => stateOf([each]))
  const counts = Object.fromEntries(
    (Object.keys(CONNECTION_STATES) as ConnectionState[]).map((state) => [
      state,
      states.get(state)?.length ?? 0,
    ]),
  )
  const unused = connections.filter((each) => each.unused).length
  const ending = connections.filter((each) => each.ending).length
  return {
    id: 'connections',
    columns: COLUMNS,
    rows: connections.map((each) => [
      names.subsystem(each.consumer),
      names.service(each.service),
      each.agreement,
      CONNECTION_STATES[stateOf([each])],
      each.use?.lastDelivered,
      each.use?.delivered ?? 0,
      each.until,
    ]),
    notes: [
      {
        vi: `${connections.length} kết nối: ${counts['used']} đang dùng, ${counts['never']} chưa dùng, ${counts['suspended']} tạm dừng; ${unused} không dùng từ ${UNUSED_DAYS} ngày, ${ending} sắp hết hạn.`,
        en: `${connections.length} connections: ${counts['used']} in use, ${counts['never']} never used, ${counts['suspended']} suspended; ${unused} unused for ${UNUSED_DAYS} days, ${ending} ending soon.`,
      },
    ],
    suppressed: false,
    facts: {
      counts: { ...counts, unusedFor90Days: unused, endingSoon: ending },
      matrix: matrixOf(connections),
    },
  }
}

import type { Dashboard } from './dashboard.ts'
import { increase, rate } from './promql.ts'

const OF = 'consumer=~"$consumer",provider=~"$provider"'

export const AGENCIES: Dashboard = {
  uid: 'lienthong-agencies',
  title: { vi: 'Liên Thông · Cơ quan', en: 'Agencies' },
  description: { vi: 'Ai hỏi ai, bao nhiêu.', en: 'Who asks whom, and how much.' },
  variables: ['consumer', 'provider'],
  rows: [
    {
      title: { vi: 'Ma trận', en: 'Matrix' },
      panels: [
        {
          title: { vi: 'Bên khai thác × bên cung cấp', en: 'Consumers × providers' },
          kind: 'table',
          unit: 'short',
          width: 24,
          queries: [
            {
              expr: `${increase('lienthong_transactions_total', 'consumer, provider', OF)} > 0`,
              legend: '',
              instant: true,
            },
          ],
        },
        {
          title: { vi: 'Hỏi nhiều nhất', en: 'Who asks most' },
          kind: 'bargauge',
          unit: 'short',
          queries: [
            {
              expr: `topk(10, ${increase('lienthong_transactions_total', 'consumer', OF)})`,
              legend: '{{consumer}}',
              instant: true,
            },
          ],
        },
        {
          title: { vi: 'Được hỏi nhiều nhất', en: 'Who is asked most' },
          kind: 'bargauge',
          unit: 'short',
          queries: [
            {
              expr: `topk(10, ${increase('lienthong_transactions_total', 'provider', OF)})`,
              legend: '{{provider}}',
              instant: true,
            },
          ],
        },
      ],
    },
    {
      title: { vi: 'Theo thời gian', en: 'Over time' },
      panels: [
        {
          title: { vi: 'Giao dịch theo bên khai thác', en: 'Exchanges by consumer' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_transactions_total', 'consumer', OF), legend: '{{consumer}}' }],
        },
        {
          title: { vi: 'Bị từ chối theo bên khai thác', en: 'Refused, by consumer' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: rate('lienthong_transactions_total', 'consumer', `${OF},outcome="refused"`),
              legend: '{{consumer}}',
            },
          ],
        },
        {
          title: { vi: 'Xét hạn mức', en: 'Decisions on quotas' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_quota_decisions_total', 'decision'), legend: '{{decision}}' }],
        },
        {
          title: { vi: 'Xác thực', en: 'Authentications' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_authentication_total', 'result'), legend: '{{result}}' }],
        },
      ],
    },
  ],
}

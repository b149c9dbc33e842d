import type { Dashboard } from './dashboard.ts'
import { increase, quantile, rate, select, share } from './promql.ts'

const FAILED = rate('lienthong_transactions_total', '', 'outcome=~"failed|interrupted"')
const ALL = rate('lienthong_transactions_total')

export const OVERVIEW: Dashboard = {
  uid: 'lienthong-overview',
  title: { vi: 'Liên Thông · Tổng quan', en: 'Overview' },
  description: { vi: 'Cổng có chạy tốt không, ngay bây giờ.', en: 'Is the gateway well, right now.' },
  rows: [
    {
      title: { vi: 'Bây giờ', en: 'Now' },
      panels: [
        {
          title: { vi: 'Giao dịch mỗi giây', en: 'Exchanges a second' },
          kind: 'stat',
          unit: 'ops',
          width: 4,
          queries: [{ expr: ALL, legend: '' }],
        },
        {
          title: { vi: 'Tỷ lệ trả được', en: 'Delivered' },
          kind: 'stat',
          unit: 'percentunit',
          width: 4,
          queries: [
            { expr: share(rate('lienthong_transactions_total', '', 'outcome="delivered"'), ALL), legend: '' },
          ],
        },
        {
          title: { vi: 'Riêng cổng, p95', en: "The gateway's own time, p95" },
          kind: 'stat',
          unit: 's',
          width: 4,
          thresholds: [0.05, 0.25],
          queries: [{ expr: quantile(0.95, 'lienthong_overhead_seconds'), legend: '' }],
        },
        {
          title: { vi: 'Bên cung cấp, p95', en: "Providers' time, p95" },
          kind: 'stat',
          unit: 's',
          width: 4,
          thresholds: [1, 5],
          queries: [{ expr: quantile(0.95, 'http_client_request_duration_seconds'), legend: '' }],
        },
        {
          title: { vi: 'Cầu dao đang mở', en: 'Open breakers' },
          kind: 'stat',
          unit: 'none',
          width: 4,
          thresholds: [1, 3],
          queries: [
            { expr: `sum(${select('lienthong_breaker_state', 'state=~"open|half_open"')})`, legend: '' },
          ],
        },
        {
          title: { vi: 'Bản ghi chưa vào điểm kiểm', en: 'Records not yet in a checkpoint' },
          kind: 'stat',
          unit: 'none',
          width: 4,
          thresholds: [10_000, 100_000],
          queries: [
            {
              expr: `max(${select('lienthong_ledger_size')}) - max(${select('lienthong_log_signed_size')})`,
              legend: '',
            },
          ],
        },
      ],
    },
    {
      title: { vi: 'Theo thời gian', en: 'Over time' },
      panels: [
        {
          title: { vi: 'Giao dịch theo kết quả', en: 'Exchanges by outcome' },
          kind: 'timeseries',
          unit: 'ops',
          stacked: true,
          queries: [{ expr: rate('lienthong_transactions_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: { vi: 'Thời gian riêng của cổng', en: "The gateway's own time" },
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((q) => ({
            expr: quantile(q, 'lienthong_overhead_seconds'),
            legend: `p${q * 100}`,
            exemplars: true as const,
          })),
        },
        {
          title: { vi: 'Lỗi theo mã', en: 'Errors by code' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: `${rate('lienthong_refusals_total', 'code')} > 0 or vector(0)`, legend: '{{code}}' },
          ],
        },
        {
          title: { vi: 'Cầu dao theo bên cung cấp', en: 'Breakers by provider' },
          kind: 'table',
          unit: 'none',
          queries: [
            {
              expr: `sum by (provider, state) (${select('lienthong_breaker_state')}) > 0`,
              legend: '',
              instant: true,
            },
          ],
        },
        {
          title: { vi: 'Trong khoảng đang xem', en: 'In the time shown' },
          kind: 'bargauge',
          unit: 'short',
          queries: [
            {
              expr: increase('lienthong_transactions_total', 'outcome'),
              legend: '{{outcome}}',
              instant: true,
            },
          ],
        },
        {
          title: { vi: 'Tỷ lệ không được', en: 'Share that failed' },
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [{ expr: share(FAILED, ALL), legend: 'failed' }],
        },
      ],
    },
  ],
}

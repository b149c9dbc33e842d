import type { Dashboard } from './dashboard.ts'
import { quantile, rate, select } from './promql.ts'

const INSTANCE = '{{instance}}'

export const SATURATION: Dashboard = {
  uid: 'lienthong-saturation',
  title: { vi: 'Liên Thông · Tải của máy', en: 'Saturation' },
  description: {
    vi: 'Máy và tiến trình còn sức đến đâu.',
    en: 'How much room the machine and its processes have.',
  },
  rows: [
    {
      title: { vi: 'Tiến trình', en: 'Process' },
      panels: [
        {
          title: { vi: 'CPU', en: 'CPU' },
          kind: 'timeseries',
          unit: 'short',
          queries: [{ expr: rate('process_cpu_seconds_total', 'instance'), legend: INSTANCE }],
        },
        {
          title: { vi: 'Trễ của vòng sự kiện', en: 'Event-loop delay' },
          kind: 'timeseries',
          unit: 's',
          queries: [
            { expr: select('nodejs_eventloop_lag_p99_seconds'), legend: `p99 ${INSTANCE}` },
            { expr: select('nodejs_eventloop_lag_max_seconds'), legend: `max ${INSTANCE}` },
          ],
        },
        {
          title: { vi: 'Bộ nhớ', en: 'Memory' },
          kind: 'timeseries',
          unit: 'bytes',
          queries: [
            { expr: select('process_resident_memory_bytes'), legend: `RSS ${INSTANCE}` },
            { expr: select('nodejs_heap_size_used_bytes'), legend: `heap ${INSTANCE}` },
          ],
        },
        {
          title: { vi: 'Dọn bộ nhớ, p99', en: 'Garbage collection, p99' },
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'nodejs_gc_duration_seconds', 'kind'), legend: '{{kind}}' }],
        },
        {
          title: { vi: 'Tệp và kết nối đang mở', en: 'Open files and connections' },
          kind: 'timeseries',
          unit: 'none',
          queries: [{ expr: select('process_open_fds'), legend: INSTANCE }],
        },
        {
          title: { vi: 'Kết nối bị cắt', en: 'Connections cut' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_connections_cut_total', 'reason'), legend: '{{reason}}' }],
        },
        {
          title: { vi: 'Giao dịch đang thực hiện', en: 'Exchanges under way' },
          kind: 'timeseries',
          unit: 'none',
          queries: [
            { expr: `sum by (instance) (${select('lienthong_exchanges_in_flight')})`, legend: INSTANCE },
          ],
        },
        {
          title: { vi: 'Chuỗi chỉ số tràn, dòng nhật ký bỏ', en: 'Series overflowed, log lines dropped' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: rate('lienthong_metrics_series_overflow_total', 'metric'), legend: '{{metric}}' },
            { expr: rate('lienthong_log_lines_dropped_total'), legend: 'log lines' },
          ],
        },
      ],
    },
  ],
}

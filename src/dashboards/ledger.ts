import type { Dashboard } from './dashboard.ts'
import { quantile, rate, select } from './promql.ts'
import { SLOS } from './slo.ts'

const PERIOD = 'slo:period_error_budget_remaining:ratio'

export const LEDGER: Dashboard = {
  uid: 'lienthong-ledger',
  title: { vi: 'Liên Thông · Sổ giao dịch và mục tiêu dịch vụ', en: 'Ledger and service levels' },
  description: {
    vi: 'Bản ghi có bền vững và được ký kịp thời không; còn bao nhiêu hạn mức lỗi.',
    en: 'Are records durable and signed in time; how much error budget is left.',
  },
  rows: [
    {
      title: { vi: 'Sổ giao dịch', en: 'Ledger' },
      panels: [
        {
          title: { vi: 'Bản ghi mỗi giây', en: 'Records a second' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_ledger_records_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: { vi: 'Ghi bền vững một lô', en: 'Making a batch durable' },
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.99].map((q) => ({
            expr: quantile(q, 'lienthong_ledger_append_seconds'),
            legend: `p${q * 100}`,
          })),
        },
        {
          title: { vi: 'Đang chờ ghi', en: 'Waiting to be written' },
          kind: 'timeseries',
          unit: 'none',
          queries: [{ expr: `sum(${select('lienthong_ledger_queue_records')})`, legend: 'records' }],
        },
        {
          title: { vi: 'Tuổi điểm kiểm', en: 'Age of the checkpoint' },
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: `time() - max(${select('lienthong_log_last_checkpoint_timestamp_seconds')})`,
              legend: 'checkpoint',
            },
            {
              expr: `time() - max(${select('lienthong_ledger_last_durable_timestamp_seconds')})`,
              legend: 'record',
            },
          ],
        },
        {
          title: { vi: 'Số bản ghi', en: 'Records in the ledger' },
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: `max(${select('lienthong_ledger_size')})`, legend: '' }],
        },
        {
          title: { vi: 'Từ chối ký', en: 'Signing refused' },
          kind: 'stat',
          unit: 'none',
          thresholds: [1, 1],
          queries: [{ expr: `sum(${select('lienthong_log_signing_refused')})`, legend: '' }],
        },
      ],
    },
    {
      title: { vi: 'Mục tiêu dịch vụ', en: 'Service levels' },
      panels: SLOS.map(({ id, title, objective }) => ({
        title: {
          vi: `${title.vi}: hạn mức lỗi còn lại`,
          en: `${title.en}: budget left (${objective * 100} %)`,
        },
        kind: 'timeseries' as const,
        unit: 'percentunit',
        width: 8,
        queries: [{ expr: `${PERIOD}{slo="${id}"}`, legend: 'left' }],
      })),
    },
  ],
}

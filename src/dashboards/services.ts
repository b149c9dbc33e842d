import type { Dashboard } from './dashboard.ts'
import { quantile, rate, select, share } from './promql.ts'

const OF = 'service=~"$service"'

export const SERVICES: Dashboard = {
  uid: 'lienthong-services',
  title: { vi: 'Liên Thông · Dịch vụ', en: 'Services' },
  description: {
    vi: 'Số lượng, lỗi và thời gian của từng dịch vụ.',
    en: 'Rate, errors and duration of each service.',
  },
  variables: ['service'],
  rows: [
    {
      title: { vi: 'Lượng và lỗi', en: 'Rate and errors' },
      panels: [
        {
          title: { vi: 'Giao dịch theo dịch vụ', en: 'Exchanges by service' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_transactions_total', 'service', OF), legend: '{{service}}' }],
        },
        {
          title: { vi: 'Không được, theo dịch vụ', en: 'Share that failed, by service' },
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: share(
                rate('lienthong_transactions_total', 'service', `${OF},outcome=~"failed|interrupted"`),
                rate('lienthong_transactions_total', 'service', OF),
              ),
              legend: '{{service}}',
            },
          ],
        },
        {
          title: { vi: 'Theo thao tác và kết quả', en: 'By operation and outcome' },
          kind: 'table',
          unit: 'ops',
          width: 24,
          queries: [
            {
              expr: rate('lienthong_transactions_total', 'service, operation, outcome', OF),
              legend: '',
              instant: true,
            },
          ],
        },
        {
          title: { vi: 'Sai hợp đồng', en: 'Breaches of contract' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: rate('lienthong_schema_violations_total', 'service, direction', OF),
              legend: '{{service}} {{direction}}',
            },
          ],
        },
        {
          title: { vi: 'Sự cố dữ liệu đang mở, theo thời hạn', en: 'Open data incidents, by deadline' },
          kind: 'timeseries',
          unit: 'none',
          queries: [
            {
              expr: `sum by (age) (max by (provider, age) (${select('lienthong_data_incidents')}))`,
              legend: '{{age}}',
            },
          ],
        },
        {
          title: { vi: 'Gọi lại bên cung cấp', en: 'Retries' },
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: rate('lienthong_provider_retries_total', 'provider'), legend: '{{provider}}' }],
        },
      ],
    },
    {
      title: { vi: 'Thời gian', en: 'Duration' },
      panels: [
        {
          title: { vi: 'Riêng cổng, p95', en: "The gateway's own time, p95" },
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: quantile(0.95, 'lienthong_overhead_seconds', 'service', OF),
              legend: '{{service}}',
              exemplars: true,
            },
          ],
        },
        {
          title: { vi: 'Cả lượt, p95', en: 'Whole exchange, p95' },
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: quantile(0.95, 'http_server_request_duration_seconds', 'http_route'),
              legend: '{{http_route}}',
              exemplars: true,
            },
          ],
        },
        {
          title: { vi: 'Cả lượt, phân bố', en: 'Whole exchange, spread' },
          kind: 'heatmap',
          unit: 's',
          queries: [
            {
              expr: `sum by (le) (rate(${select('http_server_request_duration_seconds', '', '_bucket')}[$__rate_interval]))`,
              legend: '{{le}}',
            },
          ],
        },
        {
          title: { vi: 'Đang thực hiện', en: 'Under way' },
          kind: 'timeseries',
          unit: 'none',
          queries: [
            {
              expr: `sum by (service) (${select('lienthong_exchanges_in_flight', OF)})`,
              legend: '{{service}}',
            },
          ],
        },
      ],
    },
  ],
}

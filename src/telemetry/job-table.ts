import type { JobEnd } from '../jobs/queue.ts'
import { AGES } from '../reporting/quality.ts'
import type { MetricEntry } from './metric-entry.ts'

export const JOB_ENDS = ['done', 'again', 'failed', 'dead'] as const satisfies readonly JobEnd[]

/** Background jobs. The process that does jobs tells the gauges, so they are the gateway's, not one process's. */
export const JOB_METRICS = {
  lienthong_jobs_waiting: {
    type: 'gauge',
    help: 'Jobs that wait in a queue, those due later included.',
    meaning: 'Số việc đang chờ trong hàng đợi, kể cả việc chưa đến giờ.',
    labels: { queue: 'given' },
    merge: 'max',
  },
  lienthong_jobs_running: {
    type: 'gauge',
    help: 'Jobs that are being done.',
    meaning: 'Số việc đang thực hiện.',
    labels: { queue: 'given' },
    merge: 'max',
  },
  lienthong_jobs_dead: {
    type: 'gauge',
    help: 'Jobs given up after their last try, waiting for somebody to look.',
    meaning: 'Số việc đã thôi thử lại, chờ người xem xét.',
    labels: { queue: 'given' },
    merge: 'max',
  },
  lienthong_jobs_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the oldest job that could be done by now.',
    meaning: 'Tuổi của việc đến hạn lâu nhất còn chờ.',
    unit: 'seconds',
    labels: { queue: 'given' },
    merge: 'max',
  },
  lienthong_jobs_total: {
    type: 'counter',
    help: 'Tries of jobs: done, put off, failed and to be tried again, or given up.',
    meaning: 'Số lần làm việc nền: xong, hoãn, lỗi và sẽ thử lại, hoặc thôi hẳn.',
    labels: { queue: 'given', end: JOB_ENDS },
  },
  lienthong_document_requests: {
    type: 'gauge',
    help: 'Requests that are answered days later and have not been yet.',
    meaning: 'Số yêu cầu trả kết quả sau còn chờ.',
    labels: { service: 'service', state: ['accepted', 'forwarded'] },
    merge: 'max',
  },
  lienthong_document_requests_late: {
    type: 'gauge',
    help: 'Those of them whose result is overdue; alert on it.',
    meaning: 'Số yêu cầu trong đó đã quá hạn trả kết quả.',
    labels: { service: 'service' },
    merge: 'max',
  },
  lienthong_document_reminders_total: {
    type: 'counter',
    help: 'Reminders of a due or overdue result that reached its provider.',
    meaning: 'Số lần đã nhắc bên cung cấp trả kết quả.',
    labels: { service: 'service', late: ['yes', 'no'] },
  },
  lienthong_applications: {
    type: 'gauge',
    help: 'Applications for connection that are not decided: under appraisal, or waiting for their applicant.',
    meaning: 'Số đề nghị kết nối chưa quyết định: đang thẩm định, hoặc chờ bổ sung.',
    labels: { state: ['filed', 'incomplete'] },
    merge: 'max',
  },
  lienthong_applications_overdue: {
    type: 'gauge',
    help: 'Applications whose appraisal has taken longer than their class allows; alert on it.',
    meaning: 'Số đề nghị kết nối đã quá hạn thẩm định.',
    labels: {},
    merge: 'max',
  },
  lienthong_data_incidents: {
    type: 'gauge',
    help: 'Open data-quality incidents, by provider and the deadline each has still to meet; alert on those past all (over).',
    meaning:
      'Số sự cố chất lượng dữ liệu đang mở, theo bên cung cấp và thời hạn kế tiếp (over: quá mọi hạn).',
    labels: { provider: 'subsystem', age: AGES },
    merge: 'max',
  },
  lienthong_bulk_records_total: {
    type: 'counter',
    help: 'Records of bulk jobs whose results were made durable.',
    meaning: 'Số bản ghi của công việc hàng loạt đã có kết quả.',
    unit: 'records',
    labels: {},
  },
  lienthong_job_seconds: {
    type: 'histogram',
    help: 'How long one try of a job took.',
    meaning: 'Thời gian của một lần làm việc nền.',
    unit: 'seconds',
    labels: { queue: 'given' },
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

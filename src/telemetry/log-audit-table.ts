import { FSCK_CHECKS } from '../ledger/fsck.ts'
import type { MetricEntry } from './metric-entry.ts'

/** Of the running audit of the log. */
export const LOG_AUDIT_METRICS = {
  lienthong_log_audit_fault: {
    type: 'gauge',
    help: '1 where the running audit of the exchange log found a difference in its last pass; by what was compared.',
    meaning: 'Bằng 1 khi lần tự soát gần nhất thấy sổ giao dịch có chỗ không khớp, theo việc soát.',
    labels: { check: FSCK_CHECKS },
    merge: 'max',
  },
  lienthong_log_audit_position: {
    type: 'gauge',
    help: 'Records of the exchange log that the running audit has looked at in its present pass.',
    meaning: 'Số bản ghi đã được soát trong lượt tự soát hiện tại.',
    unit: 'records',
    labels: {},
    merge: 'max',
  },
  lienthong_log_audit_last_pass_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which the running audit last came to the end of the exchange log.',
    meaning: 'Thời điểm lần tự soát gần nhất đi hết sổ giao dịch.',
    unit: 'seconds',
    labels: {},
    merge: 'max',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

import type { MetricEntry } from './metric-entry.ts'

/** What the registry in force says of itself and of its services' versions. */
export const REGISTRY_METRICS = {
  lienthong_registry_info: {
    type: 'gauge',
    help: 'The registry that serves; always 1.',
    meaning: 'Phiên bản danh bạ đang dùng.',
    labels: { version: 'given', digest: 'given' },
    merge: 'max',
  },
  lienthong_registry_last_load_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a registry was last applied or refused.',
    meaning: 'Thời điểm nạp danh bạ gần nhất, theo kết quả.',
    unit: 'seconds',
    labels: { result: ['applied', 'refused'] },
    merge: 'max',
  },
  lienthong_service_deprecated_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time from which a version of a service is deprecated; versions that are not have no series.',
    meaning: 'Thời điểm một phiên bản dịch vụ được báo sắp bỏ.',
    unit: 'seconds',
    labels: { service: 'service' },
    merge: 'max',
  },
  lienthong_service_sunset_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a deprecated version of a service ends, where that is announced.',
    meaning: 'Thời điểm một phiên bản dịch vụ ngừng trả lời, nếu đã báo.',
    unit: 'seconds',
    labels: { service: 'service' },
    merge: 'max',
  },
  lienthong_legal_basis_agreements: {
    type: 'gauge',
    help: 'Active agreements that stand on a legal basis whose end is known.',
    meaning: 'Số thỏa thuận đang dựa trên căn cứ pháp lý đã biết ngày hết hiệu lực.',
    labels: { basis: 'given' },
    merge: 'max',
  },
  lienthong_legal_basis_repealed_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a legal basis that agreements stand on is repealed; alert on it.',
    meaning: 'Thời điểm căn cứ pháp lý hết hiệu lực.',
    unit: 'seconds',
    labels: { basis: 'given' },
    merge: 'max',
  },
  lienthong_legal_basis_stops_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time from which agreements on a repealed legal basis are refused: its repeal, or the end of its grace.',
    meaning: 'Thời điểm các thỏa thuận dựa trên căn cứ đã hết hiệu lực bị dừng.',
    unit: 'seconds',
    labels: { basis: 'given' },
    merge: 'max',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

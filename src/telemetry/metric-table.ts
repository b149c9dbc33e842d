import { REFUSAL_REASONS } from '../ledger/keeper.ts'
import { WITNESS_REFUSALS } from '../ledger/witness.ts'
import { WITNESS_STATES } from '../ledger/witnessing.ts'
import { ERRORS, type ErrorCode, type Stage } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'
import { EVENT_METRICS } from './event-table.ts'
import { JOB_METRICS } from './job-table.ts'
import { LOG_AUDIT_METRICS } from './log-audit-table.ts'
import type { MetricEntry } from './metric-entry.ts'
import { PROCESS_METRICS } from './process-table.ts'
import { REGISTRY_METRICS } from './registry-table.ts'

const OUTCOMES = ['delivered', 'refused', 'failed', 'interrupted'] as const satisfies readonly Outcome[]
const STAGES = [
  'gate',
  'authenticate',
  'resolve',
  'authorise',
  'check_request',
  'call',
  'check_response',
  'record',
] as const satisfies readonly Stage[]
const BREAKER_STATES = ['closed', 'open', 'half_open'] as const

/** @returns a record's keys with their literal types. */
function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  const keys: K[] = []
  for (const key in record) keys.push(key)
  return keys
}

export const CODES: readonly ErrorCode[] = keysOf(ERRORS)
const AUTHENTICATION_RESULTS: readonly (ErrorCode | 'accepted')[] = [
  'accepted',
  ...CODES.filter((code) => ERRORS[code].stage === 'authenticate'),
]

/** The buckets OpenTelemetry's HTTP conventions give for durations, in seconds. */
const OTEL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const
/** The gateway's own share: a quarter of a millisecond to a second. */
const OVERHEAD_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const
const APPEND_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] as const

const CUT_REASONS = ['total', 'address', 'slow_reader', 'timeout', 'malformed', 'upgrade'] as const
/** Why a connection was ended before its request or answer was through. */
export type CutReason = (typeof CUT_REASONS)[number]

const EXCHANGE_METRICS = {
  lienthong_transactions_total: {
    type: 'counter',
    help: 'Exchanges between subsystems, by how they ended.',
    meaning: 'Số giao dịch giữa các hệ thống, theo kết quả.',
    unit: 'exchanges',
    labels: {
      consumer: 'subsystem',
      provider: 'subsystem',
      service: 'service',
      operation: 'operation',
      outcome: OUTCOMES,
    },
  },
  lienthong_refusals_total: {
    type: 'counter',
    help: 'Requests that ended with an error, by the stage where it arose and its code.',
    meaning: 'Số yêu cầu kết thúc bằng lỗi, theo chặng phát sinh và mã lỗi.',
    labels: { stage: STAGES, code: CODES },
  },
  lienthong_overhead_seconds: {
    type: 'histogram',
    help: 'Time an exchange spent in the gateway itself: total minus the wait for the provider.',
    meaning: 'Thời gian giao dịch nằm trong cổng: tổng trừ thời gian chờ bên cung cấp.',
    unit: 'seconds',
    labels: { service: 'service' },
    buckets: OVERHEAD_SECONDS,
    exemplars: true,
  },
  http_server_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of HTTP requests to the gateway (OpenTelemetry http.server.request.duration).',
    meaning: 'Thời gian xử lý yêu cầu HTTP đến cổng.',
    unit: 'seconds',
    labels: {
      http_request_method: 'method',
      http_route: 'route',
      http_response_status_code: 'status',
      error_type: 'error',
    },
    buckets: OTEL_SECONDS,
    exemplars: true,
  },
  http_client_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of HTTP requests to providers, one per attempt (OpenTelemetry http.client.request.duration).',
    meaning: 'Thời gian mỗi lần cổng gọi hệ thống cung cấp.',
    unit: 'seconds',
    labels: {
      http_request_method: 'method',
      server_address: 'address',
      http_response_status_code: 'status',
      error_type: 'error',
    },
    buckets: OTEL_SECONDS,
  },
  lienthong_connections_cut_total: {
    type: 'counter',
    help: 'Connections ended before their request or answer was through, by what their peer did.',
    meaning: 'Số kết nối bị cắt trước khi xong yêu cầu hoặc câu trả lời, theo lý do.',
    labels: { reason: CUT_REASONS },
  },
  lienthong_answers_withheld_total: {
    type: 'counter',
    help: 'Recorded answers that were held back because what they were judged by might be revoked by then.',
    meaning: 'Số câu trả lời đã ghi sổ nhưng bị giữ lại vì quyền có thể đã bị thu hồi lúc gửi.',
    unit: 'exchanges',
    labels: {},
  },
  lienthong_exchanges_in_flight: {
    type: 'gauge',
    help: 'Exchanges being carried at this moment.',
    meaning: 'Số giao dịch đang được xử lý.',
    unit: 'exchanges',
    labels: { service: 'service' },
    merge: 'sum',
  },
  lienthong_schema_violations_total: {
    type: 'counter',
    help: 'Bodies that did not meet their contract, by direction.',
    meaning: 'Số nội dung không đúng hợp đồng, theo chiều.',
    labels: { service: 'service', operation: 'operation', direction: ['request', 'response'] },
  },
  lienthong_breaker_state: {
    type: 'gauge',
    help: 'Circuit breakers of a provider that are in this state.',
    meaning: 'Số cầu dao của bên cung cấp đang ở trạng thái này.',
    labels: { provider: 'subsystem', state: BREAKER_STATES },
    merge: 'sum',
  },
  lienthong_breaker_transitions_total: {
    type: 'counter',
    help: 'Changes of a circuit breaker into this state.',
    meaning: 'Số lần cầu dao chuyển sang trạng thái này.',
    labels: { provider: 'subsystem', state: BREAKER_STATES },
  },
  lienthong_provider_retries_total: {
    type: 'counter',
    help: 'Further tries of idempotent operations after a provider could not be reached.',
    meaning: 'Số lần cổng gọi lại bên cung cấp.',
    labels: { provider: 'subsystem' },
  },
  lienthong_quota_decisions_total: {
    type: 'counter',
    help: 'Decisions on agreement quotas.',
    meaning: 'Số lần xét hạn mức của thỏa thuận.',
    labels: { decision: ['allowed', 'refused'] },
  },
  lienthong_authentication_total: {
    type: 'counter',
    help: 'Authentications of subsystems at the exchange and token endpoints, by result.',
    meaning: 'Số lần xác thực hệ thống, theo kết quả.',
    labels: { result: AUTHENTICATION_RESULTS },
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

const LEDGER_METRICS = {
  lienthong_ledger_records_total: {
    type: 'counter',
    help: 'Records made durable in the ledger.',
    meaning: 'Số bản ghi đã lưu bền vững vào sổ giao dịch.',
    unit: 'records',
    labels: { outcome: OUTCOMES },
  },
  lienthong_ledger_queue_records: {
    type: 'gauge',
    help: 'Records waiting for the next batch.',
    meaning: 'Số bản ghi đang chờ ghi.',
    unit: 'records',
    labels: {},
    merge: 'sum',
  },
  lienthong_ledger_append_seconds: {
    type: 'histogram',
    help: 'Time to make one batch of records durable.',
    meaning: 'Thời gian ghi bền vững một lô bản ghi.',
    unit: 'seconds',
    labels: {},
    buckets: APPEND_SECONDS,
  },
  lienthong_ledger_size: {
    type: 'gauge',
    help: 'Records in the ledger as this gateway last saw it (tree size).',
    meaning: 'Số bản ghi trong sổ giao dịch.',
    unit: 'records',
    labels: {},
    merge: 'max',
  },
  lienthong_log_signed_size: {
    type: 'gauge',
    help: 'Records the last signed checkpoint of the exchange log covers.',
    meaning: 'Số bản ghi đã nằm trong điểm kiểm có chữ ký gần nhất.',
    unit: 'records',
    labels: {},
    merge: 'max',
  },
  lienthong_log_last_checkpoint_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a checkpoint of the exchange log was last signed.',
    meaning: 'Thời điểm ký điểm kiểm gần nhất.',
    unit: 'seconds',
    labels: {},
    merge: 'max',
  },
  lienthong_log_signing_refused: {
    type: 'gauge',
    help: '1 while the exchange log is not signed because it is not what it was; by what was found.',
    meaning: 'Bằng 1 khi cổng từ chối ký sổ vì sổ không còn như đã ký, theo nguyên nhân.',
    labels: { reason: REFUSAL_REASONS },
    merge: 'max',
  },
  lienthong_log_cosigned_size: {
    type: 'gauge',
    help: 'Records the last checkpoint covers that a quorum of witnesses has cosigned.',
    meaning: 'Số bản ghi trong điểm kiểm gần nhất đã đủ nhân chứng ký.',
    unit: 'records',
    labels: {},
    merge: 'max',
  },
  lienthong_log_last_quorum_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a quorum of witnesses last cosigned a checkpoint.',
    meaning: 'Thời điểm gần nhất một điểm kiểm đủ nhân chứng ký.',
    unit: 'seconds',
    labels: {},
    merge: 'max',
  },
  lienthong_log_witness_state: {
    type: 'gauge',
    help: '1 for the state each witness was last found in; ahead and forked say that the log is not the one it cosigned.',
    meaning:
      'Bằng 1 ở trạng thái hiện tại của từng nhân chứng; ahead và forked nghĩa là sổ không còn là sổ đã được làm chứng.',
    labels: { witness: 'given', state: WITNESS_STATES },
    merge: 'max',
  },
  lienthong_log_witness_size: {
    type: 'gauge',
    help: 'Records covered by the last checkpoint that each witness has cosigned, as it says itself.',
    meaning: 'Số bản ghi trong điểm kiểm gần nhất từng nhân chứng đã ký.',
    unit: 'records',
    labels: { witness: 'given' },
    merge: 'max',
  },
  lienthong_log_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time of the last time stamp (RFC 3161) over a checkpoint, by authority.',
    meaning: 'Dấu thời gian gần nhất trên điểm kiểm, theo tổ chức cấp.',
    unit: 'seconds',
    labels: { authority: 'given' },
    merge: 'max',
  },
  lienthong_log_timestamp_failures_total: {
    type: 'counter',
    help: 'Times an authority gave no time stamp that holds.',
    meaning: 'Số lần tổ chức cấp dấu thời gian không trả dấu đúng.',
    labels: { authority: 'given' },
  },
  lienthong_log_stopped: {
    type: 'gauge',
    help: '1 while exchanges are stopped because the log has gone unattested for longer than ledger.stopAfterSeconds.',
    meaning: 'Bằng 1 khi cổng tạm dừng giao dịch vì sổ quá lâu chưa được ký hoặc chứng thực.',
    labels: {},
    merge: 'max',
  },
  lienthong_ledger_last_durable_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a record was last made durable.',
    meaning: 'Thời điểm ghi bền vững gần nhất.',
    unit: 'seconds',
    labels: {},
    merge: 'max',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

const GATEWAY_METRICS = {
  ...REGISTRY_METRICS,
  lienthong_issuer_key_reads_total: {
    type: 'counter',
    help: "Readings of foreign issuers' key sets.",
    meaning: 'Số lần đọc khóa của nơi cấp mã bên ngoài, theo kết quả.',
    labels: { issuer: 'given', result: ['read', 'failed'] },
  },
  lienthong_certificate_not_after_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which a certificate the gateway uses expires.',
    meaning: 'Thời điểm chứng thư hết hạn.',
    unit: 'seconds',
    labels: { use: ['server', 'client', 'authority', 'signing'], subject: 'given' },
    merge: 'min',
  },
  lienthong_build_info: {
    type: 'gauge',
    help: 'The version of the gateway and of Node.js; always 1.',
    meaning: 'Phiên bản cổng và Node.js.',
    labels: { version: 'given', node: 'given' },
    merge: 'max',
  },
  lienthong_log_lines_dropped_total: {
    type: 'counter',
    help: 'Exchange lines of the log left out because its reader was too slow.',
    meaning: 'Số dòng nhật ký giao dịch bị bỏ vì nơi nhận quá chậm.',
    labels: {},
  },
  lienthong_metrics_series_overflow_total: {
    type: 'counter',
    help: 'Times a label combination was counted under _other because its metric has too many series.',
    meaning: 'Số lần phải gộp vào _other vì chỉ số có quá nhiều chuỗi.',
    labels: { metric: 'given' },
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

/** Of `lienthong witness`; a gateway has none of them. */
const WITNESS_METRICS = {
  lienthong_witness_answers_total: {
    type: 'counter',
    help: 'Answers of this witness to add-checkpoint, by status.',
    meaning: 'Số lần nhân chứng trả lời, theo mã trạng thái.',
    labels: { status: 'status' },
  },
  lienthong_witness_refusals_total: {
    type: 'counter',
    help: 'Checkpoints this witness did not cosign, by reason; behind and forked say that a log was rewritten.',
    meaning: 'Số điểm kiểm nhân chứng không ký, theo lý do; behind và forked nghĩa là sổ bị viết lại.',
    labels: { reason: WITNESS_REFUSALS },
  },
  lienthong_witness_cosigned_size: {
    type: 'gauge',
    help: 'Records covered by the last checkpoint of a log that this witness has cosigned.',
    meaning: 'Số bản ghi trong điểm kiểm gần nhất nhân chứng đã ký của một sổ.',
    unit: 'records',
    labels: { log: 'given' },
    merge: 'max',
  },
  lienthong_witness_last_cosigned_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time at which this witness last cosigned a checkpoint of a log.',
    meaning: 'Thời điểm nhân chứng ký gần nhất cho một sổ.',
    unit: 'seconds',
    labels: { log: 'given' },
    merge: 'max',
  },
  lienthong_witness_conflicts: {
    type: 'gauge',
    help: 'Signed checkpoints of a log, kept by this witness, that contradict what it has cosigned.',
    meaning: 'Số điểm kiểm mâu thuẫn với cái nhân chứng đã ký, đang được giữ làm bằng chứng.',
    labels: { log: 'given' },
    merge: 'max',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>

/** Every metric of the gateway. Names are part of the interface: dashboards and alerts rest on them. */
export const METRICS = {
  ...EXCHANGE_METRICS,
  ...LEDGER_METRICS,
  ...EVENT_METRICS,
  ...GATEWAY_METRICS,
  ...LOG_AUDIT_METRICS,
  ...JOB_METRICS,
  ...WITNESS_METRICS,
  ...PROCESS_METRICS,
} as const satisfies Readonly<Record<string, MetricEntry>>

export type MetricName = keyof typeof METRICS
type NameOf<T extends MetricEntry['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]
export type CounterName = NameOf<'counter'>
export type GaugeName = NameOf<'gauge'>
export type HistogramName = NameOf<'histogram'>

/** The labels of one metric; closed sets as unions. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in keyof (typeof METRICS)[N]['labels']]: (typeof METRICS)[N]['labels'][L] extends readonly (infer V)[]
    ? V
    : string
}

/** All names, in the order of the page. */
export const METRIC_NAMES: readonly MetricName[] = keysOf(METRICS)

import { type Alert, CALL_AT_ONCE, CALL_OWNER, metric } from './alert.ts'

/** Half a day without a quorum is long enough to be no restart of a witness, and short enough to be mended in a day. */
const QUORUM_SECONDS = 43_200
/** Witnesses are asked with every checkpoint; an hour of silence is no passing fault. */
const WITNESS_SECONDS = 3600
/** The running audit goes round in hours; two days are none at all. */
const PASS_SECONDS = 172_800

/** Of evidence: what keeps the log worth believing, and of data that no longer come. */
export const LOG_ALERTS: readonly Alert[] = [
  {
    name: 'LienthongLogAuditFault',
    severity: 'critical',
    expr: `max by (check) (${metric('lienthong_log_audit_fault')}) > 0`,
    for: '0m',
    summary: {
      vi: 'Tự soát sổ thấy chỗ không khớp: {{ $labels.check }}',
      en: 'The running audit found the log changed: {{ $labels.check }}',
    },
    meaning: {
      vi: 'Bản ghi, cột tra cứu, ô băm hay số đếm không còn là cái đã được ghi.',
      en: 'Records, search columns, tiles or counts are not what was recorded.',
    },
    harm: {
      vi: 'Tra cứu và số liệu có thể sai; nếu là bản ghi thì có người đã sửa sổ.',
      en: 'Searches and figures may be wrong; where it is records, somebody changed the log.',
    },
    action: {
      vi: 'Không xóa gì. Chạy `lienthong verify log`, xem dòng nhật ký log_audit: nó nêu bản ghi đầu tiên. Chỉ số đếm sai thì đếm lại theo docs/operations.md.',
      en: 'Delete nothing. Run `lienthong verify log` and see the line of the running audit: it names the first record. Where counts alone are wrong, have them counted anew as docs/operations.md says.',
    },
    escalation: CALL_AT_ONCE,
  },
  {
    name: 'LienthongLogAuditLate',
    severity: 'warning',
    expr: `time() - max(${metric('lienthong_log_audit_last_pass_timestamp_seconds')} > 0) > ${PASS_SECONDS}`,
    for: '1h',
    summary: { vi: 'Hai ngày chưa soát hết một lượt sổ', en: 'The log was not audited through for two days' },
    meaning: {
      vi: 'Lượt tự soát không đi hết sổ: cơ sở dữ liệu quá tải, hoặc lượt soát bị ngắt.',
      en: 'The running audit does not come to the end: the database is overloaded, or the audit is broken off.',
    },
    harm: {
      vi: 'Sửa đổi trong sổ lâu bị phát hiện hơn.',
      en: 'A change to the log would be found later.',
    },
    action: {
      vi: 'Bảng Sổ giao dịch: vị trí soát có tăng không; xem tải của PostgreSQL.',
      en: 'The ledger dashboard: does the position grow; look at the load of PostgreSQL.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongWitnessDisagrees',
    severity: 'critical',
    expr: `max by (witness, state) (${metric('lienthong_log_witness_state')}{state=~"ahead|forked"}) > 0 or max by (log) (${metric('lienthong_witness_conflicts')}) > 0`,
    for: '0m',
    summary: {
      vi: 'Nhân chứng giữ một sổ khác với sổ này',
      en: 'A witness holds another log than this one',
    },
    meaning: {
      vi: 'Nhân chứng đã ký một sổ dài hơn (ahead) hoặc rẽ nhánh (forked): sổ ở đây đã quay lui hay bị viết lại.',
      en: 'A witness cosigned a longer log (ahead) or another branch (forked): this one was rolled back or rewritten.',
    },
    harm: {
      vi: 'Bằng chứng của sổ này không đứng được trước nhân chứng.',
      en: 'Evidence of this log does not stand before the witness.',
    },
    action: {
      vi: 'Không xóa gì; giữ nguyên cơ sở dữ liệu và khóa. So `/log/checkpoint` với điểm kiểm nhân chứng giữ; nếu vừa khôi phục bản sao lưu, đọc docs/operations.md.',
      en: "Delete nothing; keep database and keys. Compare `/log/checkpoint` with the witness's; where a backup was just restored, read docs/operations.md.",
    },
    escalation: CALL_AT_ONCE,
  },
  {
    name: 'LienthongWitnessSilent',
    severity: 'warning',
    expr: `max by (witness, state) (${metric('lienthong_log_witness_state')}{state=~"unreachable|refused|invalid"}) > 0`,
    for: `${WITNESS_SECONDS / 60}m`,
    summary: {
      vi: 'Nhân chứng {{ $labels.witness }} không ký: {{ $labels.state }}',
      en: 'Witness {{ $labels.witness }} does not cosign: {{ $labels.state }}',
    },
    meaning: {
      vi: 'Một giờ liền không tới được nhân chứng, hoặc nó từ chối, hoặc chữ ký không đúng.',
      en: 'For an hour it could not be reached, it refused, or its signature does not hold.',
    },
    harm: {
      vi: 'Chưa ai bị ảnh hưởng nếu còn đủ nhân chứng khác.',
      en: 'Nobody yet, as long as enough others cosign.',
    },
    action: {
      vi: 'Gọi đơn vị vận hành nhân chứng; kiểm đường mạng và khóa trong tệp chính sách.',
      en: 'Call whoever runs the witness; check the network and the key in the policy file.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongWitnessQuorumLost',
    severity: 'warning',
    expr: `time() - max(${metric('lienthong_log_last_quorum_timestamp_seconds')} > 0) > ${QUORUM_SECONDS} and max(${metric('lienthong_ledger_size')}) > max(${metric('lienthong_log_cosigned_size')})`,
    for: '10m',
    summary: {
      vi: 'Nửa ngày không điểm kiểm nào đủ nhân chứng',
      en: 'No checkpoint had a quorum of witnesses for half a day',
    },
    meaning: {
      vi: 'Sổ dài thêm mà số nhân chứng ký không đủ như chính sách đòi.',
      en: 'The log grew, and fewer witnesses cosigned than the policy asks for.',
    },
    harm: {
      vi: 'Bản ghi mới chỉ có chữ ký của chính sổ; người kiểm theo chính sách sẽ không nhận.',
      en: 'New records have the log’s own signature only; whoever verifies by the policy does not accept them.',
    },
    action: {
      vi: 'Xem trạng thái từng nhân chứng ở trang Trạng thái của bảng điều khiển.',
      en: 'See the state of each witness on the status page of the console.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongDatasetSilent',
    severity: 'warning',
    expr: `max by (service, operation) (${metric('lienthong_dataset_silent')}) > 0`,
    for: '5m',
    summary: {
      vi: 'Nguồn {{ $labels.service }} im quá hạn: {{ $labels.operation }}',
      en: '{{ $labels.service }} has been silent for too long: {{ $labels.operation }}',
    },
    meaning: {
      vi: 'Sự kiện mới nhất cũ hơn thời hạn ghi trong hợp đồng dữ liệu (silentAfterSeconds).',
      en: 'Its newest event is older than its contract allows (silentAfterSeconds).',
    },
    harm: {
      vi: 'Bên nhận làm việc với dữ liệu cũ mà không biết.',
      en: 'Whoever subscribed works with stale data without knowing.',
    },
    action: {
      vi: 'Gọi trực của bên cung cấp (liên hệ trong danh bạ): hệ thống nguồn dừng, hay chỉ phần công bố sự kiện dừng.',
      en: 'Call the provider’s duty (contact in the registry): did the source stop, or its publishing alone?',
    },
    escalation: {
      vi: 'Báo bên nhận nếu kéo dài quá một ngày làm việc.',
      en: 'Tell the subscribers where it lasts more than a working day.',
    },
  },
]

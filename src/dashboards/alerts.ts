import { type Alert, CALL_AT_ONCE, CALL_OWNER, CHECK_DATABASE, metric } from './alert.ts'
import { LOG_ALERTS } from './alerts-log.ts'
import { PROVIDER_ALERTS } from './alerts-providers.ts'
import { BURN_RATES, SLOS } from './slo.ts'

const BURNING = SLOS.flatMap(({ id, title, objective, enough }) =>
  (['critical', 'warning'] as const).map((severity): Alert => {
    const rates = BURN_RATES.filter((rate) => rate.severity === severity)
    const over = (window: string, factor: number) =>
      `slo:sli_error:ratio_rate${window}{slo="${id}"} > ${factor} * ${(1 - objective).toFixed(4)}`
    const expr = rates
      .map(({ factor, long, short }) => {
        const few = enough === undefined ? '' : ` and on () ${enough(long)}`
        return `(${over(long, factor)} and ${over(short, factor)}${few})`
      })
      .join(' or ')
    const name = `Lienthong${id[0]?.toUpperCase()}${id.slice(1)}${severity === 'critical' ? 'BurnsFast' : 'Burns'}`
    return {
      name,
      severity,
      expr,
      for: severity === 'critical' ? '2m' : '15m',
      summary: {
        vi: `${title.vi}: hạn mức lỗi hao nhanh`,
        en: `${title.en}: the error budget is being spent too fast`,
      },
      meaning: {
        vi: 'Lỗi nhiều đến mức hạn mức lỗi của 30 ngày sẽ hết sớm.',
        en: 'So much goes wrong that the budget of 30 days will be gone early.',
      },
      harm: {
        vi: 'Bên khai thác gặp lỗi hoặc chờ lâu do chính cổng.',
        en: 'Consumers meet errors or waits that are the gateway’s own doing.',
      },
      action: {
        vi: 'Mở bảng Tổng quan: lỗi theo mã, trễ của vòng sự kiện, thời gian ghi sổ. Nếu vừa đổi phiên bản hay danh bạ thì quay lại bản trước.',
        en: 'Open the overview: errors by code, event-loop delay, time of appends. If a version or registry changed just before, go back to the one before.',
      },
      escalation: CALL_OWNER,
    }
  }),
)

const STANDING: readonly Alert[] = [
  {
    name: 'LienthongDown',
    severity: 'critical',
    expr: 'up{job="lienthong"} == 0',
    for: '1m',
    summary: { vi: 'Không đọc được chỉ số của cổng', en: 'The gateway’s metrics cannot be read' },
    meaning: {
      vi: 'Cổng dừng hoặc cổng quản trị không tới được.',
      en: 'The gateway is down, or its management listener is out of reach.',
    },
    harm: { vi: 'Có thể không giao dịch nào đi được.', en: 'Perhaps no exchange can be carried.' },
    action: {
      vi: 'Gọi `/livez`; xem tiến trình và nhật ký khởi động; khởi động lại nếu đã dừng.',
      en: 'Ask `/livez`; look at the process and its first log lines; start it again if it ended.',
    },
    escalation: CALL_AT_ONCE,
  },
  {
    name: 'LienthongLedgerStopped',
    severity: 'critical',
    expr: `${metric('lienthong_ledger_queue_records')} > 0 and time() - ${metric('lienthong_ledger_last_durable_timestamp_seconds')} > 15`,
    for: '30s',
    summary: { vi: 'Sổ giao dịch không ghi được', en: 'The ledger takes no records' },
    meaning: {
      vi: 'Có bản ghi chờ mà 15 giây không lô nào bền vững.',
      en: 'Records wait, and no batch became durable for 15 s.',
    },
    harm: {
      vi: 'Mọi giao dịch bị từ chối 503: không ghi được thì không trả lời.',
      en: 'Every exchange is refused with 503: no record, no reply.',
    },
    action: CHECK_DATABASE,
    escalation: CALL_AT_ONCE,
  },
  {
    name: 'LienthongLegalBasisRepealed',
    severity: 'warning',
    expr: `max by (basis) (${metric('lienthong_legal_basis_repealed_timestamp_seconds')}) < time() + 30 * 86400`,
    for: '1h',
    summary: {
      vi: 'Có thỏa thuận dựa trên văn bản hết hiệu lực: {{ $labels.basis }}',
      en: 'Agreements stand on a repealed text: {{ $labels.basis }}',
    },
    meaning: {
      vi: 'Văn bản đã hoặc sẽ hết hiệu lực trong 30 ngày mà thỏa thuận đang chạy còn dựa vào.',
      en: 'A text that active agreements stand on is repealed, or will be within 30 days.',
    },
    harm: {
      vi: 'Hết ngày chuyển tiếp (graceUntil), mọi giao dịch theo các thỏa thuận ấy bị từ chối legal_basis_expired.',
      en: 'Once its grace (graceUntil) is over, every exchange under those agreements is refused: legal_basis_expired.',
    },
    action: {
      vi: 'Xem số thỏa thuận ở `lienthong_legal_basis_agreements`; ký lại trên văn bản thay thế (replacedBy) rồi `lienthong registry apply`.',
      en: 'See `lienthong_legal_basis_agreements` for how many; renew them on the text that replaced it (replacedBy), then `lienthong registry apply`.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongDocumentsLate',
    severity: 'warning',
    expr: `max by (service) (${metric('lienthong_document_requests_late')}) > 0`,
    for: '15m',
    summary: {
      vi: 'Có kết quả quá hạn trả: {{ $labels.service }}',
      en: 'Results are overdue: {{ $labels.service }}',
    },
    meaning: {
      vi: 'Bên cung cấp chưa trả văn bản trong hạn ghi ở dịch vụ (results), tính theo ngày làm việc.',
      en: 'The provider has not delivered documents within the working days that the service names (results).',
    },
    harm: {
      vi: 'Người dân và cơ quan chờ hồ sơ; quá hạn nhận thì yêu cầu bị đóng.',
      en: 'People and agencies wait; a request that stays unanswered is closed in the end.',
    },
    action: {
      vi: 'Cổng đã nhắc mỗi ngày làm việc. Báo đầu mối của bên cung cấp; kiểm tra kết nối của họ ở bảng Dịch vụ.',
      en: 'The gateway reminds on each working day. Call the provider’s contact; look at its link on the services board.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongApplicationsOverdue',
    severity: 'warning',
    expr: `max(${metric('lienthong_applications_overdue')}) > 0`,
    for: '15m',
    summary: {
      vi: '{{ $value }} đề nghị kết nối quá hạn thẩm định',
      en: '{{ $value }} applications for connection are overdue',
    },
    meaning: {
      vi: 'Thẩm định lâu hơn số ngày làm việc mà loại đề nghị (ApplicationClass) cho phép.',
      en: 'Their appraisal has taken more working days than their class (ApplicationClass) allows.',
    },
    harm: {
      vi: 'Cơ quan đề nghị chưa được kết nối mà cũng không biết vì sao.',
      en: 'Agencies are not connected, and are not told why.',
    },
    action: {
      vi: '`lienthong applications list --state filed` nêu đề nghị quá hạn trước; phê duyệt, từ chối có căn cứ, hoặc yêu cầu bổ sung.',
      en: '`lienthong applications list --state filed` has the overdue ones first; approve, refuse on a legal ground, or ask for what is missing.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongDataIncidentsOverdue',
    severity: 'warning',
    expr: `max by (provider) (${metric('lienthong_data_incidents')}{age="over"}) > 0`,
    for: '15m',
    summary: {
      vi: 'Bên cung cấp {{ $labels.provider }} có {{ $value }} sự cố dữ liệu quá hạn',
      en: 'Provider {{ $labels.provider }} has {{ $value }} data-quality incidents past all deadlines',
    },
    meaning: {
      vi: 'Câu trả lời còn trái hợp đồng dữ liệu, hoặc nguồn sự kiện còn im, sau khi đã qua mọi hạn khắc phục (incidents.deadlines, ngày làm việc).',
      en: 'Answers still break the contract, or a source of events is still silent, after every deadline (incidents.deadlines, working days).',
    },
    harm: {
      vi: 'Ai hỏi dữ liệu ấy nhận 502 response_invalid, hoặc làm việc với dữ liệu cũ.',
      en: 'Whoever asks for these data gets 502 response_invalid, or works with stale data.',
    },
    action: {
      vi: 'Trang Chất lượng trả lời của bảng điều khiển nêu từng sự cố: dịch vụ, trường, quy tắc, ngày mở. Báo đầu mối của bên cung cấp; sự cố tự đóng khi họ trả lời đúng đủ số ngày.',
      en: 'The console’s page Quality of answers has each incident: service, field, rule, the day it opened. Call the provider’s contact; an incident closes itself once the answers were right for some days.',
    },
    escalation: {
      vi: 'Báo phụ trách dữ liệu của hai cơ quan; hạn là của văn bản, không phải của cổng.',
      en: 'Tell whoever is responsible for data in both agencies; the deadlines are the letter’s, not the gateway’s.',
    },
  },
  {
    name: 'LienthongSigningRefused',
    severity: 'critical',
    expr: `max by (reason) (${metric('lienthong_log_signing_refused')}) > 0`,
    for: '0m',
    summary: {
      vi: 'Cổng từ chối ký sổ giao dịch: {{ $labels.reason }}',
      en: 'The gateway refuses to sign the log: {{ $labels.reason }}',
    },
    meaning: {
      vi: 'Sổ trong cơ sở dữ liệu không nối tiếp điểm kiểm giữ bên ngoài: bị sửa, quay lui hoặc rẽ nhánh.',
      en: 'The log in the database does not continue the checkpoint kept outside: changed, rolled back or forked.',
    },
    harm: {
      vi: 'Bằng chứng mới không có giá trị cho tới khi rõ nguyên nhân.',
      en: 'New evidence is worth nothing until the cause is known.',
    },
    action: {
      vi: 'Không xóa gì. Giữ nguyên cơ sở dữ liệu và thư mục khóa; chạy `lienthong verify log`; đọc docs/operations.md, mục từ chối ký.',
      en: 'Delete nothing. Keep database and key folder as they are; run `lienthong verify log`; read docs/operations.md on refused signing.',
    },
    escalation: CALL_AT_ONCE,
  },
  {
    name: 'LienthongCertificateExpires',
    severity: 'warning',
    expr: `(${metric('lienthong_certificate_not_after_timestamp_seconds')} - time()) / 86400 < 14`,
    for: '1h',
    summary: {
      vi: 'Chứng thư {{ $labels.subject }} còn dưới 14 ngày',
      en: 'Certificate {{ $labels.subject }} has less than 14 days left',
    },
    meaning: { vi: 'Sắp hết hạn.', en: 'It is about to expire.' },
    harm: { vi: 'Hết hạn thì kết nối bị từ chối.', en: 'Once expired, connections are refused.' },
    action: {
      vi: 'Cấp chứng thư mới, thay tệp, khởi động lại; `lienthong keys expiry` liệt kê tất cả.',
      en: 'Get a new one, replace the file, restart; `lienthong keys expiry` lists them all.',
    },
    escalation: {
      vi: 'Còn 3 ngày mà chưa thay: báo phụ trách hệ thống.',
      en: 'Not replaced at 3 days: tell the owner of the system.',
    },
  },
  {
    name: 'LienthongRegistryRefused',
    severity: 'warning',
    expr: `max(${metric('lienthong_registry_last_load_timestamp_seconds')}{result="refused"}) > max(${metric('lienthong_registry_last_load_timestamp_seconds')}{result="applied"})`,
    for: '1m',
    summary: { vi: 'Bản danh bạ mới nhất bị từ chối', en: 'The newest registry was refused' },
    meaning: {
      vi: 'Danh bạ trong cơ sở dữ liệu không dựng được.',
      en: 'The registry in the database does not compile.',
    },
    harm: {
      vi: 'Thay đổi chưa có hiệu lực; câu trả lời có thể bị giữ lại.',
      en: 'The change is not in force; answers may be held back.',
    },
    action: {
      vi: 'Chạy `lienthong check`; sửa và `lienthong registry apply` lại.',
      en: 'Run `lienthong check`; mend and `lienthong registry apply` again.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongQuotaRefusals',
    severity: 'info',
    expr: `sum(rate(${metric('lienthong_quota_decisions_total')}{decision="refused"}[15m])) / sum(rate(${metric('lienthong_quota_decisions_total')}[15m])) > 0.1`,
    for: '30m',
    summary: {
      vi: 'Hơn 10 % giao dịch vượt hạn mức',
      en: 'More than 10 % of exchanges are over their quota',
    },
    meaning: {
      vi: 'Một bên khai thác hỏi nhiều hơn thỏa thuận.',
      en: 'Some consumer asks more than was agreed.',
    },
    harm: {
      vi: 'Bên đó nhận 429; hạn mức bảo vệ các bên khác.',
      en: 'It gets 429; the quota protects the others.',
    },
    action: {
      vi: 'Bảng Cơ quan cho biết ai; hỏi lý do; sửa thỏa thuận nếu chính đáng.',
      en: 'The agencies dashboard says who; ask why; amend the agreement where there is good reason.',
    },
    escalation: {
      vi: 'Nghi khai thác hàng loạt: báo an toàn thông tin.',
      en: 'Where harvesting is suspected: the security officer.',
    },
  },
  {
    name: 'LienthongAuthenticationFailures',
    severity: 'warning',
    expr: `sum(rate(${metric('lienthong_authentication_total')}{result!="accepted"}[10m])) > 5`,
    for: '10m',
    summary: { vi: 'Nhiều lần xác thực thất bại', en: 'Many authentications fail' },
    meaning: {
      vi: 'Hơn 5 lần mỗi giây bị từ chối khi xác thực.',
      en: 'More than 5 a second are refused while authenticating.',
    },
    harm: {
      vi: 'Một hệ thống cấu hình sai, hoặc ai đó đang dò.',
      en: 'A system is misconfigured, or somebody is probing.',
    },
    action: {
      vi: 'Xem mã lỗi ở bảng Cơ quan và dòng nhật ký tóm tắt từ chối; chặn ở tường lửa nếu là dò quét.',
      en: 'See the codes on the agencies dashboard and the refusal summary in the log; block at the firewall if it is probing.',
    },
    escalation: {
      vi: 'Báo an toàn thông tin nếu không rõ nguồn.',
      en: 'Tell the security officer where the source is unknown.',
    },
  },
  {
    name: 'LienthongEventLoopLate',
    severity: 'warning',
    expr: `${metric('nodejs_eventloop_lag_p99_seconds')} > 0.2`,
    for: '10m',
    summary: { vi: 'Vòng sự kiện trễ trên 200 ms', en: 'The event loop is late by more than 200 ms' },
    meaning: { vi: 'Tiến trình quá tải.', en: 'The process is overloaded.' },
    harm: { vi: 'Mọi giao dịch chậm đi.', en: 'Every exchange gets slower.' },
    action: {
      vi: 'Bảng Tải của máy: CPU, dọn bộ nhớ; tăng `workers` hoặc thêm máy.',
      en: 'The saturation dashboard: CPU, garbage collection; raise `workers` or add a machine.',
    },
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongSeriesOverflow',
    severity: 'info',
    expr: `increase(${metric('lienthong_metrics_series_overflow_total')}[1h]) > 0`,
    for: '0m',
    summary: {
      vi: 'Chỉ số {{ $labels.metric }} có quá nhiều chuỗi',
      en: 'Metric {{ $labels.metric }} has too many series',
    },
    meaning: {
      vi: 'Tổ hợp nhãn vượt giới hạn được đếm chung vào `_other`.',
      en: 'Label combinations beyond the cap are counted together under `_other`.',
    },
    harm: {
      vi: 'Số theo từng bên không còn đủ chi tiết; tổng vẫn đúng.',
      en: 'Figures per party lose detail; totals stay right.',
    },
    action: {
      vi: 'Nâng giới hạn chuỗi trong cấu hình nếu danh bạ thật sự lớn như vậy.',
      en: 'Raise the series cap in the settings where the registry really is that large.',
    },
    escalation: { vi: 'Không cần.', en: 'None.' },
  },
  {
    name: 'LienthongAnswersWithheld',
    severity: 'warning',
    expr: `increase(${metric('lienthong_answers_withheld_total')}[10m]) > 0`,
    for: '0m',
    summary: {
      vi: 'Câu trả lời bị giữ lại vì không chắc còn quyền',
      en: 'Answers were held back because the right to them was not certain',
    },
    meaning: {
      vi: 'Một tiến trình không xác nhận kịp quyền hiện hành (máy treo, mất cơ sở dữ liệu).',
      en: 'A process could not confirm the authority in force in time (it hung, or lost the database).',
    },
    harm: {
      vi: 'Bên khai thác nhận 503; không dữ liệu nào lọt ra.',
      en: 'Consumers get 503; no data leaves.',
    },
    action: CHECK_DATABASE,
    escalation: CALL_OWNER,
  },
  {
    name: 'LienthongLogLinesDropped',
    severity: 'info',
    expr: `increase(${metric('lienthong_log_lines_dropped_total')}[1h]) > 0`,
    for: '0m',
    summary: { vi: 'Bỏ bớt dòng nhật ký', en: 'Log lines were dropped' },
    meaning: {
      vi: 'Nơi nhận nhật ký chậm hơn cổng.',
      en: 'Whatever reads the log is slower than the gateway.',
    },
    harm: {
      vi: 'Nhật ký vận hành thiếu dòng; sổ giao dịch không thiếu gì.',
      en: 'The operators’ log has gaps; the ledger has none.',
    },
    action: { vi: 'Xem trình thu nhật ký và đĩa của nó.', en: 'See the log collector and its disk.' },
    escalation: { vi: 'Không cần.', en: 'None.' },
  },
]

/** Every alert there is. */
export const ALERTS: readonly Alert[] = [...BURNING, ...STANDING, ...PROVIDER_ALERTS, ...LOG_ALERTS]

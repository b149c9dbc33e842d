import { type Alert, metric } from './alert.ts'

const ALL = metric('lienthong_transactions_total')
const FAILED = `${ALL}{outcome="failed"}`
const failedShare = (window: string) =>
  `sum by (provider) (rate(${FAILED}[${window}])) / sum by (provider) (rate(${ALL}[${window}]))`

/** Of those who answer: whoever is on duty rings them up. */
export const PROVIDER_ALERTS: readonly Alert[] = [
  {
    name: 'LienthongBreakerOpen',
    severity: 'warning',
    // Half open too: an open breaker is so for a moment every ten seconds, and until somebody asks.
    expr: `sum by (provider) (${metric('lienthong_breaker_state')}{state=~"open|half_open"}) > 0`,
    for: '1m',
    summary: {
      vi: 'Bên cung cấp {{ $labels.provider }} không gọi được',
      en: 'Provider {{ $labels.provider }} cannot be called',
    },
    meaning: {
      vi: 'Cầu dao ngắt đã 1 phút: các lần gọi liên tiếp thất bại, chưa lần thử lại nào thành công.',
      en: 'Its breaker has not closed for a minute: call after call failed, and none has been answered since.',
    },
    harm: {
      vi: 'Ai hỏi bên này nhận 503 kèm Retry-After.',
      en: 'Whoever asks it gets 503 with Retry-After.',
    },
    action: {
      vi: 'Gọi trực của bên cung cấp (liên hệ trong danh bạ); xem thông báo bảo trì; xem lỗi theo mã. Cầu dao đóng lại khi một lần gọi được trả lời: nếu không còn ai hỏi thì tự hỏi một lần.',
      en: 'Call the provider’s duty (contact in the registry); look for a maintenance notice and errors by code. The breaker closes with the first call that is answered: where nobody asks, ask once yourself.',
    },
    escalation: {
      vi: 'Báo bên khai thác nếu kéo dài 30 phút.',
      en: 'Tell the consumers where it lasts 30 minutes.',
    },
  },
  {
    name: 'LienthongProviderFails',
    severity: 'warning',
    // The short window ends it soon after answers come again.
    expr:
      `${failedShare('5m')} > 0.5 and ${failedShare('2m')} > 0.5 ` +
      `and sum by (provider) (increase(${FAILED}[5m])) >= 5`,
    for: '1m',
    summary: {
      vi: 'Quá nửa giao dịch với {{ $labels.provider }} không được',
      en: 'More than half of the exchanges with {{ $labels.provider }} fail',
    },
    meaning: {
      vi: 'Trong 5 phút quá nửa số câu hỏi, ít nhất 5, không có câu trả lời dùng được: không kết nối, quá giờ, lỗi 5xx, hoặc trả lời trái hợp đồng dữ liệu (cầu dao không ngắt vì điều này).',
      en: 'Within 5 minutes more than half of the questions, 5 at least, had no answer that can be used: no connection, too late, a 5xx, or an answer against the contract (for which no breaker opens).',
    },
    harm: {
      vi: 'Bên khai thác nhận 502, 503 hoặc 504.',
      en: 'Consumers get 502, 503 or 504.',
    },
    action: {
      vi: 'Bảng Dịch vụ: lỗi theo mã và thời gian của bên cung cấp; trang Chất lượng của bảng điều khiển: trường nào sai; rồi gọi trực của họ. Nếu mọi bên cùng lỗi thì xem chính cổng.',
      en: 'The services dashboard: errors by code and the provider’s time; the console’s page on quality: which fields; then call its duty. Where all providers fail at once, look at the gateway itself.',
    },
    escalation: {
      vi: 'Báo bên khai thác nếu kéo dài 30 phút.',
      en: 'Tell the consumers where it lasts 30 minutes.',
    },
  },
]

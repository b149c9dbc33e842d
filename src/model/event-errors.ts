import type { ErrorEntry } from './error-entry.ts'

/** What keeps an event from being told, or a subscription from being made or read. */
export const EVENT_ERRORS = {
  event_not_own: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Chỉ bên cung cấp được công bố sự kiện của mình',
      en: 'Only the provider publishes its events',
    },
    fix: {
      vi: 'Công bố bằng hệ thống đứng tên dịch vụ trong địa chỉ.',
      en: 'Publish as the subsystem that the service in the address belongs to.',
    },
  },
  event_id_reused: {
    status: 409,
    fault: 'consumer',
    stage: 'check_request',
    title: {
      vi: 'Mã sự kiện đã dùng cho nội dung khác',
      en: 'This event id was published with other content',
    },
    fix: {
      vi: 'Mỗi sự kiện một id trong cùng source; đính chính là một sự kiện mới.',
      en: 'Give each event an id of its own within its source; a correction is a new event.',
    },
  },
  subscription_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Không có đăng ký này', en: 'There is no such subscription' },
    fix: {
      vi: 'Xem danh sách bằng GET /subscriptions; hệ thống chỉ thấy đăng ký của chính mình.',
      en: 'List them with GET /subscriptions; a subsystem sees its own only.',
    },
  },
  subscription_inactive: {
    status: 409,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Đăng ký đang tạm dừng hoặc bị dừng', en: 'The subscription is paused or stopped' },
    fix: {
      vi: 'Xem stoppedBy; khi thỏa thuận đã có hiệu lực lại, đặt state thành active.',
      en: 'See stoppedBy; once the agreement is in force again, set its state to active.',
    },
  },
  subscription_mode_differs: {
    status: 409,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Đăng ký này không ở chế độ cần cho thao tác',
      en: 'The subscription is not of the mode this needs',
    },
    fix: {
      vi: 'Chỉ đăng ký pull mới đọc được; chỉ đăng ký push mới có khóa bí mật, phát lại và thư chết.',
      en: 'Only a pull subscription is read; only a push has a secret, a replay and dead letters.',
    },
  },
  cursor_expired: {
    status: 410,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Con trỏ quá cũ: sự kiện sau nó đã hết hạn lưu',
      en: 'The cursor is too old: events after it are no longer kept',
    },
    fix: {
      vi: 'Đọc lại bằng from (một thời điểm), rồi đối soát phần trước đó với bên cung cấp.',
      en: 'Read on with from (an instant), and reconcile what was before it with the provider.',
    },
  },
  webhook_gone: {
    status: 410,
    fault: 'consumer',
    stage: 'call',
    title: { vi: 'Bên nhận đã trả lời 410 Gone', en: 'The receiver answered 410 Gone' },
    fix: {
      vi: 'Khi bên nhận sẵn sàng, đặt state thành active, rồi phát lại nếu cần.',
      en: 'Once the receiver is ready, set the state to active, and replay where needed.',
    },
  },
  webhook_not_allowed: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Không được gửi tới địa chỉ này', en: 'Nothing may be pushed to this address' },
    fix: {
      vi: 'Dùng https và một máy chủ mà danh bạ cho phép hệ thống này (webhooks.hosts).',
      en: 'Use https and a host that the registry allows for this subsystem (webhooks.hosts).',
    },
  },
} as const satisfies Record<string, ErrorEntry>

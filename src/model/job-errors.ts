import type { ErrorEntry } from './error-entry.ts'

/** Errors of bulk jobs and their uploads. */
export const JOB_ERRORS = {
  job_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Không có công việc này', en: 'There is no such job' },
    fix: {
      vi: 'Kiểm tra mã công việc; sau thời hạn lưu, công việc và kết quả bị xóa.',
      en: "Check the job's id; jobs and results are deleted after their retention.",
    },
  },
  job_state_unfit: {
    status: 409,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Trạng thái công việc không cho phép việc này', en: "The job's state does not allow this" },
    fix: { vi: 'Xem trạng thái công việc rồi làm lại.', en: "Look at the job's state, then try again." },
  },
  upload_offset_wrong: {
    status: 409,
    fault: 'consumer',
    stage: 'gate',
    title: {
      vi: 'Upload-Offset không khớp phần đã nhận',
      en: 'Upload-Offset is not where the upload stands',
    },
    fix: {
      vi: 'Hỏi vị trí bằng HEAD rồi gửi tiếp từ đó.',
      en: 'Ask for the offset with HEAD and go on from there.',
    },
  },
  batch_unsupported: {
    status: 422,
    fault: 'consumer',
    stage: 'check_request',
    title: { vi: 'Thao tác này không nhận theo lô', en: 'The operation does not take batches' },
    fix: {
      vi: 'Chọn thao tác có x-exchange.batch trong hợp đồng của dịch vụ.',
      en: "Choose an operation with x-exchange.batch in the service's contract.",
    },
  },
  package_only: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Tập dữ liệu này chỉ rời cổng thành gói ẩn danh',
      en: 'This data set leaves as an anonymised package only',
    },
    fix: {
      vi: 'Đặt tập bằng POST /jobs/bulk với scope, rồi lấy gói khi việc đã xong.',
      en: 'Order it by POST /jobs/bulk with a scope, and fetch the package once the job is done.',
    },
  },
  anonymity_unmet: {
    status: 409,
    fault: 'provider',
    stage: 'authorise',
    title: {
      vi: 'Tập dữ liệu không ẩn danh được theo quy tắc của hợp đồng',
      en: "The data set cannot be made anonymous by its contract's rules",
    },
    fix: {
      vi: 'Bên cung cấp gộp các trường thô hơn (x-exchange.anonymised), hoặc chọn phạm vi rộng hơn rồi đặt lại.',
      en: 'The provider tells fields more coarsely (x-exchange.anonymised), or choose a wider scope and order anew.',
    },
  },
  encryption_key_missing: {
    status: 409,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Hệ thống chưa đăng ký khóa mã hóa',
      en: 'The subsystem has no encryption key',
    },
    fix: {
      vi: 'Đăng ký khóa công khai ở credentials.encryptionKey của hệ thống.',
      en: "Have a public key registered as the subsystem's credentials.encryptionKey.",
    },
  },
  request_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Không có yêu cầu này', en: 'There is no such request' },
    fix: {
      vi: 'Kiểm tra địa chỉ trong Location của câu trả lời 202; hệ thống chỉ thấy yêu cầu của chính mình.',
      en: 'Check the address in Location of the 202; a subsystem sees its own requests only.',
    },
  },
  request_closed: {
    status: 409,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Yêu cầu đã kết thúc, không nhận thêm kết quả',
      en: 'The request has ended and takes no result any more',
    },
    fix: {
      vi: 'Yêu cầu đã có kết quả khác, bị từ chối, bị hủy hoặc quá hạn nhận; không gửi lại.',
      en: 'It has another result, was refused or cancelled, or its time is over; do not send it again.',
    },
  },
  request_ended: {
    status: 410,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Yêu cầu đã bị hủy hoặc quá hạn', en: 'The request was cancelled, or its time is over' },
    fix: {
      vi: 'Gửi yêu cầu mới nếu vẫn cần; kết quả chỉ giữ trong thời gian quy định.',
      en: 'Make a new request where it is still needed; results are kept for a limited time.',
    },
  },
} as const satisfies Record<string, ErrorEntry>

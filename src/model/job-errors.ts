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
} as const satisfies Record<string, ErrorEntry>

import type { ErrorEntry } from './error-entry.ts'

/** Errors of the X-Road door, and of what its protocol brought with it. */
export const XROAD_ERRORS = {
  client_header_missing: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Thiếu X-Road-Client', en: 'X-Road-Client is missing' },
    fix: {
      vi: 'Gửi X-Road-Client: instance/lớp/mã/hệ thống.',
      en: 'Send X-Road-Client: instance/class/member/subsystem.',
    },
  },
  client_unknown: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'X-Road-Client không có trong danh bạ', en: 'X-Road-Client names no registered subsystem' },
    fix: {
      vi: 'Kiểm tra mã định danh; đề nghị đơn vị vận hành đăng ký hệ thống.',
      en: 'Check the identifier; ask the operator to register the subsystem.',
    },
  },
  client_unproved: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: {
      vi: 'Kết nối không chứng minh được là của hệ thống này',
      en: 'The connection does not prove that it is the subsystem’s',
    },
    fix: {
      vi: 'Kết nối bằng chứng thư đã đăng ký và còn hạn của hệ thống.',
      en: 'Connect with a certificate that is registered for the subsystem and in force.',
    },
  },
  security_server_unknown: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: {
      vi: 'X-Road-Security-Server không phải cổng này',
      en: 'X-Road-Security-Server is not this gateway',
    },
    fix: { vi: 'Bỏ tiêu đề này, hoặc nêu đúng cổng.', en: 'Leave the header out, or name this gateway.' },
  },
  service_code_missing: {
    status: 400,
    fault: 'consumer',
    stage: 'check_request',
    title: { vi: 'Thiếu serviceCode', en: 'serviceCode is missing' },
    fix: { vi: 'Thêm ?serviceCode=… vào địa chỉ.', en: 'Add ?serviceCode=… to the address.' },
  },
  description_missing: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Dịch vụ không có bản mô tả', en: 'The service has no description' },
    fix: { vi: 'Xem listMethods của bên cung cấp.', en: 'See the provider’s listMethods.' },
  },
  service_opaque: {
    status: 406,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Dịch vụ này không có hợp đồng JSON', en: 'The service has no JSON contract' },
    fix: { vi: 'Gọi qua cửa X-Road (/r1/…).', en: 'Ask for it at the X-Road door (/r1/…).' },
  },
  service_disabled: {
    status: 503,
    fault: 'provider',
    stage: 'resolve',
    title: { vi: 'Dịch vụ đang ngừng', en: 'The service is disabled' },
    fix: { vi: 'Đọc thông báo của bên cung cấp.', en: 'Read the provider’s notice.' },
  },
} as const satisfies Record<string, ErrorEntry>

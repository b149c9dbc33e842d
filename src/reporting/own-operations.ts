import { CONSENT_SERVICE } from '../exchange/withdrawal.ts'
import { APPLICATION_SERVICE, AUDIT_SERVICE, ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { ApplicationAction, ReadingAction } from './reading.ts'

type LogReading = Exclude<ReadingAction, ApplicationAction | 'erase'>

const READINGS: Readonly<Record<LogReading | 'accept-anchor', Bilingual>> = {
  search: { vi: 'tra cứu', en: 'searched' },
  count: { vi: 'đếm, thống kê', en: 'counted' },
  exchange: { vi: 'mở một giao dịch', en: 'opened an exchange' },
  export: { vi: 'kết xuất', en: 'exported' },
  figures: { vi: 'lập báo cáo', en: 'made a report' },
  entries: { vi: 'đọc nguyên văn sổ', en: "read the log's own bytes" },
  operationalData: { vi: 'đọc số liệu vận hành', en: 'read operational data' },
  findUsage: { vi: 'người dân xem dữ liệu của mình', en: 'a person asked about their data' },
  usagePeriod: { vi: 'hỏi dấu vết được lưu từ bao giờ', en: 'asked how far back traces go' },
  heartbeat: { vi: 'hỏi nơi trả lời người dân còn hoạt động không', en: 'asked whether people are answered' },
  healthData: { vi: 'xem tình trạng dịch vụ', en: 'read the health of services' },
  'accept-anchor': { vi: 'nhận lại điểm kiểm đã giữ', en: 'accepted the kept checkpoint anew' },
}

const APPLYING: Readonly<Record<ApplicationAction, Bilingual>> = {
  applications: { vi: 'xem các đề nghị kết nối', en: 'looked at applications' },
  application: { vi: 'mở một đề nghị kết nối', en: 'opened an application' },
  file: { vi: 'nộp đề nghị', en: 'filed an application' },
  supplement: { vi: 'bổ sung đề nghị', en: 'supplemented an application' },
  withdraw: { vi: 'rút đề nghị', en: 'withdrew an application' },
  ask: { vi: 'yêu cầu bổ sung', en: 'asked for more' },
  approve: { vi: 'phê duyệt đề nghị', en: 'approved an application' },
  refuse: { vi: 'từ chối đề nghị', en: 'refused an application' },
  propose: { vi: 'trình ký quyết định', en: 'handed a decision up for signature' },
  sign: { vi: 'nộp chữ ký của lãnh đạo', en: "handed in a leader's signature" },
}

const OWN: Readonly<Record<string, Readonly<Record<string, Bilingual>>>> = {
  [AUDIT_SERVICE]: READINGS,
  [APPLICATION_SERVICE]: APPLYING,
  [ERASURE_SERVICE]: {
    erase: { vi: 'xóa dữ liệu cá nhân', en: 'erased personal data' },
    hold: { vi: 'giữ lại theo lệnh', en: 'held by order' },
    release: { vi: 'gỡ lệnh giữ lại', en: 'released a hold' },
  },
  [CONSENT_SERVICE]: { withdraw: { vi: 'rút sự đồng ý', en: 'withdrew a consent' } },
}

/** @returns what one of the gateway's own operations is called, as something that was done; undefined of others. */
export function ownOperationName(service: string, operation: string): Bilingual | undefined {
  return OWN[service]?.[operation]
}

import type { Ledger } from '../ledger/ledger.ts'
import type { ReadinessCheck } from './health.ts'

/** What was revoked is known. */
export function registryCheck(isKnown: () => boolean): ReadinessCheck {
  return {
    name: 'registry',
    check: () =>
      isKnown()
        ? { ok: true, detail: { vi: 'Danh bạ mới nhất đang dùng.', en: 'The latest registry is in use.' } }
        : {
            ok: false,
            detail: {
              vi: 'Danh bạ trong cơ sở dữ liệu không đọc được: không biết quyền nào đã bị thu hồi nên không trả dữ liệu.',
              en: 'The registry in the database cannot be used: what was revoked is not known, so nothing is released.',
            },
          },
  }
}

/** Exchanges can be recorded. */
export function ledgerCheck(ledger: Pick<Ledger, 'isAvailable'>): ReadinessCheck {
  return {
    name: 'ledger',
    check: () =>
      ledger.isAvailable()
        ? { ok: true, detail: { vi: 'Nhật ký đang nhận bản ghi.', en: 'The ledger takes records.' } }
        : {
            ok: false,
            detail: {
              vi: 'Nhật ký không nhận bản ghi (cơ sở dữ liệu không phản hồi): mọi giao dịch bị từ chối.',
              en: 'The ledger takes no records (the database is away): every exchange is refused.',
            },
          },
  }
}

import type { Operation } from '../contract/contract.ts'
import { CONSENT_SERVICE } from '../exchange/withdrawal.ts'
import { APPLICATION_SERVICE, AUDIT_SERVICE, ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Division } from './kpi.ts'
import { ownOperationName } from './own-operations.ts'
import { committeeName, PROVINCES, provinceName, provinceOf } from './provinces.ts'

const same = (text: string): Bilingual => ({ vi: text, en: text })

/** What purposes of the registry are called where people read them. */
const PURPOSES: Readonly<Record<string, Bilingual>> = {
  'cap-nhat-bien-dong': { vi: 'cập nhật biến động', en: 'keeping up with changes' },
  'dieu-hanh': { vi: 'chỉ đạo, điều hành', en: 'steering and administration' },
  'doi-soat': { vi: 'đối soát dữ liệu', en: 'reconciling data' },
  'dong-bo-trang-thai': { vi: 'đồng bộ trạng thái hồ sơ', en: 'synchronising the state of dossiers' },
  'giai-quyet-thu-tuc-hanh-chinh': {
    vi: 'giải quyết thủ tục hành chính',
    en: 'settling an administrative procedure',
  },
  'hien-thi-cho-cong-dan': { vi: 'hiển thị cho công dân', en: 'showing citizens their own data' },
  'kham-chua-benh': { vi: 'khám bệnh, chữa bệnh', en: 'medical care' },
  'kho-du-lieu': { vi: 'xây dựng kho dữ liệu', en: 'a data warehouse' },
  'lam-sach-du-lieu': { vi: 'làm sạch dữ liệu', en: 'cleaning data' },
  'lien-thong-thu-tuc': { vi: 'giải quyết thủ tục liên thông', en: 'settling linked procedures' },
  'mot-cua-quoc-gia': { vi: 'thực hiện cơ chế một cửa quốc gia', en: 'the national single window' },
  'quan-ly-can-bo': { vi: 'quản lý cán bộ, công chức', en: 'administering officials' },
  'quan-ly-hoc-sinh': { vi: 'quản lý học sinh', en: 'administering pupils' },
  'quan-ly-thue': { vi: 'quản lý thuế', en: 'tax administration' },
  'quan-tri-du-lieu': { vi: 'quản trị dữ liệu', en: 'governing data' },
  'thong-ke': { vi: 'thống kê', en: 'statistics' },
  'thong-quan': { vi: 'thông quan hàng hóa', en: 'customs clearance' },
  'tiem-chung': { vi: 'tiêm chủng', en: 'vaccination' },
  'xac-dinh-nghia-vu-tai-chinh': { vi: 'xác định nghĩa vụ tài chính', en: 'assessing financial obligations' },
}

/** @returns a purpose in words; its code where it has none. */
export function purposeName(code: string): Bilingual {
  return PURPOSES[code] ?? same(code)
}

const KINDS: Readonly<Record<Operation['kind'], Bilingual>> = {
  lookup: { vi: 'tra cứu', en: 'look-up' },
  verify: { vi: 'xác thực', en: 'verification' },
  submit: { vi: 'nộp', en: 'submission' },
  request: { vi: 'yêu cầu, trả kết quả sau', en: 'request, answered later' },
  event: { vi: 'sự kiện', en: 'event' },
}

/** @returns in which form a product is had. */
export function formOf({
  kind,
  batch,
  anonymised,
}: Pick<Operation, 'kind' | 'batch' | 'anonymised'>): Bilingual {
  if (anonymised) return { vi: 'gói ẩn danh', en: 'anonymised package' }
  return batch ? { vi: 'xác thực hàng loạt, gói', en: 'bulk verification, package' } : KINDS[kind]
}

/** What codes are called: by the registry in force, else by the code itself. */
export interface Names {
  agency(code: string): Bilingual
  subsystem(id: string): Bilingual
  service(id: string): Bilingual
  /** One operation of a service, by its contract. */
  operation(service: string, id: string): Bilingual
  province(code: string): Bilingual
  of(by: Division, key: string): Bilingual
}

const OWN_NAMES: Readonly<Record<string, Bilingual>> = {
  [AUDIT_SERVICE]: { vi: 'Đọc sổ giao dịch', en: 'Readings of the log' },
  [ERASURE_SERVICE]: { vi: 'Xóa dữ liệu cá nhân', en: 'Erasures of personal data' },
  [CONSENT_SERVICE]: { vi: 'Sự đồng ý của người dân', en: 'Consents of people' },
  [APPLICATION_SERVICE]: { vi: 'Đề nghị kết nối', en: 'Applications for connection' },
}

/** Both sides hand their lists in under the service's own id. */
const RECONCILING: Bilingual = { vi: 'đối soát', en: 'reconciliation' }

type NamedRegistry = Pick<Registry, 'agencies' | 'subsystems'> & {
  readonly services: ReadonlyMap<
    string,
    {
      readonly document: Pick<Service, 'name'>
      readonly contract: { readonly operations: ReadonlyMap<string, Pick<Operation, 'title'>> }
    }
  >
}

export function createNames({ agencies, subsystems, services }: NamedRegistry): Names {
  const agency = (code: string): Bilingual => {
    const known = agencies.get(code)
    if (known) return known.name
    const province = provinceOf(code)
    return province === undefined ? same(code) : committeeName(province)
  }
  const names: Names = {
    agency,
    subsystem: (id) =>
      subsystems.get(id as never)?.name ?? (id === '' ? same('–') : agency(id.split('/')[0] ?? id)),
    service: (id) => services.get(id)?.document.name ?? OWN_NAMES[id] ?? same(id),
    operation: (service, id) =>
      services.get(service)?.contract.operations.get(id)?.title ??
      ownOperationName(service, id) ??
      (id === 'reconcile' ? RECONCILING : same(id)),
    province(code) {
      const known = PROVINCES.find((each) => each.code === code)
      return known === undefined ? same(code) : provinceName(known)
    },
    of(by, key) {
      if (by === 'province') return names.province(key)
      return by === 'service' ? names.service(key) : agency(key)
    },
  }
  return names
}

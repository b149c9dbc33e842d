import { APPLICATION_SERVICE, AUDIT_SERVICE, ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Division } from './kpi.ts'
import { committeeName, PROVINCES, provinceOf } from './provinces.ts'

/** What codes are called: by the registry in force, else by the code itself. */
export interface Names {
  agency(code: string): Bilingual
  subsystem(id: string): Bilingual
  service(id: string): Bilingual
  province(code: string): Bilingual
  of(by: Division, key: string): Bilingual
}

const same = (text: string): Bilingual => ({ vi: text, en: text })

const OWN_NAMES: Readonly<Record<string, Bilingual>> = {
  [AUDIT_SERVICE]: { vi: 'Đọc sổ giao dịch', en: 'Readings of the log' },
  [ERASURE_SERVICE]: { vi: 'Xóa dữ liệu cá nhân', en: 'Erasures of personal data' },
  [APPLICATION_SERVICE]: { vi: 'Đề nghị kết nối', en: 'Applications for connection' },
}

type NamedRegistry = Pick<Registry, 'agencies' | 'subsystems'> & {
  readonly services: ReadonlyMap<string, { readonly document: Pick<Service, 'name'> }>
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
    province: (code) => same(PROVINCES.find((each) => each.code === code)?.name ?? code),
    of(by, key) {
      if (by === 'province') return names.province(key)
      return by === 'service' ? names.service(key) : agency(key)
    },
  }
  return names
}

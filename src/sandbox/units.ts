import {
  type Commune,
  createUnitResolver,
  type Province,
  type ResolveUnit,
} from '../model/administrative-unit.ts'
import { FORMER_PLACES, PROVINCE_CODES, WARDS } from './places.ts'

/** First day of the list in force. */
const FROM = '2025-07-01'

/**
 * Where the territory of each old province went, where that is not the same number. `82` was split, so from old to
 * new is not a function.
 */
const MERGED: Readonly<Record<string, string>> = {
  ...{ '02': '08', '06': '19', '10': '15', '17': '25', '26': '25', '27': '24', '30': '31', '34': '33' },
  ...{ '35': '37', '36': '37', '45': '44', '49': '48', '54': '66', '58': '56', '60': '68', '62': '51' },
  ...{ '64': '52', '67': '68', '70': '75', '72': '80', '74': '79', '77': '79', '82': '80 82', '83': '86' },
  ...{ '84': '86', '87': '82', '89': '91', '93': '92', '94': '92', '95': '96' },
}

/** Names, as far as they are known here, of communes where nobody of the sandbox lives. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ '00008': 'Phường Ngọc Hà', '00025': 'Phường Giảng Võ', '00082': 'Phường Cửa Nam' },
  ...{ '00097': 'Phường Hồng Hà', '00190': 'Phường Ô Chợ Dừa', '00199': 'Phường Láng' },
  ...{ '00226': 'Phường Văn Miếu - Quốc Tử Giám' },
}

/** Codes of all communes of today in a province that an address leads to. */
function codesIn(province: string): readonly string[] {
  const lived = WARDS.filter((ward) => ward.province === province).map(({ code }) => code)
  const led = FORMER_PLACES.filter((place) => (MERGED[place.province] ?? place.province) === province)
  return [...new Set([...lived, ...led.flatMap(({ into }) => into.map(({ ward }) => ward))])]
}

function communesOf(province: string): readonly Commune[] {
  return codesIn(province).map((code) => ({
    code,
    name: WARDS.find((ward) => ward.code === code)?.name ?? NAMES[code] ?? '',
    formerly: FORMER_PLACES.flatMap(({ into, ward, district, province: its }) => {
      const went = into.find((each) => each.ward === code)
      return went === undefined ? [] : [{ code: ward, name: '', district, province: its, part: went.part }]
    }),
  }))
}

function provinceOf(id: string): Province {
  const merged = Object.entries(MERGED).filter(([, into]) => into.split(' ').includes(id))
  const own = Object.hasOwn(MERGED, id) ? [] : [id]
  const name = WARDS.find(({ province }) => province === id)?.provinceName ?? ''
  const formerly = [...own, ...merged.map(([code]) => code)]
  return { kind: 'Province', id, name, from: FROM, formerly, communes: communesOf(id) }
}

/** What the codes in addresses of the sandbox are today, read as the gateway reads the registry's. */
export function createSandboxUnits(): ResolveUnit {
  return createUnitResolver(PROVINCE_CODES.map(provinceOf))
}

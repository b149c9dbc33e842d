import type { Bilingual } from '../model/identifier.ts'

/** One of the 34 provinces and cities in force since 2025-07-01 (NQ 202/2025/QH15). */
export interface Province {
  /** Statistical code (QĐ 19/2025/QĐ-TTg). */
  readonly code: string
  readonly name: string
  /** A city under central government, not a province. */
  readonly city: boolean
  /** Where its square stands on the tile map, from the north-west corner. */
  readonly column: number
  readonly row: number
  /** Agency codes (QĐ 20/2020/QĐ-TTg) of its people's committee and of those that were merged into it. */
  readonly agencies: readonly string[]
  /** An archipelago that belongs to it. */
  readonly archipelago?: string
}

type Row = readonly [code: string, name: string, column: number, row: number, agencies: string]

const CITIES = new Set(['01', '31', '46', '48', '75', '79', '92'])
const ARCHIPELAGOS: Readonly<Record<string, string>> = { '48': 'Hoàng Sa', '56': 'Trường Sa' }

/** Exchanges made before the merger are counted where their province is now: old codes stand behind the new. */
const ROWS: readonly Row[] = [
  ['12', 'Lai Châu', 0, 0, 'H35'],
  ['15', 'Lào Cai', 1, 0, 'H38 H63'],
  ['08', 'Tuyên Quang', 2, 0, 'H60 H22'],
  ['04', 'Cao Bằng', 3, 0, 'H14'],
  ['11', 'Điện Biên', 0, 1, 'H18'],
  ['14', 'Sơn La', 1, 1, 'H52'],
  ['25', 'Phú Thọ', 2, 1, 'H44 H28 H62'],
  ['19', 'Thái Nguyên', 3, 1, 'H55 H03'],
  ['20', 'Lạng Sơn', 4, 1, 'H37'],
  ['01', 'Hà Nội', 2, 2, 'H26'],
  ['24', 'Bắc Ninh', 3, 2, 'H05 H02'],
  ['22', 'Quảng Ninh', 4, 2, 'H49'],
  ['37', 'Ninh Bình', 2, 3, 'H42 H25 H40'],
  ['33', 'Hưng Yên', 3, 3, 'H31 H54'],
  ['31', 'Hải Phòng', 4, 3, 'H24 H23'],
  ['38', 'Thanh Hóa', 2, 4, 'H56'],
  ['40', 'Nghệ An', 2, 5, 'H41'],
  ['42', 'Hà Tĩnh', 2, 6, 'H27'],
  ['44', 'Quảng Trị', 3, 7, 'H50 H46'],
  ['46', 'Huế', 3, 8, 'H57'],
  ['48', 'Đà Nẵng', 4, 9, 'H17 H47'],
  ['51', 'Quảng Ngãi', 4, 10, 'H48 H34'],
  ['52', 'Gia Lai', 4, 11, 'H21 H08'],
  ['66', 'Đắk Lắk', 4, 12, 'H15 H45'],
  ['80', 'Tây Ninh', 1, 13, 'H53 H39'],
  ['75', 'Đồng Nai', 2, 13, 'H19 H10'],
  ['68', 'Lâm Đồng', 3, 13, 'H36 H11 H16'],
  ['56', 'Khánh Hòa', 4, 13, 'H32 H43'],
  ['91', 'An Giang', 0, 14, 'H01 H33'],
  ['82', 'Đồng Tháp', 1, 14, 'H20 H58'],
  ['79', 'TP. Hồ Chí Minh', 2, 14, 'H29 H06 H09'],
  ['92', 'Cần Thơ', 0, 15, 'H13 H30 H51'],
  ['86', 'Vĩnh Long', 1, 15, 'H61 H07 H59'],
  ['96', 'Cà Mau', 0, 16, 'H12 H04'],
]

export const PROVINCES: readonly Province[] = ROWS.map(([code, name, column, row, agencies]) => ({
  code,
  name,
  city: CITIES.has(code),
  column,
  row,
  agencies: agencies.split(' '),
  ...(ARCHIPELAGOS[code] !== undefined && { archipelago: ARCHIPELAGOS[code] }),
}))

const BY_AGENCY: ReadonlyMap<string, Province> = new Map(
  PROVINCES.flatMap((province) => province.agencies.map((agency) => [agency, province] as const)),
)

/** @returns the province of today that an agency, or a subsystem of it, belongs to; undefined of a ministry's. */
export function provinceOf(agencyOrSubsystem: string): Province | undefined {
  const [agency = ''] = agencyOrSubsystem.split('/')
  return BY_AGENCY.get(agency.split('.')[0] ?? '')
}

/** Cities that English has names of its own for. */
const ENGLISH: Readonly<Record<string, string>> = { '01': 'Hanoi', '79': 'Ho Chi Minh City' }

export function provinceName({ code, name }: Province): Bilingual {
  return { vi: name, en: ENGLISH[code] ?? name }
}

/** What a province's people's committee is called, for an agency the registry does not (or no longer) name. */
export function committeeName(province: Province): Bilingual {
  const { name, city } = province
  const vi = `UBND ${city && !name.startsWith('TP.') ? 'TP. ' : city ? '' : 'tỉnh '}${name}`
  return { vi, en: `People's Committee of ${provinceName(province).en}` }
}

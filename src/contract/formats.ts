import { type Bilingual, isAgencyCode, LEGACY_AGENCY_CODE } from '../model/identifier.ts'

/**
 * The formats of the shared data dictionary: what a pattern alone can't check. Every one bounds the length
 * of the text it accepts and takes time linear in it.
 */

/** Province codes of personal ids (annex of TT 07/2016/TT-BCA); the mergers of 2025 did not change them. */
const PROVINCES: ReadonlySet<number> = new Set([
  1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42,
  44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86,
  87, 89, 91, 92, 93, 94, 95, 96,
])

/** A province code given to nobody: demonstration people stand under it. */
const SYNTHETIC_PROVINCE = 99

/** Codes from here on are countries: the birth was registered abroad. */
const FIRST_COUNTRY = 101

const ZERO = 48

/** @returns the number that the characters from `start` to before `end` write; -1 where one is no digit. */
function readDigits(text: string, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - ZERO
    // Past the end this is NaN.
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

export type Sex = 'male' | 'female'

const SEXES: ReadonlyMap<string, Sex> = new Map([
  ['male', 'male'],
  ['nam', 'male'],
  ['female', 'female'],
  ['nữ', 'female'],
  ['nu', 'female'],
])

/** What the digits G and YY of a personal id `PPP G YY NNNNNN` say. */
export interface PersonalIdFacts {
  readonly sex: Sex
  /** First year of the hundred, e.g. 1900. */
  readonly century: number
  readonly birthYear: number
}

/** @returns what a personal id says of its holder (annex of TT 07/2016/TT-BCA); `undefined` if not 12 digits. */
export function personalIdSexAndCentury(id: string): PersonalIdFacts | undefined {
  if (id.length !== 12 || readDigits(id, 0, 12) < 0) return undefined
  const digit = readDigits(id, 3, 4)
  const century = 1900 + Math.floor(digit / 2) * 100
  return { sex: digit % 2 === 0 ? 'male' : 'female', century, birthYear: century + readDigits(id, 4, 6) }
}

/**
 * @param birthDate `yyyy-mm-dd` or `yyyy`; not compared where absent.
 * @param sex `male`/`nam` or `female`/`nu`/`nữ`; any other value is not compared.
 * @returns whether a personal id agrees with year of birth and sex; true where it is not 12 digits, which is
 * for the format to say.
 */
export function agreesWithBirth(id: string, birthDate: string | undefined, sex: string | undefined): boolean {
  const said = personalIdSexAndCentury(id)
  if (said === undefined) return true
  if (birthDate !== undefined && readDigits(birthDate, 0, 4) !== said.birthYear) return false
  if (sex === undefined) return true
  // Nearly always it is a code as it stands.
  const known = SEXES.get(sex) ?? SEXES.get(sex.normalize('NFC').toLowerCase())
  return known === undefined || known === said.sex
}

/**
 * @param syntheticPersons whether the province code 099, given to nobody, is accepted.
 * @returns whether the text has the form of a personal id. There is no check digit.
 */
export function isPersonalId(text: string, syntheticPersons: boolean): boolean {
  if (text.length !== 12 || readDigits(text, 3, 12) < 0) return false
  const place = readDigits(text, 0, 3)
  return PROVINCES.has(place) || place >= FIRST_COUNTRY || (syntheticPersons && place === SYNTHETIC_PROVINCE)
}

const TAX_WEIGHTS = [31, 29, 23, 19, 17, 13, 7, 5, 3]

/**
 * @param nine the first nine digits of an organisation's tax code.
 * @returns the tenth; `undefined` where no code starts so.
 */
export function taxCheckDigit(nine: string): number | undefined {
  if (!/^\d{9}$/.test(nine) || nine.startsWith('00') || nine.endsWith('0000000')) return undefined
  const sum = TAX_WEIGHTS.reduce(
    (total, weight, index) => total + weight * readDigits(nine, index, index + 1),
    0,
  )
  const digit = 10 - (sum % 11)
  return digit === 10 ? undefined : digit
}

const TAX_CODE = /^\d{10}(?:-\d{3})?$/

/** @returns whether it is a tax code: an organisation's, a dependent unit's or a person's (TT 90/2026/TT-BTC). */
export function isTaxCode(text: string, syntheticPersons: boolean): boolean {
  if (text.length === 12) return isPersonalId(text, syntheticPersons)
  if (!TAX_CODE.test(text) || text.endsWith('-000')) return false
  return taxCheckDigit(text.slice(0, 9)) === Number(text[9])
}

/** @returns whether year, month and day name a day of the Gregorian calendar. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 0 || month < 1 || month > 12 || day < 1) return false
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (month === 2) return day <= (leap ? 29 : 28)
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
}

const HYPHEN = 45

/** @returns whether the text starts with a real day as yyyy-mm-dd. */
function startsWithDate(text: string): boolean {
  return (
    text.charCodeAt(4) === HYPHEN &&
    text.charCodeAt(7) === HYPHEN &&
    isDay(readDigits(text, 0, 4), readDigits(text, 5, 7), readDigits(text, 8, 10))
  )
}

function isDate(text: string): boolean {
  return text.length === 10 && startsWithDate(text)
}

/** Many birth dates are known by year only. */
function isBirthDate(text: string): boolean {
  const year = readDigits(text, 0, 4)
  return (text.length === 4 || isDate(text)) && year >= 1850 && year <= 2100
}

const TIME = /^.{10}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** RFC 3339 with an offset. Leap seconds are not accepted: no clock here counts them. */
function isDateTime(text: string): boolean {
  return text.length <= 35 && startsWithDate(text) && TIME.test(text)
}

function isAnyAgencyCode(text: string): boolean {
  return isAgencyCode(text) || LEGACY_AGENCY_CODE.test(text)
}

const DOSSIER =
  /^(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,4})-(\d{6}-\d{4}|\d{8}-\d{4,7})$/

/** TT 01/2018/TT-VPCP, Article 19: agency, day of receipt (yymmdd, or yyyymmdd), number within the day. */
function isDossierCode(text: string): boolean {
  const numbered = DOSSIER.exec(text)?.[1]
  if (numbered === undefined) return false
  const day = numbered.slice(0, numbered.indexOf('-'))
  const full = day.length === 6 ? `20${day}` : day
  const year = Number(full.slice(0, 4))
  return year >= 1990 && year <= 2100 && isDay(year, Number(full.slice(4, 6)), Number(full.slice(6)))
}

function isHsCode(text: string): boolean {
  const chapter = Number(text.slice(0, 2))
  return /^(?:\d{4}|\d{6}|\d{8})$/.test(text) && chapter >= 1 && chapter <= 97
}

/** Serials of land-use certificates: TT 10/2024/TT-BTNMT, the form of 2009–2024, and the older one. */
const LAND_CERTIFICATE = /^(?:[A-ZĐ]{2} ?(?:\d{8}|\d{6})|[A-ZĐ] ?\d{6,7})$/

const PHONE = /^(?:0|\+84)(?:[35789]\d{8}|2\d{8,9})$/

const EMAIL = /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}$/

function matches(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text)
}

/** What a format is called where a violation is told. */
export const FORMAT_TITLES = {
  'personal-id': { vi: 'số định danh cá nhân 12 chữ số', en: 'a 12-digit personal id' },
  'old-identity-number': { vi: 'số CMND 9 chữ số', en: 'a 9-digit identity card number' },
  passport: { vi: 'số hộ chiếu', en: 'a passport number' },
  'tax-code': {
    vi: 'mã số thuế (10 chữ số có số kiểm tra, thêm -nnn cho đơn vị phụ thuộc, hoặc 12 chữ số)',
    en: 'a tax code (10 digits with their check digit, with -nnn for a dependent unit, or 12 digits)',
  },
  'social-insurance': { vi: 'mã số bảo hiểm xã hội', en: 'a social insurance number' },
  'health-insurance-card': {
    vi: 'số thẻ bảo hiểm y tế 15 ký tự',
    en: 'a 15-character health insurance card number',
  },
  'birth-date': { vi: 'ngày sinh dạng yyyy-mm-dd hoặc yyyy', en: 'a birth date as yyyy-mm-dd or yyyy' },
  date: { vi: 'ngày có thật dạng yyyy-mm-dd', en: 'a real date as yyyy-mm-dd' },
  'date-time': { vi: 'thời điểm theo RFC 3339, có múi giờ', en: 'a time by RFC 3339 with an offset' },
  'agency-code': { vi: 'mã định danh cơ quan (QĐ 20/2020/QĐ-TTg)', en: 'an agency code (QĐ 20/2020/QĐ-TTg)' },
  'dossier-code': { vi: 'mã hồ sơ (TT 01/2018/TT-VPCP)', en: 'a dossier code (TT 01/2018/TT-VPCP)' },
  'procedure-code': { vi: 'mã thủ tục hành chính', en: 'a code of an administrative procedure' },
  'ward-code': { vi: 'mã xã 5 chữ số', en: 'a 5-digit ward code' },
  'parcel-key': { vi: 'mã thửa đất MaXa_SoTo_SoThua', en: 'a parcel key ward_sheet_parcel' },
  'land-certificate': { vi: 'số phát hành giấy chứng nhận', en: 'the serial of a land-use certificate' },
  'hs-code': { vi: 'mã HS 4, 6 hoặc 8 chữ số', en: 'an HS code of 4, 6 or 8 digits' },
  'phone-vn': { vi: 'số điện thoại Việt Nam', en: 'a Vietnamese telephone number' },
  'request-id': { vi: 'mã yêu cầu 1–40 ký tự', en: 'a request id of 1–40 characters' },
  vnd: { vi: 'số tiền nguyên (đồng)', en: 'a whole number of đồng' },
  uuid: { vi: 'UUID', en: 'a UUID' },
  email: { vi: 'địa chỉ thư điện tử', en: 'an e-mail address' },
  uri: { vi: 'URI', en: 'a URI' },
} as const satisfies Record<string, Bilingual>

export type FormatName = keyof typeof FORMAT_TITLES

/** A format as ajv takes it. */
export type Format =
  | { readonly type: 'string'; readonly validate: (text: string) => boolean }
  | { readonly type: 'number'; readonly validate: (value: number) => boolean }

/** @returns the formats by name; `syntheticPersons` also accepts personal ids that belong to nobody. */
export function createFormats(options: {
  readonly syntheticPersons: boolean
}): Readonly<Record<FormatName, Format>> {
  const { syntheticPersons } = options
  const text = (validate: (text: string) => boolean): Format => ({ type: 'string', validate })
  return {
    'personal-id': text((id) => isPersonalId(id, syntheticPersons)),
    'old-identity-number': text(matches(/^\d{9}$/)),
    passport: text(matches(/^[A-Z]\d{7,8}$/)),
    'tax-code': text((code) => isTaxCode(code, syntheticPersons)),
    // The personal id replaces the insurance number since August 2025; both circulate.
    'social-insurance': text((code) => /^\d{10}$/.test(code) || isPersonalId(code, syntheticPersons)),
    'health-insurance-card': text(matches(/^[A-Z]{2}[1-5]\d{12}$/)),
    'birth-date': text(isBirthDate),
    date: text(isDate),
    'date-time': text(isDateTime),
    'agency-code': text(isAnyAgencyCode),
    'dossier-code': text(isDossierCode),
    'procedure-code': text((code) => code.length <= 20 && /^\d\.\d{6}(?:\.\w+)*$/.test(code)),
    'ward-code': text(matches(/^(?!00000)\d{5}$/)),
    'parcel-key': text(matches(/^(?!00000)\d{5}_[1-9]\d{0,4}_[1-9]\d{0,5}$/)),
    'land-certificate': text((serial) => LAND_CERTIFICATE.test(serial.normalize('NFC'))),
    'hs-code': text(isHsCode),
    'phone-vn': text(matches(PHONE)),
    'request-id': text(matches(/^[\x21-\x7e]{1,40}$/)),
    vnd: { type: 'number', validate: Number.isSafeInteger },
    uuid: text(matches(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i)),
    email: text((address) => address.length <= 254 && EMAIL.test(address)),
    uri: text((uri) => uri.length <= 2048 && URL.canParse(uri)),
  }
}

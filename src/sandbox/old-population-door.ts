import { DOMParser, type Element } from '@xmldom/xmldom'
import type { Reply } from './respond.ts'

/**
 * How the older population interface speaks: SOAP 1.1, names in two namespaces, codes for words, dates without
 * separators, counts with decimals, errors inside HTTP 200, and a list of one item folded into its parent.
 */

/** A front of an agency that does not speak JSON. */
export interface Door {
  /** @returns what is asked, by the path of an operation; or the answer, where nothing that is known is. */
  read(text: string): { readonly path: string; readonly body: Readonly<Record<string, unknown>> } | Reply
  write(path: string, reply: NonNullable<Reply>): Reply
}

type Json = Readonly<Record<string, unknown>>

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
const REQUEST = 'http://dancuquocgia.bca'
const ANSWER = 'http://www.mic.gov.vn/dancu/1.0'
const XML = 'text/xml; charset=utf-8'

const SEXES: Json = { male: '1', female: '2' }
const MARITAL: Json = { unknown: '0', single: '1', married: '2', widowed: '3', divorced: '4' }
const RELATIONS: Json = { self: 'CH', spouse: 'VC', child: 'CON' }

/** Asked by the first name, answered by the second, of the operation at the path. */
const MESSAGES = {
  TraCuuThongTinCongDan: '/tra-cuu',
  XacThucThongTinCongDan: '/xac-thuc',
  TraCuuHoGiaDinh: '/ho-gia-dinh',
} as const

function escaped(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return text.replace(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function tag(name: string, content: string): string {
  return content === '' ? `<dc:${name}/>` : `<dc:${name}>${content}</dc:${name}>`
}

/** Empty where there is no value, as the old interface has it. */
function leaf(name: string, value: unknown): string {
  return tag(name, escaped(value))
}

function members(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function nameIn(fullName: unknown): string {
  const words = String(fullName).split(' ')
  const [last = '', first = ''] = [words.at(-1), words.length > 1 ? words[0] : '']
  return tag('HoVaTen', leaf('Ho', first) + leaf('ChuDem', words.slice(1, -1).join(' ')) + leaf('Ten', last))
}

function dateIn(birthDate: unknown): string {
  const text = String(birthDate)
  const inner = text.length === 4 ? leaf('Nam', text) : leaf('NgayThangNam', text.replaceAll('-', ''))
  return tag('NgayThangNamSinh', inner)
}

function placeIn(name: string, value: unknown): string {
  const { province, district, ward, detail } = members(value)
  return tag(
    name,
    leaf('MaTinhThanh', province) +
      leaf('MaQuanHuyen', district) +
      leaf('MaPhuongXa', ward) +
      leaf('ChiTiet', detail),
  )
}

function relativeIn(name: string, value: unknown): string {
  const { personalId, idCardNumber, fullName } = members(value)
  return tag(name, leaf('SoDinhDanh', personalId) + leaf('SoCMND', idCardNumber ?? 'null') + nameIn(fullName))
}

/** `20261122083000`, Vietnam's time. */
function stampOf(value: unknown): string {
  const local = new Date(Date.parse(String(value)) + 7 * 3_600_000)
  return Number.isNaN(local.getTime()) ? '' : local.toISOString().replace(/\D/g, '').slice(0, 14)
}

function citizenIn(body: Json): string {
  if (body['personalId'] === undefined) return ''
  const person = [
    leaf('SoDinhDanh', body['personalId']),
    leaf('SoCMND', body['idCardNumber'] ?? 'null'),
    nameIn(body['fullName']),
    leaf('GioiTinh', SEXES[String(body['sex'])]),
    leaf('DanToc', body['ethnicity']),
    leaf('TinhTrangHonNhan', MARITAL[String(body['maritalStatus'])]),
    dateIn(body['birthDate']),
    placeIn('ThuongTru', body['permanentResidence']),
    placeIn('NoiOHienTai', body['currentResidence']),
    relativeIn('Cha', body['father']),
    relativeIn('Me', body['mother']),
  ]
  const collection = tag('CongDan', person.join(''))
  const told = `SoCongDan="1" GhiChu="" ThoiDiemDuLieu="${stampOf(body['dataAsOf'])}"`
  return `<dc:CongdanCollection ${told}>${collection}</dc:CongdanCollection>`
}

function householdIn(body: Json): string {
  const list = Array.isArray(body['members']) ? body['members'].map(members) : []
  const items = list.map(
    ({ personalId, fullName, relationship }) =>
      leaf('SoDinhDanh', personalId) +
      leaf('HoTen', fullName) +
      leaf('QuanHe', RELATIONS[String(relationship)]),
  )
  const [only = ''] = items
  const inner = items.length === 1 ? only : items.map((item) => tag('ThanhVien', item)).join('')
  return tag(
    'HoGiaDinh',
    leaf('SoSoHoKhau', body['householdNumber']) +
      leaf('SoThanhVien', `${list.length}.000000`) +
      tag('DanhSach', inner) +
      leaf('ThoiDiemDuLieu', stampOf(body['dataAsOf'])),
  )
}

function contentOf(path: string, body: Json): string {
  if (path === '/tra-cuu') return citizenIn(body)
  if (path === '/ho-gia-dinh') return householdIn(body)
  return tag('KetQuaXacThuc', leaf('TonTai', body['exists'] === true ? 'True' : 'False'))
}

function envelope(inner: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><S:Envelope xmlns:S="${SOAP}"><S:Body>${inner}</S:Body></S:Envelope>`
}

function faultOf(code: string, words: string): Reply {
  const inner = `<S:Fault><faultcode>S:${code}</faultcode><faultstring>${words}</faultstring></S:Fault>`
  return { status: 500, text: envelope(inner), contentType: XML }
}

function answered(path: string, code: string, content: string): Reply {
  const [name = ''] = Object.entries(MESSAGES).find(([, at]) => at === path) ?? []
  const status = tag('TrangThai', leaf('Ma', code))
  const text = `<dc:${name}Response xmlns:dc="${ANSWER}">${status}${content}</dc:${name}Response>`
  return { status: 200, text: envelope(text), contentType: XML }
}

function textIn(parent: Element, name: string): string {
  return parent.getElementsByTagNameNS(REQUEST, name).item(0)?.textContent?.trim() ?? ''
}

/** As JSON has it; the old interface knows a day or a year. */
function birthDateIn(parent: Element): string | undefined {
  const [day, year] = [textIn(parent, 'NgayThangNam'), textIn(parent, 'Nam')]
  if (day !== '') return day.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  return year === '' ? undefined : year
}

export const OLD_POPULATION_DOOR: Door = {
  read(text) {
    let body: Element | null | undefined
    try {
      const parser = new DOMParser({
        onError: (_, words) => {
          throw new SyntaxError(words)
        },
      })
      const document = parser.parseFromString(text, 'text/xml')
      body = document.getElementsByTagNameNS(SOAP, 'Body').item(0)
    } catch {
      return faultOf('Client', 'Thông điệp không phải XML.')
    }
    const found = Object.entries(MESSAGES).flatMap(([name, path]) => {
      const asked = body?.getElementsByTagNameNS(REQUEST, name).item(0)
      return asked ? [{ path, asked }] : []
    })[0]
    if (found === undefined) return faultOf('Client', 'Không có dịch vụ này.')
    const { path, asked } = found
    if (textIn(asked, 'MaYeuCau') === '' || textIn(asked, 'MaTichHop') === '') {
      return faultOf('Client', 'Thiếu mã yêu cầu hoặc mã tích hợp.')
    }
    if (textIn(asked, 'MaDVC') === '') return answered(path, '004', '')
    if (textIn(asked, 'MaCanBo') === '') return answered(path, '005', '')
    const birthDate = birthDateIn(asked)
    const claim = { personalId: textIn(asked, 'SoDinhDanh'), fullName: textIn(asked, 'HoVaTen') }
    return { path, body: { ...claim, ...(birthDate !== undefined && { birthDate }) } }
  },
  write(path, reply) {
    const body = members(JSON.parse(reply.text))
    if (reply.status === 404) return answered(path, '001', '')
    if (reply.status === 503) return faultOf('Server.Busy', 'Hệ thống đang bận.')
    if (reply.status !== 200) return faultOf('Client', 'Yêu cầu không hợp lệ.')
    return answered(path, '0', contentOf(path, body))
  },
}

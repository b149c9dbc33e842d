import { isIP } from 'node:net'
import type { Bilingual } from '../model/identifier.ts'
import { createAddressClass } from './address-class.ts'

/** Where a binding may lead. */

const BASE_URL_DETAILS = {
  url: { vi: 'Không phải địa chỉ URL hợp lệ.', en: 'It is not a valid URL.' },
  url_scheme: {
    vi: 'Địa chỉ phải bắt đầu bằng http:// hoặc https://.',
    en: 'It must begin with http:// or https://.',
  },
  url_database: {
    vi: 'Cơ sở dữ liệu viết postgresql:// hoặc mariadb://máy:cổng/tên, chỉ khi có binding.sql.',
    en: 'A database is postgresql:// or mariadb://host:port/name, and only where there is binding.sql.',
  },
  url_credentials: {
    vi: 'Địa chỉ không được chứa tài khoản; dùng binding.credential.',
    en: 'It must hold no credentials; use binding.credential.',
  },
  url_query: { vi: 'Địa chỉ không được có ? hay #.', en: 'It must have no query and no fragment.' },
  url_host: {
    vi: 'Tên máy phải là tên miền ASCII chữ thường không mã hóa, hoặc địa chỉ IP viết ở dạng chuẩn (không %, không xn--).',
    en: 'The host must be a DNS name in lower-case ASCII, or an IP address in its normal form (no %, no xn--).',
  },
  url_path: {
    vi: 'Đường dẫn phải ở dạng chuẩn: không %, không //, không đoạn . hay ..',
    en: 'The path must be in its normal form: no %, no //, no segment . or ..',
  },
  url_address: {
    vi: 'Địa chỉ nội bộ: cần binding.allowPrivateAddress: true nếu bên cung cấp ở cùng mạng; địa chỉ liên kết, 0.0.0.0 và địa chỉ siêu dữ liệu không bao giờ được dùng.',
    en: 'An address inside: binding.allowPrivateAddress: true where the provider is on this network; link-local, 0.0.0.0 and metadata addresses are never allowed.',
  },
} as const satisfies Record<string, Bilingual>

const BASE_URL = /^https?:\/\/([^/?#]+)([^?#]*)$/i
const PORT = /:\d{1,5}$/
const HOST =
  /^(?:\[[0-9a-f:.]+\]|(?!.*(?:^|\.)xn--)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*)$/
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,;=:@-]+)*\/?$/

/** @returns whether a host is an address, or a name for this host, that the binding may not lead to. */
function isInside(hostname: string, allowPrivate: boolean): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare) === 0) return !allowPrivate && /(?:^|\.)localhost$/.test(bare)
  const place = createAddressClass()(bare)
  return place === 'never' || (place === 'private' && !allowPrivate)
}

function objectionToBaseUrl(text: string, allowPrivate: boolean): keyof typeof BASE_URL_DETAILS | undefined {
  // A URL parser forgives spaces, control characters and backslashes; two parsers forgive them differently.
  const url = /^[\x21-\x5b\x5d-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null) return 'url'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'url_scheme'
  if (!/^https?:\/\/[^/]/i.test(text)) return 'url'
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?#]*@/.test(text)) return 'url_credentials'
  const [, authority = '', path = ''] = BASE_URL.exec(text) ?? []
  if (authority === '') return 'url_query'
  // What the parser made of the host must be what was written: 127.1 and 0x7f000001 are 127.0.0.1 to it.
  const written = authority.replace(PORT, '').toLowerCase()
  if (written !== url.hostname || !HOST.test(written)) return 'url_host'
  if (!PATH.test(path)) return 'url_path'
  return isInside(url.hostname, allowPrivate) ? 'url_address' : undefined
}

/**
 * @param allowPrivate whether the binding says that the provider is on this host or network.
 * @returns why a binding's base URL is refused: it is read in one way only, and leads where providers are.
 * What a name resolves to is looked at when it is connected to.
 */
export function judgeBaseUrl(
  text: string,
  allowPrivate: boolean,
): { readonly rule: string; readonly detail: Bilingual } | undefined {
  const rule = objectionToBaseUrl(text, allowPrivate)
  return rule === undefined ? undefined : { rule, detail: BASE_URL_DETAILS[rule] }
}

const DATABASE_URL = /^(?:postgresql|mariadb):(\/\/[^/]+:\d{1,5}\/[A-Za-z0-9_-]{1,63})$/

/** @returns why the base URL of a binding to a database is refused; the host by the same rules as any other. */
export function judgeDatabaseUrl(
  text: string,
  allowPrivate: boolean,
): { readonly rule: string; readonly detail: Bilingual } | undefined {
  const place = DATABASE_URL.exec(text)?.[1]
  if (place === undefined) return { rule: 'url_database', detail: BASE_URL_DETAILS.url_database }
  return judgeBaseUrl(`https:${place}`, allowPrivate)
}

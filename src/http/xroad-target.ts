import { GatewayError } from '../model/errors.ts'
import type { XroadSubsystem } from '../registry/xroad-names.ts'

/** What an X-Road request asks for, by its address. */
export interface XroadTarget {
  readonly provider: XroadSubsystem
  readonly serviceCode: string
  /**
   * The one canonical path: it is matched, and what is forwarded is made of it. `/` first, decoded once; each of
   * its segments is non-empty, no dot segment and without a slash. X-Road tells an absent path from `/`; here both are `/`.
   */
  readonly path: string
  /** As it came, without `?`. */
  readonly query: string | undefined
}

/** RFC 3986 pchar: what X-Road's decoder of identifiers takes. */
const SEGMENT = /^(?:[\w!$&'()*+,;=:@.~-]|%[0-9A-Fa-f]{2})+$/
/** Characters no identifier may have: two readers could take it for two identifiers. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\0-\x1f\x7f%:;/\\\u200b\ufeff]/

export function malformed(vi: string, en: string): GatewayError {
  return new GatewayError('request_malformed', { detail: { vi, en } })
}

/** What stands for itself: nearly every identifier. */
const PLAIN = /^[A-Za-z0-9.-]+$/

/** @returns one part of an identifier. @throws GatewayError `request_malformed`. */
export function decodeIdentifier(segment: string): string {
  if (PLAIN.test(segment)) return segment
  if (SEGMENT.test(segment)) {
    try {
      const decoded = decodeURIComponent(segment)
      if (!UNSAFE.test(decoded)) return decoded
    } catch {
      // Not UTF-8: said below.
    }
  }
  throw malformed('Mã định danh X-Road không hợp lệ.', 'An X-Road identifier is not well formed.')
}

function decodePath(segments: readonly string[]): string {
  const decoded = segments.map((segment) => {
    try {
      return decodeURIComponent(segment)
    } catch {
      throw malformed('Địa chỉ không phải UTF-8.', 'The target is not UTF-8.')
    }
  })
  const last = decoded.length - 1
  const isUnsafe = decoded.some(
    (segment, index) =>
      (segment === '' && index < last) || segment === '.' || segment === '..' || /[/\\]/.test(segment),
  )
  if (isUnsafe) throw malformed('Địa chỉ không ở dạng chuẩn.', 'The target is not in its normal form.')
  return `/${decoded.join('/')}`
}

/**
 * @param url `/r1/{instance}/{class}/{member}/{subsystem}/{service}[/path][?query]`; all five parts are needed.
 * @throws GatewayError `request_malformed`.
 */
export function parseXroadTarget(url: string): XroadTarget {
  const mark = url.indexOf('?')
  const [, , instance, memberClass, member, subsystem, code, ...rest] = (
    mark < 0 ? url : url.slice(0, mark)
  ).split('/')
  if (!instance || !memberClass || !member || !subsystem || !code) {
    throw malformed('Địa chỉ X-Road cần đủ năm phần.', 'Invalid request URI')
  }
  return {
    provider: [
      decodeIdentifier(instance),
      decodeIdentifier(memberClass),
      decodeIdentifier(member),
      decodeIdentifier(subsystem),
    ],
    serviceCode: decodeIdentifier(code),
    path: decodePath(rest),
    query: mark < 0 ? undefined : url.slice(mark + 1),
  }
}

/** @param field `I/C/M/S`; X-Road lets the subsystem be left out, but a member alone asks for nothing here. */
export function parseClientField(field: string): XroadSubsystem {
  const [instance, memberClass, member, subsystem, ...more] = field.split('/').map(decodeIdentifier)
  if (!instance || !memberClass || !member || !subsystem || more.length > 0) {
    throw malformed('X-Road-Client không đúng dạng.', 'X-Road-Client is not instance/class/member/subsystem.')
  }
  return [instance, memberClass, member, subsystem]
}

/** @param name the parts of an identifier. @returns them as one, each percent-encoded where it needs to be. */
export function formatIdentifier(name: readonly string[]): string {
  return name.every((part) => PLAIN.test(part)) ? name.join('/') : name.map(encodeURIComponent).join('/')
}

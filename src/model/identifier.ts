/** Identifiers that every part of the gateway speaks: who, what, and which exchange. */

/** Text in the two languages of the product; Vietnamese is the default everywhere. */
export interface Bilingual {
  readonly vi: string
  readonly en: string
}

export type Language = 'vi' | 'en'

/** `agency/subsystem`, e.g. `G01/dan-cu`: the party that authenticates, asks and answers. */
export type SubsystemId = `${string}/${string}`

/** `agency/subsystem/service/version`, e.g. `G01/dan-cu/cong-dan/v1`. */
export type ServiceId = `${string}/${string}/${string}/${string}`

/** Agency e-code by QĐ 20/2020/QĐ-TTg: groups of `A-Z 0-9` divided by dots, 35 characters at most. */
export const AGENCY_CODE = /^[A-Z]\d{2}(?:\.[0-9A-Z]{1,5})*$/

/** The 13-character form of QCVN 102:2016, level 1 last: `000.00.00.G12`. */
export const LEGACY_AGENCY_CODE = /^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$/

/** A name inside an agency (subsystem, service): lower-case ASCII, so that no two look alike. */
export const LOCAL_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

/** A contract's major version in an address. */
export const SERVICE_VERSION = /^v[1-9]\d{0,2}$/

export function isAgencyCode(text: string): boolean {
  return text.length <= 35 && AGENCY_CODE.test(text)
}

/**
 * UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits, so ids sort by time.
 * @param nowMs Unix time in milliseconds.
 * @param random 16 random bytes; they are overwritten.
 */
export function formatExchangeId(nowMs: number, random: Buffer): string {
  random.writeUIntBE(nowMs, 0, 6)
  random[6] = 0x70 | ((random[6] ?? 0) & 0x0f)
  random[8] = 0x80 | ((random[8] ?? 0) & 0x3f)
  const hex = random.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** @returns the identifier that four parts of an address make; undefined where one of them is none. */
export function serviceIdOf(
  agency: string,
  subsystem: string,
  name: string,
  version: string,
): ServiceId | undefined {
  const isService =
    isAgencyCode(agency) &&
    LOCAL_NAME.test(subsystem) &&
    LOCAL_NAME.test(name) &&
    SERVICE_VERSION.test(version)
  return isService ? `${agency}/${subsystem}/${name}/${version}` : undefined
}

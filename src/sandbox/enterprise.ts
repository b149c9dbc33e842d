import { taxCheckDigit } from '../contract/formats.ts'
import { ANSWERED_ENDINGS } from './scenarios.ts'

/** An enterprise by the seven digits between 99 and the check digit; `branch` is 0 for its head office. */
export interface Enterprise {
  readonly number: number
  readonly branch: number
}

/** No organisation's code begins with these digits. */
const SYNTHETIC_LEAD = '99'
/** The first thousand of each hundred thousand numbers hold the scenarios' endings. */
const KEPT = 1_000
const STRIDE = 100_000

/** @returns the ten digits; `undefined` where no check digit exists (1 in 11 numbers). */
function codeOf(number: number): string | undefined {
  const nine = `${SYNTHETIC_LEAD}${String(number).padStart(7, '0')}`
  const check = taxCheckDigit(nine)
  return check === undefined ? undefined : `${nine}${check}`
}

/** The tax code of an enterprise that exists. */
export function taxCodeOf({ number, branch }: Enterprise): string {
  const suffix = branch === 0 ? '' : `-${String(branch).padStart(3, '0')}`
  return `${codeOf(number) ?? ''}${suffix}`
}

/**
 * The enterprises in order; numbers without a check digit are skipped.
 * @param index any integer from 0 up; it wraps round after 4,900,500.
 */
export function enterpriseAt(index: number): Enterprise {
  const even = (index * 2) % (99 * (STRIDE - KEPT))
  const number = Math.floor(even / (STRIDE - KEPT)) * STRIDE + KEPT + (even % (STRIDE - KEPT))
  // Two numbers that differ in the last digit only are never both without a check digit.
  return { number: codeOf(number) === undefined ? number + 1 : number, branch: 0 }
}

/** The enterprise whose tax code ends in a scenario's digits. */
export function enterpriseEnding(ending: string): Enterprise {
  const tail = Number(ending.slice(0, 5))
  for (let lead = 0; lead < 100; lead += 1) {
    const number = lead * STRIDE + tail
    if (codeOf(number)?.endsWith(ending) === true) return { number, branch: 0 }
  }
  throw new RangeError('no tax code has this ending')
}

/**
 * @returns the enterprise that a tax code of 10 or 10-3 digits names; whether a dependent unit exists is for
 *   the register to say.
 */
export function parseEnterprise(taxCode: string): Enterprise | undefined {
  const [, digits, suffix] = /^99(\d{7})\d(?:-(\d{3}))?$/.exec(taxCode) ?? []
  if (digits === undefined) return undefined
  const enterprise = { number: Number(digits), branch: Number(suffix ?? 0) }
  const isKnown = enterprise.number % STRIDE >= KEPT || ANSWERED_ENDINGS.has(taxCode.slice(4, 10))
  return isKnown && taxCodeOf(enterprise) === taxCode ? enterprise : undefined
}

import { GatewayError } from '../model/errors.ts'
import type { FixedAnswer, SoapVerdict } from '../model/soap.ts'
import { UnreadableAnswer } from './soap-read.ts'
import type { XmlElement } from './xml.ts'

/** What an answer says of its own success: faults, and errors inside an answer that calls itself good. */

/** @returns the refusal of an answer that is no XML we read, or not what the mapping says; it tells no content. */
export function unreadable(cause: unknown): GatewayError {
  const place = cause instanceof UnreadableAnswer ? cause.place : undefined
  const why = cause instanceof Error ? cause.message : undefined
  return new GatewayError('response_invalid', {
    cause,
    detail:
      place !== undefined
        ? { vi: `Không đọc được phần tử ${place}.`, en: `Element ${place} cannot be read.` }
        : {
            vi: 'Câu trả lời không phải XML được nhận.',
            en: `The answer is no XML that is taken: ${why ?? 'its type'}.`,
          },
  })
}

const CODE = /^[A-Za-z][\w.-]{0,63}$/

function localOf(text: string): string {
  return text.trim().split(':').at(-1) ?? ''
}

function textOf(element: XmlElement | undefined, ...path: readonly string[]): string {
  const found = path.reduce<XmlElement | undefined>(
    (at, local) => at?.children.find((child) => child.local === local),
    element,
  )
  return found?.text ?? ''
}

/** @returns the codes of a fault: of SOAP 1.1 `faultcode`, of 1.2 its subcode and its code. */
function codesOf(fault: XmlElement): readonly string[] {
  const codes = [
    textOf(fault, 'faultcode'),
    textOf(fault, 'Code', 'Subcode', 'Value'),
    textOf(fault, 'Code', 'Value'),
  ]
  return codes.map(localOf).filter((code) => code !== '')
}

/** @returns the text at a place, by local names; undefined where there is none, or more than one. */
function textAt(from: XmlElement, path: readonly string[]): string | undefined {
  let at: XmlElement | undefined = from
  for (const name of path) {
    if (name.startsWith('@')) return at?.attributes.find(({ local }) => local === name.slice(1))?.value
    const found: readonly XmlElement[] = at?.children.filter(({ local }) => local === name) ?? []
    at = found.length === 1 ? found[0] : undefined
  }
  return at?.text.trim()
}

function isMet({ at, in: among, notIn, absent }: SoapVerdict, answer: XmlElement): boolean {
  if (at === undefined) return false
  const text = textAt(answer, at)
  const isAbsent = text === undefined || text === ''
  if (absent !== undefined) return absent === isAbsent
  // Who is asked for a code and gives none has not said that all is well.
  if (notIn !== undefined) return isAbsent || !notIn.includes(text)
  return !isAbsent && among?.includes(text) === true
}

function conclude({ answer, error = 'provider_failed' }: SoapVerdict): FixedAnswer | GatewayError {
  if (answer !== undefined) return answer
  return new GatewayError(error, error === 'provider_failed' ? {} : { retryAfterSeconds: 5 })
}

/**
 * @param body of the envelope.
 * @returns what an answer that tells of no success means; undefined where it is a good one.
 */
export function judgeAnswer(
  body: XmlElement,
  verdicts: readonly SoapVerdict[] = [],
  envelope: string,
): FixedAnswer | GatewayError | undefined {
  const [answer] = body.children
  if (answer === undefined) throw new UnreadableAnswer('Body')
  if (answer.local !== 'Fault' || answer.uri !== envelope) {
    const met = verdicts.find((verdict) => isMet(verdict, answer))
    return met && conclude(met)
  }
  const codes = codesOf(answer)
  const met = verdicts.find(({ fault }) => fault?.some((code) => code === '*' || codes.includes(code)))
  if (met !== undefined) return conclude(met)
  // The fault's own words may be about a person: only its code is told.
  const code = codes.find((one) => CODE.test(one)) ?? '?'
  const detail = { vi: `Bên cung cấp báo lỗi SOAP ${code}.`, en: `The provider told a SOAP fault: ${code}.` }
  return new GatewayError('provider_failed', { detail })
}

import type { Contract, Operation } from '../contract/contract.ts'
import type { MemberView } from '../contract/members.ts'
import { pointerTo } from '../contract/minimise.ts'
import { isDateForm } from '../model/date-form.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { FixedAnswer } from '../model/soap.ts'
import type { TextForm } from '../model/text-form.ts'

/** What every mapping of a contract to another form has to keep, whatever that form is. */

/** One thing wrong; `pointer` is into the service's document. */
export type Fault = Violation

/** A member that a mapping says or reads, and where in the document it does. */
export interface MappedMember {
  /** Into the body; items of arrays by nothing: `/members/fullName`. */
  readonly member: string
  readonly pointer: string
  readonly form: TextForm
  readonly isList: boolean
}

export function fault(pointer: string, rule: string, detail: Bilingual): Fault {
  return { pointer, rule, detail }
}

const JSON_TYPES = {
  string: ['string'],
  timestamp: ['string'],
  integer: ['integer', 'number'],
  number: ['number', 'integer'],
  boolean: ['boolean'],
} as const

function checkForm({ pointer, form }: MappedMember): Fault[] {
  const faults: Fault[] = []
  if (form.date !== undefined && !isDateForm(form.date)) {
    const detail = {
      vi: 'Dạng ngày gồm yyyy, MM, dd, HH, mm, ss, mỗi phần một lần.',
      en: 'A form of dates has yyyy, MM, dd, HH, mm, ss, each once.',
    }
    faults.push(fault(`${pointer}/date`, 'date_form', detail))
  }
  const codes = Object.values(form.codes ?? {})
  if (new Set(codes).size !== codes.length) {
    const detail = { vi: 'Hai giá trị có cùng mã.', en: 'Two values have one code.' }
    faults.push(fault(`${pointer}/codes`, 'code_duplicate', detail))
  }
  return faults
}

/** @returns what of one mapped member the contract does not have, or has of another type. */
export function checkMember(mapped: MappedMember, view: MemberView | undefined): Fault[] {
  const { member, pointer, form, isList } = mapped
  if (view?.has(member) !== true) {
    const detail = { vi: 'Hợp đồng không có trường này.', en: 'The contract has no such member.' }
    return [fault(pointer, 'field_unknown', detail)]
  }
  const types = view.typesAt(member)
  const { type = 'string' } = form
  const fits = isList
    ? types.has('array')
    : type === 'json' || JSON_TYPES[type].some((each) => types.has(each))
  const isKnown = types.size > 0
  const faults = checkForm(mapped)
  if (isKnown && !fits) {
    const detail = {
      vi: 'Kiểu của trường này trong hợp đồng khác.',
      en: 'The contract gives this member another type.',
    }
    faults.push(fault(pointer, 'field_type', detail))
  }
  return faults
}

function isWithin(member: string, whole: string): boolean {
  return member === whole || member.startsWith(`${whole}/`)
}

/**
 * @param covered members that are said, or left out on purpose.
 * @param namesOf which members of an object have to be.
 * @returns the members that are not.
 */
export function findUncovered(
  covered: readonly string[],
  namesOf: (member: string) => readonly string[],
): readonly string[] {
  const missing: string[] = []
  const visit = (member: string): void => {
    for (const name of namesOf(member)) {
      const below = pointerTo(member, name)
      if (covered.some((each) => isWithin(below, each))) continue
      if (covered.some((each) => isWithin(each, below))) visit(below)
      else missing.push(below)
    }
  }
  visit('')
  return missing
}

/** @returns why the contract would not let an answer through that a mapping gives. */
export function checkFixedAnswer(
  { status, body }: FixedAnswer,
  operation: Operation,
  pointer: string,
): Fault[] {
  try {
    operation.checkResponse(status, body)
    return []
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const [first] = thrown.errors
    const detail = first?.detail ?? thrown.entry.title
    return [fault(`${pointer}/body${first?.pointer ?? ''}`, 'answer_unlisted', detail)]
  }
}

/**
 * Judges a mapping operation by operation.
 * @param at where the mapping's operations stand in the document.
 * @param check judges one operation with what is said of it.
 * @returns also the operations the contract does not have, and those of it that are left out.
 */
export function checkOperations<Mapped>(
  contract: Contract,
  mapped: Readonly<Record<string, Mapped>>,
  at: string,
  check: (operation: Operation, mapped: Mapped, at: string) => readonly Fault[],
): Fault[] {
  const asked = [...contract.operations.values()].filter(({ kind }) => kind !== 'event')
  const known = new Set(asked.map(({ id }) => id))
  const unknown = Object.keys(mapped).filter((name) => !known.has(name))
  return [
    ...unknown.map((name) =>
      fault(`${at}/${name}`, 'operation_unknown', {
        vi: `Hợp đồng không có thao tác ${name}.`,
        en: `The contract has no operation ${name}.`,
      }),
    ),
    ...asked.flatMap((operation) => {
      const { id } = operation
      const its = mapped[id]
      if (its !== undefined) return check(operation, its, `${at}/${id}`)
      return [fault(at, 'mapping_incomplete', { vi: `Chưa ánh xạ ${id}.`, en: `${id} is not mapped.` })]
    }),
  ]
}

import { compareBirthDates, compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import {
  answer,
  personIn,
  refuse,
  type SandboxAnswer,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from '../operation.ts'
import type { Person } from '../person-number.ts'

type ValueRung = 'exact' | 'different'

function compareValues(claimed: string, held: string | undefined): ValueRung {
  return claimed === held ? 'exact' : 'different'
}

/** A year is enough only where the register itself holds no more. */
function birthDateMatches(claimed: string, held: string): boolean {
  const rung = compareBirthDates(claimed, held)
  return rung === 'exact' || (rung === 'year' && held.length === 4)
}

function claimOf(item: unknown): SandboxRequest['body'] {
  return typeof item === 'object' && item !== null ? { ...item } : {}
}

/**
 * The operations of `services/G01/dan-cu/cong-dan.v1.yaml`.
 * @param now the time of the data in each answer.
 */
export function createPopulationAgency(country: Country, now: () => Date): readonly SandboxOperation[] {
  const { citizens, names } = country

  function lookUp(request: SandboxRequest): SandboxAnswer {
    const person = personIn(request)
    return answer(person && citizens.recordOf(person), now)
  }

  /** Only what was claimed is compared; nothing the register holds is told. */
  function compare(person: Person, request: SandboxRequest): { matched: boolean; fields: object } {
    const claimed = (member: string) => textOf(request, member)
    const [birthDate, sex, idCardNumber] = [claimed('birthDate'), claimed('sex'), claimed('idCardNumber')]
    const held = birthDate === '' ? '' : citizens.birthDateOf(person)
    const fields = {
      fullName: compareNames(claimed('fullName'), names.fullNameOf(person)),
      birthDate: birthDate === '' ? undefined : compareBirthDates(birthDate, held),
      sex: sex === '' ? undefined : compareValues(sex, person.sex),
      idCardNumber:
        idCardNumber === '' ? undefined : compareValues(idCardNumber, citizens.idCardNumberOf(person)),
    }
    const matched =
      isNameMatch(fields.fullName) &&
      (birthDate === '' || birthDateMatches(birthDate, held)) &&
      fields.sex !== 'different' &&
      fields.idCardNumber !== 'different'
    return { matched, fields }
  }

  function verify(request: SandboxRequest): SandboxAnswer {
    const person = personIn(request)
    return answer(person && compare(person, request), now)
  }

  function verifyOne(item: unknown): object {
    const request = { body: claimOf(item), idempotencyKey: undefined }
    const person = personIn(request)
    return person === undefined ? { found: false } : { found: true, ...compare(person, request) }
  }

  function verifyMany({ body }: SandboxRequest): SandboxAnswer {
    const { items } = body
    if (!Array.isArray(items)) return refuse(400, 'items_missing', 'Thiếu danh sách cần xác thực.')
    return { status: 200, body: { results: items.map(verifyOne), dataAsOf: now().toISOString() } }
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['personalId'], answer: lookUp },
    { path: '/xac-thuc', kind: 'verify', identifiers: ['personalId'], answer: verify },
    { path: '/xac-thuc-lo', kind: 'verify', identifiers: [], answer: verifyMany },
  ]
}

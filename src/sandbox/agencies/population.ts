import { compareBirthDates, compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import {
  answer,
  notFound,
  personIn,
  type SandboxAnswer,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from '../operation.ts'

type ValueRung = 'exact' | 'different'

function compareValues(claimed: string, held: string | undefined): ValueRung {
  return claimed === held ? 'exact' : 'different'
}

/** A year is enough only where the register itself holds no more. */
function birthDateMatches(claimed: string, held: string): boolean {
  const rung = compareBirthDates(claimed, held)
  return rung === 'exact' || (rung === 'year' && held.length === 4)
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
  function verify(request: SandboxRequest): SandboxAnswer {
    const person = personIn(request)
    if (person === undefined) return notFound()
    const claimed = (member: string) => textOf(request, member)
    const [birthDate, sex, idCardNumber] = [claimed('birthDate'), claimed('sex'), claimed('idCardNumber')]
    const held = citizens.birthDateOf(person)
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
    return { status: 200, body: { matched, fields, dataAsOf: now().toISOString() } }
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['personalId'], answer: lookUp },
    { path: '/xac-thuc', kind: 'verify', identifiers: ['personalId'], answer: verify },
  ]
}

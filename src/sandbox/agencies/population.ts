import { compareBirthDates, compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import { aboutPerson, type Compared, compareValue, verifying } from '../declare.ts'
import { type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import type { Person } from '../person-number.ts'

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

  /** Only what was claimed is compared; nothing the register holds is told. */
  function compare(person: Person, request: SandboxRequest): Compared {
    const claimed = (member: string) => textOf(request, member)
    const [birthDate, sex, idCardNumber] = [claimed('birthDate'), claimed('sex'), claimed('idCardNumber')]
    const held = birthDate === '' ? '' : citizens.birthDateOf(person)
    const fields = {
      fullName: compareNames(claimed('fullName'), names.fullNameOf(person)),
      birthDate: birthDate === '' ? undefined : compareBirthDates(birthDate, held),
      sex: compareValue(sex, person.sex),
      idCardNumber: compareValue(idCardNumber, citizens.idCardNumberOf(person)),
    }
    const matched =
      isNameMatch(fields.fullName) &&
      (birthDate === '' || birthDateMatches(birthDate, held)) &&
      fields.sex !== 'different' &&
      fields.idCardNumber !== 'different'
    return { matched, fields }
  }

  return [aboutPerson('/tra-cuu', now, citizens.recordOf), ...verifying('/xac-thuc', now, compare)]
}

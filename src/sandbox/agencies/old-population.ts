import { compareBirthDates, compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import {
  answer,
  notFound,
  personIn,
  refuse,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from '../operation.ts'
import { keyOf, type Person, personalIdOf } from '../person-number.ts'

/** A place as the old interface tells it: codes alone, without the list and the day they belong to. */
function placeOf({ province, district, ward, detail }: Readonly<Record<string, unknown>>): object {
  return { province, district, ward, detail }
}

/**
 * The operations of `services/G01/dan-cu/cong-dan-cu.v1.yaml`: the population register as its older interface has it,
 * where whoever asks has to say the name too, and names the procedure asked for.
 */
export function createOldPopulationAgency(
  { citizens, families, names }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  /** Somebody else's number with a wrong name is as good as unknown. */
  function claimed(request: SandboxRequest): Person | undefined {
    const person = personIn(request)
    if (person === undefined) return undefined
    const birthDate = textOf(request, 'birthDate')
    const isSame = isNameMatch(compareNames(textOf(request, 'fullName'), names.fullNameOf(person)))
    const held = birthDate === '' ? '' : citizens.birthDateOf(person)
    return isSame && (birthDate === '' || compareBirthDates(birthDate, held) === 'exact') ? person : undefined
  }

  function recordOf(person: Person): object {
    const record = citizens.recordOf(person)
    const { nationality: _, ...father } = record.father
    const { nationality: __, ...mother } = record.mother
    return {
      personalId: personalIdOf(person),
      idCardNumber: record.idCardNumber,
      fullName: record.fullName,
      sex: record.sex,
      birthDate: record.birthDate,
      ethnicity: record.ethnicity,
      maritalStatus: record.maritalStatus,
      permanentResidence: placeOf({ ...record.permanentResidence }),
      currentResidence: placeOf({ ...record.currentResidence }),
      father,
      mother,
    }
  }

  function householdOf(person: Person): object {
    const head = families.headOf(person)
    const spouse = families.spouseOf(head)
    const others = [head, spouse, person].filter((each) => each !== undefined)
    const people = [...new Map(others.map((each) => [keyOf(each), each])).values()]
    const members = people.map((each) => ({
      personalId: personalIdOf(each),
      fullName: names.fullNameOf(each),
      relationship:
        keyOf(each) === keyOf(head) ? 'self' : spouse && keyOf(each) === keyOf(spouse) ? 'spouse' : 'child',
    }))
    return { householdNumber: `HK${String(keyOf(head)).padStart(10, '0')}`, size: members.length, members }
  }

  function lookUp(request: SandboxRequest) {
    const person = claimed(request)
    return answer(person && recordOf(person), now)
  }

  function household(request: SandboxRequest) {
    const person = personIn(request)
    return answer(person && householdOf(person), now)
  }

  function verify(request: SandboxRequest) {
    if (textOf(request, 'personalId').length !== 12) return refuse(400, 'personal_id', 'Số định danh sai.')
    return personIn(request) === undefined
      ? notFound()
      : { status: 200, body: { exists: claimed(request) !== undefined } }
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['personalId'], answer: lookUp },
    { path: '/xac-thuc', kind: 'verify', identifiers: ['personalId'], answer: verify },
    { path: '/ho-gia-dinh', kind: 'lookup', identifiers: ['personalId'], answer: household },
  ]
}

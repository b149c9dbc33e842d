import type { Country } from '../country.ts'
import { aboutPerson } from '../declare.ts'
import { pick } from '../draw.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personAt, personalIdOf } from '../person-number.ts'

/** Topics of draws; 670–679 belong to this file. */
const TOPIC = { household: 670, allowance: 671 } as const

const HOUSEHOLDS = [
  'none',
  'none',
  'none',
  'none',
  'none',
  'none',
  'none',
  'poor',
  'near_poor',
  'none',
] as const
const ELDERLY = 75
/** Editions of the data set are of years, the last one this. */
const EDITIONS = ['2024', '2025', '2026'] as const
/** The people of the country that the data set is drawn from; some two in five are in it. */
const SURVEYED = 30_000

/** The operations of `services/G18/bao-tro/doi-tuong.v1.yaml`: poor households and monthly allowances. */
export function createSocialProtectionAgency(
  { draw, names, families, citizens }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const householdOf = (person: Person) =>
    pick(HOUSEHOLDS, draw(TOPIC.household, keyOf(families.headOf(person))))

  function beneficiary(person: Person): object | undefined {
    const household = householdOf(person)
    const isElderly = LAST_YEAR - person.year >= ELDERLY
    if (household === 'none' && !isElderly) return undefined
    return {
      personalId: personalIdOf(person),
      fullName: names.fullNameOf(person),
      household,
      monthlyAllowanceVnd: isElderly ? 500_000 + 50_000 * (draw(TOPIC.allowance, keyOf(person)) % 5) : 0,
    }
  }

  let listed: readonly Person[] | undefined
  function list(): readonly Person[] {
    listed ??= Array.from({ length: SURVEYED }, (_, index) => personAt(index)).filter(
      (person) => beneficiary(person) !== undefined,
    )
    return listed
  }

  function page(request: SandboxRequest): object | undefined {
    if (!EDITIONS.some((edition) => edition === textOf(request, 'edition'))) return undefined
    const { from, most } = request.body
    const rows = list().slice(Number(from), Number(from) + Number(most))
    return {
      rows: rows.map((person) => ({
        ...beneficiary(person),
        birthDate: citizens.birthDateOf(person),
        sex: person.sex,
        residence: citizens.permanentResidenceOf(person),
      })),
    }
  }

  return [
    {
      path: '/tap-an-danh',
      kind: 'lookup',
      identifiers: [],
      answer: (request) => answer(page(request), now),
    },
    aboutPerson('/tra-cuu', now, beneficiary),
    aboutPerson('/ho-ngheo/xac-thuc', now, (person) => ({ household: householdOf(person) }), 'verify'),
  ]
}

import type { Country } from '../country.ts'
import { aboutPerson } from '../declare.ts'
import { pick } from '../draw.ts'
import type { SandboxOperation } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personalIdOf } from '../person-number.ts'

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

/** The operations of `services/G18/bao-tro/doi-tuong.v1.yaml`: poor households and monthly allowances. */
export function createSocialProtectionAgency(
  { draw, names, families }: Country,
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

  return [
    aboutPerson('/tra-cuu', now, beneficiary),
    aboutPerson('/ho-ngheo/xac-thuc', now, (person) => ({ household: householdOf(person) }), 'verify'),
  ]
}

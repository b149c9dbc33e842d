import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { aboutPerson, type Compared, compareValue, filing, isPerson, verifying } from '../declare.ts'
import { pick } from '../draw.ts'
import { type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personalIdOf } from '../person-number.ts'
import { WARDS } from '../places.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 640–649 belong to this file. */
const TOPIC = { school: 640, result: 641 } as const

const RESULTS = ['excellent', 'good', 'good', 'fair', 'passed'] as const
const FIRST_GRADE_AGE = 6

/** The operations of `services/G03/hoc-ba/hoc-ba-so.v1.yaml`: pupils of grades 1 to 12 and what schools send. */
export function createEducationAgency(
  { draw, names }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const sentBy = new Map<string, Map<string, Claim>>()
  const sent = createRegister<Claim>({
    now,
    prefix: 'HB',
    matterOf: ({ personalId, schoolYear }) => `${personalId} ${schoolYear}`,
    supersedes: true,
    onEntry({ claim: { personalId, ...year } }) {
      const years = sentBy.get(String(personalId)) ?? new Map<string, Claim>()
      sentBy.set(String(personalId), years.set(String(year['schoolYear']), year))
    },
  })

  function drawnYearsOf(person: Person): readonly Claim[] {
    const key = keyOf(person)
    const first = person.year + FIRST_GRADE_AGE
    const grades = Math.min(12, LAST_YEAR - first + 1)
    const school = `Trường ${pick(WARDS, draw(TOPIC.school, key)).name}`
    return Array.from({ length: Math.max(0, grades) }, (_, index) => {
      const schoolYear = `${first + index}-${first + index + 1}`
      return { schoolYear, grade: index + 1, school, result: pick(RESULTS, draw(TOPIC.result, key) + index) }
    })
  }

  /** What a school sent stands in place of what is drawn; a pupil may be older than the drawn ones of a grade. */
  function yearsOf(person: Person): readonly Claim[] {
    const years = new Map(drawnYearsOf(person).map((year) => [String(year['schoolYear']), year]))
    for (const [schoolYear, year] of sentBy.get(personalIdOf(person)) ?? []) years.set(schoolYear, year)
    return [...years].sort(([a], [b]) => a.localeCompare(b)).map(([, year]) => year)
  }

  /** One school year of a pupil; nothing is known of somebody who went to no school then. */
  function compare(person: Person, request: SandboxRequest): Compared | undefined {
    const { schoolYear, grade, result } = request.body
    const year = yearsOf(person).find((each) => each['schoolYear'] === schoolYear)
    if (year === undefined) return undefined
    const fields = {
      fullName: compareNames(textOf(request, 'fullName'), names.fullNameOf(person)),
      grade: compareValue(grade, year['grade']),
      result: compareValue(result, year['result']),
    }
    const { fullName, ...values } = fields
    return { matched: isNameMatch(fullName) && !Object.values(values).includes('different'), fields }
  }

  return [
    filing('/cap-nhat', {
      register: sent,
      members: { personalId: 'text', schoolYear: 'text', grade: 'integer', school: 'text', result: 'text' },
      numberName: 'updateNumber',
      subject: 'personalId',
      isKnown: isPerson,
    }),
    aboutPerson('/tra-cuu', now, (person) => {
      const years = yearsOf(person)
      if (years.length === 0) return undefined
      return { personalId: personalIdOf(person), fullName: names.fullNameOf(person), years }
    }),
    ...verifying('/xac-thuc', now, compare),
  ]
}

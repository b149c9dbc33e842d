import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { aboutPerson, type Compared, compareValue, filing, isPerson, verifying } from '../declare.ts'
import { pick } from '../draw.ts'
import { type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personalIdOf } from '../person-number.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 600–609 belong to this file. */
const TOPIC = { doses: 600, day: 601, facility: 602 } as const

const VACCINES = [
  { disease: 'RA01', vaccine: 'Vắc xin COVID-19 mRNA' },
  { disease: '1F03', vaccine: 'Vắc xin sởi – rubella' },
  { disease: '1C17', vaccine: 'Vắc xin bạch hầu – ho gà – uốn ván' },
] as const
const FACILITIES = ['79001', '01003', '48002', '92005'] as const

/**
 * The operations of `services/G18/tiem-chung/mui-tiem.v1.yaml`: up to three doses drawn for each person, and
 * those recorded since.
 */
export function createVaccinationAgency(
  { draw, names }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const recorded = new Map<string, Claim[]>()
  const register = createRegister<Claim>({
    now,
    prefix: 'MT',
    matterOf: ({ personalId, disease, doseNumber }) => `${personalId} ${disease} ${doseNumber}`,
    onEntry({ claim: { personalId, ...dose } }) {
      const id = String(personalId)
      recorded.set(id, [...(recorded.get(id) ?? []), dose])
    },
  })

  function drawnDoses(person: Person): readonly Claim[] {
    const key = keyOf(person)
    const drawn = draw(TOPIC.doses, key)
    const month = 1 + (draw(TOPIC.day, key) % 9)
    const facility = draw(TOPIC.facility, key)
    const first = Math.min(LAST_YEAR - 2, Math.max(person.year + 1, 2021))
    return Array.from({ length: drawn % 4 }, (_, index) => ({
      ...pick(VACCINES, drawn >>> 8),
      doseNumber: index + 1,
      givenOn: `${first + index}-0${month}-15`,
      facility: pick(FACILITIES, facility + index),
    }))
  }

  function dosesOf(person: Person): readonly Claim[] {
    const added = recorded.get(personalIdOf(person)) ?? []
    // What was recorded stands in place of what is drawn.
    const isAdded = ({ disease, doseNumber }: Claim) =>
      added.some((dose) => dose['disease'] === disease && dose['doseNumber'] === doseNumber)
    return [...drawnDoses(person).filter((dose) => !isAdded(dose)), ...added]
  }

  function record(person: Person): object {
    return { personalId: personalIdOf(person), fullName: names.fullNameOf(person), doses: dosesOf(person) }
  }

  /** How often somebody was vaccinated against one disease, and when last. */
  function compare(person: Person, request: SandboxRequest): Compared {
    const { disease, doseCount, lastGivenOn } = request.body
    const days = dosesOf(person)
      .filter((dose) => dose['disease'] === disease)
      .map((dose) => String(dose['givenOn']))
    const fields = {
      fullName: compareNames(textOf(request, 'fullName'), names.fullNameOf(person)),
      doseCount: compareValue(doseCount, days.length),
      lastGivenOn: compareValue(lastGivenOn, days.toSorted().at(-1)),
    }
    const { fullName, ...values } = fields
    return { matched: isNameMatch(fullName) && !Object.values(values).includes('different'), fields }
  }

  return [
    filing('/ghi-nhan', {
      register,
      members: {
        personalId: 'text',
        disease: 'text',
        vaccine: 'text',
        doseNumber: 'integer',
        givenOn: 'text',
        facility: 'text',
      },
      numberName: 'recordNumber',
      subject: 'personalId',
      isKnown: isPerson,
    }),
    aboutPerson('/tra-cuu', now, record),
    ...verifying('/xac-thuc', now, compare),
  ]
}

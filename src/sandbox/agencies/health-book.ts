import type { Country } from '../country.ts'
import { aboutPerson } from '../declare.ts'
import { pick } from '../draw.ts'
import type { SandboxOperation } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personalIdOf } from '../person-number.ts'

/** Topics of draws; 650–659 belong to this file. */
const TOPIC = { blood: 650, visits: 651, allergy: 652 } as const

const BLOOD = ['O+', 'O+', 'A+', 'B+', 'AB+', 'O-'] as const
const DIAGNOSES = ['I10', 'J06.9', 'E11.9', 'K29.7', 'M54.5', 'Z00.0'] as const
const ALLERGIES = ['penicillin', 'hải sản', 'phấn hoa'] as const

/** The operation of `services/G18/so-suc-khoe/so.v1.yaml`: sensitive, so only with the person's consent. */
export function createHealthBookAgency(
  { draw, names }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  function book(person: Person): object {
    const key = keyOf(person)
    const visits = draw(TOPIC.visits, key)
    const hasAllergy = draw(TOPIC.allergy, key) % 6 === 0
    return {
      personalId: personalIdOf(person),
      fullName: names.fullNameOf(person),
      bloodGroup: pick(BLOOD, draw(TOPIC.blood, key)),
      allergies: hasAllergy ? [pick(ALLERGIES, draw(TOPIC.allergy, key) >>> 8)] : [],
      visits: Array.from({ length: visits % 4 }, (_, index) => ({
        visitedOn: `${LAST_YEAR}-0${1 + ((visits >>> 4) % 6) + index}-1${index}`,
        facility: `79${String((visits >>> 8) % 900).padStart(3, '0')}`,
        diagnosis: pick(DIAGNOSES, (visits >>> 12) + index),
      })),
    }
  }

  return [aboutPerson('/tra-cuu', now, book)]
}

import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import { aboutPerson } from '../declare.ts'
import { type SandboxOperation, textOf } from '../operation.ts'
import { keyOf, LAST_YEAR } from '../person-number.ts'

/** Topics of draws; 660–669 belong to this file. */
const TOPIC = { level: 660 } as const

/** Of 100 people issued an account, 92 have activated it (Bình Định, 02/2025: 91.79 %). */
const ACTIVATED_PERCENT = 92

/** The operation of `services/G01/vneid/dinh-danh.v1.yaml`. */
export function createVneidAgency({ draw, names }: Country, now: () => Date): readonly SandboxOperation[] {
  return [
    aboutPerson(
      '/xac-thuc',
      now,
      (person, request) => {
        const fullName = compareNames(textOf(request, 'fullName'), names.fullNameOf(person))
        const isAdult = LAST_YEAR - person.year >= 14
        const isActive = isAdult && draw(TOPIC.level, keyOf(person)) % 100 < ACTIVATED_PERCENT
        const matched = isNameMatch(fullName)
        return { matched, fullName, ...(matched && { level: isActive ? 2 : isAdult ? 1 : 0, isActive }) }
      },
      'verify',
    ),
  ]
}

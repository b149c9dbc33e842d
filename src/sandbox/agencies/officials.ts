import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { aboutPerson, filing, isPerson } from '../declare.ts'
import { pick } from '../draw.ts'
import { type SandboxOperation, textOf } from '../operation.ts'
import { keyOf, type Person, personalIdOf } from '../person-number.ts'
import { WARDS } from '../places.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 630–639 belong to this file. */
const TOPIC = { isOfficial: 630, rank: 631, workplace: 632 } as const

const RANKS = ['01.003', '01.002', '01.004', 'V.07.05.15', 'V.07.04.32'] as const

/** The operations of `services/G09/can-bo/ho-so.v1.yaml`: one adult in twenty serves; provinces send changes. */
export function createOfficialsAgency(
  { draw, names }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const changes = createRegister<Claim>({
    now,
    prefix: 'CBCC',
    matterOf: ({ personalId }) => String(personalId),
    supersedes: true,
  })

  function post(person: Person): Claim | undefined {
    const sent = changes.findByMatter(personalIdOf(person))
    if (sent !== undefined) {
      const { rank, workplace, appointedOn } = sent.claim
      return { rank, workplace, appointedOn }
    }
    const key = keyOf(person)
    if (person.year < 1965 || person.year > 2003 || draw(TOPIC.isOfficial, key) % 20 !== 0) return undefined
    return {
      rank: pick(RANKS, draw(TOPIC.rank, key)),
      workplace: `Ủy ban nhân dân ${pick(WARDS, draw(TOPIC.workplace, key)).name}`,
      appointedOn: `${person.year + 24}-09-01`,
    }
  }

  return [
    filing('/cap-nhat', {
      register: changes,
      members: { personalId: 'text', rank: 'text', workplace: 'text', appointedOn: 'text' },
      numberName: 'updateNumber',
      subject: 'personalId',
      isKnown: isPerson,
    }),
    aboutPerson('/tra-cuu', now, (person) => {
      const held = post(person)
      return held && { personalId: personalIdOf(person), fullName: names.fullNameOf(person), ...held }
    }),
    aboutPerson(
      '/xac-thuc',
      now,
      (person, request) => {
        const fullName = compareNames(textOf(request, 'fullName'), names.fullNameOf(person))
        return { matched: isNameMatch(fullName) && post(person) !== undefined, fullName }
      },
      'verify',
    ),
  ]
}

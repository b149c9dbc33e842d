import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { aboutPerson, cancelling, entryLookUp, filing } from '../declare.ts'
import { pick } from '../draw.ts'
import { enterpriseAt, taxCodeOf } from '../enterprise.ts'
import { type SandboxOperation, textOf } from '../operation.ts'
import { keyOf, LAST_YEAR, type Person, personalIdOf } from '../person-number.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 610–619 belong to this file. */
const TOPIC = { number: 610, employer: 611, months: 612, card: 613 } as const

const STATES = ['contributing', 'contributing', 'contributing', 'paused', 'pensioner'] as const
/** Groups of card holders: employees, households, children under six, pensioners. */
const GROUPS = { employee: 'DN', household: 'GD', child: 'TE', pensioner: 'HT' } as const

/**
 * The operations of `services/G12/bao-hiem/tham-gia.v1.yaml`; cards of new-borns are issued on application, those of the
 * deceased end, and whoever buried them claims the allowance.
 */
export function createInsuranceAgency(
  { draw, names, citizens }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const applications = {
    register: createRegister<Claim>({
      now,
      prefix: 'BHYT',
      matterOf: ({ personalId }) => String(personalId),
    }),
    numberName: 'cardApplication',
    subject: 'personalId',
  }
  const matterOf = ({ personalId }: Claim) => String(personalId)
  const terminations = {
    register: createRegister<Claim>({ now, prefix: 'CDBH', matterOf }),
    numberName: 'terminationNumber',
    subject: 'personalId',
  }
  const claims = {
    register: createRegister<Claim>({ now, prefix: 'MTP', matterOf }),
    numberName: 'claimNumber',
    subject: 'personalId',
  }
  /** The day on which a membership ended, where it did. */
  const endOf = (person: Person) => terminations.register.findByMatter(personalIdOf(person))?.claim['endedOn']

  const numberOf = (person: Person) => `99${String(draw(TOPIC.number, keyOf(person)) % 1e8).padStart(8, '0')}`

  function groupOf(person: Person): keyof typeof GROUPS {
    const age = LAST_YEAR - person.year
    if (age < 6) return 'child'
    if (age > 61) return 'pensioner'
    return draw(TOPIC.card, keyOf(person)) % 3 === 0 ? 'household' : 'employee'
  }

  function cardOf(person: Person) {
    const group = groupOf(person)
    const level = group === 'child' ? 1 : group === 'pensioner' ? 3 : 4
    const { province } = citizens.permanentResidenceOf(person)
    return { cardNumber: `${GROUPS[group]}${level}${province}${numberOf(person)}`, benefitLevel: level }
  }

  function stateOf(person: Person): string {
    if (endOf(person) !== undefined) return 'ended'
    return groupOf(person) === 'employee'
      ? pick(STATES, draw(TOPIC.months, keyOf(person)) >>> 9)
      : 'not_contributing'
  }

  function membership(person: Person): object {
    const key = keyOf(person)
    const isEmployee = groupOf(person) === 'employee'
    return {
      personalId: personalIdOf(person),
      socialInsuranceNumber: numberOf(person),
      fullName: names.fullNameOf(person),
      birthDate: citizens.birthDateOf(person),
      state: stateOf(person),
      monthsContributed: isEmployee ? draw(TOPIC.months, key) % 300 : 0,
      ...(isEmployee && { employerTaxCode: taxCodeOf(enterpriseAt(draw(TOPIC.employer, key) % 1_000_000)) }),
    }
  }

  return [
    aboutPerson('/tra-cuu', now, membership),
    aboutPerson(
      '/xac-thuc-the',
      now,
      (person, request) => {
        const card = cardOf(person)
        const fullName = compareNames(textOf(request, 'fullName'), names.fullNameOf(person))
        return {
          matched: isNameMatch(fullName),
          fullName,
          ...(isNameMatch(fullName) && { ...card, validUntil: endOf(person) ?? `${LAST_YEAR + 1}-12-31` }),
        }
      },
      'verify',
    ),
    filing('/the-tre-em', {
      ...applications,
      members: {
        personalId: 'text',
        fullName: 'text',
        birthDate: 'text',
        guardianPersonalId: 'text',
        'dossierCode?': 'text',
      },
    }),
    entryLookUp('/the-tre-em/tra-cuu', applications),
    filing('/cham-dut', {
      ...terminations,
      members: {
        personalId: 'text',
        endedOn: 'text',
        deathRegistrationNumber: 'text',
        'dossierCode?': 'text',
      },
    }),
    entryLookUp('/cham-dut/tra-cuu', terminations),
    filing('/mai-tang-phi', {
      ...claims,
      members: {
        personalId: 'text',
        claimantPersonalId: 'text',
        deathRegistrationNumber: 'text',
        'dossierCode?': 'text',
      },
      identifiers: ['claimantPersonalId'],
    }),
    entryLookUp('/mai-tang-phi/tra-cuu', claims),
    cancelling('/huy', {
      now,
      prefix: 'HUYBH',
      subject: 'number',
      registers: [applications.register, terminations.register, claims.register],
    }),
  ]
}

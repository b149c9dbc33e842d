import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { aboutPerson, cancelling, entryLookUp, filing } from '../declare.ts'
import { answer, personIn, type SandboxOperation } from '../operation.ts'
import { keyOf, type Person, parsePersonalId, personalIdOf } from '../person-number.ts'
import { createRegister } from '../register.ts'
import { ANSWERED_ENDINGS } from '../scenarios.ts'

/** Topics of draws; 620–629 belong to this file. */
const TOPIC = { bookNumber: 620 } as const

/**
 * The operations of `services/G15/ho-tich/su-kien.v1.yaml`: marital status and birth records of everybody, and
 * the births and deaths registered since; a registration can be cancelled, which linked procedures need.
 */
export function createCivilStatusAgency(
  { draw, names, families, citizens, deaths: diedOn }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const numberName = 'registrationNumber'
  const births = {
    register: createRegister<Claim>({
      now,
      prefix: 'KS',
      matterOf: ({ motherPersonalId, childFullName, birthDate }) =>
        `${motherPersonalId} ${childFullName} ${birthDate}`,
    }),
    numberName,
    subject: 'motherPersonalId',
  }
  const deaths = {
    register: createRegister<Claim>({ now, prefix: 'KT', matterOf: ({ personalId }) => String(personalId) }),
    numberName,
    subject: 'personalId',
  }
  function maritalStatus(person: Person): object {
    const spouse = families.spouseOf(person)
    return {
      personalId: personalIdOf(person),
      maritalStatus: families.maritalStatusOf(person),
      ...(spouse && {
        spouse: { personalId: personalIdOf(spouse), fullName: names.fullNameOf(spouse), nationality: 'VN' },
      }),
    }
  }

  function birthRecord(person: Person): object {
    const { fullName, sex, birthDate, birthRegistrationPlace, father, mother } = citizens.recordOf(person)
    const drawn = draw(TOPIC.bookNumber, keyOf(person))
    return {
      personalId: personalIdOf(person),
      registrationNumber: `${1 + (drawn % 400)}/${person.year}`,
      book: `01/${person.year}`,
      fullName,
      sex,
      birthDate,
      registrationPlace: birthRegistrationPlace,
      father,
      mother,
    }
  }

  return [
    aboutPerson('/tinh-trang-hon-nhan', now, maritalStatus),
    aboutPerson('/khai-sinh/trich-luc', now, birthRecord),
    filing('/khai-sinh', {
      ...births,
      members: {
        motherPersonalId: 'text',
        'fatherPersonalId?': 'text',
        childFullName: 'text',
        sex: 'text',
        birthDate: 'text',
        'dossierCode?': 'text',
      },
    }),
    entryLookUp('/khai-sinh/tra-cuu', births),
    filing('/khai-tu', {
      ...deaths,
      // Whose death the book holds already cannot die again.
      isContradicted: (personalId) => {
        const person = parsePersonalId(personalId, ANSWERED_ENDINGS)
        return person !== undefined && diedOn(person) !== undefined
      },
      members: {
        personalId: 'text',
        diedOn: 'text',
        declarantPersonalId: 'text',
        'cause?': 'text',
        'dossierCode?': 'text',
      },
    }),
    {
      path: '/khai-tu/xac-thuc',
      kind: 'verify',
      identifiers: ['personalId'],
      answer: (request) => {
        const person = personIn(request)
        const isRegistered = deaths.register.findByMatter(String(request.body['personalId'])) !== undefined
        // A new-born is registered here before anybody else knows of it.
        if (isRegistered) return answer({ isRegisteredDead: true }, now)
        return answer(person && { isRegisteredDead: diedOn(person) !== undefined }, now)
      },
    },
    cancelling('/huy-dang-ky', {
      now,
      prefix: 'HUY',
      subject: 'registrationNumber',
      registers: [births.register, deaths.register],
    }),
  ]
}

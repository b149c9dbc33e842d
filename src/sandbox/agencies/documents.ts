import type { Country } from '../country.ts'
import { aboutPerson } from '../declare.ts'
import { pick } from '../draw.ts'
import type { SandboxOperation } from '../operation.ts'
import { keyOf, type Person, personalIdOf } from '../person-number.ts'

/** Topics of draws; 740–749 belong to this file. */
const TOPIC = { documents: 740 } as const

const PROCEDURES = ['1.004873', '2.000815', '1.001193', '1.005144'] as const

/** The operation of `services/H29/kho-giay-to/giay-to.v1.yaml`: results of earlier dossiers, so that nobody hands them in again. */
export function createDocumentsAgency({ draw }: Country, now: () => Date): readonly SandboxOperation[] {
  function documents(person: Person): object {
    const key = keyOf(person)
    const drawn = draw(TOPIC.documents, key)
    return {
      personalId: personalIdOf(person),
      documents: Array.from({ length: drawn % 3 }, (_, index) => ({
        documentId: `KQ.H29.${String((drawn >>> 6) % 900_000).padStart(6, '0')}${index}`,
        procedureCode: pick(PROCEDURES, (drawn >>> 4) + index),
        issuedOn: `2025-1${index}-0${1 + (drawn % 9)}`,
        isSigned: true,
      })),
    }
  }
  return [aboutPerson('/tra-cuu', now, documents)]
}

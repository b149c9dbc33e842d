import type { Country } from './country.ts'
import { createDraw, pick } from './draw.ts'
import { enterpriseAt, taxCodeOf } from './enterprise.ts'
import { personAt } from './person-number.ts'
import { sampleParcel, samplePerson } from './samples.ts'

/** Something that an agency of the sandbox tells of: an event of its contract. */
export interface Happening {
  readonly provider: string
  readonly service: string
  readonly type: string
  readonly data: object
}

/** Topics of draws; 990–999 belong to this file. */
const TOPIC = { kind: 990, index: 991 } as const

interface Drawn {
  readonly index: number
  readonly country: Country
  /** `yyyy-mm-dd`. */
  readonly day: string
  /** Rises with each happening, for numbers that agencies give. */
  readonly number: string
}

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const CIVIL_STATUS = 'G15/ho-tich/su-kien/v1'

const idOf = ({ index, country }: Drawn) => samplePerson(index, country).lookUp.personalId
const numberOf = ({ day, number }: Drawn) => `HT-${day.slice(0, 4)}-${number}`

/** How often each happens, beside the others, and what is told of it. */
const KINDS: readonly (readonly [weight: number, make: (drawn: Drawn) => Happening])[] = [
  [
    4,
    (drawn) => ({
      provider: 'G01/dan-cu',
      service: CITIZENS,
      type: 'citizenDied',
      data: { personalId: idOf(drawn), diedOn: drawn.day },
    }),
  ],
  [
    8,
    (drawn) => {
      const { personalId, permanentResidence } = residenceOf(drawn)
      const data = { personalId, permanentResidence, changedOn: drawn.day }
      return { provider: 'G01/dan-cu', service: CITIZENS, type: 'residenceChanged', data }
    },
  ],
  [
    6,
    (drawn) => ({
      provider: 'G15/ho-tich',
      service: CIVIL_STATUS,
      type: 'birthRegistered',
      data: {
        registrationNumber: numberOf(drawn),
        motherPersonalId: idOf(drawn),
        childFullName: samplePerson(drawn.index + 1, drawn.country).verify.fullName,
        sex: drawn.index % 2 === 0 ? 'female' : 'male',
        birthDate: drawn.day,
      },
    }),
  ],
  [
    4,
    (drawn) => ({
      provider: 'G15/ho-tich',
      service: CIVIL_STATUS,
      type: 'deathRegistered',
      data: { registrationNumber: numberOf(drawn), personalId: idOf(drawn), diedOn: drawn.day },
    }),
  ],
  [
    6,
    ({ index, country, day }) => ({
      provider: 'G10/dat-dai',
      service: 'G10/dat-dai/thua-dat/v1',
      type: 'parcelChanged',
      data: { ...sampleParcel(index, country).lookUp, change: 'transfer', changedOn: day },
    }),
  ],
  [
    10,
    ({ index, day }) => ({
      provider: 'G12/hai-quan',
      service: 'G12/hai-quan/to-khai/v1',
      type: 'declarationCleared',
      data: {
        declarationNumber: `30${String(index % 1e9).padStart(9, '0')}0`,
        direction: 'export',
        type: 'B11',
        traderTaxCode: taxCodeOf(enterpriseAt(index % 1_000_000)),
        hsCode: '10063040',
        valueVnd: 1_000_000 + (index % 2_000_000) * 1000,
        clearedOn: day,
      },
    }),
  ],
  [
    3,
    ({ index, day }) => ({
      provider: 'G12/dang-ky-kinh-doanh',
      service: 'G12/dang-ky-kinh-doanh/doanh-nghiep/v1',
      type: 'enterpriseStateChanged',
      data: {
        enterpriseCode: taxCodeOf(enterpriseAt(index % 1_000_000)),
        state: 'suspended',
        changedOn: day,
      },
    }),
  ],
]
const CHOICES = KINDS.flatMap(([weight, make]) => Array.from({ length: weight }, () => make))

/** Somebody who moves into the household of a neighbour in the order of people. */
function residenceOf(drawn: Drawn) {
  const { citizens } = drawn.country
  const elsewhere = personAt(drawn.index + 1)
  return { personalId: idOf(drawn), permanentResidence: citizens.permanentResidenceOf(elsewhere) }
}

/** @returns what happens at a place of the stream on a day; the same seed gives the same. */
export function createHappenings(country: Country, seed: number): (place: number, day: string) => Happening {
  const draw = createDraw(seed)
  return (place, day) => {
    const index = draw(TOPIC.index, place) % 50_000_000
    const number = String(place % 10_000_000).padStart(7, '0')
    return pick(CHOICES, draw(TOPIC.kind, place))({ index, country, day, number })
  }
}

import type { Country } from './country.ts'
import { createDraw, type Draw } from './draw.ts'
import { personAt } from './person-number.ts'
import { sampleParcel, samplePerson, sampleScenario, sampleTaxpayer } from './samples.ts'

/** One exchange that a traffic generator asks for. */
export interface TrafficCall {
  readonly consumer: typeof BUSIEST | typeof OTHER
  readonly service: string
  readonly path: string
  readonly body: object
  readonly purpose: string
  readonly fields?: readonly string[]
  /** Of submissions: whether it can be looked up afterwards is looked at. */
  readonly submission?: { readonly lookUpPath: string; readonly lookUp: object }
}

/** Topics of draws; 910–989 belong to this file. */
const TOPIC = { kind: 910, person: 911, fault: 912, consumer: 913, province: 914 } as const

/** How much more than a small province the big ones ask about their people. */
const BIG_PROVINCES: Readonly<Record<string, number>> = {
  '79': 6,
  '01': 5.2,
  '31': 2.4,
  '48': 2.1,
  '75': 2,
  '38': 1.7,
  '40': 1.7,
}
const MOST = 6
const TRIES = 6

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const PARCELS = 'G10/dat-dai/thua-dat/v1'
const TAXPAYERS = 'G12/thue/nguoi-nop-thue/v1'
const PORTAL = 'G22/dich-vu-cong/ho-so/v1'
const CIVIL_STATUS = 'G15/ho-tich/su-kien/v1'
const INSURANCE = 'G12/bao-hiem/tham-gia/v1'
const DOSSIER_PURPOSE = 'giai-quyet-thu-tuc-hanh-chinh'

/** The one that asks most: one application has 94 % of a provincial platform's traffic (Cà Mau, 2024). */
const BUSIEST = 'H29/mot-cua'
const OTHER = 'H21/mot-cua'
const OTHER_PERCENT = 6

type Make = (index: number, country: Country) => Omit<TrafficCall, 'consumer'>

const verify: Make = (index, country) => ({
  service: CITIZENS,
  path: '/xac-thuc',
  body: samplePerson(index, country).verify,
  purpose: DOSSIER_PURPOSE,
})
const lookUp: Make = (index, country) => ({
  service: CITIZENS,
  path: '/tra-cuu',
  body: samplePerson(index, country).lookUp,
  purpose: DOSSIER_PURPOSE,
})

/** Status syncs are most of what is carried, look-ups of persons few: rank services by value, not by count. */
const MIX: readonly (readonly [weight: number, make: Make])[] = [
  [
    46,
    (index, country) => {
      const dossierCode = `H29.12-261122-${String(index % 10_000).padStart(4, '0')}`
      return {
        service: PORTAL,
        path: '/ho-so',
        body: {
          dossierCode,
          procedureCode: '1.004873',
          agency: 'H29',
          applicantPersonalId: samplePerson(index % 10_000, country).lookUp.personalId,
          channel: '2',
          receivedOn: '2026-11-20',
          dueOn: '2026-11-27',
        },
        purpose: 'dong-bo-trang-thai',
        submission: { lookUpPath: '/ho-so/tra-cuu', lookUp: { dossierCode } },
      }
    },
  ],
  [18, verify],
  [12, lookUp],
  [
    8,
    (index, country) => ({
      service: PARCELS,
      path: '/tra-cuu',
      body: sampleParcel(index, country).lookUp,
      purpose: DOSSIER_PURPOSE,
    }),
  ],
  [
    4,
    (index, country) => ({
      service: PARCELS,
      path: '/xac-thuc-chu-su-dung',
      body: sampleParcel(index, country).verify,
      purpose: DOSSIER_PURPOSE,
    }),
  ],
  [
    6,
    (index) => ({
      service: TAXPAYERS,
      path: '/tra-cuu',
      body: sampleTaxpayer(index).lookUp,
      purpose: DOSSIER_PURPOSE,
    }),
  ],
  [
    4,
    (index, country) => ({
      service: CIVIL_STATUS,
      path: '/tinh-trang-hon-nhan',
      body: samplePerson(index, country).lookUp,
      purpose: DOSSIER_PURPOSE,
    }),
  ],
  [
    2,
    (index, country) => {
      const { personalId, fullName } = samplePerson(index, country).verify
      return {
        service: INSURANCE,
        path: '/xac-thuc-the',
        body: { personalId, fullName },
        purpose: DOSSIER_PURPOSE,
      }
    },
  ],
]
const WHOLE = MIX.reduce((sum, [weight]) => sum + weight, 0)

/** What goes wrong, in thousandths: of every thousand exchanges about eighteen are no answers. */
const FAULTS: readonly (readonly [perMille: number, make: Make])[] = [
  [8, () => faultyLookUp('000404')],
  [1, () => faultyLookUp('000422')],
  [2, () => faultyLookUp('000503')],
  [3, (index, country) => ({ ...lookUp(index, country), body: { personalId: '12' } })],
  [2, (index, country) => ({ ...lookUp(index, country), fields: ['/religion'] })],
  [2, (index, country) => ({ ...lookUp(index, country), purpose: 'muc-dich-khac' })],
]

function faultyLookUp(ending: string): Omit<TrafficCall, 'consumer'> {
  const { personalId } = sampleScenario(ending)
  return { service: CITIZENS, path: '/tra-cuu', body: { personalId }, purpose: DOSSIER_PURPOSE }
}

function chosen(table: typeof MIX, drawn: number): Make | undefined {
  let left = drawn
  for (const [weight, make] of table) {
    left -= weight
    if (left < 0) return make
  }
  return undefined
}

/** @returns the exchange of a place in the traffic; the same seed gives the same traffic. */
export function createTraffic(country: Country, seed: number): (place: number) => TrafficCall {
  const draw: Draw = createDraw(seed)

  /** Somebody, more often of a big province: what is drawn from a small one is drawn again a few times. */
  function indexIn(place: number): number {
    for (let attempt = 0; ; attempt += 1) {
      const index = draw(TOPIC.person + attempt * 10, place) % 50_000_000
      const { province } = country.citizens.permanentResidenceOf(personAt(index))
      const share = (BIG_PROVINCES[province] ?? 1) / MOST
      if (attempt === TRIES || draw(TOPIC.province + attempt * 10, place) / 2 ** 32 < share) return index
    }
  }

  return (place) => {
    const index = indexIn(place)
    const make =
      chosen(FAULTS, draw(TOPIC.fault, place) % 1000) ??
      chosen(MIX, draw(TOPIC.kind, place) % WHOLE) ??
      verify
    const call = make(index, country)
    // The other office may verify persons, no more.
    const isOther = make === verify && draw(TOPIC.consumer, place) % 100 < OTHER_PERCENT
    return { ...call, consumer: isOther ? OTHER : BUSIEST }
  }
}

/** What part of a working day's exchanges falls into each hour, from midnight on (Vietnam). */
const HOURS = [1, 1, 1, 1, 1, 2, 6, 30, 90, 110, 105, 70, 25, 70, 105, 100, 80, 40, 14, 8, 6, 4, 2, 1]
/** How busy each day of a week is, from Monday on. */
const DAYS = [1.2, 1, 1, 1, 1, 0.3, 0.14]

/** `flat`: always alike; `day`: a working day in miniature; `week`: seven of them. */
export type TrafficShape = 'flat' | 'day' | 'week'

const MEAN_HOUR = HOURS.reduce((sum, part) => sum + part, 0) / HOURS.length
const MEAN_DAY = DAYS.reduce((sum, part) => sum + part, 0) / DAYS.length

/** @param share how much of the whole run is over, 0 … 1. @returns the rate beside the mean. */
export function busynessAt(shape: TrafficShape, share: number): number {
  if (shape === 'flat') return 1
  const days = shape === 'week' ? DAYS.length : 1
  const at = Math.min(Math.max(share, 0), 0.999_999) * days
  const hour = (HOURS[Math.floor((at % 1) * HOURS.length)] ?? 1) / MEAN_HOUR
  return shape === 'week' ? (hour * (DAYS[Math.floor(at)] ?? 1)) / MEAN_DAY : hour
}

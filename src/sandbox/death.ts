import type { Draw } from './draw.ts'
import type { Families } from './family.ts'
import { keyOf, type Person } from './person-number.ts'

/** Topics of draws; 110–119 belong to this file. */
const TOPIC = { death: 110, day: 111 } as const

/** People born later are alive until a death is registered. */
const LAST_YEAR_OF_BIRTH = 1949
const FIRST_YEAR_OF_DEATH = 2015
const YEARS = 10

const twoDigits = (number: number): string => String(number).padStart(2, '0')

/**
 * @returns the day on which a person of the country died, `yyyy-mm-dd`; nobody whom another record calls a spouse or a
 *   head of household is dead, so that the registers agree.
 */
export function createDeaths(draw: Draw, families: Families): (person: Person) => string | undefined {
  return (person) => {
    const key = keyOf(person)
    if (person.year > LAST_YEAR_OF_BIRTH || draw(TOPIC.death, key) % 3 !== 0) return undefined
    if (families.spouseOf(person) !== undefined) return undefined
    const drawn = draw(TOPIC.day, key)
    const year = FIRST_YEAR_OF_DEATH + (drawn % YEARS)
    return `${year}-${twoDigits(1 + ((drawn >>> 8) % 12))}-${twoDigits(1 + ((drawn >>> 16) % 28))}`
  }
}

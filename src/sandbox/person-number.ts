/**
 * Which synthetic people exist and what their numbers are. A personal id reads PPP G YY NNNNNN (Circular
 * 07/2016/TT-BCA): 099 is a province nobody is born in, G the century and sex, YY the year of birth.
 */

export const SYNTHETIC_PREFIX = '099'
export const FIRST_YEAR = 1930
export const LAST_YEAR = 2025

/** People of one sex born in one year; in all 192 × 521,000 = 100,032,000. */
export const BLOCK_SIZE = 521_000

/** Numbers below it are kept for the scenarios. */
const FIRST_SEQUENCE = 10_000

const BLOCKS = (LAST_YEAR - FIRST_YEAR + 1) * 2

/** How many people the sandbox knows. */
export const POPULATION_SIZE = BLOCKS * BLOCK_SIZE

export type Sex = 'male' | 'female'

/** A person is a sex, a year of birth and a number inside that block; all else is drawn from these. */
export interface Person {
  readonly sex: Sex
  readonly year: number
  /** 0 … BLOCK_SIZE − 1; negative for the people kept for scenarios, who have no family. */
  readonly offset: number
}

/** A person's key for draws, unlike anyone else's. */
export function keyOf(person: Person): number {
  const block = (person.year - FIRST_YEAR) * 2 + (person.sex === 'female' ? 1 : 0)
  return block * 1_000_000 + person.offset + FIRST_SEQUENCE
}

/**
 * The people in an order that mixes ages and sexes.
 * @param index any integer from 0 up; it wraps round after POPULATION_SIZE.
 */
export function personAt(index: number): Person {
  // 59 is coprime with 192, so consecutive indices visit every block before one comes again.
  const block = ((index % BLOCKS) * 59) % BLOCKS
  return {
    sex: block % 2 === 0 ? 'male' : 'female',
    year: FIRST_YEAR + (block >> 1),
    offset: Math.floor(index / BLOCKS) % BLOCK_SIZE,
  }
}

export function personalIdOf(person: Person): string {
  const century = Math.floor(person.year / 100) - 19
  const generation = century * 2 + (person.sex === 'female' ? 1 : 0)
  const year = String(person.year % 100).padStart(2, '0')
  return `${SYNTHETIC_PREFIX}${generation}${year}${String(person.offset + FIRST_SEQUENCE).padStart(6, '0')}`
}

/**
 * @param kept endings of the scenarios whose people can be looked up, e.g. `009001`.
 * @returns the person with this number, or `undefined` where the sandbox knows none.
 */
export function parsePersonalId(personalId: string, kept: ReadonlySet<string>): Person | undefined {
  if (!/^099[0-3]\d{8}$/.test(personalId)) return undefined
  const generation = Number(personalId.slice(3, 4))
  const year = 1900 + (generation >> 1) * 100 + Number(personalId.slice(4, 6))
  const offset = Number(personalId.slice(6)) - FIRST_SEQUENCE
  if (year < FIRST_YEAR || year > LAST_YEAR || offset >= BLOCK_SIZE) return undefined
  if (offset < 0 && !kept.has(personalId.slice(6))) return undefined
  return { sex: generation % 2 === 0 ? 'male' : 'female', year, offset }
}

import type { Draw } from './draw.ts'
import { createPermutation } from './permutation.ts'
import { BLOCK_SIZE, FIRST_YEAR, keyOf, LAST_YEAR, type Person } from './person-number.ts'

/** Codes of `dictionary/person.yaml#/$defs/MaritalStatus`. */
export type MaritalStatus = 'single' | 'married' | 'divorced'

/** A man and a woman who married, whether or not they still are. */
export interface Couple {
  readonly husband: Person
  readonly wife: Person
}

/**
 * Who is related to whom, computed from numbers alone. Guaranteed: a spouse's spouse is oneself; parents are a
 * couple, 24 to 43 years older than the child, and married before its birth; a head of household is an adult
 * who heads the own household.
 */
export interface Families {
  /** The couple a person belongs or belonged to. */
  coupleOf(person: Person): Couple | undefined
  spouseOf(person: Person): Person | undefined
  maritalStatusOf(person: Person): MaritalStatus
  /** `undefined` where the parents were born before the register begins. */
  parentsOf(person: Person): Couple | undefined
  headOf(person: Person): Person
}

/** Topics of draws; 100–199 belong to this file. */
const TOPIC = { marriage: 100, divorce: 101, fatherAge: 102, father: 103, head: 104 } as const

/** Coprime with BLOCK_SIZE = 2³·5³·521, so that multiplying by it pairs every man with one woman. */
const PAIRING = 123_457

/** One man in this many stays single; he is nobody's father. */
const NEVER_MARRIED = 12
const DIVORCED_PERCENT = 6
/** Unmarried people below this age, in the last year of the register, live with their parents. */
const LEAVES_HOME = 25

const PAIRS = createPermutation(BLOCK_SIZE, PAIRING)

/** Years by which a wife is younger; it depends on the husband's offset alone, so it can be undone. */
function yearsYounger(husbandOffset: number): number {
  return (husbandOffset % 4) - 1
}

function isInRegister(year: number): boolean {
  return year >= FIRST_YEAR && year <= LAST_YEAR
}

/** The husband of a pair; the wife's offset and year are a function of his that can be undone. */
function husbandOf(person: Person): Person {
  if (person.sex === 'male') return person
  const offset = PAIRS.undo(person.offset)
  return { sex: 'male', year: person.year - yearsYounger(offset), offset }
}

function wifeOf(husband: Person): Person {
  return {
    sex: 'female',
    year: husband.year + yearsYounger(husband.offset),
    offset: PAIRS.apply(husband.offset),
  }
}

/** @returns the families of the country that a draw describes. */
export function createFamilies(draw: Draw): Families {
  function coupleOf(person: Person): Couple | undefined {
    if (person.offset < 0) return undefined
    const husband = husbandOf(person)
    const wife = wifeOf(husband)
    if (!isInRegister(husband.year) || !isInRegister(wife.year)) return undefined
    if (husband.offset % NEVER_MARRIED === 0) return undefined
    const married = Math.max(husband.year, wife.year) + 20 + (draw(TOPIC.marriage, keyOf(husband)) % 4)
    return married <= LAST_YEAR ? { husband, wife } : undefined
  }

  function maritalStatusOf(person: Person): MaritalStatus {
    const couple = coupleOf(person)
    if (couple === undefined) return 'single'
    return draw(TOPIC.divorce, keyOf(couple.husband)) % 100 < DIVORCED_PERCENT ? 'divorced' : 'married'
  }

  function spouseOf(person: Person): Person | undefined {
    if (maritalStatusOf(person) !== 'married') return undefined
    const couple = coupleOf(person)
    return person.sex === 'male' ? couple?.wife : couple?.husband
  }

  function parentsOf(person: Person): Couple | undefined {
    if (person.offset < 0) return undefined
    const key = keyOf(person)
    const year = person.year - 26 - (draw(TOPIC.fatherAge, key) % 16)
    const drawn = draw(TOPIC.father, key) % BLOCK_SIZE
    // BLOCK_SIZE − 1 is no multiple of NEVER_MARRIED, so the next offset is in the block too.
    const offset = drawn % NEVER_MARRIED === 0 ? drawn + 1 : drawn
    const husband: Person = { sex: 'male', year, offset }
    const wife = wifeOf(husband)
    return isInRegister(husband.year) && isInRegister(wife.year) ? { husband, wife } : undefined
  }

  function headOf(person: Person): Person {
    const couple = coupleOf(person)
    if (couple !== undefined) {
      if (maritalStatusOf(person) === 'divorced') return person
      return draw(TOPIC.head, keyOf(couple.husband)) % 4 === 0 ? couple.wife : couple.husband
    }
    const parents = LAST_YEAR - person.year < LEAVES_HOME ? parentsOf(person) : undefined
    // A divorced mother heads her own household, and the children live with her.
    return parents === undefined ? person : headOf(parents.wife)
  }

  return { coupleOf, spouseOf, maritalStatusOf, parentsOf, headOf }
}

/**
 * How far two spellings of a Vietnamese name agree, as named rungs, so that whoever asks can decide.
 * Everything here compares; nothing may be stored in its folded form.
 */

/** The rungs, best first. Only the first two count as a match: a name without its marks is another name. */
export const NAME_RUNGS = ['exact', 'tone', 'folded', 'order', 'different'] as const

/**
 * `exact`: the same letters, after Unicode composition, case and spacing.
 * `tone`: the same syllables and tones; the mark sits on another vowel (Hoà, Hòa), or a look-alike
 * character stands for đ or for the apostrophe.
 * `folded`: the same only without diacritics.
 * `order`: the same words in another order, initials, or i for y.
 */
export type NameRung = (typeof NAME_RUNGS)[number]

/** Rungs of a birth date, which a register may know by year only. */
export type BirthDateRung = 'exact' | 'year' | 'different'

/** Grave, acute, hook above, tilde and dot below: the five written tones, as combining marks. */
const TONES = /[\u0300\u0301\u0303\u0309\u0323]/g
const MARKS = /\p{M}/gu
/** Zero-width characters, the soft hyphen and bidirectional controls: invisible, so they never tell names apart. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g
/** What keyboards and converters write for the apostrophe of K'Brơi. */
const APOSTROPHES = /[\u2018\u2019\u02bc\u02bb\u00b4\u0060\uff07]/g
/** Eth (U+00F0) and the African d (U+0256) look like đ (U+0111) and are none. */
const ETHS = /[\u00f0\u0256]/g

/** A name with such a letter is not blank, however it is folded. */
const LATIN = /[a-z]/i

function collapse(name: string): string {
  return name.replace(/\s+/gu, ' ').trim()
}

/** Composed, lower-case, single-spaced: rung `exact` compares this. */
function plain(name: string): string {
  return collapse(name).normalize('NFC').toLowerCase().normalize('NFC')
}

/**
 * Moves the tone of each word behind its letters. A Vietnamese syllable has one tone, so its place among
 * the vowels carries nothing: Hoà and Hòa, Quý and Qúy become equal, Hoa and Hòa stay apart.
 */
function toneLast(word: string): string {
  const letters = word.normalize('NFD')
  const tones = letters.match(TONES)
  return tones === null ? letters : letters.replace(TONES, '') + tones.join('')
}

function canonical(name: string): string {
  const visible = collapse(name.replace(INVISIBLE, ''))
  const spelled = plain(visible).replace(ETHS, 'đ').replace(APOSTROPHES, "'")
  return spelled.split(' ').map(toneLast).join(' ')
}

/**
 * A name without diacritics, case or punctuation, words divided by one space: good for a search index,
 * never enough for a positive answer.
 */
export function foldName(name: string): string {
  const letters = canonical(name).replace(MARKS, '').replace(/đ/g, 'd').replace(/'/g, '')
  return collapse(letters.replace(/[-.,]/g, ' '))
}

/** One of two words is the other's initial. */
function isInitial(left: string, right: string): boolean {
  return (left.length === 1 && right.startsWith(left)) || (right.length === 1 && left.startsWith(right))
}

/** Word for word equal or shortened to an initial, and at least one word written out and equal. */
function agreesByInitials(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false
  const same = left.map((word, at) => word === right[at])
  return (
    same.some((equal, at) => equal && (left[at] ?? '').length > 1) &&
    left.every((word, at) => same[at] === true || isInitial(word, right[at] ?? ''))
  )
}

function agreesLoosely(left: string, right: string): boolean {
  const leftWords = left.replace(/y/g, 'i').split(' ')
  const rightWords = right.replace(/y/g, 'i').split(' ')
  if (leftWords.toSorted().join(' ') === rightWords.toSorted().join(' ')) return true
  return agreesByInitials(leftWords, rightWords)
}

/**
 * The best rung on which two names agree. Symmetric. A blank name agrees with nothing, itself included.
 */
export function compareNames(left: string, right: string): NameRung {
  // Most claims are written as the register writes them, and in bulk each microsecond counts.
  if (left === right && LATIN.test(left)) return 'exact'
  const leftFolded = foldName(left)
  const rightFolded = foldName(right)
  if (leftFolded === '' || rightFolded === '') return 'different'
  if (plain(left) === plain(right)) return 'exact'
  if (canonical(left) === canonical(right)) return 'tone'
  if (leftFolded === rightFolded) return 'folded'
  return agreesLoosely(leftFolded, rightFolded) ? 'order' : 'different'
}

/** Whether a rung is a positive answer ("khớp"). */
export function isNameMatch(rung: NameRung): boolean {
  return rung === 'exact' || rung === 'tone'
}

/**
 * Compares birth dates that are each `yyyy-mm-dd` or `yyyy`.
 * @returns `year` where the years agree and at least one side knows no more than the year.
 */
export function compareBirthDates(claimed: string, held: string): BirthDateRung {
  if (claimed === held) return 'exact'
  const yearOnly = claimed.length === 4 || held.length === 4
  return yearOnly && claimed.slice(0, 4) === held.slice(0, 4) ? 'year' : 'different'
}

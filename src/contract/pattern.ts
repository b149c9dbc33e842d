import { RE2JS } from 're2js'

/**
 * Patterns of contracts: which are admitted, and how they are matched. V8 matches by going back, which one
 * pattern in a document can make take hours; RE2 matches in time linear in the text, some 10 times slower on
 * harmless patterns. So a pattern is matched by V8 only where counting proves that going back is cheap, and by
 * RE2 everywhere else; both are given the same language, which is written for each.
 */

export interface Matcher {
  test(text: string): boolean
}

/** A part of a pattern: what V8 may have to do for it on a text of a known length, and its text for RE2. */
interface Part {
  readonly re2: string
  /** Single characters it stands for with its repetitions written out: RE2's work for one character. */
  readonly size: number
  /** Upper bound of the ways in which it can match from one place. */
  readonly ways: number
  /** Upper bound of the steps to try all of them. */
  readonly steps: number
}

/** A pattern in a language that both engines read alike. */
export interface ReadPattern {
  readonly size: number
  /** Upper bound of V8's steps on a text within the length the pattern was read for. */
  readonly steps: number
  readonly re2: string
}

/** What the pattern uses can't be matched in linear time, or means something else to RE2. */
class NotRegular extends Error {
  override readonly name = 'NotRegular'
}

/** ECMA-262 `\s`: RE2's is ASCII only. */
const SPACE =
  '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}'
const NOT_SPACE =
  '\\x00-\\x08\\x0e-\\x1f!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}'
/** ECMA-262 `.`: RE2's leaves out line feed only. */
const DOT = '[^\\n\\r\\x{2028}\\x{2029}]'

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['0', 0],
])

function literal(codePoint: number): string {
  return `\\x{${codePoint.toString(16)}}`
}

/** One or two letters are a general category to both; scripts and long names are not spelt alike. */
const CATEGORY = /^\\[pP]\{[A-Z][a-z]?\}/
const CODE_POINT = /^\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/
const REPETITION = /^(?:[*+?]|\{(\d{1,9})(?:(,)(\d{0,9}))?\})\??/
const GROUP = /^\((?:\?:|\?<[A-Za-z_][A-Za-z0-9_]*>)?(?!\?)/

/** Reads the source of a regular expression that V8 accepts under the flag `u`. */
function createReader(source: string, maxLength: number) {
  let at = 0
  const rest = () => source.slice(at)

  /** @returns the text for RE2 of an escape, inside a class or outside. */
  function readEscape(inClass: boolean): string {
    const [category] = CATEGORY.exec(rest()) ?? []
    if (category !== undefined) {
      at += category.length
      return category
    }
    const [code, ...digits] = CODE_POINT.exec(rest()) ?? []
    if (code !== undefined) {
      const value = Number.parseInt(digits.find((each) => each !== undefined) ?? '', 16)
      // Half of a surrogate pair is no character.
      if (value >= 0xd800 && value <= 0xdfff) throw new NotRegular()
      at += code.length
      return literal(value)
    }
    const letter = source[at + 1] ?? ''
    at += 2
    if (/[dDwW]/.test(letter)) return `\\${letter}`
    if (letter === 's') return inClass ? SPACE : `[${SPACE}]`
    if (letter === 'S') return inClass ? NOT_SPACE : `[${NOT_SPACE}]`
    const control = CONTROLS.get(letter)
    if (control !== undefined) return literal(control)
    // Letters and digits that are left are back references and the like.
    if (/[A-Za-z0-9]/.test(letter)) throw new NotRegular()
    return literal(letter.charCodeAt(0))
  }

  function readCharacter(): string {
    const codePoint = source.codePointAt(at) ?? 0
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new NotRegular()
    at += codePoint > 0xffff ? 2 : 1
    return literal(codePoint)
  }

  function readClass(): string {
    at += 1
    let text = '['
    if (source[at] === '^') {
      text += '^'
      at += 1
    }
    const opened = text.length
    while (source[at] !== ']') {
      if (source[at] === '\\') text += source[at + 1] === 'b' ? takeBackspace() : readEscape(true)
      else if (source[at] === '-') {
        text += isRange() ? '-' : literal(45)
        at += 1
      } else text += readCharacter()
    }
    at += 1
    // `[]` and `[^]` match nothing and everything; RE2 does not know them.
    if (text.length === opened) throw new NotRegular()
    return `${text}]`

    function takeBackspace(): string {
      at += 2
      return literal(8)
    }
    /** V8 has seen that a hyphen between two characters has characters on both sides. */
    function isRange(): boolean {
      return text.length > opened && source[at + 1] !== ']'
    }
  }

  function readAtom(): Part {
    const character = source[at] ?? ''
    const [group] = character === '(' ? (GROUP.exec(rest()) ?? []) : []
    if (character === '(') {
      // Looking around and switching flags.
      if (group === undefined) throw new NotRegular()
      at += group.length
      const inner = readAlternatives()
      at += 1
      return { ...inner, re2: `(?:${inner.re2})` }
    }
    if (character === '^' || character === '$') {
      at += 1
      return { re2: character === '^' ? '\\A' : '\\z', size: 0, ways: 1, steps: 1 }
    }
    if (character === '\\' && /[bB]/.test(source[at + 1] ?? '')) {
      at += 2
      return { re2: source.slice(at - 2, at), size: 0, ways: 1, steps: 1 }
    }
    return { re2: readOne(character), size: 1, ways: 1, steps: 1 }
  }

  function readOne(character: string): string {
    if (character === '[') return readClass()
    if (character === '\\') return readEscape(false)
    if (character !== '.') return readCharacter()
    at += 1
    return DOT
  }

  function readRepeated(): Part {
    const atom = readAtom()
    const [sign, min, comma, max] = REPETITION.exec(rest()) ?? []
    if (sign === undefined) return atom
    at += sign.length
    const least = min !== undefined ? Number(min) : sign.startsWith('+') ? 1 : 0
    const most =
      min === undefined
        ? sign.startsWith('?')
          ? 1
          : Number.POSITIVE_INFINITY
        : comma === undefined
          ? least
          : max === '' || max === undefined
            ? Number.POSITIVE_INFINITY
            : Number(max)
    return repeat(atom, least, most)
  }

  function repeat(atom: Part, least: number, most: number): Part {
    // An empty round ends a repetition, so there are no more rounds than characters, and one.
    const rounds = Math.min(most, maxLength + 1)
    let [ways, steps, paths] = [0, 0, 1]
    for (let round = 0; round <= rounds && Number.isFinite(ways); round += 1) {
      if (round >= least) ways += paths
      steps += paths * (atom.steps + 1)
      paths *= atom.ways
    }
    const bounds = most === Number.POSITIVE_INFINITY ? `{${least},}` : `{${least},${most}}`
    const written = Math.max(least, most === Number.POSITIVE_INFINITY ? 1 : most)
    return { re2: `(?:${atom.re2})${bounds}`, size: atom.size * written, ways: Math.max(ways, 1), steps }
  }

  function readSequence(): Part {
    let whole: Part = { re2: '', size: 0, ways: 1, steps: 1 }
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const next = readRepeated()
      whole = {
        re2: whole.re2 + next.re2,
        size: whole.size + next.size,
        ways: whole.ways * next.ways,
        steps: whole.steps + whole.ways * next.steps,
      }
    }
    return whole
  }

  function readAlternatives(): Part {
    let whole = readSequence()
    while (source[at] === '|') {
      at += 1
      const next = readSequence()
      whole = {
        re2: `${whole.re2}|${next.re2}`,
        size: whole.size + next.size,
        ways: whole.ways + next.ways,
        steps: whole.steps + next.steps,
      }
    }
    return whole
  }
  return readAlternatives
}

/**
 * @param maxLength of the texts it is matched against, in code points.
 * @returns the pattern, read; `undefined` where no engine that takes linear time can match what it says.
 */
export function readPattern(source: string, maxLength: number): ReadPattern | undefined {
  try {
    const { re2, size, steps } = createReader(source, maxLength)()
    // A pattern that may begin anywhere is tried everywhere.
    const isAnchored = source.startsWith('^') && !re2.includes('|')
    return { re2, size, steps: isAnchored ? steps : steps * (maxLength + 1) }
  } catch (error) {
    if (error instanceof NotRegular) return undefined
    throw error
  }
}

/** V8 takes 1–5 ns for a step: the worst text takes it a quarter of a millisecond. */
const MAX_STEPS = 50_000

/** RE2 takes up to 0.6 µs for each position of a pattern and character of a text. */
const MAX_SIZE = 64
const MAX_WORK = 20_000

/** @returns whether V8 takes it under the flag `u`, which is what JSON Schema asks for. */
export function isPattern(pattern: unknown, maxLength: number): pattern is string {
  if (typeof pattern !== 'string' || pattern.length > maxLength) return false
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}

/**
 * Matching in linear time, whatever the pattern.
 * @throws SyntaxError where it is not one for RE2, which also refuses more than 1,000 repetitions.
 */
export function compileLinear(source: string): Matcher {
  const read = readPattern(source, 0)
  if (read === undefined) throw new SyntaxError('the pattern cannot be matched in linear time')
  return RE2JS.compile(read.re2)
}

/**
 * @param longest what bounds the texts beside the pattern, in code points; absent where only something around
 * it does.
 * @throws SyntaxError where the pattern can't be matched in linear time, which admission rules out.
 */
export function compilePattern(source: string, longest: number | undefined): Matcher {
  return isCheapForV8(source, longest) ? new RegExp(source, 'u') : compileLinear(source)
}

/** A pattern with what bounds its texts, in code points. */
export interface BoundedPattern {
  /** That `isPattern` accepts. */
  readonly source: string
  /** What stands beside the pattern. */
  readonly own: number | undefined
  /** The least of what stands beside it and around it. */
  readonly longest: number
}

function isCheapForV8(source: string, own: number | undefined): boolean {
  const read = own === undefined ? undefined : readPattern(source, own)
  return read !== undefined && read.steps <= MAX_STEPS
}

/** @returns whether the worst text takes milliseconds to match. */
export function isCostly({ source, own, longest }: BoundedPattern): boolean {
  const read = readPattern(source, longest)
  if (read === undefined || isCheapForV8(source, own)) return false
  return read.size > MAX_SIZE || read.size * longest > MAX_WORK
}

/** @returns whether an engine whose time is bounded can match it, one that isn't costly. */
export function isLinear({ source, own }: BoundedPattern): boolean {
  const read = readPattern(source, 0)
  if (read === undefined) return false
  // What is too large is told as such; RE2 would take long to compile it.
  if (isCheapForV8(source, own) || read.size > MAX_SIZE) return true
  try {
    RE2JS.compile(read.re2)
    return true
  } catch {
    return false
  }
}

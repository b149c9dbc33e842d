import { styleText } from 'node:util'
import type { Bilingual, Language } from '../model/identifier.ts'
import type { Outside, Screen } from './outside.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly language: Language
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly color: boolean
  /** `--config`, as typed. */
  readonly settingsFile: string | undefined
}

/** How a command speaks: its result on stdout, everything else on stderr. */
export interface Terminal {
  readonly language: Language
  /** Whether the result is wanted as JSON. */
  readonly json: boolean
  pick(text: Bilingual): string
  /** Writes to stdout, with a line's end. */
  result(text: string): void
  resultJson(value: unknown): void
  /** Writes to stderr, unless `--quiet`. */
  talk(text: string): void
  /**
   * Draws a line on stderr in the place of the one drawn before, until anything else is said.
   * @returns false where stderr is no screen, or with `--quiet`: nothing was drawn.
   */
  draw(text: string): boolean
  /** Writes to stderr even with `--quiet`. */
  complain(text: string): void
  /** Colours a text where the stream it goes to is a terminal and nobody objects (NO_COLOR, --no-color). */
  style(style: Style, text: string, to?: 'stdout' | 'stderr'): string
}

function flagValue(argv: readonly string[], flag: string): string | undefined {
  const place = argv.indexOf(flag)
  if (place >= 0) return argv[place + 1]
  return argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1)
}

/** Vietnamese unless the locale (LC_ALL before LANG, POSIX) is English. */
function languageOf(environment: NodeJS.ProcessEnv): Language {
  const locale = environment['LC_ALL'] || environment['LANG'] || ''
  return /^en(?:[_.@-]|$)/i.test(locale) ? 'en' : 'vi'
}

/** Reads the flags of all commands before commands are known: even help and usage faults have a language. */
export function readGlobalFlags(argv: readonly string[], environment: NodeJS.ProcessEnv): GlobalFlags {
  const end = argv.indexOf('--')
  const flags = end < 0 ? argv : argv.slice(0, end)
  const wanted = flagValue(flags, '--lang')
  return {
    language: wanted === 'vi' || wanted === 'en' ? wanted : languageOf(environment),
    json: flags.includes('--json'),
    quiet: flags.includes('--quiet') || flags.includes('-q'),
    debug: flags.includes('--debug'),
    color: !flags.includes('--no-color'),
    settingsFile: flagValue(flags, '--config'),
  }
}

/** https://no-color.org, and FORCE_COLOR as Node reads it. */
function isColoured(stream: Screen, environment: NodeJS.ProcessEnv, { color }: GlobalFlags): boolean {
  if (!color || environment['NO_COLOR']) return false
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0'
  return stream.isTTY === true && environment['TERM'] !== 'dumb'
}

/** Back to the line's beginning, and the line away (ECMA-48 CR, EL 2). */
const CLEAR_LINE = '\r\x1b[2K'

export function createTerminal(
  { stdout, stderr, environment }: Pick<Outside, 'stdout' | 'stderr' | 'environment'>,
  flags: GlobalFlags,
): Terminal {
  const coloured = {
    stdout: isColoured(stdout, environment, flags),
    stderr: isColoured(stderr, environment, flags),
  }
  const canDraw = stderr.isTTY === true && environment['TERM'] !== 'dumb' && !flags.quiet
  let isDrawn = false
  const clear = () => {
    if (isDrawn) stderr.write(CLEAR_LINE)
    isDrawn = false
  }
  return {
    language: flags.language,
    json: flags.json,
    pick: (text) => text[flags.language],
    result(text) {
      clear()
      stdout.write(`${text}\n`)
    },
    resultJson(value) {
      clear()
      stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    talk(text) {
      clear()
      if (!flags.quiet) stderr.write(`${text}\n`)
    },
    draw(text) {
      if (canDraw) stderr.write(`${CLEAR_LINE}${text}`)
      isDrawn ||= canDraw
      return canDraw
    },
    complain(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    style: (style, text, to = 'stderr') =>
      coloured[to] ? styleText(style, text, { validateStream: false }) : text,
  }
}

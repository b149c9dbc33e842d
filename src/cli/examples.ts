import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import type { Terminal } from './terminal.ts'

interface Guide {
  /** Command lines without `lienthong`, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: Bilingual])[]
  /** The shape that `--json` prints; in two languages where it takes words to say it. */
  readonly json: string | Bilingual
  readonly notes?: Bilingual
}

const TEXTS = {
  examples: { vi: 'Ví dụ:', en: 'Examples:' },
  json: { vi: 'Dạng của --json:', en: 'Shape of --json:' },
} as const satisfies Record<string, Bilingual>

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

/** Puts examples before everything else of a command's help, notes and the JSON shape behind. */
export function addGuide(command: Command, { pick, style }: Terminal, guide: Guide): void {
  const lines = guide.examples.map(
    ([line, meaning]) => `  ${style('dim', `# ${pick(meaning)}`, 'stdout')}\n  lienthong ${line}`,
  )
  const title = (text: Bilingual) => style('bold', pick(text), 'stdout')
  command.addHelpText('before', `${title(TEXTS.examples)}\n${lines.join('\n')}\n`)
  if (guide.notes) command.addHelpText('after', `\n${pick(guide.notes)}`)
  command.addHelpText(
    'after',
    `\n${title(TEXTS.json)}\n${indent(typeof guide.json === 'string' ? guide.json : pick(guide.json))}`,
  )
}

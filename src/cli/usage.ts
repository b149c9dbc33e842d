import type { CommanderError } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { type CliFault, usageFault } from './fault.ts'
import { vietnameseName, vietnamesePlaceholders } from './placeholders.ts'

type Wording = readonly [pattern: RegExp, say: (...parts: string[]) => Bilingual]

/** What commander says, by its own messages: it keeps the parts of a fault nowhere else. */
const WORDINGS: readonly Wording[] = [
  [
    /^unknown command '(.*)'$/,
    (name) => ({ vi: `Không có lệnh “${name}”.`, en: `There is no command '${name}'.` }),
  ],
  [
    /^unknown option '(.*)'$/,
    (flag) => ({ vi: `Không có tùy chọn ${flag}.`, en: `There is no option ${flag}.` }),
  ],
  [
    /^missing required argument '(.*)'$/,
    (name) => ({ vi: `Thiếu đối số ${vietnameseName(name)}.`, en: `The argument ${name} is missing.` }),
  ],
  [
    /^option '(.*)' argument missing$/,
    (flags) => ({
      vi: `Tùy chọn ${vietnamesePlaceholders(flags)} cần một giá trị.`,
      en: `The option ${flags} needs a value.`,
    }),
  ],
  [
    /^required option '(.*)' not specified$/,
    (flags) => ({
      vi: `Thiếu tùy chọn ${vietnamesePlaceholders(flags)}.`,
      en: `The option ${flags} is missing.`,
    }),
  ],
  [
    /^option '(.*)' cannot be used with option '(.*)'$/,
    (one, other) => ({
      vi: `Không dùng ${vietnamesePlaceholders(one)} cùng với ${vietnamesePlaceholders(other)}.`,
      en: `${one} cannot be used with ${other}.`,
    }),
  ],
  [
    /^option '(.*)' argument '.*' is invalid\. Allowed choices are (.*)\.$/,
    (flags, choices) => ({
      vi: `Giá trị của ${vietnamesePlaceholders(flags)} phải là một trong: ${choices}.`,
      en: `The value of ${flags} must be one of ${choices}.`,
    }),
  ],
  [
    /^too many arguments(?: for '.*')?\. Expected (\d+) arguments? but got (\d+)/,
    (expected, got) => ({
      vi: `Thừa đối số: cần ${expected}, nhận ${got}.`,
      en: `Too many arguments: ${expected} expected, ${got} given.`,
    }),
  ],
]

function didYouMean(words: string): Bilingual {
  return { vi: `Có phải bạn muốn: ${words}?`, en: `Did you mean ${words}?` }
}

const SEE_HELP: Bilingual = {
  vi: 'Thêm --help để xem cách dùng.',
  en: 'Add --help to see how it is used.',
}

/** A usage fault in the operator's language, with the nearest known word where there is one. */
export function translateUsage(error: CommanderError): CliFault {
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n')
  const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(hint)?.[1]
  const fix = meant === undefined ? SEE_HELP : didYouMean(meant)
  for (const [pattern, say] of WORDINGS) {
    const match = pattern.exec(first)
    if (match !== null) return usageFault(say(...match.slice(1)), fix)
  }
  return usageFault({ vi: first, en: first }, fix)
}

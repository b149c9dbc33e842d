import { pad, widthOf } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Lays text out in a page of fixed width with a column of labels. */
export interface Layout {
  readonly width: number
  /** A paragraph, wrapped and indented. */
  paragraph(text: string, indent?: number): readonly string[]
  /** `label  text`, wrapped; the label stands at the first line only. */
  row(label: string, text: string): readonly string[]
  /** Rows of `title  text` beside one label, titles aligned. */
  facts(label: string, facts: readonly { readonly title: string; readonly text: string }[]): readonly string[]
  /** Lines taken as they are, beside one label. */
  block(label: string, lines: readonly string[]): readonly string[]
  /** Two texts at both ends of a line. */
  spread(left: string, right: string, styled: (left: string, right: string) => string): string
}

const NARROWEST = 72
const WIDEST = 98
const INDENT = 5
const LABEL = 11
const TITLE = 25
const GAP = 2

/** Breaks a text between words into lines of at most `width` columns; a longer word keeps its length. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

export function createLayout({ style }: Terminal, columns: number | undefined): Layout {
  const width = Math.min(Math.max(columns ?? WIDEST, NARROWEST), WIDEST)
  const body = width - INDENT - LABEL

  function block(label: string, lines: readonly string[]): readonly string[] {
    return lines.map((line, place) => {
      const isNamed = place === 0 && label !== ''
      const shown = isNamed ? style('dim', pad(label, LABEL), 'stdout') : ' '.repeat(LABEL)
      return `${' '.repeat(INDENT)}${shown}${line}`.trimEnd()
    })
  }

  return {
    width,
    paragraph: (text, indent = INDENT) => wrap(text, width - indent).map((line) => ' '.repeat(indent) + line),
    row: (label, text) => block(label, wrap(text, body)),
    facts(label, facts) {
      const titles = Math.min(Math.max(0, ...facts.map(({ title }) => widthOf(title))), TITLE)
      const lines = facts.flatMap(({ title, text }) => {
        const left = wrap(title, titles)
        const right = wrap(text, body - titles - GAP)
        const height = Math.max(left.length, right.length)
        return Array.from(
          { length: height },
          (_, line) => pad(left[line] ?? '', titles + GAP) + (right[line] ?? ''),
        )
      })
      return block(label, lines)
    },
    block,
    spread(left, right, styled) {
      const gap = ' '.repeat(Math.max(width - widthOf(left) - widthOf(right), 2))
      return styled(left + gap, right)
    },
  }
}

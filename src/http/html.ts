/** Text that is markup already; anything else is escaped where it stands in `html`. */
export interface Markup {
  readonly markup: string
}

type Piece = Markup | string | number | undefined | false | readonly Piece[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function write(piece: Piece): string {
  if (piece === undefined || piece === false) return ''
  if (typeof piece === 'object') return 'markup' in piece ? piece.markup : piece.map(write).join('')
  return String(piece).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}

/** What stands between backquotes is set as code. */
export function withCode(text: string): readonly (Markup | string)[] {
  return text.split('`').map((part, place) => (place % 2 === 1 ? html`<code>${part}</code>` : part))
}

/** A template whose values are escaped, for element content and quoted attributes; lists are joined. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const markup = strings.reduce((text, string, index) => text + string + write(pieces[index]), '')
  return { markup }
}

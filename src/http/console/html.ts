/** Text that is HTML already; only `html` and `raw` make it. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = Markup | string | number | false | null | undefined | readonly Content[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** @returns the text as it may stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)
}

function render(content: Content): string {
  if (content instanceof Markup) return content.text
  if (Array.isArray(content)) return content.map(render).join('')
  if (content === undefined || content === null || content === false) return ''
  return escapeHtml(String(content))
}

/** Builds HTML; every value is escaped unless it is Markup itself. Attributes have to be quoted. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.reduce((text, part, place) => text + render(values[place - 1]) + part))
}

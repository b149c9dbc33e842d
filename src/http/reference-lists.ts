import type { Bilingual, Language } from '../model/identifier.ts'
import { html, type Markup } from './html.ts'
import { layout, type Part } from './reference-page.ts'
import type { Subject } from './reference-search.ts'

const WORDS = {
  found: { vi: 'Kết quả', en: 'Results' },
  nothing: { vi: 'Không có gì khớp.', en: 'Nothing was found.' },
  name: { vi: 'Tên', en: 'Name' },
  meaning: { vi: 'Nghĩa', en: 'Meaning' },
  service: { vi: 'dịch vụ', en: 'service' },
  problem: { vi: 'mã lỗi', en: 'problem' },
  metric: { vi: 'chỉ số', en: 'metric' },
  alert: { vi: 'cảnh báo', en: 'alert' },
  setting: { vi: 'cấu hình', en: 'setting' },
} as const satisfies Readonly<Record<string, Bilingual>>

const TITLES: Readonly<Record<Exclude<Subject['kind'], 'service' | 'setting'>, Bilingual>> = {
  problem: { vi: 'Mã lỗi', en: 'Problems' },
  metric: { vi: 'Chỉ số', en: 'Metrics' },
  alert: { vi: 'Cảnh báo', en: 'Alerts' },
}

const PARTS: Readonly<Record<keyof typeof TITLES, Part>> = {
  problem: 'problems',
  metric: 'metrics',
  alert: 'alerts',
}

function table(title: string, rows: readonly Markup[], language: Language): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">${WORDS.name[language]}</th>
<th scope="col">${WORDS.meaning[language]}</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

/** @returns the page of what a question found. */
export function foundPage(question: string, found: readonly Subject[], language: Language): string {
  const rows = found.map(
    ({ kind, name, title, href }) => html`<tr><td><a href="${href}">${name}</a>
<span class="kind">${WORDS[kind][language]}</span></td><td>${title[language]}</td></tr>`,
  )
  const title = WORDS.found[language]
  const body = rows.length === 0 ? html`<p>${WORDS.nothing[language]}</p>` : table(title, rows, language)
  return layout({ title, part: 'services', language, question, body: html`<h1>${title}</h1>${body}` })
}

/** @returns the page that lists all problems, metrics or alerts, each at an anchor of its name. */
export function listPage(
  kind: keyof typeof TITLES,
  subjects: readonly Subject[],
  language: Language,
): string {
  const rows = subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, title, href }) => {
      const shown =
        kind === 'problem' || kind === 'alert'
          ? html`<a href="${href}"><code>${name}</code></a>`
          : html`<code>${name}</code>`
      return html`<tr id="${name}"><td>${shown}</td><td>${title[language]}</td></tr>`
    })
  const title = TITLES[kind][language]
  return layout({
    title,
    part: PARTS[kind],
    language,
    body: html`<h1>${title}</h1>${table(title, rows, language)}`,
  })
}

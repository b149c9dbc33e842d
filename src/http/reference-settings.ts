import type { Bilingual, Language } from '../model/identifier.ts'
import { html, withCode } from './html.ts'
import { layout } from './reference-page.ts'
import { listSettings } from './setting-list.ts'

const WORDS = {
  title: { vi: 'Cấu hình', en: 'Settings' },
  lead: {
    vi: 'Cấu hình nằm trong một tệp YAML; biến môi trường ghi dưới mỗi mục được ưu tiên hơn tệp. Mục hay biến lạ là lỗi: lienthong check nêu mọi lỗi cùng lúc, và cổng không khởi động với cấu hình sai.',
    en: 'Settings stand in one YAML file; the environment variable below each goes before the file. An unknown member or variable is a fault: lienthong check tells all of them at once, and a gateway does not start on settings that have one.',
  },
  member: { vi: 'Mục', en: 'Member' },
  value: { vi: 'Giá trị', en: 'Value' },
  fallback: { vi: 'Mặc định', en: 'Default' },
  meaning: { vi: 'Nghĩa', en: 'Meaning' },
} as const satisfies Readonly<Record<string, Bilingual>>

/** @returns the page of every setting, each at an anchor of its path. */
export function settingsPage(language: Language): string {
  const rows = listSettings().map(
    ({ path, environment, value, fallback, meaning }) => html`<tr id="${path}"><td><code>${path}</code>
${environment !== undefined && html`<small><code>${environment}</code></small>`}</td>
<td>${value !== undefined && withCode(value[language])}</td><td>${fallback !== undefined && withCode(fallback[language])}</td>
<td>${meaning[language]}</td></tr>`,
  )
  const title = WORDS.title[language]
  return layout({
    title,
    part: 'settings',
    language,
    body: html`<h1>${title}</h1><p class="lead">${WORDS.lead[language]}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">${WORDS.member[language]}</th><th scope="col">${WORDS.value[language]}</th>
<th scope="col">${WORDS.fallback[language]}</th><th scope="col">${WORDS.meaning[language]}</th></tr></thead><tbody>${rows}</tbody></table></div>`,
  })
}

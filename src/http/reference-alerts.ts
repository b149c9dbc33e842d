import type { Alert } from '../dashboards/alert.ts'
import { ALERTS } from '../dashboards/alerts.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import { METRICS } from '../telemetry/metric-table.ts'
import { html, type Markup, withCode } from './html.ts'
import { layout } from './reference-page.ts'
import type { Subject } from './reference-search.ts'

const WORDS = {
  list: { vi: 'Mọi cảnh báo', en: 'All alerts' },
  meaning: { vi: 'Nghĩa là gì', en: 'What it means' },
  harm: { vi: 'Ai bị ảnh hưởng', en: 'Who is hurt' },
  action: { vi: 'Làm gì', en: 'Do this' },
  escalation: { vi: 'Khi nào báo lên', en: 'When to escalate' },
  look: { vi: 'Xem ở', en: 'Look here' },
  query: {
    vi: 'Câu hỏi của cảnh báo: dán vào Prometheus để biết đang thế nào.',
    en: 'The alert’s own query: paste it into Prometheus to see how things stand.',
  },
} as const satisfies Readonly<Record<string, Bilingual>>

const SEVERITIES: Readonly<Record<Alert['severity'], Bilingual>> = {
  critical: { vi: 'khẩn', en: 'critical' },
  warning: { vi: 'cần xử lý', en: 'warning' },
  info: { vi: 'để biết', en: 'info' },
}

/** What the labels that alerts' texts use are called in Vietnamese; their own names are English. */
const LABELS: Readonly<Record<string, string>> = {
  basis: 'căn cứ',
  check: 'phép soát',
  metric: 'chỉ số',
  operation: 'thao tác',
  provider: 'bên cung cấp',
  reason: 'nguyên nhân',
  service: 'dịch vụ',
  state: 'trạng thái',
  subject: 'chứng thư',
  witness: 'nhân chứng',
}

/** Where Prometheus would put a label's value stands the label's name. */
function withoutTemplates(text: Bilingual, language: Language): string {
  return text[language]
    .replaceAll('{{ $value }}', 'N')
    .replaceAll(
      /\{\{ \$labels\.(\w+) \}\}/g,
      (_all, label) => `‹${language === 'vi' ? (LABELS[label] ?? label) : label}›`,
    )
}

function metricLinks({ expr }: Alert): Markup {
  const named = [...new Set(expr.match(/\w+/g))].filter((name) => Object.hasOwn(METRICS, name))
  return html`<ul class="links">${named.map((name) => html`<li><a href="/docs/metrics#${name}"><code>${name}</code></a></li>`)}</ul>`
}

/** For the search and the list of the reference. */
export function alertSubjects(): readonly Subject[] {
  return ALERTS.map(({ name, summary, meaning, severity }) => ({
    kind: 'alert',
    name,
    title: { vi: withoutTemplates(summary, 'vi'), en: withoutTemplates(summary, 'en') },
    href: `/docs/runbooks/${name}`,
    words: `${meaning.vi} ${meaning.en} ${severity}`,
  }))
}

/** @returns the page that whoever is woken by an alert reads; undefined where there is no such alert. */
export function runbookPage(name: string, language: Language): string | undefined {
  const alert = ALERTS.find((each) => each.name === name)
  if (alert === undefined) return undefined
  const other = language === 'vi' ? 'en' : 'vi'
  const title = withoutTemplates(alert.summary, language)
  const fact = (word: 'meaning' | 'harm' | 'action' | 'escalation') =>
    html`<div><dt>${WORDS[word][language]}</dt><dd>${withCode(alert[word][language])}</dd></div>`
  return layout({
    title,
    part: 'alerts',
    language,
    body: html`<p class="meta"><a href="/docs/alerts">${WORDS.list[language]}</a></p>
<h1>${title}</h1><p class="meta"><code>${name}</code> <span class="kind">${SEVERITIES[alert.severity][language]}</span> <span lang="${other}">${withoutTemplates(alert.summary, other)}</span></p>
<dl class="facts">${fact('action')}${fact('meaning')}${fact('harm')}${fact('escalation')}</dl>
<h2>${WORDS.look[language]}</h2>${metricLinks(alert)}<p class="meta">${WORDS.query[language]}</p><pre tabindex="0">${alert.expr}</pre>`,
  })
}

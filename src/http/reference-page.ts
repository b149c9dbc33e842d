import type { BundledDocument } from '../contract/bundle.ts'
import type { Operation } from '../contract/contract.ts'
import { isMembers, type Members } from '../contract/document.ts'
import type { AnonymityRules } from '../model/anonymity.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import { formOf } from '../reporting/names.ts'
import { exampleOf, follow, JSON_CONTENT, reach } from './bundle-place.ts'
import { html, type Markup } from './html.ts'
import { describeSet } from './ordered-sets.ts'
import { callExamples, orderExample } from './reference-call.ts'
import { productNotes, type QuotasOf, termsSection } from './reference-product.ts'
import type { SampleOf } from './reference-sample.ts'
import { REFERENCE_STYLE } from './reference-style.ts'

const WORDS = {
  reference: { vi: 'Tài liệu tích hợp', en: 'Reference' },
  parts: { vi: 'Các phần của tài liệu', en: 'Parts of the reference' },
  services: { vi: 'Dịch vụ', en: 'Services' },
  service: { vi: 'Dịch vụ', en: 'Service' },
  lead: {
    vi: 'Mỗi dịch vụ có một hợp đồng OpenAPI 3.1, và chính hợp đồng ấy soát mọi yêu cầu, mọi câu trả lời.',
    en: 'Each service has a contract in OpenAPI 3.1, and it is this contract that judges every request and answer.',
  },
  provider: { vi: 'Bên cung cấp', en: 'Provider' },
  operations: { vi: 'Thao tác', en: 'Operations' },
  request: { vi: 'Yêu cầu', en: 'Request' },
  answer: { vi: 'Trả lời', en: 'Answer' },
  field: { vi: 'Trường', en: 'Field' },
  meaning: { vi: 'Nghĩa', en: 'Meaning' },
  type: { vi: 'Kiểu', en: 'Type' },
  required: { vi: 'bắt buộc', en: 'required' },
  problems: { vi: 'Mã lỗi', en: 'Problems' },
  metrics: { vi: 'Chỉ số', en: 'Metrics' },
  alerts: { vi: 'Cảnh báo', en: 'Alerts' },
  settings: { vi: 'Cấu hình', en: 'Settings' },
  gateway: { vi: 'OpenAPI của cổng', en: "Gateway's OpenAPI" },
  try: { vi: 'Gọi thử', en: 'Try it' },
  search: {
    vi: 'Tìm dịch vụ, mã lỗi, chỉ số, cảnh báo, cấu hình',
    en: 'Search services, problems, metrics, alerts, settings',
  },
  find: { vi: 'Tìm', en: 'Search' },
  document: { vi: 'Tài liệu OpenAPI', en: 'OpenAPI document' },
  client: { vi: 'Chương trình mẫu có kiểu (TypeScript)', en: 'Typed client (TypeScript)' },
} as const satisfies Readonly<Record<string, Bilingual>>

/** A part of the reference that the head of each page leads to. */
export type Part = 'services' | 'problems' | 'metrics' | 'alerts' | 'settings'

interface Page {
  readonly title: string
  readonly part: Part
  readonly language: Language
  readonly body: Markup
  /** What was searched for. */
  readonly question?: string
}

/** The frame of every page of the reference: its parts, a search that needs no script, the other language. */
export function layout({ title, part, language, body, question = '' }: Page): string {
  const to = (href: string, word: keyof typeof WORDS) =>
    html`<a href="${href}"${word === part && html` aria-current="page"`}>${WORDS[word][language]}</a>`
  const other = language === 'vi' ? 'en' : 'vi'
  const asked = question === '' ? '' : html`q=${encodeURIComponent(question)}&amp;`
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><title>${title} · Liên Thông</title><style>${{ markup: REFERENCE_STYLE }}</style></head>
<body><header class="top"><div><a class="brand" href="/docs">Liên Thông<span>${WORDS.reference[language]}</span></a>
<nav aria-label="${WORDS.parts[language]}">${to('/docs', 'services')} ${to('/docs/problems', 'problems')}
${to('/docs/metrics', 'metrics')} ${to('/docs/alerts', 'alerts')} ${to('/docs/settings', 'settings')} ${to('/docs/openapi.json', 'gateway')} ${to('/docs/try', 'try')}</nav>
<a class="languages" href="?${asked}lang=${other}" lang="${other}" hreflang="${other}">${other === 'en' ? 'English' : 'Tiếng Việt'}</a></div></header>
<main><form role="search" action="/docs"><label for="q">${WORDS.search[language]}</label>
<div class="row"><input id="q" type="search" name="q" value="${question}" maxlength="100"><input type="hidden" name="lang" value="${language}">
<button>${WORDS.find[language]}</button></div></form>${body}</main></body></html>
`.markup
}

/** @returns the page that lists every service. */
export function cataloguePage(
  services: readonly CompiledService[],
  classes: Iterable<ApplicationClass>,
  language: Language,
): string {
  const rows = services
    .toSorted((a, b) => a.document.id.localeCompare(b.document.id))
    .map(
      ({ document, provider, contract }) => html`<tr>
<td><a href="/docs/services/${document.id}">${document.name[language]}</a><small><code>${document.id}</code></small></td>
<td>${provider.name[language]}</td>
<td>${[...contract.operations.values()].map((operation) => html`${operation.title[language]}${operation.anonymised && html` <span class="kind">${formOf(operation)[language]}</span>`}<br>`)}</td></tr>`,
    )
  const title = WORDS.services[language]
  return layout({
    title,
    part: 'services',
    language,
    body: html`<h1>${title}</h1><p class="lead">${WORDS.lead[language]}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">${WORDS.service[language]}</th><th scope="col">${WORDS.provider[language]}</th>
<th scope="col">${WORDS.operations[language]}</th></tr></thead><tbody>${rows}</tbody></table></div>${termsSection(classes, language)}`,
  })
}

function typeOf(schema: Members): string {
  const { type, format, pattern, enum: words } = schema
  if (Array.isArray(words)) return words.slice(0, 12).join(' · ') + (words.length > 12 ? ' …' : '')
  return [type, format, pattern].filter((part) => typeof part === 'string').join(' ')
}

interface Field {
  readonly pointer: string
  readonly schema: Members
  readonly isRequired: boolean
}

/** Members of an object and of what lies below, as agreements name them; arrays are passed through. */
function fieldsOf(document: BundledDocument, schema: Members, pointer = '', depth = 0): readonly Field[] {
  const at = schema['type'] === 'array' ? follow(document, schema['items']) : schema
  const properties = at['properties']
  if (!isMembers(properties) || depth > 6) return []
  const required = Array.isArray(at['required']) ? at['required'] : []
  return Object.entries(properties).flatMap(([name, member]): Field[] => {
    const followed = follow(document, member)
    const place = `${pointer}/${name}`
    return [
      { pointer: place, schema: followed, isRequired: required.includes(name) },
      ...fieldsOf(document, followed, place, depth + 1),
    ]
  })
}

/** @param label says whose fields they are; no two tables of a page are called alike. */
function fieldTable(document: BundledDocument, schema: unknown, label: string, language: Language): Markup {
  const rows = fieldsOf(document, follow(document, schema)).map(({ pointer, schema: its, isRequired }) => {
    const title = isMembers(its['x-title']) ? its['x-title'][language] : ''
    return html`<tr><td><code>${pointer}</code></td><td>${String(title ?? '')}</td>
<td><code>${typeOf(its)}</code>${isRequired && html`<small>${WORDS.required[language]}</small>`}</td></tr>`
  })
  if (rows.length === 0) return html``
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr><th scope="col">${WORDS.field[language]}</th>
<th scope="col">${WORDS.meaning[language]}</th><th scope="col">${WORDS.type[language]}</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

interface View {
  readonly language: Language
  readonly publicUrl: string
  readonly quotas: QuotasOf
  readonly samples: SampleOf
}

/** An event type: its publishers' address, and what subscribers are told as far as they agreed. */
function eventSection(
  service: CompiledService,
  document: BundledDocument,
  operation: Operation,
  { language, quotas }: View,
) {
  const content = reach(document, document, 'webhooks', operation.id, 'post', 'requestBody', ...JSON_CONTENT)
  return html`<section><h2 id="${operation.id}">${operation.title[language]}</h2>
<p><code>POST /events/${service.document.id}</code> <span class="kind">${formOf(operation)[language]}</span></p>
${productNotes(operation, quotas(operation.id), language)}
<h3><code>data</code></h3>${fieldTable(document, reach(document, content, 'schema'), operation.title[language], language)}
<pre tabindex="0">${JSON.stringify(exampleOf(document, content), null, 2) ?? ''}</pre></section>`
}

/** A set that leaves anonymised: nobody is given the provider's pages, so it tells of the order. */
function setSection(
  service: CompiledService,
  document: BundledDocument,
  { operation, rules }: { readonly operation: Operation; readonly rules: AnonymityRules },
  { language, publicUrl, quotas }: View,
) {
  const { order, scope } = describeSet(service, document, operation, rules)
  const label = `${operation.title[language]}: scope`
  const example = { service: service.document.id, operation, body: order.body, publicUrl }
  return html`<section><h2 id="${operation.id}">${operation.title[language]}</h2>
<p><code>${order.method} ${order.path}</code> <span class="kind">${formOf(operation)[language]}</span></p>
${productNotes(operation, quotas(operation.id), language)}
<h3>scope</h3>${fieldTable(document, scope, label, language)}
<pre tabindex="0">${JSON.stringify(order.body, null, 2)}</pre>
<pre tabindex="0">${orderExample(example, order.body['scope'])}</pre></section>`
}

function operationSection(
  service: CompiledService,
  document: BundledDocument,
  operation: Operation,
  view: View,
) {
  if (operation.kind === 'event') return eventSection(service, document, operation, view)
  const rules = operation.anonymised
  if (rules !== undefined) return setSection(service, document, { operation, rules }, view)
  const { language, publicUrl, quotas, samples } = view
  const described = reach(document, document, 'paths', operation.pathTemplate, operation.method.toLowerCase())
  const request = reach(document, described, 'requestBody', ...JSON_CONTENT)
  const answer = reach(document, described, 'responses', '200', ...JSON_CONTENT)
  const example = exampleOf(document, request)
  const labelOf = (part: 'request' | 'answer') =>
    `${operation.title[language]}: ${WORDS[part][language].toLowerCase()}`
  return html`<section><h2 id="${operation.id}">${operation.title[language]}</h2>
<p><code>${operation.method} /exchange/${service.document.id}${operation.pathTemplate}</code>
<span class="kind">${formOf(operation)[language]}</span></p>
${productNotes(operation, quotas(operation.id), language)}
<h3>${WORDS.request[language]}</h3>${fieldTable(document, reach(document, request, 'schema'), labelOf('request'), language)}
<pre tabindex="0">${JSON.stringify(example, null, 2) ?? ''}</pre>
<h3>${WORDS.answer[language]}</h3>${fieldTable(document, reach(document, answer, 'schema'), labelOf('answer'), language)}
<pre tabindex="0">${JSON.stringify(exampleOf(document, answer), null, 2) ?? ''}</pre>
${callExamples({ service: service.document.id, operation, body: example, publicUrl, sample: samples(operation.id) }, language)}</section>`
}

/** @returns the page that describes one service: fields as agreements name them, and examples that hold. */
export function servicePage(service: CompiledService, view: View): string {
  const { publicUrl, language } = view
  const document = service.contract.bundle()
  const { name, id } = service.document
  const operations = [...service.contract.operations.values()]
  return layout({
    title: name[language],
    part: 'services',
    language,
    body: html`<h1>${name[language]}</h1>
<p>${WORDS.provider[language]}: <strong>${service.provider.name[language]}</strong> · <code>${publicUrl}/exchange/${id}</code></p>
<ul class="links"><li><a href="/docs/try/services/${id}">${WORDS.try[language]}</a></li>
<li><a href="/services/${id}/client.ts">${WORDS.client[language]}</a></li>
<li><a href="/docs/services/${id}/openapi.json">${WORDS.document[language]}</a></li></ul>
<nav aria-label="${WORDS.operations[language]}"><ul>${operations.map(({ id: operation, title }) => html`<li><a href="#${operation}">${title[language]}</a></li>`)}</ul></nav>
${operations.map((operation) => operationSection(service, document, operation, view))}`,
  })
}

import type { Bilingual, Language } from '../../model/identifier.ts'
import type { Format } from '../../reporting/format.ts'
import type { Names } from '../../reporting/names.ts'
import { type Content, html, type Markup } from './html.ts'

/** Who is looking, as the page's head says it. */
export interface Viewer {
  readonly name: string
  readonly role: Bilingual
  readonly csrf: string
}

/** What every page is written with. */
export interface View {
  readonly language: Language
  readonly say: (vi: string, en: string) => string
  readonly pick: (text: Bilingual) => string
  readonly format: Format
  readonly names: Names
  readonly viewer: Viewer | undefined
  /** Path and query of this page. */
  readonly path: string
  readonly sandbox: boolean
}

export interface Page {
  readonly title: string
  readonly section?: Section
  readonly body: Content
  /** Module below `/console/modules/` that the page runs; none where absent. */
  readonly script?: string
}

const SECTIONS = {
  search: { path: '/console/search', vi: 'Tra cứu', en: 'Search' },
  statistics: { path: '/console/statistics', vi: 'Thống kê', en: 'Statistics' },
  quality: { path: '/console/quality', vi: 'Chất lượng', en: 'Quality' },
  agencies: { path: '/console/agencies', vi: 'Cơ quan', en: 'Agencies' },
  services: { path: '/console/services', vi: 'Dịch vụ', en: 'Services' },
  applications: { path: '/console/applications', vi: 'Đề nghị', en: 'Applications' },
  connections: { path: '/console/connections', vi: 'Kết nối', en: 'Connections' },
  reports: { path: '/console/reports', vi: 'Báo cáo', en: 'Reports' },
  own: { path: '/console/own', vi: 'Của tôi', en: 'My exchanges' },
  status: { path: '/console/status', vi: 'Trạng thái', en: 'Status' },
  verify: { path: '/console/verify', vi: 'Kiểm chứng', en: 'Verify' },
  access: { path: '/console/access', vi: 'Ai đã xem sổ', en: 'Who has looked' },
} as const
export type Section = keyof typeof SECTIONS

function header(view: View, section: Section | undefined): Markup {
  const { say, viewer, language, path, pick, sandbox } = view
  const other = language === 'vi' ? 'en' : 'vi'
  const items = Object.entries(SECTIONS).map(
    ([name, item]) =>
      html`<li><a href="${item.path}"${name === section ? html` aria-current="page"` : ''}>${pick(item)}</a></li>`,
  )
  return html`<header class="top">
<div class="bar"><a class="brand" href="/console"><svg aria-hidden="true" viewBox="0 0 28 28" width="28" height="28"><path d="M4 14h20M14 4v20" stroke="#fff" stroke-width="2"/><circle cx="14" cy="14" r="5" fill="#f5c518"/><circle cx="4" cy="14" r="3" fill="#fff"/><circle cx="24" cy="14" r="3" fill="#fff"/><circle cx="14" cy="4" r="3" fill="#fff"/><circle cx="14" cy="24" r="3" fill="#fff"/></svg><span>Liên Thông<small>${say('Bảng điều khiển', 'Console')}</small></span></a>
<div class="who">${
    viewer &&
    html`<span class="name">${viewer.name}<small>${pick(viewer.role)}</small></span>
<form method="post" action="/console/sign-out"><input type="hidden" name="csrf" value="${viewer.csrf}"><button class="quiet">${say('Đăng xuất', 'Sign out')}</button></form>`
  }<a class="language" lang="${other}" hreflang="${other}" href="/console/language/${other}?back=${encodeURIComponent(path)}">${other === 'en' ? 'English' : 'Tiếng Việt'}</a></div></div>
${viewer && html`<nav aria-label="${say('Các trang', 'Pages')}"><ul>${items}</ul></nav>`}${sandbox && html`<p class="sandbox">${say('Môi trường thử: người và số liệu ở đây là mô phỏng.', 'Sandbox: people and figures here are synthetic.')}</p>`}</header>`
}

/** A whole page. */
export function renderPage(view: View, page: Page): string {
  const { say, language } = view
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<title>${page.title} – Liên Thông</title>
<link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console/assets/console.css">${
    page.script !== undefined && html`\n<script type="module" src="/console/modules/${page.script}"></script>`
  }
</head>
<body>
<a class="skip" href="#main">${say('Đến nội dung chính', 'Skip to content')}</a>
${header(view, page.section)}
<main id="main" tabindex="-1">
${page.body}
</main>
${
  view.viewer &&
  html`<footer><p>${say(
    'Mỗi lần xem trang này được ghi vào chính sổ giao dịch. Giờ Việt Nam (UTC+7).',
    'Each view of these pages is recorded in the log itself. Times are Vietnam’s (UTC+7).',
  )}</p></footer>`
}
</body>
</html>
`.text
}

/** A table that may be wider than the screen: it scrolls by itself, also by keyboard. */
export function scrollTable(label: string, table: Content): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`
}

export interface OutcomeWords {
  readonly vi: string
  readonly en: string
  readonly kind: string
}

export const OUTCOMES: Readonly<Record<string, OutcomeWords>> = {
  delivered: { vi: 'Đã trả', en: 'Delivered', kind: 'good' },
  refused: { vi: 'Từ chối', en: 'Refused', kind: 'warn' },
  failed: { vi: 'Không thành công', en: 'Failed', kind: 'bad' },
  interrupted: { vi: 'Gián đoạn', en: 'Interrupted', kind: 'bad' },
}

export function outcomeBadge({ pick }: View, outcome: string): Markup {
  const words = OUTCOMES[outcome] ?? { vi: outcome, en: outcome, kind: 'warn' }
  return html`<span class="badge ${words.kind}">${pick(words)}</span>`
}

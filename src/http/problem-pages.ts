import express, { type Router } from 'express'
import { ERRORS, type ErrorCode, type Fault } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual, Language } from '../model/identifier.ts'
import { sendCached } from './cached.ts'
import { html } from './html.ts'
import { askedLanguage } from './language.ts'
import { layout } from './reference-page.ts'
import { REFERENCE_HEADERS } from './reference-style.ts'

const SIDES: Readonly<Record<Fault, Bilingual>> = {
  consumer: { vi: 'Bên hỏi: hệ thống gửi yêu cầu', en: 'The consumer: the system that asked' },
  provider: { vi: 'Bên cung cấp: hệ thống trả lời', en: 'The provider: the system that answers' },
  gateway: { vi: 'Cổng: người vận hành cổng', en: 'The gateway: whoever runs it' },
}

const WORDS = {
  list: { vi: 'Mọi mã lỗi', en: 'All problems' },
  side: { vi: 'Ai phải xử lý', en: 'Who has to act' },
  fix: { vi: 'Cần làm gì', en: 'What to do' },
  code: { vi: 'Mã lỗi', en: 'Code' },
  status: { vi: 'Mã trạng thái HTTP', en: 'HTTP status' },
  stable: {
    vi: 'Chương trình nên dựa vào mã lỗi: mã không đổi, còn lời giải thích có thể được viết lại.',
    en: 'Programs should rely on the code: it stays, while the words around it may be put better.',
  },
} as const satisfies Readonly<Record<string, Bilingual>>

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function pageOf(code: ErrorCode, language: Language): string {
  const { status, title, fault, fix } = ERRORS[code]
  const other = language === 'vi' ? 'en' : 'vi'
  const fact = (word: keyof typeof WORDS, value: ReturnType<typeof html> | string) =>
    html`<div><dt>${WORDS[word][language]}</dt><dd>${value}</dd></div>`
  return layout({
    title: title[language],
    part: 'problems',
    language,
    body: html`<p class="meta"><a href="/docs/problems">${WORDS.list[language]}</a></p>
<h1>${title[language]}</h1><p class="meta" lang="${other}">${title[other]}</p>
<dl class="facts">${fact('fix', html`<strong>${fix[language]}</strong>`)}${fact('side', SIDES[fault][language])}
${fact('code', html`<code>${code}</code>`)}${fact('status', String(status))}</dl>
<p class="meta">${WORDS.stable[language]}</p>`,
  })
}

/** What the `type` of a problem document (RFC 9457 §3.1.1) leads to: `GET /problems/{code}`. */
export function createProblemPages(): Router {
  const router = express.Router()
  router.get('/problems/:code', (request, response) => {
    const { code } = request.params
    if (!isCode(code)) throw new GatewayError('path_unknown')
    sendCached(request, response, {
      type: 'text/html; charset=utf-8',
      body: pageOf(code, askedLanguage(request)),
      caching: 'public, max-age=3600',
      headers: REFERENCE_HEADERS,
    })
  })
  return router
}

import express, { type Router } from 'express'
import { ERRORS, type ErrorCode, type Fault } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { sendCached } from './cached.ts'

const SIDES: Readonly<Record<Fault, Bilingual>> = {
  consumer: { vi: 'bên hỏi', en: 'the consumer' },
  provider: { vi: 'bên cung cấp', en: 'the provider' },
  gateway: { vi: 'cổng', en: 'the gateway' },
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** Both languages on one page; every word is the gateway's own, so nothing needs escaping. */
function pageOf(code: ErrorCode): string {
  const { status, title, fault, fix } = ERRORS[code]
  return `<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title.vi}</title></head>
<body><main>
<h1>${title.vi}</h1>
<p><code>${code}</code>, HTTP ${status}. Bên cần xử lý: ${SIDES[fault].vi}.</p>
<p>Cách sửa: ${fix.vi}</p>
<section lang="en"><h2>${title.en}</h2>
<p>Who has to act: ${SIDES[fault].en}. What to do: ${fix.en}</p></section>
</main></body></html>
`
}

/** What the `type` of a problem document (RFC 9457 §3.1.1) leads to: `GET /problems/{code}`. */
export function createProblemPages(): Router {
  const router = express.Router()
  router.get('/problems/:code', (request, response) => {
    const { code } = request.params
    if (!isCode(code)) throw new GatewayError('path_unknown')
    const headers = { 'content-security-policy': "default-src 'none'" }
    const type = 'text/html; charset=utf-8'
    sendCached(request, response, { type, body: pageOf(code), caching: 'public, max-age=3600', headers })
  })
  return router
}

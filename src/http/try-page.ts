import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { Language } from '../model/identifier.ts'
import { html } from './html.ts'

/** One file of the try-it page, read once. */
export interface TryAsset {
  readonly type: string
  readonly body: Buffer
}

const SCRIPT = 'text/javascript; charset=utf-8'

/**
 * What the try-it page runs: Scalar's one file, where the package is there, and the module that sets it up.
 * @returns by file name; no reference where a gateway was installed without it.
 */
export function readTryAssets(): ReadonlyMap<string, TryAsset> {
  const setUp = readFileSync(join(import.meta.dirname, '../console/try.ts'), 'utf8')
  const assets = new Map([['try.js', { type: SCRIPT, body: Buffer.from(stripTypeScriptTypes(setUp)) }]])
  const folder = createRequire(import.meta.url).resolve.paths('@scalar/api-reference') ?? []
  for (const place of folder) {
    try {
      const body = readFileSync(join(place, '@scalar/api-reference/dist/browser/standalone.js'))
      return assets.set('reference.js', { type: SCRIPT, body })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
  return assets
}

/**
 * Scripts of the gateway alone, requests to the gateway alone. Scalar writes its styles into the page, so inline
 * styles are let in; scripts are not, nor is `eval`.
 */
export const TRY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const WORDS = {
  title: { vi: 'Gọi thử', en: 'Try it' },
  back: { vi: 'Tài liệu', en: 'Reference' },
  script: {
    vi: 'Trang này cần JavaScript; tài liệu không cần: ',
    en: 'This page needs JavaScript; the reference does not: ',
  },
} as const

/** @param document where the OpenAPI document is, below the gateway. @param page its page without a script. */
export function tryPage(document: string, page: string, language: Language): string {
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><title>Liên Thông · ${WORDS.title[language]}</title></head>
<body><noscript><p>${WORDS.script[language]}<a href="${page}">${WORDS.back[language]}</a></p></noscript>
<div id="reference" data-document="${document}"></div>
<script src="/docs/assets/reference.js"></script><script type="module" src="/docs/assets/try.js"></script></body></html>
`.markup
}

import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Consumer } from '../../model/exchange.ts'
import type { Bilingual, SubsystemId } from '../../model/identifier.ts'
import type { ReaderRole } from '../../model/reader.ts'
import { readingRightOf } from '../../registry/readers.ts'
import type { Registry } from '../../registry/snapshot.ts'
import { createFormat } from '../../reporting/format.ts'
import { createNames } from '../../reporting/names.ts'
import type { Session, Sessions } from './session.ts'
import { type Page, renderPage, type View } from './view.ts'

export const ROLE_TITLES: Readonly<Record<ReaderRole, Bilingual>> = {
  auditor: { vi: 'Thanh tra, kiểm toán', en: 'Auditor' },
  'data-protection-officer': { vi: 'Bảo vệ dữ liệu cá nhân', en: 'Data protection officer' },
  agency: { vi: 'Cơ quan', en: 'Agency' },
  operator: { vi: 'Vận hành', en: 'Operator' },
  appraiser: { vi: 'Thẩm định', en: 'Appraiser' },
  'citizen-portal': { vi: 'Cổng công dân', en: 'Citizen portal' },
}

interface ViewParts {
  readonly sessions: Sessions
  readonly registry: () => Registry
  readonly now: () => number
  readonly sandbox: boolean
}

/** A sandbox's provider knows people by their system's Vietnamese name alone. */
function nameOf({ reader, name }: Session, { subsystems }: Registry): Bilingual {
  const system = subsystems.get(reader as SubsystemId)?.name
  return system?.vi === name ? system : { vi: name, en: name }
}

export function createView(request: IncomingMessage, session: Session | undefined, parts: ViewParts): View {
  const language = parts.sessions.languageOf(request)
  const registry = parts.registry()
  const right = session && readingRightOf(registry, session.reader as SubsystemId, parts.now())
  return {
    language,
    say: (vi, en) => (language === 'vi' ? vi : en),
    pick: (text) => text[language],
    format: createFormat(language),
    names: createNames(registry),
    path: request.method === 'GET' ? (request.url ?? '/console') : '/console/search',
    sandbox: parts.sandbox,
    viewer: session && {
      name: nameOf(session, registry)[language],
      role: right
        ? ROLE_TITLES[right.reader.document.role]
        : { vi: 'không có quyền đọc sổ', en: 'no right to read' },
      csrf: session.csrf,
    },
  }
}

/** Reading pages run nothing: no script is allowed where none is named. */
function policyOf(scripted: boolean): string {
  const script = scripted ? "; script-src 'self'" : ''
  return `default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'${script}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
}

export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

export function sendPage(response: ServerResponse, status: number, view: View, page: Page): void {
  const bytes = Buffer.from(renderPage(view, page))
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'content-length': bytes.length,
    'content-language': view.language,
    'cache-control': 'no-store',
    'content-security-policy': policyOf(page.script !== undefined),
  })
  response.end(bytes)
}

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...SAFE_HEADERS, location, 'cache-control': 'no-store' }).end()
}

/** Who a signed-in person is to the log: the subsystem whose right they use. */
export function consumerOf({ id, reader }: Session, audience: string): Consumer {
  return {
    id: reader as SubsystemId,
    binding: 'session',
    tokenDigest: createHash('sha256').update(id).digest('base64url'),
    audience,
  }
}

/** @returns a path of the console, whatever was asked for: never another site. */
export function ownPath(asked: string | null | undefined): string {
  return asked && /^\/console(?:[/?][\x21-\x7e]*)?$/.test(asked) && !asked.includes('\\') ? asked : '/console'
}

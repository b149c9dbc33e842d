import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import express, { type Router } from 'express'
import type { SignIn } from '../../identity/sign-in.ts'
import { ERRORS } from '../../model/error-table.ts'
import { asGatewayError, GatewayError } from '../../model/errors.ts'
import type { Consumer } from '../../model/exchange.ts'
import type { Answered, ConductReading, ReadingAction, ReadingWork } from '../../reporting/reading.ts'
import { createExport } from '../audit-export.ts'
import { type Asset, readAssets } from './assets.ts'
import { readForm } from './form.ts'
import type { PageMaker } from './maker.ts'
import { createPages, DECIDING, type PageParts } from './pages.ts'
import { verifyPage } from './proof-page.ts'
import { messagePage } from './reader-pages.ts'
import { consumerOf, createView, ownPath, redirect, SAFE_HEADERS, sendPage } from './request.ts'
import { isOwnForm, type Session, type Sessions } from './session.ts'
import type { View } from './view.ts'

export interface ConsoleParts extends PageParts {
  readonly sessions: Sessions
  /** Absent where nobody set who signs people in. */
  readonly signIn: SignIn | undefined
  /** Reads the log as this consumer; what it reads is recorded. */
  readonly conductAs: (consumer: Consumer) => ConductReading
  readonly managementUrl: () => string
  readonly newExchangeId: (nowMs: number) => string
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly sandbox: boolean
  readonly onRequest: (request: { method: string; route: string; status: number; totalMs: number }) => void
  readonly onInternalError: (error: unknown) => void
}

function notOwnForm(): GatewayError {
  const detail = {
    vi: 'Biểu mẫu không thuộc phiên đăng nhập này; hãy mở lại trang.',
    en: 'The form is not of this session; open the page anew.',
  }
  return new GatewayError('request_malformed', { detail })
}

/** The readers' console: `/console` of the management listener. */
export function createConsoleRouter(parts: ConsoleParts): Router {
  const { sessions, signIn, now } = parts
  const pages = createPages(parts)
  let assets: ReadonlyMap<string, Asset> | undefined

  async function conduct<Result extends Answered>(
    session: Session,
    action: ReadingAction,
    work: ReadingWork<Result>,
  ) {
    const receivedAtMs = now()
    const exchangeId = parts.newExchangeId(receivedAtMs)
    const conductReading = parts.conductAs(consumerOf(session, parts.managementUrl()))
    const reading = await conductReading(
      {
        exchangeId,
        receivedAtMs,
        traceId: parts.randomHex(16),
        action,
        credentials: { method: 'GET', url: `${parts.managementUrl()}/console` },
        purpose: undefined,
        officer: session.officer,
        dossier: undefined,
        salt: parts.newSalt(),
        body: new Uint8Array(0),
      },
      work,
    )
    if (reading.ended instanceof Error) throw reading.ended
    return { ...reading.ended, receipt: reading.receipt, exchangeId, receivedAtMs }
  }

  /** Makes a page with what it reads, then sends it. */
  async function show(
    make: PageMaker,
    session: Session,
    view: View,
    response: ServerResponse,
  ): Promise<void> {
    const shown = await make((action, work) => conduct(session, action, work), view)
    if (!('content' in shown)) {
      sendPage(response, 200, view, shown)
      return
    }
    const bytes = Buffer.from(shown.content)
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'content-type': shown.type,
      'content-length': bytes.length,
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${shown.name}"`,
    })
    response.end(bytes)
  }

  function signInPage(view: View): ReturnType<typeof messagePage> {
    const { say } = view
    if (signIn === undefined) {
      return messagePage(
        say('Chưa đặt nơi đăng nhập', 'No sign-in is set'),
        say(
          'Người vận hành cần đặt mục console (nhà cung cấp OpenID Connect) trong cấu hình của cổng.',
          'The operator has to set an OpenID Connect provider: the member console of the settings.',
        ),
      )
    }
    return messagePage(
      say('Bảng điều khiển của người đọc sổ', "The readers' console"),
      say(
        'Tra cứu giao dịch, kiểm chứng bằng chứng và xem số liệu. Mỗi lần xem đều được ghi vào sổ dưới tên bạn.',
        'Search exchanges, verify proofs, see the figures. Each view is recorded in the log under your name.',
      ),
      [`/console/sign-in?back=${encodeURIComponent(ownPath(view.path))}`, say('Đăng nhập', 'Sign in')],
    )
  }

  async function beginSignIn(query: URLSearchParams, response: ServerResponse): Promise<void> {
    if (signIn === undefined) throw new GatewayError('path_unknown')
    const { address, ...secrets } = await signIn.begin(`${parts.managementUrl()}/console/signed-in`)
    response.setHeader(
      'set-cookie',
      sessions.depart({ ...secrets, back: ownPath(query.get('back')), madeMs: now() }),
    )
    redirect(response, address)
  }

  async function completeSignIn(
    request: IncomingMessage,
    view: View,
    response: ServerResponse,
  ): Promise<void> {
    const departure = sessions.returning(request)
    const { say } = view
    const again = ['/console/sign-in', say('Đăng nhập lại', 'Sign in again')] as const
    if (signIn === undefined || departure === undefined) {
      sendPage(
        response,
        400,
        view,
        messagePage(
          say('Lần đăng nhập này đã hết hạn', 'This sign-in has expired'),
          say('Hãy bắt đầu lại từ trình duyệt này.', 'Begin again in this browser.'),
          again,
        ),
      )
      return
    }
    try {
      const who = await signIn.complete(new URL(request.url ?? '', parts.managementUrl()), departure)
      const session: Session = {
        id: parts.randomHex(16),
        csrf: parts.randomHex(16),
        ...who,
        startedMs: now(),
        seenMs: now(),
      }
      response.setHeader('set-cookie', [sessions.write(session), sessions.returned()])
      redirect(response, departure.back)
    } catch (error) {
      parts.onInternalError(error)
      response.setHeader('set-cookie', sessions.returned())
      sendPage(
        response,
        400,
        view,
        messagePage(
          say('Không đăng nhập được', 'Signing in failed'),
          say(
            'Nhà cung cấp đăng nhập trả lời không đúng yêu cầu này.',
            "The provider's answer does not fit this sign-in.",
          ),
          again,
        ),
      )
    }
  }

  async function exportRecords(
    form: URLSearchParams,
    session: Session,
    response: ServerResponse,
  ): Promise<void> {
    const work = pages.exportWork(form)
    const { result, right, receipt, exchangeId, receivedAtMs } = await conduct(session, 'export', work)
    if (receipt === undefined) throw new GatewayError('ledger_unavailable')
    const archive = createExport(result, {
      exchangeId,
      receipt,
      reader: right.reader.document.subsystem,
      right: right.reader.document.id,
      madeAtMs: receivedAtMs,
      checkpoint: await parts.latestCheckpoint(),
      sign: parts.sign,
    })
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'cache-control': 'no-store',
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${exchangeId}.zip"`,
    })
    await pipeline(archive, response).catch(parts.onInternalError)
  }

  /** A decision takes effect once it is in the log, under the name of whoever is signed in. */
  async function decide(path: string, form: URLSearchParams, session: Session, response: ServerResponse) {
    const [, , , number = '', asked, ...rest] = path.split('/')
    const act = DECIDING.find((each) => each === asked)
    if (act === undefined || rest.length > 0) throw new GatewayError('path_unknown')
    const { result, exchangeId } = await conduct(session, act, pages.decision(number, act, form))
    await result.perform?.(exchangeId)
    redirect(response, `/console/applications/${number}`)
  }

  /** What needs no session. @returns whether it was one of these. */
  async function serveOpen(
    request: IncomingMessage,
    view: View,
    path: string,
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<boolean> {
    if (path === '/console/sign-in') await beginSignIn(query, response)
    else if (path === '/console/signed-in') await completeSignIn(request, view, response)
    else if (path.startsWith('/console/language/')) {
      response.setHeader('set-cookie', sessions.writeLanguage(path.slice('/console/language/'.length)))
      redirect(response, ownPath(query.get('back')))
    } else if (path === '/console/verify') sendPage(response, 200, view, verifyPage(view, parts.verifierKey))
    else return false
    return true
  }

  async function post(
    request: IncomingMessage,
    path: string,
    session: Session,
    view: View,
    response: ServerResponse,
  ): Promise<void> {
    const form = await readForm(request)
    if (!isOwnForm(request, form, session)) throw notOwnForm()
    if (path === '/console/sign-out') {
      response.setHeader('set-cookie', sessions.clear())
      redirect(response, '/console')
    } else if (path === '/console/export') await exportRecords(form, session, response)
    else if (path.startsWith('/console/applications/')) await decide(path, form, session, response)
    else if (path === '/console/search') {
      const sought = await pages.find(form)
      if (typeof sought === 'string') redirect(response, sought)
      else await show(sought, session, view, response)
    } else throw new GatewayError('path_unknown')
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', search = ''] = (request.url ?? '').split('?')
    const query = new URLSearchParams(search)
    const session = sessions.read(request)
    const view = createView(request, session, parts)
    if (request.method !== 'GET' && request.method !== 'POST') throw new GatewayError('method_unsupported')
    if (request.method === 'GET' && (await serveOpen(request, view, path, query, response))) return
    if (session === undefined) {
      sendPage(response, 401, view, signInPage(view))
      return
    }
    response.setHeader('set-cookie', sessions.write(session))
    if (request.method === 'POST') await post(request, path, session, view, response)
    else {
      const page = pages.open(path, query, session.reader)
      if (typeof page === 'string') redirect(response, page)
      else await show(page, session, view, response)
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const error = asGatewayError(thrown)
    if (error.code === 'internal_error') parts.onInternalError(error.cause)
    const view = createView(request, sessions.read(request), parts)
    const { entry, detail } = error
    const text = [detail && view.pick(detail), view.pick(ERRORS[error.code].fix)].filter(Boolean).join(' ')
    sendPage(
      response,
      entry.status,
      view,
      messagePage(view.pick(entry.title), text, ['/console', view.say('Về trang đầu', 'To the first page')]),
    )
  }

  const router = express.Router()
  router.get(['/console/assets/*path', '/console/modules/*path'], (request, response) => {
    assets ??= readAssets()
    const asset = assets.get(request.path.slice('/console/'.length))
    if (asset === undefined) {
      response.writeHead(404, SAFE_HEADERS).end()
      return
    }
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'content-type': asset.type,
      'content-length': asset.bytes.length,
      'cache-control': 'public, max-age=3600',
    })
    response.end(asset.bytes)
  })
  router.all(['/console', '/console/*path'], async (request, response) => {
    const startedMs = now()
    await serve(request, response).catch((thrown: unknown) => {
      if (response.headersSent) response.destroy()
      else refuse(request, response, thrown)
    })
    const route = `/console/${request.path.split('/')[2] ?? ''}`
    parts.onRequest({
      method: request.method,
      route,
      status: response.statusCode,
      totalMs: now() - startedMs,
    })
  })
  return router
}

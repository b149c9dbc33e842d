import express, { type Request, type Response, type Router } from 'express'
import { ERRORS } from '../model/error-table.ts'
import { assessReadiness, type NamedFinding, type ReadinessCheck } from '../telemetry/health.ts'
import { chooseFormat, type MetricsPage } from '../telemetry/metrics-page.ts'
import { askedLanguage } from './language.ts'

interface OperationsParts {
  readonly page: MetricsPage
  /** What the gateway needs to be able to answer exchanges. */
  readonly checks: readonly ReadinessCheck[]
  /** What `?verbose` tells besides; whatever they find, the gateway is as ready as before. */
  readonly remarks: readonly ReadinessCheck[]
  /** Told when the page of metrics could not be written. */
  readonly onInternalError: (error: unknown) => void
}

type Handler = (request: Request, response: Response) => void | Promise<void>

const ALLOWED = 'GET, HEAD'

/** Express's own `send` would hash each page for an ETag that no scraper asks for. */
function send(response: Response, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers })
  response.end(body)
}

function sendJson(response: Response, status: number, document: unknown): void {
  send(response, status, { 'content-type': 'application/json' }, JSON.stringify(document))
}

/** Whether a person looks, with a browser or by asking for text; programs get JSON. */
function wantsText({ headers: { accept = '' } }: Request): boolean {
  return /\btext\/(?:plain|html)\b/.test(accept) && !accept.includes('application/json')
}

function refuseMethod(response: Response): void {
  const { status, title } = ERRORS.method_unsupported
  const problem = JSON.stringify({ title: title.vi, status, code: 'method_unsupported' })
  send(response, status, { 'content-type': 'application/problem+json', allow: ALLOWED }, problem)
}

/** `[!]`: ready all the same, yet somebody has to look. */
function markOf({ ok, concern }: NamedFinding): string {
  if (!ok) return '-'
  return concern ? '!' : '+'
}

/** @returns a finding; its detail only where it says what is wrong or everything was asked for. */
function present({ name, ok, concern, detail }: NamedFinding, isVerbose: boolean): object {
  if (ok && !isVerbose) return { name, ok }
  return { name, ok, ...(concern && { concern }), detail }
}

/**
 * What operators' systems ask of the management listener: `/metrics` (Prometheus text or OpenMetrics),
 * `/livez` (the process answers) and `/readyz` (it can carry exchanges; `?verbose` tells of every check, as text where
 * that is asked for).
 */
export function createOperationsRouter(parts: OperationsParts): Router {
  const router = express.Router()

  function serve(path: string, handler: Handler): void {
    router.all(path, async (request, response) => {
      if (request.method === 'GET' || request.method === 'HEAD') await handler(request, response)
      else refuseMethod(response)
    })
  }

  serve('/livez', (_request, response) => sendJson(response, 200, { status: 'ok' }))

  serve('/readyz', async (request, response) => {
    const isVerbose = new URLSearchParams(request.url.split('?')[1] ?? '').has('verbose')
    const [{ ok, checks: needed }, remarks] = await Promise.all([
      assessReadiness(parts.checks),
      assessReadiness(isVerbose ? parts.remarks : []),
    ])
    const checks = [
      ...needed,
      ...remarks.checks.map((found) => (found.ok ? found : { ...found, ok: true, concern: true as const })),
    ]
    if (wantsText(request)) {
      const language = askedLanguage(request)
      const lines = checks.map((found) => `[${markOf(found)}] ${found.name}: ${found.detail[language]}\n`)
      const headers = { 'content-type': 'text/plain; charset=utf-8', vary: 'Accept, Accept-Language' }
      send(response, ok ? 200 : 503, headers, `${lines.join('')}${ok ? 'ok' : 'unready'}\n`)
      return
    }
    sendJson(response, ok ? 200 : 503, {
      status: ok ? 'ok' : 'unready',
      checks: checks.map((finding) => present(finding, isVerbose)),
    })
  })

  serve('/metrics', async (request, response) => {
    try {
      const { contentType, body } = await parts.page.render(chooseFormat(request.headers.accept))
      send(response, 200, { 'content-type': contentType, vary: 'Accept' }, body)
    } catch (error) {
      parts.onInternalError(error)
      sendJson(response, 500, { status: 'failed' })
    }
  })

  return router
}

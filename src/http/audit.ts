import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import express, { type Router } from 'express'
import { AUDIT_DESCRIPTION } from '../contract/audit-requests.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { ApplicationDesk } from '../reporting/application-desk.ts'
import type { AuditDesk, ExportWork } from '../reporting/audit-desk.ts'
import type { createEntriesDesk } from '../reporting/entries-desk.ts'
import type { ErasureDesk } from '../reporting/erasure-desk.ts'
import { usualPeriod } from '../reporting/figures.ts'
import type { OperationalDesk } from '../reporting/operational-desk.ts'
import type { Answered, ConductReading, Reading, ReadingWork } from '../reporting/reading.ts'
import { type ReportDesk, readAskedReport } from '../reporting/report-desk.ts'
import type { UsageDesk } from '../reporting/usage.ts'
import { applicationRoutes } from './application-routes.ts'
import { assertExportable, createExport, type ExportContext } from './audit-export.ts'
import type { AuditRoute } from './audit-route.ts'
import { parseJsonBody, readBody } from './body.ts'
import { REVALIDATED, sendCached } from './cached.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest } from './consumer-door.ts'
import { noteOf, optional, PARTICULAR, PURPOSE } from './fields.ts'
import { sendProblem } from './server.ts'

type Ended = Reading<Answered>['ended']
type EntriesDesk = ReturnType<typeof createEntriesDesk>

export interface AuditDoorParts extends ConsumerDoorParts {
  readonly conduct: ConductReading
  readonly desk: AuditDesk
  readonly usage: UsageDesk
  readonly reports: ReportDesk
  readonly entries: EntriesDesk
  readonly erasure: ErasureDesk
  readonly applications: ApplicationDesk
  readonly operational: OperationalDesk
  /** Public address of the management listener: the root of every `htu`. */
  readonly managementUrl: () => string
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly checkpoint: () => Promise<string | undefined>
  readonly sign: ExportContext['sign']
}

const MAX_BODY_BYTES = 16_384
const EXCHANGE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark))
}

/** Every route with what it reads; the OpenAPI document names the same. */
function routesOf(parts: AuditDoorParts): readonly AuditRoute[] {
  const { desk, usage, entries, reports, now, operational, erasure } = parts
  const idOf = (request: IncomingMessage) => {
    const id = (request.url ?? '').split('?')[0]?.split('/').at(-1) ?? ''
    if (!EXCHANGE.test(id)) throw new GatewayError('exchange_unknown')
    return id
  }
  return [
    { method: 'POST', path: '/audit/search', action: 'search', prepare: desk.search },
    { method: 'POST', path: '/audit/count', action: 'count', prepare: desk.count },
    {
      method: 'GET',
      path: '/audit/exchanges/:id',
      action: 'exchange',
      prepare: (_json, request) => desk.exchange(idOf(request)),
    },
    { method: 'POST', path: '/audit/export', action: 'export', prepare: desk.export },
    { method: 'POST', path: '/audit/erasures', action: 'erase', prepare: erasure },
    ...applicationRoutes(parts.applications),
    { method: 'POST', path: '/audit/v2/findUsage', action: 'findUsage', prepare: usage.findUsage },
    { method: 'GET', path: '/audit/v2/usagePeriod', action: 'usagePeriod', prepare: usage.usagePeriod },
    { method: 'GET', path: '/audit/v2/heartbeat', action: 'heartbeat', prepare: usage.heartbeat },
    {
      method: 'GET',
      path: '/audit/figures',
      action: 'figures',
      prepare: (_json, request) =>
        reports.report(() => readAskedReport(queryOf(request), usualPeriod(now()))),
    },
    {
      method: 'GET',
      path: '/audit/xroad/operational-data',
      action: 'operationalData',
      prepare: (_json, request) => operational.operationalData(queryOf(request)),
    },
    {
      method: 'GET',
      path: '/audit/xroad/health-data',
      action: 'healthData',
      prepare: (_json, request) => operational.healthData(queryOf(request)),
    },
    {
      method: 'GET',
      path: '/log/tile/entries/*path',
      action: 'entries',
      prepare: (_json, { url = '' }) => entries((url.split('?')[0] ?? '').slice('/log/tile/'.length)),
    },
  ]
}

function isExport(result: Answered): result is ExportWork {
  return 'pages' in result
}

/** The door of those who read the log: `/audit` of the management listener. */
export function createAuditRouter(parts: AuditDoorParts): Router {
  const { now } = parts

  async function read(request: IncomingMessage, response: ServerResponse, route: AuditRoute): Promise<void> {
    const receivedAtMs = now()
    const body = await readBody(request, route.maxBodyBytes ?? MAX_BODY_BYTES)
    const json = parseJsonBody(request, body)
    const exchangeId = parts.newExchangeId(receivedAtMs)
    const conducted = await parts.conduct(
      {
        exchangeId,
        receivedAtMs,
        traceId: parts.randomHex(16),
        action: route.action,
        credentials: credentialsOf(request, { ...parts, publicUrl: parts.managementUrl }),
        purpose: optional(request, 'exchange-purpose', PURPOSE),
        officer: optional(request, 'exchange-officer', PARTICULAR),
        note: noteOf(request),
        dossier: optional(request, 'exchange-dossier', PARTICULAR),
        salt: parts.newSalt(),
        body,
      },
      checked(route.prepare(json, request)),
    )
    const { receipt } = conducted
    const ended = await performed(conducted.ended, exchangeId)
    const shown = { 'exchange-id': exchangeId, 'cache-control': 'no-store' }
    if (ended instanceof Error) {
      if (ended.code === 'internal_error') parts.onInternalError(ended.cause, exchangeId)
      sendProblem(request, response, ended, { publicUrl: parts.publicUrl(), exchangeId, headers: shown })
      parts.onRequest({ ...factsOf(route, ended.entry.status, receivedAtMs), code: ended.code })
      return
    }
    const { result, right } = ended
    if (isExport(result) && receipt !== undefined) {
      const archive = createExport(result, {
        exchangeId,
        receipt,
        reader: right.reader.document.subsystem,
        right: right.reader.document.id,
        madeAtMs: receivedAtMs,
        checkpoint: await parts.checkpoint(),
        sign: parts.sign,
      })
      response.writeHead(200, {
        ...shown,
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${exchangeId}.zip"`,
      })
      // What breaks half way ends the connection: a cut-off archive is no archive.
      await pipeline(archive, response).catch((error: unknown) => parts.onInternalError(error, exchangeId))
    } else {
      response.writeHead(200, {
        ...shown,
        'content-type': result.bytes ? 'application/octet-stream' : 'application/json',
        'content-length': Buffer.byteLength(ended.body),
      })
      response.end(ended.body)
    }
    parts.onRequest(factsOf(route, 200, receivedAtMs))
  }

  /** What was to be done once its record is durable, is done now. */
  async function performed(ended: Ended, exchangeId: string): Promise<Ended> {
    if (ended instanceof Error || ended.result.perform === undefined) return ended
    try {
      return { ...ended, body: JSON.stringify(await ended.result.perform(exchangeId)) }
    } catch (thrown) {
      return asGatewayError(thrown)
    }
  }

  /** What a format cannot hold is refused, and recorded so, before anything is poured out. */
  function checked(work: ReadingWork<Answered>): ReadingWork<Answered> {
    return {
      ask: () => work.ask(),
      async answer(right) {
        const result = await work.answer(right)
        if (isExport(result)) assertExportable(result)
        return result
      },
    }
  }

  function factsOf(route: AuditRoute, status: number, receivedAtMs: number) {
    return { method: route.method, route: route.path, status, totalMs: now() - receivedAtMs }
  }

  const router = express.Router()
  const routes = routesOf(parts)
  for (const first of routes) {
    const alike = routes.filter(({ path }) => path === first.path)
    if (alike[0] !== first) continue
    router.all(first.path, async (request, response) => {
      const route = alike.find(({ method }) => method === request.method) ?? first
      try {
        if (request.method !== route.method) {
          response.setHeader('allow', alike.map(({ method }) => method).join(', '))
          throw new GatewayError('method_unsupported')
        }
        await read(request, response, route)
      } catch (thrown) {
        const { code, entry } = refuseRequest(request, response, thrown, parts)
        parts.onRequest({ ...factsOf(route, entry.status, now()), code })
      }
    })
  }
  const description = Buffer.from(JSON.stringify(AUDIT_DESCRIPTION))
  router.get('/audit/openapi.json', (request, response) => {
    sendCached(request, response, { type: 'application/json', body: description, caching: REVALIDATED })
  })
  return router
}

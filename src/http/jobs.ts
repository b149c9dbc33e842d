import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import express, { type Router } from 'express'
import { type BulkAction, type BulkDesk, describeJob, type Particulars } from '../jobs/bulk-desk.ts'
import type { ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Consumer } from '../model/exchange.ts'
import { parseJsonBody, readBody, readChunks } from './body.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'
import { optional, PARTICULAR, purposeOf } from './fields.ts'

export interface JobsDoorParts extends ConsumerDoorParts {
  readonly desk: BulkDesk
}

const ROUTE = '/jobs/bulk'
/** One piece of an upload; it has to arrive within the time of a whole request. */
export const MAX_PIECE_BYTES = 8 * 1024 * 1024
const MAX_BODY_BYTES = 16_384
const JOB_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const ACTIONS: readonly BulkAction[] = ['pause', 'resume', 'cancel']
/** https://tus.io/protocols/resumable-upload, the core protocol. */
const TUS = { 'tus-resumable': '1.0.0', 'cache-control': 'no-store' } as const
const PIECE_TYPE = 'application/offset+octet-stream'

function particularsOf(request: IncomingMessage): Particulars {
  return {
    purpose: purposeOf(request),
    dossier: optional(request, 'exchange-dossier', PARTICULAR),
    procedure: optional(request, 'exchange-procedure', PARTICULAR),
    officer: optional(request, 'exchange-officer', PARTICULAR),
  }
}

function offsetOf(request: IncomingMessage): number {
  const offset = Number(optional(request, 'upload-offset', /^(?:0|[1-9]\d{0,15})$/) ?? Number.NaN)
  if (Number.isSafeInteger(offset)) return offset
  throw new GatewayError('header_missing', {
    detail: { vi: 'Thiếu Upload-Offset.', en: 'Upload-Offset is missing.' },
  })
}

/** One request of a consumer that proved itself. */
interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly consumer: Consumer
  /** Empty where the route names no job. */
  readonly id: string
}

/**
 * The door of bulk jobs: make one, upload its file in pieces (tus 1.0.0 core: HEAD tells the offset, PATCH goes on from
 * it), look at it, pause, resume and cancel it, and fetch results and report.
 */
export function createJobsRouter(parts: JobsDoorParts): Router {
  const { desk } = parts
  const router = express.Router()

  async function visit(request: IncomingMessage, response: ServerResponse): Promise<Visit> {
    const consumer = await desk.authenticate(credentialsOf(request, parts))
    const [path = ''] = (request.url ?? '').split('?')
    const id = path.split('/')[3] ?? ''
    if (id !== '' && !JOB_ID.test(id)) throw new GatewayError('job_unknown')
    return { request, response, consumer, id }
  }

  function route(
    method: 'get' | 'post' | 'head' | 'patch',
    path: string,
    handle: (visit: Visit) => Promise<void>,
  ): void {
    router[method](path, async (request, response) => {
      const startedMs = parts.now()
      const tell = (status: number, code?: ErrorCode) =>
        parts.onRequest({
          method: request.method,
          route: path,
          status,
          totalMs: parts.now() - startedMs,
          ...(code !== undefined && { code }),
        })
      try {
        await handle(await visit(request, response))
        tell(response.statusCode)
      } catch (thrown) {
        const error = refuseRequest(request, response, thrown, parts)
        tell(error.entry.status, error.code)
      }
    })
  }

  route('post', ROUTE, async ({ request, response, consumer }) => {
    const body = await readBody(request, MAX_BODY_BYTES)
    const json = parseJsonBody(request, body)
    const job = await desk.create(consumer, json, particularsOf(request))
    sendJson(response, 201, describeJob(job), {
      location: `${parts.publicUrl()}${ROUTE}/${job.id}`,
      'upload-offset': '0',
      'upload-limit': `max-append-size=${MAX_PIECE_BYTES}`,
    })
  })
  route('get', ROUTE, async ({ response, consumer }) => {
    sendJson(response, 200, { jobs: (await desk.list(consumer)).map(describeJob) })
  })
  route('get', `${ROUTE}/:id`, async ({ response, consumer, id }) => {
    sendJson(response, 200, describeJob(await desk.find(consumer, id)))
  })
  route('head', `${ROUTE}/:id/input`, async ({ response, consumer, id }) => {
    const { ask, receivedBytes } = await desk.find(consumer, id)
    const at = { 'upload-offset': String(receivedBytes), 'upload-length': String(ask.sizeBytes) }
    response.writeHead(200, { ...TUS, ...at })
    response.end()
  })
  route('patch', `${ROUTE}/:id/input`, async ({ request, response, consumer, id }) => {
    if (request.headers['content-type'] !== PIECE_TYPE) {
      throw new GatewayError('content_type_unsupported', {
        detail: { vi: `Cần Content-Type: ${PIECE_TYPE}.`, en: `Content-Type has to be ${PIECE_TYPE}.` },
      })
    }
    const offset = offsetOf(request)
    const piece = await readChunks(request, MAX_PIECE_BYTES)
    const appended = await desk.append(consumer, id, offset, piece)
    if ('conflict' in appended) throw new GatewayError('upload_offset_wrong')
    response.writeHead(204, { ...TUS, 'upload-offset': String(appended.receivedBytes) })
    response.end()
  })
  for (const action of ACTIONS) {
    route('post', `${ROUTE}/:id/${action}`, async ({ response, consumer, id }) => {
      sendJson(response, 200, describeJob(await desk.act(consumer, id, action)))
    })
  }
  route('get', `${ROUTE}/:id/report`, async ({ response, consumer, id }) => {
    sendJson(response, 200, await desk.report(consumer, id))
  })
  route('get', `${ROUTE}/:id/package`, async ({ response, consumer, id }) => {
    const { exchangeId, lines } = await desk.package(consumer, id)
    response.writeHead(200, {
      'content-type': 'application/vnd.lienthong.package',
      'cache-control': 'no-store',
      'exchange-id': exchangeId,
      'content-disposition': `attachment; filename="${exchangeId}.package"`,
    })
    // A package that is cut off has no manifest.
    await pipeline(lines, response).catch((error: unknown) => parts.onInternalError(error))
  })
  route('get', `${ROUTE}/:id/result`, async ({ response, consumer, id }) => {
    const results = await desk.results(consumer, id)
    response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${id}.ndjson"`,
    })
    // What breaks half way ends the connection: a cut-off file is no file.
    await pipeline(results, response).catch((error: unknown) => parts.onInternalError(error))
  })
  return router
}

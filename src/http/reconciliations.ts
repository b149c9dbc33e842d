import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Router } from 'express'
import type { Reconcile } from '../jobs/reconciliation.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Receipt } from '../model/exchange.ts'
import {
  isAgencyCode,
  LOCAL_NAME,
  SERVICE_VERSION,
  type ServiceId,
  type SubsystemId,
} from '../model/identifier.ts'
import { readBody } from './body.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'
import { optional, PURPOSE, traceOf } from './exchange.ts'
import { sendProblem } from './server.ts'

export interface ReconciliationsDoorParts extends ConsumerDoorParts {
  readonly reconcile: Reconcile
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly receiptField: (receipt: Receipt, salt: Uint8Array) => string
}

const ROUTE = '/reconciliations'
/** Some hundred thousand items. */
const MAX_BODY_BYTES = 16 * 1024 * 1024
const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const NDJSON = 'application/x-ndjson'

interface Place {
  readonly service: ServiceId
  readonly from: string
  readonly until: string
  readonly consumer: SubsystemId | undefined
}

/** @param url `/reconciliations/{agency}/{subsystem}/{service}/{version}/{from}/{until}?consumer={agency/subsystem}`. */
function placeOf(url: string): Place {
  const [path = '', query = ''] = url.split('?')
  const [, , agency = '', subsystem = '', name = '', version = '', from = '', until = '', ...rest] =
    path.split('/')
  const isService =
    isAgencyCode(agency) &&
    LOCAL_NAME.test(subsystem) &&
    LOCAL_NAME.test(name) &&
    SERVICE_VERSION.test(version)
  const isPeriod = DAY.test(from) && DAY.test(until) && from <= until
  if (rest.length > 0 || !isService) throw new GatewayError('path_unknown')
  if (!isPeriod) {
    throw new GatewayError('request_malformed', {
      detail: {
        vi: 'Kỳ là hai ngày yyyy-mm-dd, từ trước đến sau.',
        en: 'A period is two days yyyy-mm-dd, the first first.',
      },
    })
  }
  const [owner = '', system = '', ...more] = (new URLSearchParams(query).get('consumer') ?? '').split('/')
  const isNamed = isAgencyCode(owner) && LOCAL_NAME.test(system) && more.length === 0
  const consumer: SubsystemId | undefined = isNamed ? `${owner}/${system}` : undefined
  return { service: `${agency}/${subsystem}/${name}/${version}`, from, until, consumer }
}

/** The door of reconciliations: `PUT` hands a side's list in and tells how the two compare, `GET` tells it again. */
export function createReconciliationsRouter(parts: ReconciliationsDoorParts): Router {
  const { now } = parts
  const router = express.Router()

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAtMs = now()
    const { method = 'GET', url = '' } = request
    const place = placeOf(url)
    if (method !== 'PUT' && method !== 'GET') {
      response.setHeader('allow', 'GET, PUT')
      throw new GatewayError('method_unsupported')
    }
    const purpose = optional(request, 'exchange-purpose', PURPOSE)
    if (purpose === undefined) {
      throw new GatewayError('header_missing', {
        detail: { vi: 'Thiếu Exchange-Purpose.', en: 'Exchange-Purpose is missing.' },
      })
    }
    if (method === 'PUT' && request.headers['content-type'] !== NDJSON) {
      throw new GatewayError('content_type_unsupported', {
        detail: { vi: `Cần Content-Type: ${NDJSON}.`, en: `Content-Type has to be ${NDJSON}.` },
      })
    }
    const body = method === 'PUT' ? Buffer.from(await readBody(request, MAX_BODY_BYTES)) : undefined
    const exchangeId = parts.newExchangeId(receivedAtMs)
    const salt = parts.newSalt()
    const { traceId } = traceOf(request, parts.randomHex)
    const credentials = credentialsOf(request, parts)
    const asked = { ...place, exchangeId, receivedAtMs, traceId, credentials, salt, purpose, body }
    const { ended, receipt, mayLeave } = await parts.reconcile(asked)
    const headers = {
      'exchange-id': exchangeId,
      ...(receipt && { 'exchange-receipt': parts.receiptField(receipt, salt) }),
    }
    const withheld = new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    const told = ended instanceof GatewayError || mayLeave() ? ended : withheld
    if (!(told instanceof GatewayError)) return sendJson(response, 200, told, headers)
    if (told.code === 'internal_error') parts.onInternalError(told.cause, exchangeId)
    sendProblem(request, response, told, { publicUrl: parts.publicUrl(), exchangeId, traceId, headers })
  }

  router.use(ROUTE, async (request, response) => {
    const startedMs = now()
    const { method } = request
    try {
      await carry(Object.assign(request, { url: request.originalUrl }), response)
    } catch (thrown) {
      const code = refuseRequest(request, response, thrown, parts)
      const { status } = asGatewayError(thrown).entry
      parts.onRequest({ method, route: ROUTE, status, code, totalMs: now() - startedMs })
    }
  })
  return router
}

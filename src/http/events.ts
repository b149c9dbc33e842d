import express, { type Router } from 'express'
import type { Publish } from '../jobs/publication.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Receipt } from '../model/exchange.ts'
import { isAgencyCode, LOCAL_NAME, SERVICE_VERSION, type ServiceId } from '../model/identifier.ts'
import { parseJsonBody, readBody } from './body.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'
import { sendProblem } from './server.ts'

export interface EventsDoorParts extends ConsumerDoorParts {
  readonly publish: Publish
  readonly maxBodyBytes: number
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  readonly receiptField: (receipt: Receipt, salt: Uint8Array) => string
}

/** CloudEvents HTTP binding 1.0.2 §3.2: structured mode. */
const STRUCTURED = /^application\/cloudevents\+json\s*(?:;\s*charset="?utf-8"?\s*)?$/i
const ROUTE = '/events'

function serviceOf(path: string): ServiceId {
  const [, , agency = '', subsystem = '', name = '', version = '', ...rest] = path.split('/')
  const isKnown =
    rest.length === 0 &&
    isAgencyCode(agency) &&
    LOCAL_NAME.test(subsystem) &&
    LOCAL_NAME.test(name) &&
    SERVICE_VERSION.test(version)
  if (!isKnown) throw new GatewayError('path_unknown')
  return `${agency}/${subsystem}/${name}/${version}`
}

/** The door of providers that publish: `POST /events/{agency}/{subsystem}/{service}/{version}`. */
export function createEventsRouter(parts: EventsDoorParts): Router {
  const { now } = parts
  const router = express.Router()
  router.use(ROUTE, async (request, response) => {
    const receivedAtMs = now()
    const { method } = request
    try {
      const service = serviceOf(request.originalUrl)
      if (method !== 'POST') {
        response.setHeader('allow', 'POST')
        throw new GatewayError('method_unsupported')
      }
      const body = await readBody(request, parts.maxBodyBytes)
      const json = parseJsonBody(request, body, STRUCTURED)
      const exchangeId = parts.newExchangeId(receivedAtMs)
      const traceId = parts.randomHex(16)
      const salt = parts.newSalt()
      const credentials = credentialsOf(Object.assign(request, { url: request.originalUrl }), parts)
      const asked = { exchangeId, receivedAtMs, traceId, credentials, service, salt, body, json }
      const { ended, receipt } = await parts.publish(asked)
      const headers = {
        'exchange-id': exchangeId,
        ...(receipt && { 'exchange-receipt': parts.receiptField(receipt, salt) }),
      }
      if (ended instanceof Error) {
        if (ended.code === 'internal_error') parts.onInternalError(ended.cause, exchangeId)
        sendProblem(request, response, ended, { publicUrl: parts.publicUrl(), exchangeId, traceId, headers })
        return
      }
      const { sequence, repeated } = ended
      const told = { exchangeId: ended.exchangeId, sequence: String(sequence), repeated }
      sendJson(response, repeated ? 200 : 202, told, headers)
    } catch (thrown) {
      const code = refuseRequest(request, response, thrown, parts)
      const { status } = asGatewayError(thrown).entry
      parts.onRequest({ method, route: ROUTE, status, code, totalMs: now() - receivedAtMs })
    }
  })
  return router
}

import express, { type Router } from 'express'
import type { Reconcile } from '../jobs/reconciliation.ts'
import { GatewayError } from '../model/errors.ts'
import {
  isAgencyCode,
  LOCAL_NAME,
  type ServiceId,
  type SubsystemId,
  serviceIdOf,
} from '../model/identifier.ts'
import { readBody } from './body.ts'
import { purposeOf } from './fields.ts'
import { createRecordingDoor, type RecordingDoorParts } from './recording-door.ts'

export interface ReconciliationsDoorParts extends RecordingDoorParts {
  readonly reconcile: Reconcile
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
  const service = serviceIdOf(agency, subsystem, name, version)
  const isPeriod = DAY.test(from) && DAY.test(until) && from <= until
  if (rest.length > 0 || service === undefined) throw new GatewayError('path_unknown')
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
  return { service, from, until, consumer }
}

/** The door of reconciliations: `PUT` hands a side's list in and tells how the two compare, `GET` tells it again. */
export function createReconciliationsRouter(parts: ReconciliationsDoorParts): Router {
  const router = express.Router()
  const door = createRecordingDoor(parts, ROUTE, async (request, begun, response) => {
    const { method = 'GET', url = '' } = request
    const place = placeOf(url)
    if (method !== 'PUT' && method !== 'GET') {
      response.setHeader('allow', 'GET, PUT')
      throw new GatewayError('method_unsupported')
    }
    const purpose = purposeOf(request)
    if (method === 'PUT' && request.headers['content-type'] !== NDJSON) {
      throw new GatewayError('content_type_unsupported', {
        detail: { vi: `Cần Content-Type: ${NDJSON}.`, en: `Content-Type has to be ${NDJSON}.` },
      })
    }
    const body = method === 'PUT' ? Buffer.from(await readBody(request, MAX_BODY_BYTES)) : undefined
    const { ended, receipt, mayLeave } = await parts.reconcile({ ...place, ...begun, purpose, body })
    if (ended instanceof GatewayError) return { ended, receipt }
    const withheld = new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    return { ended: mayLeave() ? { status: 200, json: ended } : withheld, receipt }
  })
  router.use(ROUTE, door)
  return router
}

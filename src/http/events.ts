import express, { type Router } from 'express'
import type { Publish } from '../jobs/publication.ts'
import { GatewayError } from '../model/errors.ts'
import { type ServiceId, serviceIdOf } from '../model/identifier.ts'
import { parseJsonBody, readBody } from './body.ts'
import { createRecordingDoor, type RecordingDoorParts } from './recording-door.ts'

export interface EventsDoorParts extends RecordingDoorParts {
  readonly publish: Publish
  readonly maxBodyBytes: number
}

/** CloudEvents HTTP binding 1.0.2 §3.2: structured mode. */
const STRUCTURED = /^application\/cloudevents\+json\s*(?:;\s*charset="?utf-8"?\s*)?$/i
const ROUTE = '/events'

function serviceOf(path: string): ServiceId {
  const [, , agency = '', subsystem = '', name = '', version = '', ...rest] = path.split('/')
  const service = serviceIdOf(agency, subsystem, name, version)
  if (service === undefined || rest.length > 0) throw new GatewayError('path_unknown')
  return service
}

/** The door of providers that publish: `POST /events/{agency}/{subsystem}/{service}/{version}`. */
export function createEventsRouter(parts: EventsDoorParts): Router {
  const router = express.Router()
  const door = createRecordingDoor(parts, ROUTE, async (request, begun, response) => {
    const service = serviceOf(request.url ?? '')
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      throw new GatewayError('method_unsupported')
    }
    const body = await readBody(request, parts.maxBodyBytes)
    const json = parseJsonBody(request, body, STRUCTURED)
    const { ended, receipt } = await parts.publish({ ...begun, service, body, json })
    if (ended instanceof Error) return { ended, receipt }
    const { exchangeId, sequence, repeated } = ended
    const told = { exchangeId, sequence: String(sequence), repeated }
    return { ended: { status: repeated ? 200 : 202, json: told }, receipt }
  })
  router.use(ROUTE, door)
  return router
}

import express, { type Router } from 'express'
import type { Withdraw } from '../exchange/withdrawal.ts'
import { isConsentId } from '../identity/consent.ts'
import { GatewayError } from '../model/errors.ts'
import { parseJsonBody, readBody } from './body.ts'
import { createRecordingDoor, type RecordingDoorParts } from './recording-door.ts'

export interface ConsentsDoorParts extends RecordingDoorParts {
  readonly withdraw: Withdraw
}

const ROUTE = '/consents/withdraw'
const MAX_BODY_BYTES = 1024

function consentIn(json: unknown): string {
  const members = typeof json === 'object' && json !== null ? Object.entries(json) : []
  const [first] = members
  if (members.length === 1 && first?.[0] === 'consent' && isConsentId(first[1])) return first[1]
  const detail = {
    vi: 'Cần đúng một thành phần consent: jti của sự đồng ý, 16 đến 128 ký tự.',
    en: 'Exactly one member is needed, consent: the jti of a consent, 16 to 128 characters.',
  }
  throw new GatewayError('request_invalid', { errors: [{ pointer: '/consent', rule: 'pattern', detail }] })
}

/** The door for issuers of consents: `POST /consents/withdraw`. */
export function createConsentsRouter(parts: ConsentsDoorParts): Router {
  const router = express.Router()
  const door = createRecordingDoor(parts, ROUTE, async (request, begun) => {
    const body = await readBody(request, MAX_BODY_BYTES)
    const consent = consentIn(parseJsonBody(request, body))
    const { ended, receipt } = await parts.withdraw({ ...begun, body, consent })
    if (ended instanceof Error) return { ended, receipt }
    const withdrawnAt = new Date(ended.withdrawnAtMs).toISOString()
    return { ended: { status: 200, json: { consent, withdrawnAt } }, receipt }
  })
  router.post(ROUTE, door)
  return router
}

import express, { type Router } from 'express'
import type { Withdraw } from '../exchange/withdrawal.ts'
import { isConsentId } from '../identity/consent.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Receipt } from '../model/exchange.ts'
import { parseJsonBody, readBody } from './body.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'
import { traceOf } from './exchange.ts'
import { sendProblem } from './server.ts'

export interface ConsentsDoorParts extends ConsumerDoorParts {
  readonly withdraw: Withdraw
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  /** `Exchange-Receipt` of a record. */
  readonly receiptField: (receipt: Receipt, salt: Uint8Array) => string
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
  const { now } = parts
  const router = express.Router()
  router.post(ROUTE, async (request, response) => {
    const receivedAtMs = now()
    try {
      const body = await readBody(request, MAX_BODY_BYTES)
      const consent = consentIn(parseJsonBody(request, body))
      const exchangeId = parts.newExchangeId(receivedAtMs)
      const salt = parts.newSalt()
      const { traceId } = traceOf(request, parts.randomHex)
      const credentials = credentialsOf(request, parts)
      const asked = { exchangeId, receivedAtMs, traceId, credentials, salt, body, consent }
      const { ended, receipt } = await parts.withdraw(asked)
      const headers = {
        'exchange-id': exchangeId,
        ...(receipt && { 'exchange-receipt': parts.receiptField(receipt, salt) }),
      }
      if (ended instanceof Error) {
        if (ended.code === 'internal_error') parts.onInternalError(ended.cause, exchangeId)
        sendProblem(request, response, ended, { publicUrl: parts.publicUrl(), exchangeId, traceId, headers })
        return
      }
      sendJson(response, 200, { consent, withdrawnAt: new Date(ended.withdrawnAtMs).toISOString() }, headers)
    } catch (thrown) {
      const code = refuseRequest(request, response, thrown, parts)
      const { status } = asGatewayError(thrown).entry
      parts.onRequest({ method: 'POST', route: ROUTE, status, code, totalMs: now() - receivedAtMs })
    }
  })
  return router
}

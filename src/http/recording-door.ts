import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { GatewayError } from '../model/errors.ts'
import type { Credentials, Receipt } from '../model/exchange.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'
import { receiptField } from './exchange.ts'
import { traceOf } from './fields.ts'
import { sendProblem } from './server.ts'

/** What a door needs whose every understood request leaves a record. */
export interface RecordingDoorParts extends ConsumerDoorParts {
  readonly newExchangeId: (nowMs: number) => string
  /** 16 fresh random bytes. */
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
  /** Origin of the log, for receipts. */
  readonly logOrigin: string
}

/** What such a request begins with. */
export interface Begun {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly credentials: Credentials
  readonly salt: Uint8Array
}

/** What is told once the record is durable. */
interface Told {
  readonly status: number
  readonly json: unknown
}

/**
 * Carries one request out; rejects where there is no consumer to record it for.
 * @returns how it ended, with the receipt of its record.
 */
type Carry = (
  request: IncomingMessage,
  begun: Begun,
  response: ServerResponse,
) => Promise<{ readonly ended: Told | GatewayError; readonly receipt: Receipt | undefined }>

/** @param route what its requests are counted under. */
export function createRecordingDoor(parts: RecordingDoorParts, route: string, carry: Carry): RequestHandler {
  return async (request, response) => {
    // A router takes off what it matched; what is signed and proved is the whole address.
    Object.assign(request, { url: request.originalUrl })
    const receivedAtMs = parts.now()
    try {
      const exchangeId = parts.newExchangeId(receivedAtMs)
      const { traceId } = traceOf(request, parts.randomHex)
      const [credentials, salt] = [credentialsOf(request, parts), parts.newSalt()]
      const begun = { exchangeId, receivedAtMs, traceId, credentials, salt }
      const { ended, receipt } = await carry(request, begun, response)
      const headers = {
        'exchange-id': exchangeId,
        ...(receipt && { 'exchange-receipt': receiptField(receipt, salt, parts.logOrigin) }),
      }
      if (ended instanceof Error) {
        if (ended.code === 'internal_error') parts.onInternalError(ended.cause, exchangeId)
        sendProblem(request, response, ended, { publicUrl: parts.publicUrl(), exchangeId, traceId, headers })
        return
      }
      sendJson(response, ended.status, ended.json, headers)
    } catch (thrown) {
      const { code, entry } = refuseRequest(request, response, thrown, parts)
      const { method } = request
      parts.onRequest({ method, route, status: entry.status, code, totalMs: parts.now() - receivedAtMs })
    }
  }
}

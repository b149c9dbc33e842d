import type { Consumer, InboundRequest, TraceContext } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import { partSalt } from './composite.ts'
import type { Parent, Passage } from './passage.ts'

/**
 * What is kept of a request that is carried on after it was answered: others are asked for it later, in the name of
 * whoever made it and by what is in force then.
 */
export interface KeptOrder extends Parent {
  readonly consumer: Consumer
  readonly service: ServiceId
  readonly operation: string
  readonly path: string
  /** The exchange it was made with, whose id the later ones name as `parent`. */
  readonly exchangeId: string
  readonly url: string
  readonly purpose: string | undefined
  readonly dossier: string | undefined
  readonly procedure: string | undefined
  readonly officer: string | undefined
  readonly trace: TraceContext
  /** Of the later exchanges' salts (see `partSalt`), base64url; the first exchange's own salt is kept nowhere. */
  readonly salt: string
  readonly request: unknown
}

/** What an exchange is to those that are made for it. */
export function parentOf({ facts, parent }: Passage): Parent {
  const isSigned = facts.requestSignature !== undefined || parent?.isSigned === true
  return { exchangeId: facts.exchangeId, isSigned }
}

/** @param id under which it is kept. */
export function orderOf(passage: Passage, operation: string, id: string): KeptOrder {
  const { request, consumer } = passage
  const { credentials, service, path, dossier, procedure, officer, trace } = request
  return {
    consumer,
    service,
    operation,
    path,
    ...parentOf(passage),
    url: credentials.url,
    purpose: passage.judged?.authorisation.purpose,
    dossier,
    procedure,
    officer,
    trace,
    salt: Buffer.from(partSalt(request.salt, id)).toString('base64url'),
    request: request.json,
  }
}

/** @returns the request as it was made; what is asked for it has an id, a time, a salt and a body of its own. */
export function requestOf(order: KeptOrder): InboundRequest {
  const { exchangeId, url, service, path, purpose, dossier, procedure, officer, trace } = order
  return {
    exchangeId,
    receivedAtMs: 0,
    credentials: { method: 'POST', url },
    service,
    method: 'POST',
    path,
    query: undefined,
    purpose,
    dossier,
    procedure,
    officer,
    idempotencyKey: undefined,
    fields: undefined,
    trace,
    salt: Buffer.from(order.salt, 'base64url'),
    body: Buffer.alloc(0),
    json: order.request,
    signal: undefined,
  }
}

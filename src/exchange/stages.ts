import { hash } from 'node:crypto'
import type { Operation } from '../contract/contract.ts'
import { parsePointer, readPointer, readTokens } from '../contract/minimise.ts'
import { ANSWER_LIMITS, parseStrictJson } from '../contract/strict-json.ts'
import { GatewayError } from '../model/errors.ts'
import type { BodyFacts, Consumer, ExchangeFacts, InboundRequest } from '../model/exchange.ts'
import type { KeptBody, OpenSink } from '../model/whole.ts'
import type { ProviderCall, ProviderReply } from '../provider/call.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import type { Authorisation } from './authorise.ts'
import { startDeadline } from './deadline.ts'

/** The steps between authentication and the record, each taking what the one before gave. */

export interface Resolved {
  readonly service: CompiledService
  readonly operation: Operation
  readonly pathParameters: Readonly<Record<string, string>>
}

/** @param salt of the exchange: see `InboundRequest`. */
export function digestOf(body: Uint8Array, salt: Uint8Array): BodyFacts {
  return { bytes: body.length, digest: hash('sha256', Buffer.concat([salt, body]), 'base64url') }
}

/** What is known before anything was decided. */
export function startFacts(
  request: InboundRequest,
  consumer: Consumer,
  registry: Registry,
  parent = request.parent,
): ExchangeFacts {
  const facts: ExchangeFacts = {
    exchangeId: request.exchangeId,
    ...(parent !== undefined && { parent }),
    receivedAtMs: request.receivedAtMs,
    traceId: request.trace.traceId,
    consumer: consumer.id,
    binding: consumer.binding,
    tokenDigest: consumer.tokenDigest,
    service: request.service,
    registryDigest: registry.digest,
    ...(request.whole === undefined && { request: digestOf(request.body, request.salt) }),
  }
  if (request.xroad !== undefined) facts.xroad = request.xroad
  if (request.purpose !== undefined) facts.purpose = request.purpose
  if (request.procedure !== undefined) facts.procedure = request.procedure
  if (request.dossier !== undefined) facts.dossier = request.dossier
  if (request.officer !== undefined) facts.officer = request.officer
  if (request.note !== undefined) facts.note = request.note
  return facts
}

const SUBJECT_LENGTH = 64

/** The data subject, noted as early as it can be told: refused questions about a person count too. */
function noteSubject(facts: ExchangeFacts, operation: Operation, json: unknown): void {
  if (operation.subjectPointer === undefined) return
  const subject = readPointer(json, operation.subjectPointer)
  if (typeof subject === 'string' && subject.length <= SUBJECT_LENGTH) facts.subject = subject
}

/** Everybody that a batch asks about: each of them finds the exchange among those about them. */
function noteSubjects(
  facts: ExchangeFacts,
  { contract }: CompiledService,
  batch: Operation,
  json: unknown,
): void {
  const pointer = batch.batch && contract.operations.get(batch.batch.of)?.subjectPointer
  const items = pointer === undefined ? undefined : readPointer(json, '/items')
  if (pointer === undefined || !Array.isArray(items)) return
  const tokens = parsePointer(pointer)
  facts.subjects = items
    .map((item) => readTokens(item, tokens))
    .filter((subject) => typeof subject === 'string')
    .filter(({ length }) => length <= SUBJECT_LENGTH)
}

/** What was taken out of use without a word is as if it had never been; with one, those who ask are told. */
function assertEnabled({ document, provider }: CompiledService): void {
  const stopped = document.state === 'active' ? provider : document
  if (stopped.state === 'active') return
  if (stopped.notice === undefined) throw new GatewayError('service_unknown')
  throw new GatewayError('service_disabled', { detail: stopped.notice })
}

export function resolve(registry: Registry, request: InboundRequest, facts: ExchangeFacts): Resolved {
  const service = registry.services.get(request.service)
  if (service === undefined) throw new GatewayError('service_unknown')
  facts.provider = service.provider.id
  facts.contractDigest = service.contract.digest
  assertEnabled(service)
  const match = service.contract.match(request.method, request.path)
  if (match === undefined) throw new GatewayError('operation_unknown')
  facts.operation = match.operation.id
  facts.kind = match.operation.kind
  noteSubject(facts, match.operation, request.json)
  noteSubjects(facts, service, match.operation, request.json)
  return { service, ...match }
}

export function noteAuthorisation(facts: ExchangeFacts, { agreement, fields, purpose }: Authorisation): void {
  facts.agreement = agreement.document.id
  facts.agreementDigest = agreement.digest
  facts.legalBases = agreement.document.legalBases
  facts.fields = fields
  facts.purpose = purpose
}

function headersFor(
  request: InboundRequest,
  consumer: Consumer,
  authorisation: Authorisation,
): Record<string, string> {
  const { trace } = request
  const headers: Record<string, string> = {
    ...request.passedOn,
    accept: 'application/json',
    'exchange-id': request.exchangeId,
    'exchange-salt': Buffer.from(request.salt).toString('base64url'),
    'exchange-consumer': consumer.id,
    'exchange-agreement': authorisation.agreement.document.id,
    traceparent: `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`,
  }
  headers['exchange-purpose'] = authorisation.purpose
  if (request.dossier !== undefined) headers['exchange-dossier'] = request.dossier
  if (request.procedure !== undefined) headers['exchange-procedure'] = request.procedure
  if (request.officer !== undefined) headers['exchange-officer'] = request.officer
  if (request.idempotencyKey !== undefined) headers['idempotency-key'] = request.idempotencyKey
  if (trace.state !== undefined) headers['tracestate'] = trace.state
  if (request.body.length > 0) headers['content-type'] = 'application/json'
  return headers
}

/** @throws GatewayError `provider_maintenance` while the service or the whole subsystem behind it is announced away. */
function assertNoMaintenance({ document, provider }: CompiledService, nowMs: number): void {
  for (const maintenance of [document.binding?.maintenance, provider.maintenance]) {
    if (maintenance === undefined) continue
    const untilMs = Date.parse(maintenance.until)
    if (nowMs < Date.parse(maintenance.from) || nowMs >= untilMs) continue
    throw new GatewayError('provider_maintenance', {
      detail: maintenance.notice,
      retryAfterSeconds: Math.ceil((untilMs - nowMs) / 1000),
    })
  }
}

/** Sub-delimiters stand for themselves in a path (RFC 3986 pchar): a provider behind X-Road sees them as they came. */
function encodeWholePath(path: string): string {
  const encode = (segment: string) =>
    encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent)
  return UNRESERVED.test(path) ? path : path.split('/').map(encode).join('/')
}

/** What of the gateway's own is said beside a message that is passed whole. */
function headersBeside(headers: Record<string, string>): Record<string, string> {
  const { accept: _, 'content-type': __, 'idempotency-key': ___, ...own } = headers
  return own
}

/** Receives a message and asks the provider with it, within the binding's time. @throws GatewayError. */
export async function askProviderWhole(
  call: ProviderCall,
  resolved: Resolved,
  asked: Asked & { readonly body: KeptBody | undefined; readonly openSink: OpenSink },
): Promise<ProviderReply> {
  const { request, body, openSink } = asked
  const { service, operation } = resolved
  assertNoMaintenance(service, asked.nowMs)
  const { binding } = service.document
  if (binding === undefined) throw new GatewayError('internal_error')
  const deadline = startDeadline(binding.timeoutMs, operation.idempotent ? request.signal : undefined)
  const { fields = [], query } = request.whole ?? {}
  try {
    return await call({
      method: request.method,
      target: encodeWholePath(request.path) + (query === undefined ? '' : `?${query}`),
      headers: headersBeside(headersFor(request, asked.consumer, asked.authorisation)),
      body: undefined,
      idempotent: operation.idempotent,
      deadline: deadline.signal,
      whole: { fields, body, openSink: (maxBytes) => openSink(request.salt, maxBytes) },
    })
  } finally {
    deadline.clear()
  }
}

const UNRESERVED = /^[\w/.~-]*$/

function encodePath(path: string): string {
  return UNRESERVED.test(path) ? path : path.split('/').map(encodeURIComponent).join('/')
}

interface Asked {
  readonly request: InboundRequest
  readonly consumer: Consumer
  readonly authorisation: Authorisation
  readonly nowMs: number
}

/** Asks the provider, within the binding's time. */
export async function askProvider(
  call: ProviderCall,
  resolved: Resolved,
  asked: Asked,
): Promise<ProviderReply> {
  const { request } = asked
  const { service, operation } = resolved
  const { binding } = service.document
  if (binding === undefined) throw new GatewayError('internal_error')
  assertNoMaintenance(service, asked.nowMs)
  const query = request.query?.size ? `?${request.query}` : ''
  const deadline = startDeadline(binding.timeoutMs, operation.idempotent ? request.signal : undefined)
  try {
    return await call({
      operation: operation.id,
      method: request.method,
      target: encodePath(request.path) + query,
      headers: headersFor(request, asked.consumer, asked.authorisation),
      body: request.body.length > 0 ? request.body : undefined,
      idempotent: operation.idempotent,
      deadline: deadline.signal,
    })
  } finally {
    deadline.clear()
  }
}

/** The answer as the contract says it is, without what the contract does not name; throws `response_invalid`. */
export function readAnswer(operation: Operation, reply: ProviderReply): unknown {
  const json = reply.body.length === 0 ? undefined : parseAnswer(reply)
  operation.checkResponse(reply.status, json)
  return operation.keepDeclared(reply.status, json)
}

function parseAnswer(reply: ProviderReply): unknown {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(reply.contentType)) {
    throw new GatewayError('response_invalid', {
      detail: { vi: 'Câu trả lời không phải JSON.', en: 'The answer is not JSON.' },
    })
  }
  const read = parseStrictJson(reply.body, ANSWER_LIMITS)
  if ('value' in read) return read.value
  throw new GatewayError('response_invalid', { errors: [read.violation] })
}

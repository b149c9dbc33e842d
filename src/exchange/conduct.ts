import type { Ledger } from '../ledger/ledger.ts'
import type { SettledReply } from '../ledger/store.ts'
import { asGatewayError, type GatewayError } from '../model/errors.ts'
import type {
  Consumer,
  Credentials,
  ExchangeFacts,
  InboundRequest,
  Outcome,
  QuotaState,
  Receipt,
} from '../model/exchange.ts'
import type { ProviderCall, ProviderReply } from '../provider/call.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { type Authorisation, authorise } from './authorise.ts'
import type { TakeQuota } from './quota.ts'
import {
  askProvider,
  digestOf,
  noteAuthorisation,
  type Resolved,
  readAnswer,
  resolve,
  startFacts,
} from './stages.ts'
import { claimSubmission, type SubmissionStore, submissionDigest, submissionSlot } from './submission.ts'

export interface ConductParts {
  readonly registry: () => Registry
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'begin' | 'complete'>
  readonly takeQuota: TakeQuota
  readonly submissions: SubmissionStore
  readonly callOf: (service: CompiledService) => ProviderCall
  /** Unix milliseconds. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly observe: (ended: EndedExchange) => void
}

/** An answer of the provider, ready to leave. */
export interface Answer {
  readonly status: number
  /** JSON in UTF-8, or nothing. */
  readonly body: Buffer
  readonly replayed: boolean
}

/** How an exchange ended, as its door has to tell it. */
export interface Conclusion {
  readonly ended: Answer | GatewayError
  /** Absent only where the record could not be made durable: then nothing but the error may leave. */
  readonly receipt: Receipt | undefined
  readonly quota: QuotaState | undefined
}

/** What observers are told, after the reply was released. */
export interface EndedExchange {
  readonly facts: ExchangeFacts
  readonly outcome: Outcome
  readonly error: GatewayError | undefined
  readonly receipt: Receipt | undefined
  readonly replayed: boolean
  readonly method: string
  readonly status: number
  readonly totalMs: number
  readonly providerMs: number
}

/** Carries one authenticated exchange from question to record. */
export type Conduct = (request: InboundRequest) => Promise<Conclusion>

/** What one exchange gathers on its way. */
interface Passage {
  readonly facts: ExchangeFacts
  readonly consumer: Consumer
  readonly request: InboundRequest
  quota: QuotaState | undefined
  /** The claimed slot of a submission that has not settled. */
  slot: string | undefined
  /** Monotonic milliseconds spent waiting for the provider. */
  providerMs: number
}

const NOTHING = Buffer.alloc(0)

function outcomeOf(ended: Answer | GatewayError): Outcome {
  if (!(ended instanceof Error)) return 'delivered'
  const { stage } = ended.entry
  return stage === 'resolve' || stage === 'authorise' || stage === 'check_request' ? 'refused' : 'failed'
}

/** The pipeline. Its order is a security property: nothing is authorised that was not authenticated. */
export function createConduct(parts: ConductParts): Conduct {
  const { ledger, now, clock } = parts

  function allow(registry: Registry, { request, consumer, facts }: Passage): [Resolved, Authorisation] {
    const resolved = resolve(registry, request, facts)
    const candidates = resolved.service.agreementsOf(consumer.id)
    const { purpose = '', fields, officer, dossier, procedure } = request
    const { details } = consumer
    const { service } = request
    const operation = resolved.operation.id
    const ask = { service, operation, purpose, fields, officer, dossier, procedure, details }
    return [resolved, authorise(candidates, ask, now())]
  }

  /** What was revoked or narrowed while the provider was answering is not released. */
  function allowAnew(passage: Passage): Authorisation {
    const registry = parts.registry()
    const [, authorisation] = allow(registry, passage)
    passage.facts.registryDigest = registry.digest
    noteAuthorisation(passage.facts, authorisation)
    return authorisation
  }

  async function carry(passage: Passage): Promise<Answer> {
    const { facts, request, consumer } = passage
    const registry = parts.registry()
    const [resolved, asked] = allow(registry, passage)
    const { operation, pathParameters } = resolved
    const { document } = asked.agreement
    noteAuthorisation(facts, asked)
    passage.quota = await parts.takeQuota(document.id, document.quota)
    operation.checkRequest({ pathParameters, query: request.query, body: request.json })
    if (operation.kind === 'submit') {
      const settled = await claim(passage, operation.id, asked)
      if (settled) return settled
    }
    if (operation.durableBefore) await ledger.begin(facts)
    const startedMs = clock()
    let reply: ProviderReply
    try {
      const context = { request, consumer, authorisation: asked, nowMs: now() }
      reply = await askProvider(parts.callOf(resolved.service), resolved, context)
    } finally {
      passage.providerMs = clock() - startedMs
      facts.providerMs = Math.round(passage.providerMs)
    }
    facts.attempts = reply.attempts
    const answer = readAnswer(operation, reply)
    const { grant, fields } = registry === parts.registry() ? asked : allowAnew(passage)
    const project = fields === grant.fields ? grant.project : grant.projectSubset(fields)
    const released = reply.status < 300 ? project(answer) : answer
    return {
      status: reply.status,
      body: released === undefined ? NOTHING : Buffer.from(JSON.stringify(released)),
      replayed: false,
    }
  }

  async function claim(
    passage: Passage,
    operation: string,
    { grant, fields }: Authorisation,
  ): Promise<Answer | undefined> {
    const { request, consumer } = passage
    const slot = submissionSlot(consumer.id, request, operation)
    // A reply kept for a wider token is no reply to a narrower one.
    const digest = submissionDigest(request, fields === grant.fields ? undefined : fields)
    const settled = await claimSubmission(parts.submissions, slot, digest)
    if (settled) return { status: settled.status, body: Buffer.from(settled.body), replayed: true }
    passage.slot = slot
    return undefined
  }

  /** Makes the record durable; whatever cannot be recorded is not released. */
  async function record(passage: Passage, ended: Answer | GatewayError): Promise<Conclusion> {
    const { facts, slot, quota } = passage
    let settled: SettledReply | undefined
    if (ended instanceof Error) {
      facts.code = ended.code
    } else {
      const { bytes, digest } = digestOf(ended.body, passage.request.salt)
      facts.answer = { bytes, digest, status: ended.status }
      if (slot !== undefined) settled = { slot, status: ended.status, body: ended.body.toString() }
    }
    try {
      return { ended, receipt: await ledger.complete(facts, outcomeOf(ended), settled), quota }
    } catch (thrown) {
      return { ended: asGatewayError(thrown), receipt: undefined, quota }
    } finally {
      if (slot !== undefined && settled === undefined) await parts.submissions.release(slot)
    }
  }

  return async (request) => {
    const startedMs = clock()
    const consumer = await parts.authenticate(request.credentials)
    const facts = startFacts(request, consumer, parts.registry())
    const passage: Passage = { facts, consumer, request, quota: undefined, slot: undefined, providerMs: 0 }
    let ended: Answer | GatewayError
    try {
      ledger.assertAvailable()
      ended = await carry(passage)
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    const conclusion = await record(passage, ended)
    const { ended: final, receipt } = conclusion
    const isError = final instanceof Error
    parts.observe({
      facts,
      outcome: outcomeOf(final),
      error: isError ? final : undefined,
      receipt,
      replayed: isError ? false : final.replayed,
      method: request.method,
      status: isError ? final.entry.status : final.status,
      totalMs: clock() - startedMs,
      providerMs: passage.providerMs,
    })
    return conclusion
  }
}

import type { SignAnswer, SignedAnswer } from '../identity/answer-signature.ts'
import type { CheckRequestSignature } from '../identity/request-signature.ts'
import type { Ledger, Verdict } from '../ledger/ledger.ts'
import type { Stage } from '../model/error-entry.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
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
import type { Authority } from '../registry/authority.ts'
import type { CompiledService } from '../registry/snapshot.ts'
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
  /** What is in force; the same object for as long as nothing changed. */
  readonly authority: () => Authority
  /** Whether the consumer may (still) use its credential; throws where not. */
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  /** Whether an answer judged under this authority's number may leave at this moment. */
  readonly mayRelease: (authority: number) => boolean
  /** Told of each recorded answer that was held back because it may not leave any more. */
  readonly onWithheld: () => void
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly checkSignature: CheckRequestSignature
  readonly signAnswer: SignAnswer
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
  /** The gateway's signature on it, where the request was signed: header fields, names in lower case. */
  readonly signature?: Readonly<Record<string, string>>
}

/** `Content-Type` of every answer; signatures cover it. */
export const ANSWER_TYPE = 'application/json'

/** How an exchange ended, as its door has to tell it. */
export interface Conclusion {
  /**
   * What may leave at the moment of the call: asked right before the bytes are written, since what the answer was
   * judged by may have been revoked after its record was written.
   */
  release(): Answer | GatewayError
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

/** What was got for the consumer, before anything was left out. */
interface Obtained {
  readonly status: number
  readonly content: unknown
  readonly replayed: boolean
}

interface Recorded {
  readonly ended: Answer | GatewayError
  readonly receipt: Receipt | undefined
}

/** What one exchange gathers on its way. */
interface Passage {
  readonly facts: ExchangeFacts
  readonly consumer: Consumer
  readonly request: InboundRequest
  quota: QuotaState | undefined
  /** What it was last allowed by. */
  judged: { readonly authority: Authority; readonly authorisation: Authorisation } | undefined
  /** The signature on the answer to a signed request, and the bytes it is over. */
  sealed: (SignedAnswer & { readonly body: Buffer }) | undefined
  /** The claimed slot of a submission that has not settled. */
  slot: string | undefined
  /** Monotonic milliseconds spent waiting for the provider. */
  providerMs: number
}

const NOTHING = Buffer.alloc(0)
const REFUSING: ReadonlySet<Stage> = new Set(['authenticate', 'resolve', 'authorise', 'check_request'])

function outcomeOf(ended: Answer | GatewayError): Outcome {
  if (!(ended instanceof Error)) return 'delivered'
  const { stage } = ended.entry
  return REFUSING.has(stage) ? 'refused' : 'failed'
}

function unconfirmed(): GatewayError {
  return new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
}

/** The pipeline. Its order is a security property: nothing is authorised that was not authenticated. */
export function createConduct(parts: ConductParts): Conduct {
  const { ledger, now, clock } = parts

  /** By what is in force at this moment. */
  function allow(passage: Passage): [Resolved, Authorisation] {
    const { request, consumer, facts } = passage
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    facts.registryDigest = authority.registry.digest
    parts.checkStanding(consumer, authority)
    const { requestSignature } = facts
    // The key that signed the request need not be the one that got the token.
    if (requestSignature) parts.checkStanding({ ...consumer, clientKey: requestSignature.key }, authority)
    const resolved = resolve(authority.registry, request, facts)
    const candidates = resolved.service.agreementsOf(consumer.id)
    const { purpose = '', fields, officer, dossier, procedure } = request
    const { details } = consumer
    const { service } = request
    const operation = resolved.operation.id
    const isSigned = requestSignature !== undefined
    const ask = { service, operation, purpose, fields, officer, dossier, procedure, isSigned, details }
    const authorisation = authorise(candidates, ask, now())
    noteAuthorisation(facts, authorisation)
    passage.judged = { authority, authorisation }
    return [resolved, authorisation]
  }

  /** What was revoked or narrowed since it was last looked at is not allowed any more. */
  function stillAllowed(passage: Passage): Authorisation {
    const { judged } = passage
    return judged?.authority === parts.authority() ? judged.authorisation : allow(passage)[1]
  }

  /** A wrong signature is refused even where none was demanded. */
  async function checkSignature({ facts, request, consumer }: Passage): Promise<void> {
    if (request.message === undefined) return
    const signature = await parts.checkSignature(request.message, request.body, consumer)
    if (signature !== undefined) facts.requestSignature = signature
  }

  async function carry(passage: Passage): Promise<Obtained> {
    const { facts, request, consumer } = passage
    const [resolved, asked] = allow(passage)
    const { operation, pathParameters } = resolved
    const { document } = asked.agreement
    passage.quota = await parts.takeQuota(document.id, document.quota)
    operation.checkRequest({ pathParameters, query: request.query, body: request.json })
    if (operation.kind === 'submit') {
      const settled = await claim(passage, operation.id, asked)
      if (settled) return settled
    }
    if (operation.durableBefore) await ledger.begin(facts)
    const authorisation = stillAllowed(passage)
    const startedMs = clock()
    let reply: ProviderReply
    try {
      const context = { request, consumer, authorisation, nowMs: now() }
      reply = await askProvider(parts.callOf(resolved.service), resolved, context)
    } finally {
      passage.providerMs = clock() - startedMs
      facts.providerMs = Math.round(passage.providerMs)
    }
    facts.attempts = reply.attempts
    return { status: reply.status, content: readAnswer(operation, reply), replayed: false }
  }

  /** What of it may leave by what is in force at this moment. */
  function minimised(passage: Passage, { status, content, replayed }: Obtained): Answer | GatewayError {
    try {
      const { grant, fields } = stillAllowed(passage)
      const project = fields === grant.fields ? grant.project : grant.projectSubset(fields)
      const released = status < 300 ? project(content) : content
      return {
        status,
        body: released === undefined ? NOTHING : Buffer.from(JSON.stringify(released)),
        replayed,
      }
    } catch (thrown) {
      return asGatewayError(thrown)
    }
  }

  /**
   * Who signed a request gets a signed answer, and both signatures stand in the record. Signing may take a while:
   * what is recorded in the end is judged again, and is the signed answer or none.
   */
  async function seal(passage: Passage, obtained: Obtained): Promise<void> {
    const { message, exchangeId } = passage.request
    const answer = minimised(passage, obtained)
    if (message === undefined || answer instanceof Error) return
    const { status, body } = answer
    const signed = await parts.signAnswer({ status, body, exchangeId, contentType: ANSWER_TYPE }, message)
    passage.sealed = { ...signed, body }
  }

  /** What may leave at this moment: to a signed request only the answer that was signed. */
  function endingOf(passage: Passage, obtained: Obtained | GatewayError): Answer | GatewayError {
    const ended = obtained instanceof Error ? obtained : minimised(passage, obtained)
    if (ended instanceof Error || passage.facts.requestSignature === undefined) return ended
    const { sealed } = passage
    return sealed?.body.equals(ended.body) ? { ...ended, signature: sealed.fields } : unconfirmed()
  }

  async function claim(
    passage: Passage,
    operation: string,
    { grant, fields }: Authorisation,
  ): Promise<Obtained | undefined> {
    const { request, consumer } = passage
    const slot = submissionSlot(consumer.id, request, operation)
    // A reply kept for a wider token is no reply to a narrower one.
    const digest = submissionDigest(request, fields === grant.fields ? undefined : fields)
    const settled = await claimSubmission(parts.submissions, slot, digest)
    if (settled) {
      const { status, body } = settled
      return { status, content: body === '' ? undefined : JSON.parse(body), replayed: true }
    }
    passage.slot = slot
    return undefined
  }

  /** Notes the end in the facts. */
  function verdictOn(
    { facts, request, slot, judged, sealed }: Passage,
    ended: Answer | GatewayError,
  ): Verdict {
    if (ended instanceof Error) {
      facts.code = ended.code
      facts.answer = undefined
      facts.answerSignature = undefined
      return { outcome: outcomeOf(ended), reply: undefined, authority: undefined }
    }
    const { status, body } = ended
    facts.code = undefined
    const { bytes, digest } = digestOf(body, request.salt)
    facts.answer = { bytes, digest, status }
    if (sealed) facts.answerSignature = sealed.facts
    const reply = slot === undefined ? undefined : { slot, status, body: body.toString() }
    return { outcome: 'delivered', reply, authority: judged?.authority.number }
  }

  /** Makes the record durable; whatever cannot be recorded is not released. */
  async function record(passage: Passage, obtained: Obtained | GatewayError): Promise<Recorded> {
    const { facts, slot } = passage
    let ended: Answer | GatewayError | undefined
    let verdict: Verdict | undefined
    const judge = () => {
      ended = endingOf(passage, obtained)
      verdict = verdictOn(passage, ended)
      return verdict
    }
    try {
      const receipt = await ledger.complete(facts, judge)
      return { ended: ended ?? new GatewayError('ledger_unavailable'), receipt }
    } catch (thrown) {
      return { ended: asGatewayError(thrown), receipt: undefined }
    } finally {
      if (slot !== undefined && verdict?.reply === undefined) await parts.submissions.release(slot)
    }
  }

  function conclude(passage: Passage, { ended, receipt }: Recorded): Conclusion {
    const number = passage.judged?.authority.number
    return {
      release() {
        if (ended instanceof Error || (number !== undefined && parts.mayRelease(number))) return ended
        parts.onWithheld()
        return unconfirmed()
      },
      receipt,
      quota: passage.quota,
    }
  }

  return async (request) => {
    const startedMs = clock()
    const consumer = await parts.authenticate(request.credentials)
    const facts = startFacts(request, consumer, parts.authority().registry)
    const passage: Passage = {
      facts,
      consumer,
      request,
      quota: undefined,
      judged: undefined,
      sealed: undefined,
      slot: undefined,
      providerMs: 0,
    }
    let obtained: Obtained | GatewayError
    try {
      ledger.assertAvailable()
      if (request.message !== undefined) await checkSignature(passage)
      obtained = await carry(passage)
      if (facts.requestSignature !== undefined) await seal(passage, obtained)
    } catch (thrown) {
      obtained = asGatewayError(thrown)
    }
    const recorded = await record(passage, obtained)
    const { ended: final, receipt } = recorded
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
    return conclude(passage, recorded)
  }
}

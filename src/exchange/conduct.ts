import type { SignAnswer } from '../identity/answer-signature.ts'
import type { Ledger, Verdict } from '../ledger/ledger.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type {
  Consumer,
  Credentials,
  ExchangeFacts,
  InboundRequest,
  QuotaState,
  Receipt,
} from '../model/exchange.ts'
import type { OpenSink } from '../model/whole.ts'
import type { ProviderCall } from '../provider/call.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import type { Authorisation } from './authorise.ts'
import { mapCodes } from './codes.ts'
import type { PartIdentity } from './composite.ts'
import { type AskStep, createComposition } from './composition.ts'
import { createJudge, type JudgeParts } from './judge.ts'
import {
  type Answer,
  type EndedExchange,
  type Obtained,
  outcomeOf,
  type Parent,
  type Passage,
  type Passed,
  type Recorded,
  unconfirmed,
} from './passage.ts'
import type { ProcedureStore } from './procedure.ts'
import type { TakeQuota } from './quota.ts'
import { type RequestStore, waitHeaders } from './request.ts'
import { type AskAbout, createRequests } from './requests.ts'
import { askProvider, askProviderWhole, digestOf, type Resolved, readAnswer, startFacts } from './stages.ts'
import { claimSubmission, type SubmissionStore, submissionDigest, submissionSlot } from './submission.ts'
import { createTakeResult } from './take-result.ts'

export interface ConductParts extends JudgeParts {
  /** Whether an answer judged under this authority's number may leave at this moment. */
  readonly mayRelease: (authority: number) => boolean
  /** Told of each recorded answer that was held back because it may not leave any more. */
  readonly onWithheld: () => void
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly signAnswer: SignAnswer
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'begin' | 'complete' | 'ensureRecorded'>
  readonly takeQuota: TakeQuota
  readonly submissions: SubmissionStore
  readonly openSink: OpenSink
  readonly callOf: (service: CompiledService) => ProviderCall
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly observe: (ended: EndedExchange) => void
  /** What is new of a part's exchange: its id, time of receipt and span. */
  readonly newPart: () => PartIdentity
  readonly procedures: ProcedureStore
  readonly requests: RequestStore
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

/**
 * Carries one exchange from question to record.
 * @param proven who asks, where that was found out before: by work that goes on after its request. Its standing and its
 * access are judged as at any other exchange; the credentials are not looked at.
 */
export type Conduct = (request: InboundRequest, proven?: Consumer) => Promise<Conclusion>

const NOTHING = Buffer.alloc(0)
/** Largest message passed whole where the binding names no limit. */
const DEFAULT_REQUEST_BYTES = 16 * 1024 * 1024

/** The pipeline. Its order is a security property: nothing is authorised that was not authenticated. */
export function createConduct(parts: ConductParts): {
  readonly conduct: Conduct
  readonly askStep: AskStep
  readonly askAbout: AskAbout
} {
  const { ledger, now, clock } = parts
  const { checkEvidence, allow, stillAllowed } = createJudge(parts)

  async function timed<Result>(passage: Passage, ask: () => Promise<Result>): Promise<Result> {
    const startedMs = clock()
    const { facts, request } = passage
    facts.askedMs = Math.max(now() - request.receivedAtMs, 0)
    try {
      return await ask()
    } finally {
      passage.providerMs = clock() - startedMs
      facts.providerMs = Math.round(passage.providerMs)
    }
  }

  async function carry(passage: Passage): Promise<Obtained> {
    const { facts, consumer } = passage
    const { about } = passage.request
    if (about && 'refusal' in about) throw new GatewayError(about.refusal)
    const [resolved, asked] = allow(passage)
    const { operation, pathParameters } = resolved
    const { document } = asked.agreement
    // A request of days before is handed on, and asked about, at nobody's expense.
    const isForward = operation.kind === 'request' && passage.parent !== undefined
    if (!isForward) passage.quota = await parts.takeQuota(document.id, document.quota)
    if (resolved.service.contract.isOpaque === true) return carryWhole(passage, resolved)
    if (about) return requests.tell(passage, resolved)
    if (operation.codes) {
      const { subsystems } = parts.authority().registry
      passage.request = mapCodes(passage.request, operation, subsystems.get(consumer.id))
    }
    const { request } = passage
    operation.checkRequest({ pathParameters, query: request.query, body: request.json })
    const isMade = operation.kind === 'request' && !isForward
    if (operation.kind === 'submit' || isMade) {
      const settled = await claim(passage, operation.id, asked)
      if (settled) return settled
    }
    if (operation.durableBefore) await ledger.begin(facts)
    const authorisation = stillAllowed(passage)
    if (isMade) return requests.accept(passage, resolved)
    const planned = resolved.service.document.plan?.operations[operation.id]
    const context = { request, consumer, authorisation, nowMs: now() }
    if (planned) return timed(passage, () => composition.answer(passage, resolved, planned))
    const reply = await timed(passage, () => askProvider(parts.callOf(resolved.service), resolved, context))
    facts.attempts = reply.attempts
    const content = readAnswer(operation, reply)
    return { status: reply.status, content: () => content, replayed: false }
  }

  /** What of an answer its agreement lets out, by what is in force at this moment. */
  function released(passage: Passage, { status, content }: Obtained): unknown {
    const { grant, fields } = stillAllowed(passage)
    // That a request is under way is the gateway's own word.
    if (passage.facts.kind === 'request' && status === 202) return content()
    const project = fields === grant.fields ? grant.project : grant.projectSubset(fields)
    return status < 300 ? project(content()) : content()
  }

  /** Of a service without a contract: the body is taken off the connection only now that access is decided. */
  async function carryWhole(passage: Passage, resolved: Resolved): Promise<Obtained> {
    const { facts, request, consumer } = passage
    const { whole } = request
    if (whole === undefined) throw new GatewayError('service_opaque')
    const { maxRequestBytes = DEFAULT_REQUEST_BYTES } = resolved.service.document.binding ?? {}
    const body = await whole.receive(maxRequestBytes)
    try {
      facts.request = body ? { bytes: body.bytes, digest: body.digest } : digestOf(NOTHING, request.salt)
      if (resolved.operation.durableBefore) await ledger.begin(facts)
      const context = { request, consumer, authorisation: stillAllowed(passage), nowMs: now() }
      const { openSink } = parts
      const ask = () =>
        askProviderWhole(parts.callOf(resolved.service), resolved, { ...context, body, openSink })
      const reply = await timed(passage, ask)
      facts.attempts = reply.attempts
      return { status: reply.status, content: () => undefined, replayed: false, whole: reply.whole }
    } finally {
      await body?.discard()
    }
  }

  /** What of it may leave by what is in force at this moment. */
  function minimised(passage: Passage, obtained: Obtained): Answer | GatewayError {
    const { status, replayed, whole } = obtained
    try {
      if (whole !== undefined) {
        stillAllowed(passage)
        return { status, body: NOTHING, replayed, whole }
      }
      const content = released(passage, obtained)
      return {
        status,
        body: content === undefined ? NOTHING : Buffer.from(JSON.stringify(content)),
        content,
        replayed,
        ...(passage.facts.kind === 'request' && status === 202 && { headers: waitHeaders(content) }),
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
    const requestDigest = submissionDigest(request, fields === grant.fields ? undefined : fields)
    const { exchangeId } = request
    const settled = await claimSubmission(parts.submissions, { slot, requestDigest, exchangeId })
    if (settled) {
      const { status, body } = settled
      const content = body === '' ? undefined : JSON.parse(body)
      return { status, content: () => content, replayed: true }
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
    const { status, body, whole } = ended
    facts.code = undefined
    const { bytes, digest } = whole?.body ?? digestOf(body, request.salt)
    facts.answer = { bytes, digest, status }
    if (sealed) facts.answerSignature = sealed.facts
    const reply = slot === undefined ? undefined : { slot, status, body: body.toString() }
    return { outcome: 'delivered', reply, authority: judged?.authority.number }
  }

  /**
   * The record, and the reply that is kept with it, may have become durable although nobody was told. Once it is
   * certain, a reply that was kept stands (its slot is not released by this), and the key may be used again if not.
   */
  async function clearUp(facts: ExchangeFacts, slot: string, { code }: GatewayError): Promise<void> {
    facts.code = code
    facts.answer = undefined
    facts.answerSignature = undefined
    await ledger.ensureRecorded(facts)
    await parts.submissions.release(slot)
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
      const error = asGatewayError(thrown)
      if (slot !== undefined) void clearUp(facts, slot, error)
      return { ended: error, receipt: undefined }
    } finally {
      if (slot !== undefined && verdict?.reply === undefined) await parts.submissions.release(slot)
    }
  }

  function conclude({ passage, recorded: { ended, receipt } }: Passed): Conclusion {
    const number = passage.judged?.authority.number
    return {
      release() {
        if (ended instanceof Error || (number !== undefined && parts.mayRelease(number))) return ended
        parts.onWithheld()
        void ended.whole?.body.discard()
        return unconfirmed()
      },
      receipt,
      quota: passage.quota,
    }
  }

  /** An exchange at its beginning. */
  function draft(request: InboundRequest, consumer: Consumer, parent?: Parent): Passage {
    return {
      facts: startFacts(request, consumer, parts.authority().registry, parent?.exchangeId),
      parent,
      consumer,
      request,
      quota: undefined,
      judged: undefined,
      consent: undefined,
      sealed: undefined,
      slot: undefined,
      providerMs: 0,
    }
  }

  /** One exchange of a consumer that proved itself, to its record. */
  async function pass(request: InboundRequest, consumer: Consumer, parent?: Parent): Promise<Passed> {
    const startedMs = clock()
    const passage = draft(request, consumer, parent)
    const { facts } = passage
    let obtained: Obtained | GatewayError
    try {
      ledger.assertAvailable()
      if (request.message !== undefined || request.consent !== undefined) await checkEvidence(passage)
      obtained = await carry(passage)
      if (facts.requestSignature !== undefined) await seal(passage, obtained)
    } catch (thrown) {
      obtained = asGatewayError(thrown)
    }
    const recorded = await record(passage, obtained)
    const { ended: final, receipt } = recorded
    const isError = final instanceof Error
    if (isError && !(obtained instanceof Error)) await obtained.whole?.body.discard()
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
    return { passage, obtained, recorded }
  }

  const { authority, newPart, procedures } = parts
  const requests = createRequests({ ...parts, pass })
  const takeResult = createTakeResult(parts)
  const composition = createComposition({ authority, newPart, procedures, pass, draft, released })
  return {
    askStep: composition.askStep,
    askAbout: requests.askAbout,
    async conduct(request, proven) {
      const consumer = proven ?? (await parts.authenticate(request.credentials))
      if (!request.path.startsWith('/-/')) return conclude(await pass(request, consumer))
      const taken = await takeResult(request, consumer)
      if (taken) return { release: () => taken.ended, receipt: taken.receipt, quota: undefined }
      return conclude(await pass(await requests.open(request, consumer), consumer))
    },
  }
}

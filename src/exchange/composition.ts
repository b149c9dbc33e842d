import { asGatewayError, type GatewayError } from '../model/errors.ts'
import type { Consumer, InboundRequest } from '../model/exchange.ts'
import type { PlannedOperation, PlannedParts, PlannedStatus, PlannedSteps } from '../model/plan.ts'
import type { Authority } from '../registry/authority.ts'
import {
  fillRequest,
  type PartIdentity,
  partRequest,
  runParts,
  type TellPart,
  type ToldPart,
} from './composite.ts'
import { startDeadline } from './deadline.ts'
import { orderOf, parentOf, requestOf } from './kept-order.ts'
import { type Obtained, outcomeOf, type Parent, type Passage, type Passed } from './passage.ts'
import {
  type NextAsk,
  type ProcedureOrder,
  type ProcedureStore,
  type StoredProcedure,
  stepKey,
} from './procedure.ts'
import type { Resolved } from './stages.ts'
import { submissionDigest } from './submission.ts'

/** The answers of services that are made of other services' exchanges. */

interface CompositionParts {
  readonly authority: () => Authority
  readonly procedures: ProcedureStore
  readonly newPart: () => PartIdentity
  /** One exchange of a consumer that proved itself, to its record. */
  readonly pass: (request: InboundRequest, consumer: Consumer, parent: Parent) => Promise<Passed>
  /** An exchange that is not carried out: to judge by what is in force what was got before. */
  readonly draft: (request: InboundRequest, consumer: Consumer, parent: Parent) => Passage
  /** What of an answer its agreement lets out, by what is in force at this moment. */
  readonly released: (passage: Passage, obtained: Obtained) => unknown
}

/** Carries out one step of a linked procedure, in the name of whoever began it. */
export type AskStep = (procedure: StoredProcedure, next: NextAsk) => Promise<ToldPart>

export interface Composition {
  answer(passage: Passage, resolved: Resolved, planned: PlannedOperation): Promise<Obtained>
  readonly askStep: AskStep
}

const NOT_FOUND = { code: 'not_found', message: 'Không có thủ tục liên thông này.' }

export function createComposition(parts: CompositionParts): Composition {
  const { procedures } = parts

  function tellerOf({ passage, obtained, recorded }: Passed): TellPart {
    const exchange = passage.facts.exchangeId
    const told = (error: GatewayError): ToldPart => {
      const outcome = outcomeOf(error) === 'refused' ? 'refused' : 'failed'
      return { outcome, exchange, code: error.code }
    }
    return () => {
      const { ended } = recorded
      if (ended instanceof Error) return told(ended)
      if (obtained instanceof Error) return told(obtained)
      const { status } = obtained
      try {
        const answer = parts.released(passage, obtained)
        return { outcome: 'delivered', exchange, status, ...(status < 300 && { answer }) }
      } catch (thrown) {
        return told(asGatewayError(thrown))
      }
    }
  }

  /** Each part is asked under an agreement of the consumer's own. */
  async function askParts(passage: Passage, resolved: Resolved, planned: PlannedParts): Promise<Obtained> {
    const { request, consumer } = passage
    const { service, operation } = resolved
    const purpose = passage.judged?.authorisation.purpose
    const deadline = startDeadline(service.document.plan?.timeoutMs ?? 0, request.signal)
    try {
      const { registry } = parts.authority()
      const tell = await runParts(planned, request.json, async (ask, body) => {
        const asked = partRequest(request, { ask, body }, { registry, identity: parts.newPart() })
        const passed = parts.pass({ ...asked, purpose, signal: deadline.signal }, consumer, parentOf(passage))
        return tellerOf(await passed)
      })
      operation.checkResponse(200, tell())
      return { status: 200, content: () => operation.keepDeclared(200, tell()), replayed: false }
    } finally {
      deadline.clear()
    }
  }

  async function begin(passage: Passage, { operation }: Resolved, plan: PlannedSteps): Promise<Obtained> {
    const { request, slot = '' } = passage
    const { exchangeId: id } = parts.newPart()
    const order: ProcedureOrder = { ...orderOf(passage, operation.id, id), plan }
    const begun = await procedures.begin(id, order, { slot, requestDigest: submissionDigest(request) })
    const { state, startedAtMs } = begun
    const told = { procedureId: begun.id, state, receivedAt: new Date(startedAtMs).toISOString() }
    operation.checkResponse(200, told)
    return { status: 200, content: () => operation.keepDeclared(200, told), replayed: false }
  }

  /** What a step answered may be told for as long as it may be asked. */
  function tellAnswer({ id, contents }: StoredProcedure, name: string): unknown {
    const step = contents?.order.plan.steps.find((each) => each.name === name)
    const answer = contents?.progress.steps[name]?.answer
    if (contents === undefined || step === undefined || answer === undefined) return undefined
    const { order } = contents
    const { registry } = parts.authority()
    const identity = { exchangeId: id, receivedAtMs: 0, spanId: order.trace.spanId }
    const asked = partRequest(requestOf(order), { ask: step, body: {} }, { registry, identity })
    try {
      const passage = parts.draft(asked, order.consumer, order)
      return parts.released(passage, { status: 200, content: () => answer, replayed: false })
    } catch {
      return undefined
    }
  }

  function tellProcedure(found: StoredProcedure): object {
    const { id, state, startedAtMs, updatedAtMs, contents } = found
    const steps = Object.entries(contents?.progress.steps ?? {}).map(([name, { answer: _, ...step }]) => {
      const answer = tellAnswer(found, name)
      return [name, { ...step, ...(answer !== undefined && { answer }) }] as const
    })
    return {
      procedureId: id,
      state,
      receivedAt: new Date(startedAtMs).toISOString(),
      updatedAt: new Date(updatedAtMs).toISOString(),
      steps: Object.fromEntries(steps),
    }
  }

  async function tellStatus(
    { request, consumer }: Passage,
    { operation }: Resolved,
    { statusOf }: PlannedStatus,
  ): Promise<Obtained> {
    const { procedureId } = request.json as { readonly procedureId?: unknown }
    const found = typeof procedureId === 'string' ? await procedures.find(procedureId) : undefined
    const isOwn =
      found?.consumer === consumer.id && found.service === request.service && found.operation === statusOf
    if (found === undefined || !isOwn) return { status: 404, content: () => NOT_FOUND, replayed: false }
    operation.checkResponse(200, tellProcedure(found))
    const content = () => operation.keepDeclared(200, tellProcedure(found))
    return { status: 200, content, replayed: false }
  }

  return {
    async answer(passage, resolved, planned) {
      if ('parts' in planned) return askParts(passage, resolved, planned)
      if ('steps' in planned) return begin(passage, resolved, planned)
      return tellStatus(passage, resolved, planned)
    },
    async askStep({ id, contents }, next) {
      if (contents === undefined) throw new RangeError('an erased procedure is not carried on')
      const { order, progress } = contents
      const answers = Object.entries(progress.steps).map(([name, { answer }]) => [name, answer] as const)
      const context = { request: order.request, parts: Object.fromEntries(answers) }
      const body = fillRequest(next.ask.request, context)
      const { registry } = parts.authority()
      const part = { ask: next.ask, body, key: stepKey(id, next) }
      const asked = partRequest(requestOf(order), part, { registry, identity: parts.newPart() })
      return tellerOf(await parts.pass(asked, order.consumer, order))()
    },
  }
}

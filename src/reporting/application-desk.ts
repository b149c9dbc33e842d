import type { AuditBodies, ReadAuditBody } from '../contract/audit-requests.ts'
import { signerOf } from '../identity/document-signature.ts'
import type { Agreement } from '../model/agreement.ts'
import {
  APPLICATION_STATES,
  type Application,
  type ApplicationAct,
  type ApplicationContent,
  type ApplicationEvent,
  type ApplicationState,
  agreementOf,
  type Decision,
  type DecisionText,
  isOverdue,
  type SigningAct,
  stampOf,
  stateAfter,
} from '../model/application.ts'
import { afterWorkingDays } from '../model/calendar.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { Bilingual, ServiceId, SubsystemId } from '../model/identifier.ts'
import { checkApplication, checkDraft } from '../registry/application-rules.ts'
import type { ReadingRight } from '../registry/readers.ts'
import type { Registry } from '../registry/snapshot.ts'
import { type Advance, createDecisionSigning, type DecisionSignatures } from './decision-signing.ts'
import type { Answered, ReadingWork } from './reading.ts'

export type NewApplication = Omit<Application, 'number' | 'revision' | 'state'>

/** Which applications; of an agency those that it made or that are for its services. */
export interface ApplicationFilter {
  readonly parties: readonly SubsystemId[] | undefined
  readonly state: ApplicationState | undefined
}

export interface ApplicationCount {
  readonly state: ApplicationState
  readonly count: number
  readonly overdue: number
}

export interface ApplicationStore {
  file(filed: NewApplication): Promise<Application>
  find(number: string): Promise<Application | undefined>
  /** At most a thousand, those due first at the head, then the latest. */
  list(filter: ApplicationFilter): Promise<readonly Application[]>
  /** @returns whether it was written; not where somebody else came first. */
  save(next: Application): Promise<boolean>
  /** Of those that are not decided. */
  counts(): Promise<readonly ApplicationCount[]>
}

interface ApplicationDeskParts {
  readonly store: ApplicationStore
  readonly registry: () => Registry
  readonly readBody: ReadAuditBody
  /** Unix milliseconds. */
  readonly now: () => number
  readonly signatures: DecisionSignatures
}

/** An application as a list tells it. */
export interface ApplicationSummary {
  readonly number: string
  readonly state: ApplicationState
  /** Id of its class. */
  readonly class: string
  readonly title: Bilingual
  readonly consumer: SubsystemId
  readonly provider: SubsystemId
  readonly service: ServiceId
  readonly filedAt: string
  readonly dueAt?: string
  readonly isOverdue: boolean
}

/** The whole of it; of an approved one with the agreement it gives. */
export type ApplicationTold = ApplicationSummary &
  Omit<ApplicationContent, 'agreement'> & {
    readonly agreement: ApplicationContent['agreement'] | Agreement
    readonly events: readonly ApplicationEvent[]
    readonly decision?: DecisionTold
  }

/** A decision in the words a leader signs, or signed. */
export interface DecisionTold {
  /** The very bytes, as text. */
  readonly text: string
  /** CMS, DER, base64. */
  readonly signature?: string
  /** PEM, the signer's certificate first. */
  readonly chain?: string
  /** Common name in that certificate. */
  readonly signer?: string
}

type Told<Json> = ReadingWork<Answered & { readonly json: Json }>

/** Applications for connection: filed by agencies for their own subsystems, decided by appraisers. */
export interface ApplicationDesk {
  /** Whether leaders' signatures are taken here, or demanded. */
  readonly signing: 'closed' | 'open' | 'required'
  list(query: URLSearchParams): Told<{ readonly applications: readonly ApplicationSummary[] }>
  show(number: string): Told<ApplicationTold>
  file(json: unknown): ReadingWork<Answered>
  act(number: string, act: ApplicationAct | SigningAct, json: unknown): ReadingWork<Answered>
}

/** An application as somebody hands it in: what it does not say is empty. */
function contentOf({ documents = [], ...body }: AuditBodies['Application']): ApplicationContent {
  return { ...body, documents }
}

function assertNone(errors: readonly Violation[]): void {
  if (errors.length > 0) throw new GatewayError('request_invalid', { errors })
}

function isOwn({ parties }: ReadingRight, ...ids: readonly SubsystemId[]): boolean {
  return parties === undefined || ids.some((id) => parties.includes(id))
}

const NUMBER = /^DN-\d{6,15}$/

export function createApplicationDesk({
  store,
  registry,
  readBody,
  now,
  signatures,
}: ApplicationDeskParts): ApplicationDesk {
  const dueOf = ({ class: id }: ApplicationContent, nowMs: number) => {
    const days = registry().applicationClasses.get(id)?.appraisalWorkingDays ?? 0
    return afterWorkingDays(registry().isWorkingDay, nowMs, days)
  }

  function summary(application: Application): ApplicationSummary {
    const { number, state, consumer, provider, service, filedAtMs, dueAtMs, content } = application
    return {
      number,
      state,
      class: content.class,
      title: content.agreement.title,
      consumer,
      provider,
      service,
      filedAt: new Date(filedAtMs).toISOString(),
      ...(dueAtMs !== undefined && { dueAt: new Date(dueAtMs).toISOString() }),
      isOverdue: isOverdue(application, now()),
    }
  }

  /** The agreement that was wished for; of an approved application the one it gives. */
  function whole(application: Application): ApplicationTold {
    const { content, events } = application
    const given = events.at(-1)?.agreement
    const agreement = given === undefined ? content.agreement : agreementOf(content, given)
    const { decision } = application
    return { ...summary(application), ...content, agreement, events, ...(decision && tellDecision(decision)) }
  }

  /** Of two acts that come at once only the first is written down. */
  const advance: Advance = async (found, event, change) => {
    const events = [...found.events, event]
    const next: Application = { ...found, ...change, revision: found.revision + 1, events }
    if (!(await store.save(next))) throw new GatewayError('application_state_unfit')
    return whole(next)
  }

  async function find(number: string, right: ReadingRight): Promise<Application> {
    const found = NUMBER.test(number) ? await store.find(number) : undefined
    if (found === undefined || !isOwn(right, found.consumer, found.provider)) {
      throw new GatewayError('application_unknown')
    }
    return found
  }

  /** Anything wrong with it is told at once; nothing that is incomplete is filed. */
  function judge(content: ApplicationContent, right: ReadingRight): void {
    assertNone(checkApplication(content, registry(), now()))
    if (!isOwn(right, content.agreement.consumer)) throw new GatewayError('reading_denied')
  }

  /** What an act says, and what it makes of the content; @throws GatewayError where it may not be done. */
  function read(act: ApplicationAct, json: unknown, found: Application, right: ReadingRight) {
    const { content } = found
    if (act === 'supplement') {
      const next = contentOf(readBody('Application', json))
      if (next.agreement.consumer !== found.consumer || next.agreement.service !== found.service) {
        throw new GatewayError('application_state_unfit')
      }
      judge(next, right)
      return { content: next, said: {} }
    }
    if (act === 'withdraw') {
      // An agency sees what others ask of it; only its own is its to take back.
      if (!isOwn(right, found.consumer)) throw new GatewayError('reading_denied')
      return { content, said: {} }
    }
    if (act === 'ask') return { content, said: readBody('ApplicationAsk', json) }
    if (signatures.required) throw new GatewayError('decision_signature_required')
    return { content, said: readDecision(act, json, content) }
  }

  /** @throws GatewayError where a decision names what the registry does not have, or has already. */
  function readDecision(decision: Decision['decision'], json: unknown, content: ApplicationContent) {
    if (decision === 'refuse') {
      const said = readBody('ApplicationRefusal', json)
      if (registry().legalBases.has(said.legalBasis)) return said
      const detail = { vi: 'Danh bạ không có văn bản này.', en: 'The registry has no such text.' }
      throw new GatewayError('request_invalid', {
        errors: [{ pointer: '/legalBasis', rule: 'reference', detail }],
      })
    }
    const said = readBody('ApplicationApproval', json)
    assertNone(checkDraft(content, said.agreement, registry()))
    if (!registry().agreements.has(said.agreement)) return said
    const detail = { vi: 'Đã có thỏa thuận mang số này.', en: 'There is an agreement of this id.' }
    throw new GatewayError('request_invalid', {
      errors: [{ pointer: '/agreement', rule: 'duplicate', detail }],
    })
  }

  const signing = createDecisionSigning({
    find,
    advance,
    readDecision,
    registry,
    readBody,
    now,
    signatures,
  })

  const perform = (number: string, act: ApplicationAct, json: unknown): ReadingWork<Answered> => ({
    ask: () => ({ query: { application: number.slice(0, 20) }, identifier: undefined }),
    async answer(right) {
      const found = await find(number, right)
      const state = stateAfter(found.state, act)
      if (state === undefined) throw new GatewayError('application_state_unfit')
      const { content, said } = read(act, json, found, right)
      return {
        found: 1,
        json: undefined,
        perform(exchange) {
          const nowMs = now()
          const stamp = stampOf(right.reader.document.subsystem, exchange, nowMs)
          const dueAtMs = state === 'filed' ? dueOf(content, nowMs) : undefined
          const change = { state, dueAtMs, content, decision: undefined }
          return advance(found, { act, ...stamp, ...said }, change)
        },
      }
    },
  })

  return {
    signing: signatures.required ? 'required' : signatures.open === undefined ? 'closed' : 'open',
    list: (query) => {
      const asked = query.get('state')
      const state = APPLICATION_STATES.find((each) => each === asked)
      return {
        ask() {
          if (asked === null || state !== undefined)
            return { query: state ? { state } : {}, identifier: undefined }
          throw new GatewayError('request_malformed', {
            detail: {
              vi: `state: ${APPLICATION_STATES.join(', ')}.`,
              en: `state: ${APPLICATION_STATES.join(', ')}.`,
            },
          })
        },
        async answer({ parties }) {
          const found = await store.list({ parties, state })
          return { found: found.length, json: { applications: found.map(summary) } }
        },
      }
    },
    show: (number) => ({
      ask: () => ({ query: { application: number.slice(0, 20) }, identifier: undefined }),
      answer: async (right) => ({ found: 1, json: whole(await find(number, right)) }),
    }),
    file(json) {
      let content: ApplicationContent | undefined
      return {
        ask() {
          content = contentOf(readBody('Application', json))
          const { class: id, agreement } = content
          return { query: { class: id, ...namesOf(agreement) }, identifier: undefined }
        },
        async answer(right) {
          if (content === undefined) throw new RangeError('an application is read before it is judged')
          const filed = content
          judge(filed, right)
          const { consumer, service } = filed.agreement
          const provider = registry().services.get(service)?.provider.id
          if (provider === undefined) throw new GatewayError('service_unknown')
          return {
            found: 1,
            json: undefined,
            async perform(exchange) {
              const nowMs = now()
              const stamp = stampOf(right.reader.document.subsystem, exchange, nowMs)
              const event: ApplicationEvent = { act: 'file', ...stamp }
              const parties = { consumer, provider, service }
              const times = { filedAtMs: nowMs, dueAtMs: dueOf(filed, nowMs) }
              return whole(await store.file({ ...parties, ...times, content: filed, events: [event] }))
            },
          }
        },
      }
    },
    act: (number, act, json) => {
      if (act === 'propose') return signing.propose(number, json)
      return act === 'sign' ? signing.sign(number, json) : perform(number, act, json)
    },
  }
}

function tellDecision({ text, signed }: DecisionText): { readonly decision: DecisionTold } {
  if (signed === undefined) return { decision: { text } }
  const { signature, chain } = signed
  const encoded = Buffer.from(signature).toString('base64')
  return { decision: { text, signature: encoded, chain, signer: signerOf(chain) } }
}

/** Ids only: what is no id is not written down. */
function namesOf({ consumer, service }: ApplicationContent['agreement']) {
  const id = /^[A-Z0-9][\w./-]{0,169}$/
  return {
    ...(id.test(String(consumer)) && { consumer }),
    ...(id.test(String(service)) && { service }),
  }
}

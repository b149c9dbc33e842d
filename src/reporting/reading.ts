import { hash } from 'node:crypto'
import type { Ledger, Verdict } from '../ledger/ledger.ts'
import { APPLICATION_SERVICE, AUDIT_SERVICE, ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { TagKind } from '../ledger/tag.ts'
import { APPLICATION_ACTS, type ApplicationAct, SIGNING_ACTS, type SigningAct } from '../model/application.ts'
import { canonicalJson } from '../model/canonical.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Consumer, Credentials, ExchangeFacts, Receipt } from '../model/exchange.ts'
import type { ReaderRights } from '../model/reader.ts'
import type { Authority } from '../registry/authority.ts'
import { type ReadingRight, readingRightOf } from '../registry/readers.ts'
import type { Registry } from '../registry/snapshot.ts'

/** What is done with applications for connection; they are no part of the log, their records are. */
export type ApplicationAction = 'applications' | 'application' | 'file' | ApplicationAct | SigningAct

export type ReadingAction =
  | 'search'
  | 'count'
  | 'exchange'
  | 'export'
  | 'findUsage'
  | 'usagePeriod'
  | 'heartbeat'
  | 'entries'
  | 'figures'
  | 'erase'
  | 'operationalData'
  | 'healthData'
  | ApplicationAction

/** The right each action needs; figures are for every role, told as it may see them. */
const NEEDS: Readonly<Record<ReadingAction, keyof ReaderRights | undefined>> = {
  search: 'search',
  count: 'search',
  exchange: 'search',
  export: 'export',
  findUsage: 'usage',
  usagePeriod: 'usage',
  heartbeat: 'usage',
  entries: 'entries',
  erase: 'erase',
  operationalData: 'search',
  figures: undefined,
  healthData: 'search',
  applications: 'applications',
  application: 'applications',
  file: 'apply',
  supplement: 'apply',
  withdraw: 'apply',
  ask: 'appraise',
  approve: 'appraise',
  refuse: 'appraise',
  propose: 'appraise',
  sign: 'appraise',
}

/** One request to read the log, as its door translated it; nothing in it is trusted. */
export interface ReadingRequest {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly credentials: Credentials
  readonly action: ReadingAction
  readonly purpose: string | undefined
  readonly officer: string | undefined
  readonly dossier: string | undefined
  /** Why it is read, in the reader's own words. */
  readonly note?: string | undefined
  readonly salt: Uint8Array
  readonly body: Uint8Array
}

/** What is asked, once the right to ask is known. */
export interface Asked {
  /** Goes into the record: conditions, never an identifier. */
  readonly query: Readonly<Record<string, unknown>>
  readonly identifier: { readonly kind: TagKind; readonly value: string } | undefined
}

export interface Answered {
  readonly found: number
  /** The answer; undefined where it is poured out after the record is durable. */
  readonly json: unknown
  /** The answer where it is no JSON. */
  readonly bytes?: Uint8Array
  /** Done once the record is durable, under its exchange id; it gives the answer. */
  readonly perform?: (exchangeId: string) => Promise<unknown>
}

/** How one action reads and answers. */
export interface ReadingWork<Result extends Answered> {
  /** @throws GatewayError where the request is not well formed. */
  ask(): Asked
  answer(right: ReadingRight): Promise<Result>
}

export interface ReadingParts {
  /** What is in force; the same object for as long as nothing changed. */
  readonly authority: () => Authority
  /** Whether the reader may (still) use its credential; throws where not. */
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  /** Whether what was judged under this authority's number may leave at this moment. */
  readonly mayRelease: (authority: number) => boolean
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly now: () => number
}

/** A reading that is in the log: only now may its answer leave. */
export interface Reading<Result extends Answered> {
  readonly ended:
    | { readonly result: Result; readonly body: string | Uint8Array; readonly right: ReadingRight }
    | GatewayError
  /** Absent only where the record could not be made durable. */
  readonly receipt: Receipt | undefined
}

/** @throws GatewayError where nobody was recognised; whatever happens after that is in the log. */
export type ConductReading = <Result extends Answered>(
  request: ReadingRequest,
  work: ReadingWork<Result>,
) => Promise<Reading<Result>>

function digestOf(bytes: Uint8Array | string, salt: Uint8Array) {
  const body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  return { bytes: body.length, digest: hash('sha256', Buffer.concat([salt, body]), 'base64url') }
}

function allow(right: ReadingRight | undefined, request: ReadingRequest): ReadingRight {
  if (right === undefined) throw new GatewayError('reader_missing')
  const needed = NEEDS[request.action]
  if (needed !== undefined && right.rights[needed] !== true) throw new GatewayError('reading_denied')
  const { requires } = right.reader.document
  const missing =
    requires?.officer && request.officer === undefined
      ? 'Exchange-Officer'
      : requires?.dossier && request.dossier === undefined
        ? 'Exchange-Dossier'
        : undefined
  if (missing !== undefined) {
    throw new GatewayError('particulars_missing', {
      detail: { vi: `Quyền đọc sổ đòi ${missing}.`, en: `The right to read demands ${missing}.` },
    })
  }
  return right
}

const APPLYING: ReadonlySet<ReadingAction> = new Set([
  'applications',
  'application',
  'file',
  ...APPLICATION_ACTS,
  ...SIGNING_ACTS,
])

/** What the record calls it. */
function serviceOf(action: ReadingAction): string {
  if (action === 'erase') return ERASURE_SERVICE
  return APPLYING.has(action) ? APPLICATION_SERVICE : AUDIT_SERVICE
}

function startFacts(request: ReadingRequest, consumer: Consumer, registry: Registry): ExchangeFacts {
  const facts: ExchangeFacts = {
    exchangeId: request.exchangeId,
    receivedAtMs: request.receivedAtMs,
    traceId: request.traceId,
    consumer: consumer.id,
    binding: consumer.binding,
    tokenDigest: consumer.tokenDigest,
    service: serviceOf(request.action),
    operation: request.action,
    registryDigest: registry.digest,
    request: digestOf(request.body, request.salt),
  }
  if (request.purpose !== undefined) facts.purpose = request.purpose
  if (request.dossier !== undefined) facts.dossier = request.dossier
  if (request.officer !== undefined) facts.officer = request.officer
  if (request.note !== undefined) facts.note = request.note
  return facts
}

function outcomeOf(error: GatewayError): 'refused' | 'failed' {
  const { stage } = error.entry
  return stage === 'resolve' || stage === 'authorise' || stage === 'check_request' || stage === 'gate'
    ? 'refused'
    : 'failed'
}

type Ended<Result extends Answered> = Reading<Result>['ended']

/** What one reading gathers on its way. */
interface Passage {
  readonly request: ReadingRequest
  readonly consumer: Consumer
  readonly facts: ExchangeFacts
  /** Number of the authority it was judged by last. */
  judgedBy: number | undefined
}

function unconfirmed(): GatewayError {
  return new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
}

function isSameRight(one: ReadingRight, other: ReadingRight): boolean {
  return one.reader.digest === other.reader.digest && one.parties?.join(' ') === other.parties?.join(' ')
}

/**
 * The pipeline of reading: who, by what right, what; read; record; answer. Who looked, for what and how much was
 * found is in the same tree as what was looked at, before anything leaves; and what was revoked meanwhile is not
 * released.
 */
export function createReadings(parts: ReadingParts): ConductReading {
  const { ledger, now } = parts

  function judge(passage: Passage): ReadingRight {
    const { request, consumer, facts } = passage
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    facts.registryDigest = authority.registry.digest
    parts.checkStanding(consumer, authority)
    const right = allow(readingRightOf(authority.registry, consumer.id, now()), request)
    facts.agreement = right.reader.document.id
    facts.agreementDigest = right.reader.digest
    facts.legalBases = right.reader.document.legalBases
    passage.judgedBy = authority.number
    return right
  }

  async function carry<Result extends Answered>(
    passage: Passage,
    work: ReadingWork<Result>,
  ): Promise<{ readonly result: Result; readonly body: string | Uint8Array; readonly right: ReadingRight }> {
    const { facts, request } = passage
    const right = judge(passage)
    const { identifier, query } = work.ask()
    facts.reading = { found: 0, query: canonicalJson(query) }
    // The person concerned is noted even where the reading is refused; of one erased nothing is to be left.
    if (identifier?.kind === 'subject' && request.action !== 'erase') facts.subject = identifier.value
    if (identifier !== undefined && !right.rights.identifiers && !right.rights.usage) {
      throw new GatewayError('reading_denied')
    }
    const result = await work.answer(right)
    facts.reading = { ...facts.reading, found: result.found }
    const text = result.json === undefined ? '' : JSON.stringify(result.json)
    return { result, body: result.bytes ?? text, right }
  }

  /** Notes the end in the facts, after judging anew what is to be released. */
  function conclude<Result extends Answered>(
    passage: Passage,
    obtained: Ended<Result>,
  ): { readonly ended: Ended<Result>; readonly verdict: Verdict } {
    const { facts, request } = passage
    let ended = obtained
    try {
      if (!(ended instanceof Error) && !isSameRight(judge(passage), ended.right)) throw unconfirmed()
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    if (ended instanceof Error) {
      facts.code = ended.code
      delete facts.answer
      return { ended, verdict: { outcome: outcomeOf(ended), reply: undefined, authority: undefined } }
    }
    if (ended.result.json !== undefined || ended.result.bytes !== undefined) {
      facts.answer = { ...digestOf(ended.body, request.salt), status: 200 }
    }
    return { ended, verdict: { outcome: 'delivered', reply: undefined, authority: passage.judgedBy } }
  }

  return async <Result extends Answered>(
    request: ReadingRequest,
    work: ReadingWork<Result>,
  ): Promise<Reading<Result>> => {
    const consumer = await parts.authenticate(request.credentials)
    const facts = startFacts(request, consumer, parts.authority().registry)
    const passage: Passage = { request, consumer, facts, judgedBy: undefined }
    let ended: Ended<Result>
    try {
      ledger.assertAvailable()
      ended = await carry(passage, work)
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    try {
      const receipt = await ledger.complete(facts, () => {
        const concluded = conclude(passage, ended)
        ended = concluded.ended
        return concluded.verdict
      })
      const number = passage.judgedBy
      const isWithheld = !(ended instanceof Error) && !(number !== undefined && parts.mayRelease(number))
      return { ended: isWithheld ? unconfirmed() : ended, receipt }
    } catch (thrown) {
      return { ended: asGatewayError(thrown), receipt: undefined }
    }
  }
}

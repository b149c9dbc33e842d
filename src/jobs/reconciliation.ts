import { authorise } from '../exchange/authorise.ts'
import { describeEnd, type EndedExchange, outcomeOf, unconfirmed } from '../exchange/passage.ts'
import { digestOf } from '../exchange/stages.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { asGatewayError, GatewayError, type Violation } from '../model/errors.ts'
import type { Consumer, Credentials, ExchangeFacts, Receipt } from '../model/exchange.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'

/**
 * Reconciliation (đối soát): both sides of a service hand in what they hold of a period, item by item, and the gateway
 * tells both the counts and where they differ.
 */

/** One item that a side holds, e.g. a dossier. */
export interface ReconciledItem {
  readonly key: string
  readonly status: string
  /** Of its content, where the two sides agreed how it is made. */
  readonly digest?: string
}

export type ReconcilingSide = 'consumer' | 'provider'

/** Which lists are held against each other. */
export interface ReconciliationSubject {
  readonly service: ServiceId
  readonly consumer: SubsystemId
  /** First and last day of the period, `yyyy-mm-dd`. */
  readonly from: string
  readonly until: string
}

export interface HandedIn {
  readonly side: ReconcilingSide
  readonly handedInAtMs: number
  readonly items: readonly ReconciledItem[]
}

/** Keeps lists, encrypted, until a while after the period's comparison. A later list of a side takes its earlier one's place. */
export interface ReconciliationStore {
  handIn(
    subject: ReconciliationSubject,
    side: ReconcilingSide,
    items: readonly ReconciledItem[],
  ): Promise<void>
  lists(subject: ReconciliationSubject): Promise<readonly HandedIn[]>
  /** Deletes what is too old; for a timer. */
  sweep(): Promise<void>
}

/** Differences told of each kind; counts are always whole. */
const MAX_TOLD = 10_000

export interface Comparison {
  readonly matched: number
  /** In both, with another status or digest. */
  readonly differing: readonly {
    readonly key: string
    readonly consumer: string
    readonly provider: string
    readonly differs: readonly ('status' | 'digest')[]
  }[]
  readonly onlyConsumer: readonly string[]
  readonly onlyProvider: readonly string[]
  readonly counts: {
    readonly differing: number
    readonly onlyConsumer: number
    readonly onlyProvider: number
  }
}

/** Holds two lists against each other; their order means nothing. */
export function compareLists(
  consumer: readonly ReconciledItem[],
  provider: readonly ReconciledItem[],
): Comparison {
  const theirs = new Map(provider.map((item) => [item.key, item]))
  const differing: Comparison['differing'][number][] = []
  const onlyConsumer: string[] = []
  let matched = 0
  for (const own of consumer) {
    const other = theirs.get(own.key)
    theirs.delete(own.key)
    if (other === undefined) onlyConsumer.push(own.key)
    else {
      const differs = (['status', 'digest'] as const).filter((name) => own[name] !== other[name])
      // A digest that one side does not give says nothing.
      const counted = differs.filter((name) => own[name] !== undefined && other[name] !== undefined)
      if (counted.length === 0) matched += 1
      else differing.push({ key: own.key, consumer: own.status, provider: other.status, differs: counted })
    }
  }
  const onlyProvider = [...theirs.keys()]
  return {
    matched,
    differing: differing.slice(0, MAX_TOLD),
    onlyConsumer: onlyConsumer.slice(0, MAX_TOLD),
    onlyProvider: onlyProvider.slice(0, MAX_TOLD),
    counts: {
      differing: differing.length,
      onlyConsumer: onlyConsumer.length,
      onlyProvider: onlyProvider.length,
    },
  }
}

const KEY = /^[\x21-\x7e]{1,64}$/
const STATUS = /^[\x21-\x7e]{1,32}$/
const DIGEST = /^[\x21-\x7e]{1,64}$/
const MAX_ITEMS = 200_000
const MAX_FAULTS = 20

function itemOf(line: string): ReconciledItem | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { key, status, digest, ...rest } = value as Readonly<Record<string, unknown>>
  if (typeof key !== 'string' || typeof status !== 'string' || Object.keys(rest).length > 0) return undefined
  if (!KEY.test(key) || !STATUS.test(status)) return undefined
  if (digest === undefined) return { key, status }
  return typeof digest === 'string' && DIGEST.test(digest) ? { key, status, digest } : undefined
}

/**
 * Reads NDJSON, one `{ key, status, digest? }` a line.
 * @throws GatewayError `request_invalid` with the lines that are wrong (pointer `/3`: the fourth), never their content.
 */
export function readList(text: string): readonly ReconciledItem[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const seen = new Set<string>()
  const errors: Violation[] = []
  const items: ReconciledItem[] = []
  const wrong = (index: number, rule: string, vi: string, en: string) =>
    errors.push({ pointer: `/${index}`, rule, detail: { vi, en } })
  if (lines.length > MAX_ITEMS)
    wrong(MAX_ITEMS, 'maxItems', 'Quá 200.000 mục.', 'There are more than 200,000 items.')
  for (const [index, line] of lines.slice(0, MAX_ITEMS).entries()) {
    const item = itemOf(line)
    if (item === undefined) {
      wrong(
        index,
        'item',
        'Mỗi dòng là một đối tượng { key, status, digest? } gồm ký tự ASCII in được.',
        'Each line is an object { key, status, digest? } of printable ASCII.',
      )
    } else if (seen.has(item.key)) wrong(index, 'key_duplicate', 'key bị lặp.', 'The key is listed twice.')
    else {
      seen.add(item.key)
      items.push(item)
    }
    if (errors.length >= MAX_FAULTS) break
  }
  if (errors.length > 0) throw new GatewayError('request_invalid', { errors })
  return items
}

export interface ReconciliationRequest {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly credentials: Credentials
  readonly salt: Uint8Array
  readonly service: ServiceId
  readonly from: string
  readonly until: string
  /** The other side, named by a provider; a consumer speaks for itself. */
  readonly consumer: SubsystemId | undefined
  readonly purpose: string
  /** The list to hand in; undefined where only the result is asked for. */
  readonly body: Buffer | undefined
}

export interface Reconciled {
  readonly ended: object | GatewayError
  readonly receipt: Receipt | undefined
  /** Whether it may leave at the moment of the call. */
  readonly mayLeave: () => boolean
}

export interface ReconciliationParts {
  readonly authority: () => Authority
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly mayRelease: (authority: number) => boolean
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly store: ReconciliationStore
  /** Unix milliseconds. */
  readonly now: () => number
  readonly observe: (ended: EndedExchange) => void
}

interface Allowed {
  readonly side: ReconcilingSide
  readonly subject: ReconciliationSubject
  readonly number: number
}

function tell(subject: ReconciliationSubject, lists: readonly HandedIn[]): object {
  const listOf = (side: ReconcilingSide) => lists.find((list) => list.side === side)
  const [consumer, provider] = [listOf('consumer'), listOf('provider')]
  const said = (list: HandedIn | undefined) =>
    list && { count: list.items.length, handedInAt: new Date(list.handedInAtMs).toISOString() }
  const sides = { consumer: said(consumer), provider: said(provider) }
  if (consumer === undefined || provider === undefined) return { ...subject, state: 'waiting', sides }
  return { ...subject, state: 'compared', sides, ...compareLists(consumer.items, provider.items) }
}

export type Reconcile = (request: ReconciliationRequest) => Promise<Reconciled>

/** Takes lists and tells differences: to a consumer under its agreement, to the service's provider; each an exchange. */
export function createReconcile(parts: ReconciliationParts): Reconcile {
  const { ledger, store, now } = parts

  /** By what is in force at this moment. */
  function allow(request: ReconciliationRequest, caller: Consumer, facts: ExchangeFacts): Allowed {
    const authority = parts.authority()
    const { number, registry } = authority
    if (number === undefined) throw unconfirmed()
    facts.registryDigest = registry.digest
    parts.checkStanding(caller, authority)
    const { service: id, purpose, from, until } = request
    const service = registry.services.get(id)
    if (service === undefined) throw new GatewayError('service_unknown')
    facts.provider = service.provider.id
    facts.contractDigest = service.contract.digest
    const side = service.provider.id === caller.id ? 'provider' : 'consumer'
    const consumer = side === 'provider' ? request.consumer : caller.id
    const submissions = [...service.contract.operations.values()].filter(({ kind }) => kind === 'submit')
    if (consumer === undefined) throw new GatewayError('agreement_missing')
    const candidates = service.agreementsOf(consumer)
    let refused: unknown = new GatewayError('agreement_missing')
    for (const operation of submissions) {
      try {
        const particulars = { officer: '-', dossier: '-', procedure: '-', fields: [], isSigned: false }
        const { details } = caller
        const ask = { service: id, operation: operation.id, purpose, ...particulars, details }
        const { agreement } = authorise(candidates, ask, now())
        facts.agreement = agreement.document.id
        facts.agreementDigest = agreement.digest
        facts.legalBases = agreement.document.legalBases
        return { side, subject: { service: id, consumer, from, until }, number }
      } catch (thrown) {
        refused = thrown
      }
    }
    throw refused
  }

  return async (request) => {
    const caller = await parts.authenticate(request.credentials)
    const { exchangeId, receivedAtMs, traceId, service, body, salt, purpose } = request
    const facts: ExchangeFacts = {
      exchangeId,
      receivedAtMs,
      traceId,
      consumer: caller.id,
      binding: caller.binding,
      tokenDigest: caller.tokenDigest,
      service,
      operation: 'reconcile',
      purpose,
      registryDigest: parts.authority().registry.digest,
      request: digestOf(body ?? Buffer.alloc(0), salt),
    }
    let ended: object | GatewayError
    let number: number | undefined
    try {
      ledger.assertAvailable()
      const { side, subject } = allow(request, caller, facts)
      if (body !== undefined) await store.handIn(subject, side, readList(body.toString('utf8')))
      ended = tell(subject, await store.lists(subject))
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    let receipt: Receipt | undefined
    try {
      receipt = await ledger.complete(facts, () => {
        try {
          if (!(ended instanceof Error)) number = allow(request, caller, facts).number
        } catch (thrown) {
          ended = asGatewayError(thrown)
        }
        if (ended instanceof GatewayError) {
          facts.code = ended.code
          facts.answer = undefined
          const outcome = outcomeOf(ended)
          return { outcome, reply: undefined, authority: undefined }
        }
        facts.answer = { ...digestOf(Buffer.from(JSON.stringify(ended)), salt), status: 200 }
        return { outcome: 'delivered', reply: undefined, authority: number }
      })
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    const error = ended instanceof GatewayError ? ended : undefined
    const method = body === undefined ? 'GET' : 'PUT'
    parts.observe(describeEnd(facts, { error, receipt, method, totalMs: now() - receivedAtMs }))
    return { ended, receipt, mayLeave: () => number !== undefined && parts.mayRelease(number) }
  }
}

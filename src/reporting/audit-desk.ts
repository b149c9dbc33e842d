import type { AskedConditions, AuditBodies, ReadAuditBody } from '../contract/audit-requests.ts'
import { parseDisclosure } from '../ledger/disclosure.ts'
import type { KeptPart } from '../ledger/private-part.ts'
import type { ExchangeRecord } from '../ledger/record.ts'
import { ERRORS, type ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { ReadingRight } from '../registry/readers.ts'
import {
  type AuditConditions,
  type AuditEntry,
  type AuditStore,
  DIMENSIONS,
  type Dimension,
  type TimeSpan,
} from './audit-query.ts'
import type { Answered, Asked, ReadingWork } from './reading.ts'

/** An entry as readers get it. */
export interface ShownEntry {
  readonly leafIndex: number
  readonly leafHash: string
  readonly receivedAt: string
  readonly recordedAt: string
  /** Where the proof of the record is served. */
  readonly proof: string
  readonly record: Partial<ExchangeRecord>
  readonly private?: ShownPrivate
}

/** The private part of a record as readers get it who may see it and asked for it. */
export type ShownPrivate =
  | {
      readonly officer?: string
      readonly dossier?: string
      /** Why the officer asked, in the officer's words. */
      readonly note?: string
      /** Keyed tag of the person: the same in all records of one month about one person. */
      readonly subjectTag?: string
      /** Of a batch: digest of the tags of everybody it asked about. */
      readonly subjects?: string
      /** What the digests in the record are of (RFC 9901 §4.2). */
      readonly disclosures: readonly string[]
    }
  | {
      readonly erased: true
      /** The erasure's own record in the log. */
      readonly erasedBy?: string
    }

/** What the log is read with; `entries` walks all matches, a page at a time. */
export interface ExportWork extends Answered {
  readonly format: 'csv' | 'xlsx' | 'ndjson'
  readonly treeSize: number
  readonly query: Readonly<Record<string, unknown>>
  readonly pages: AsyncIterable<readonly ShownEntry[]>
}

const EXPORT_PAGE = 500

/** A token's digest links the exchanges of one session: a role that sees no officers gets the record without it. */
function showRecord(record: ExchangeRecord, { rights }: ReadingRight): Partial<ExchangeRecord> {
  if (rights.privatePart) return record
  const { token, ...rest } = record
  return rest
}

export function showPrivate(part: KeptPart): ShownPrivate {
  if (!('disclosures' in part)) {
    return { erased: true, ...(part.erasedBy !== undefined && { erasedBy: part.erasedBy }) }
  }
  const { disclosures } = part
  const values = disclosures.flatMap((each) => {
    const disclosed = parseDisclosure(each)
    return disclosed === undefined ? [] : [[disclosed.name, disclosed.value]]
  })
  return { ...Object.fromEntries(values), disclosures }
}

/** Only a role that may see them gets private parts, and only where they were asked for. */
function mayDisclose(asked: boolean | undefined, { rights }: ReadingRight): boolean {
  if (asked === true && !rights.privatePart) throw new GatewayError('reading_denied')
  return asked === true
}

export function showEntry(
  { leafIndex, leafHash, record, privatePart }: AuditEntry,
  right: ReadingRight,
): ShownEntry {
  return {
    ...(privatePart && right.rights.privatePart && { private: showPrivate(privatePart) }),
    leafIndex: Number(leafIndex),
    leafHash,
    receivedAt: new Date(record.receivedAt).toISOString(),
    recordedAt: new Date(record.at).toISOString(),
    proof: `/log/proof/${record.exchange}`,
    record: showRecord(record, right),
  }
}

function instantOf(text: string | undefined, pointer: string): Date | undefined {
  if (text === undefined) return undefined
  const instant = new Date(text)
  if (!Number.isNaN(instant.getTime())) return instant
  const detail = { vi: 'Không phải thời điểm có thật.', en: 'There is no such time.' }
  throw new GatewayError('request_invalid', { errors: [{ pointer, rule: 'instant', detail }] })
}

function spanOf({ since, until }: AskedConditions): TimeSpan {
  return { since: instantOf(since, '/since'), until: instantOf(until, '/until') }
}

function codeOf(code: string | undefined): ErrorCode | undefined {
  if (code === undefined || Object.hasOwn(ERRORS, code)) return code as ErrorCode | undefined
  const detail = { vi: 'Không có mã lỗi này.', en: 'There is no such error code.' }
  throw new GatewayError('request_invalid', { errors: [{ pointer: '/code', rule: 'enum', detail }] })
}

/** What goes into the record of the reading: the conditions, and by what kind of identifier, never which. */
function askedOf(body: AskedConditions & { readonly cursor?: string }): Asked {
  const { subject, officer, dossier, cursor, ...conditions } = body
  for (const kind of ['subject', 'officer', 'dossier'] as const) {
    const value = body[kind]
    if (value !== undefined) return { query: { ...conditions, by: kind }, identifier: { kind, value } }
  }
  return { query: conditions, identifier: undefined }
}

function askedDimensions(by: readonly string[] | undefined): readonly Dimension[] {
  return DIMENSIONS.filter((dimension) => by?.includes(dimension))
}

/** A person, officer or dossier has another tag in each month; the store knows the months' keys. */
async function conditionsFor(
  store: AuditStore,
  body: AskedConditions,
  right: ReadingRight,
): Promise<AuditConditions> {
  const { consumer, provider, service, operation, outcome, agreement, purpose, exchange } = body
  const span = spanOf(body)
  const { identifier } = askedOf(body)
  return {
    ...span,
    consumer,
    provider,
    service,
    operation,
    outcome,
    agreement,
    purpose,
    exchange,
    exchangesOnly: body.exchangesOnly,
    ...(body.trace !== undefined && { leaves: await store.leavesOf(body.trace) }),
    code: codeOf(body.code),
    parties: right.parties,
    ...(identifier && {
      tagged: {
        kind: identifier.kind,
        tags: await store.tagsOf(identifier.kind, identifier.value, span),
      },
    }),
  }
}

/** A page of a search. */
export interface SearchAnswer extends Answered {
  readonly json: {
    readonly records: readonly ShownEntry[]
    /** The last exchange of this page, where there are earlier ones. */
    readonly next: string | undefined
    /** Asked for only. */
    readonly total: number | undefined
  }
}

/** One exchange's whole life. */
export interface LifeAnswer extends Answered {
  readonly json: {
    readonly entry: ShownEntry
    readonly stages: readonly { readonly stage: string; readonly ms: number }[]
    readonly totalMs: number
    readonly registry: { readonly digest: string; readonly version?: number; readonly appliedAt?: Date }
    /** The text of the agreement (or, of an audit, the reader's right) as it was then. */
    readonly agreement: unknown
  }
}

/** What readers of the log can ask for. */
export interface AuditDesk {
  search(json: unknown): ReadingWork<SearchAnswer>
  count(json: unknown): ReadingWork<Answered>
  exchange(id: string): ReadingWork<LifeAnswer>
  export(json: unknown): ReadingWork<ExportWork>
}

function createSearch(store: AuditStore, readBody: ReadAuditBody): AuditDesk['search'] {
  return (json) => {
    let body: AuditBodies['Search'] = {}
    return {
      ask() {
        body = readBody('Search', json)
        return askedOf(body)
      },
      async answer(right) {
        const conditions = await conditionsFor(store, body, right)
        const { entries, more } = await store.search({
          ...conditions,
          before: body.cursor,
          limit: body.limit ?? 50,
          discloses: mayDisclose(body.private, right),
        })
        const total =
          body.total === true
            ? (await store.count(conditions, [])).reduce((sum, { count }) => sum + count, 0)
            : undefined
        const next = more ? entries.at(-1)?.record.exchange : undefined
        return {
          found: entries.length,
          json: { records: entries.map((entry) => showEntry(entry, right)), next, total },
        }
      },
    }
  }
}

function createCount(store: AuditStore, readBody: ReadAuditBody): AuditDesk['count'] {
  return (json) => {
    let body: AuditBodies['Count'] = {}
    return {
      ask() {
        body = readBody('Count', json)
        return askedOf(body)
      },
      async answer(right) {
        const by = askedDimensions(body.by)
        const groups = await store.count(await conditionsFor(store, body, right), by)
        const total = groups.reduce((sum, { count }) => sum + count, 0)
        return { found: total, json: { total, by, groups: by.length === 0 ? [] : groups } }
      },
    }
  }
}

/** What the time of an exchange went to; the parts are its whole time. */
function stagesOf(
  { askedMs, providerMs }: ExchangeRecord,
  totalMs: number,
): readonly { readonly stage: string; readonly ms: number }[] {
  if (providerMs === undefined) return [{ stage: 'gateway', ms: totalMs }]
  const provider = Math.min(providerMs, totalMs)
  const before = Math.min(askedMs ?? 0, totalMs - provider)
  return [
    { stage: 'before_provider', ms: before },
    { stage: 'provider', ms: provider },
    { stage: 'after_provider', ms: totalMs - provider - before },
  ]
}

function createLife(store: AuditStore): AuditDesk['exchange'] {
  return (id) => ({
    ask: () => ({ query: { exchange: id }, identifier: undefined }),
    async answer(right) {
      const { entries } = await store.search({
        exchange: id,
        parties: right.parties,
        limit: 1,
        discloses: right.rights.privatePart,
      })
      const [entry] = entries
      if (entry === undefined) throw new GatewayError('exchange_unknown')
      const { record } = entry
      const { registry, agreement } = await store.judgedUnder(record)
      const totalMs = Math.max(record.at - record.receivedAt, 0)
      return {
        found: 1,
        json: {
          entry: showEntry(entry, right),
          stages: stagesOf(record, totalMs),
          totalMs,
          registry: { digest: record.registry, ...registry },
          agreement: agreement ?? undefined,
        },
      }
    },
  })
}

function createExport(store: AuditStore, readBody: ReadAuditBody): AuditDesk['export'] {
  async function* walk(conditions: AuditConditions & { discloses: boolean }, right: ReadingRight) {
    for (let before: string | undefined; ; ) {
      const { entries, more } = await store.search({ ...conditions, before, limit: EXPORT_PAGE })
      if (entries.length > 0) yield entries.map((entry) => showEntry(entry, right))
      if (!more) return
      before = entries.at(-1)?.record.exchange
    }
  }

  return (json) => {
    let body: AuditBodies['Export'] = { format: 'ndjson' }
    return {
      ask() {
        body = readBody('Export', json)
        return askedOf(body)
      },
      async answer(right) {
        const discloses = mayDisclose(body.private, right)
        const treeSize = await store.treeSize()
        const asked = await conditionsFor(store, body, right)
        const groups = await store.count(asked, [])
        const conditions = { ...asked, treeSize, discloses }
        return {
          found: groups.reduce((sum, { count }) => sum + count, 0),
          json: undefined,
          format: body.format,
          treeSize,
          query: askedOf(body).query,
          pages: walk(conditions, right),
        }
      },
    }
  }
}

/** Searching, counting, one exchange's whole life, exports: each as work for `createReadings`. */
export function createAuditDesk(store: AuditStore, readBody: ReadAuditBody): AuditDesk {
  return {
    search: createSearch(store, readBody),
    count: createCount(store, readBody),
    exchange: createLife(store),
    export: createExport(store, readBody),
  }
}

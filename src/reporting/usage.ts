import type { AuditBodies, ReadAuditBody } from '../contract/audit-requests.ts'
import { parseDisclosure } from '../ledger/disclosure.ts'
import type { KeptPart } from '../ledger/private-part.ts'
import type { ExchangeRecord } from '../ledger/record.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { AuditStore, MonthTag, TimeSpan } from './audit-query.ts'
import { createNames, purposeName } from './names.ts'
import type { Answered, ReadingWork } from './reading.ts'

/** Exchanges a person is not told of yet: an agreement's (or a right to read's), after an instant. */
export interface Withheld {
  readonly agreement: string
  /** All purposes where absent. */
  readonly purposes: readonly string[] | undefined
  /** Younger ones are not told. */
  readonly after: Date
}

/** What was used of one person's data. */
export interface UsageQuery extends TimeSpan {
  readonly tags: readonly MonthTag[]
  readonly withheld: readonly Withheld[]
  readonly offset: number
  readonly limit: number
}

/** A record of a use of one person's data. */
export interface UsedRecord {
  readonly record: ExchangeRecord
  /** Of its private part, the person's own alone is shown. */
  readonly part: KeptPart | undefined
}

export interface UsageStore {
  usages(query: UsageQuery): Promise<{ readonly total: number; readonly records: readonly UsedRecord[] }>
  /** Delays of every version of every agreement and right to read: to repeal one does not end its delay. */
  delays(): Promise<
    readonly {
      readonly agreement: string
      readonly purposes: readonly string[] | undefined
      readonly days: number
    }[]
  >
  /** Receipt of the oldest exchange of a month that persons can still be found in. */
  firstInstant(): Promise<Date | undefined>
}

interface UsageParts {
  readonly store: UsageStore & Pick<AuditStore, 'tagsOf'>
  readonly readBody: ReadAuditBody
  readonly registry: () => Registry
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The Data Tracker's questions, for a citizens' portal: only the person's own part. */
export interface UsageDesk {
  findUsage(json: unknown): ReadingWork<Answered>
  usagePeriod(): ReadingWork<Answered>
  heartbeat(): ReadingWork<Answered>
}

const DAY_MS = 86_400_000
const NOTHING_ASKED = { query: {}, identifier: undefined } as const

function dateOf(text: string | undefined): Date | undefined {
  const instant = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(instant) ? undefined : new Date(instant)
}

/** One line of the list: who, when, what for. Nobody else's part of the exchange stands in it. */
function showUsage({ record, part }: UsedRecord, registry: Registry): Record<string, string> {
  const id = record.consumer as SubsystemId
  const [code = ''] = record.consumer.split('/')
  const { operation = '', purpose } = record
  const names = createNames(registry)
  const own = part !== undefined && 'disclosures' in part ? part.disclosures : []
  const disclosure = own.find((each) => parseDisclosure(each)?.name === 'subjectTag')
  const isOwn = !registry.services.has(record.service as never)
  const done = isOwn ? names.service(record.service).vi : names.operation(record.service, operation).vi
  return {
    logtime: new Date(record.receivedAt).toISOString(),
    action: purpose === undefined ? done : `${done} (${purposeName(purpose).vi})`,
    receiverCode: code,
    receiverName: names.agency(code).vi,
    receiverSystem: registry.subsystems.get(id)?.name.vi ?? record.consumer,
    exchange: record.exchange,
    proof: `/log/proof/${record.exchange}`,
    ...(disclosure !== undefined && { disclosure }),
  }
}

/**
 * Estonia's Data Tracker interface (findUsage, usagePeriod, heartbeat of its version 2.1), but that the person's
 * identifier comes in a body, since addresses are logged everywhere.
 */
export function createUsageDesk({ store, readBody, registry, now }: UsageParts): UsageDesk {
  return {
    findUsage(json) {
      let body: AuditBodies['UsageQuery'] = { userCode: '' }
      return {
        ask() {
          body = readBody('UsageQuery', json)
          const { userCode, ...query } = body
          return { query: { ...query, by: 'subject' }, identifier: { kind: 'subject', value: userCode } }
        },
        async answer() {
          const span = { since: dateOf(body.periodStart), until: dateOf(body.periodEnd) }
          const delays = await store.delays()
          const { total, records } = await store.usages({
            ...span,
            tags: await store.tagsOf('subject', body.userCode, span),
            withheld: delays.map(({ agreement, purposes, days }) => ({
              agreement,
              purposes,
              after: new Date(now() - days * DAY_MS),
            })),
            offset: body.offset ?? 0,
            limit: body.limit ?? 1000,
          })
          const current = registry()
          return {
            found: records.length,
            json: { totalUsages: total, usages: records.map((record) => showUsage(record, current)) },
          }
        },
      }
    },
    usagePeriod: () => ({
      ask: () => NOTHING_ASKED,
      async answer() {
        const first = await store.firstInstant()
        const periodEnd = new Date(now()).toISOString()
        return { found: 0, json: { ...(first && { periodStart: first.toISOString() }), periodEnd } }
      },
    }),
    heartbeat: () => ({
      ask: () => NOTHING_ASKED,
      answer: async () => ({ found: 0, json: { status: 'OK', systemTime: new Date(now()).toISOString() } }),
    }),
  }
}

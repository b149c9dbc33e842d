import type { ExchangeRecord } from '../ledger/record.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual, ServiceId, SubsystemId } from '../model/identifier.ts'
import type { ReadingRight } from '../registry/readers.ts'
import type { Registry } from '../registry/snapshot.ts'
import { serviceCodeOf, type XroadNames } from '../registry/xroad-names.ts'
import {
  OPERATIONAL_FIELDS,
  type OperationalField,
  type OperationalGround,
  type OperationalRecord,
  toOperationalRecord,
} from './operational-data.ts'
import type { Answered, ReadingWork } from './reading.ts'

/** Which records of the log are read; its order is that of their times. */
export interface OperationalQuery {
  /** Unix seconds. */
  readonly fromSeconds: number
  /** First second that no longer belongs. */
  readonly untilSeconds: number
  readonly provider: SubsystemId | undefined
  /** Only what one of these asked or answered. */
  readonly parties: readonly string[] | undefined
  readonly limit: number | undefined
}

/** Population statistics of what succeeded. */
interface Spread {
  readonly min: number
  readonly average: number
  readonly max: number
  readonly deviation: number
}

/** How a service has fared. */
export interface ServiceEvents {
  readonly service: string
  readonly lastSuccessful: Date | undefined
  readonly lastUnsuccessful: Date | undefined
  readonly successful: number
  readonly unsuccessful: number
  /** Milliseconds. */
  readonly duration: Spread | undefined
  /** Bytes. */
  readonly requestSize: Spread | undefined
  readonly responseSize: Spread | undefined
}

export interface OperationalStore {
  /** Oldest first. */
  records(query: OperationalQuery): Promise<readonly ExchangeRecord[]>
  /** Of each of the services, in their order by name. */
  health(since: Date, services: readonly string[]): Promise<readonly ServiceEvents[]>
}

interface OperationalParts {
  readonly store: OperationalStore
  readonly registry: () => Registry
  readonly namesOf: (registry: Registry) => XroadNames
  /** What does not change from record to record. */
  readonly ground: () => Omit<OperationalGround, 'registry' | 'names'>
  /** Unix milliseconds. */
  readonly now: () => number
  /** When this process began, Unix milliseconds. */
  readonly startedAtMs: number
}

/** X-Road's operational monitoring (PR-OPMON), asked for in a query string. */
export interface OperationalDesk {
  operationalData(query: URLSearchParams): ReadingWork<Answered>
  healthData(query: URLSearchParams): ReadingWork<Answered>
}

/** Records of one answer, but for those of the last one's second, which all come with it. */
export const MAX_RECORDS = 1000
/** A record of an earlier second can no longer come into the log: no append takes as long. */
export const AVAILABLE_AFTER_SECONDS = 15
/** Health data counts the exchanges of so long. */
export const STATISTICS_SECONDS = 60

function refuse(pointer: string, rule: string, detail: Bilingual): never {
  throw new GatewayError('request_invalid', { errors: [{ pointer, rule, detail }] })
}

function readSeconds(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (/^\d{1,11}$/.test(text)) return Number(text)
  refuse(`/${name}`, text === '' ? 'required' : 'type', {
    vi: `${name} là số giây Unix.`,
    en: `${name} is a number of Unix seconds.`,
  })
}

function readFields(query: URLSearchParams): ReadonlySet<OperationalField> {
  const asked = query.getAll('outputField')
  const known = OPERATIONAL_FIELDS.filter((field) => asked.includes(field))
  if (known.length === new Set(asked).size) return new Set(asked.length === 0 ? OPERATIONAL_FIELDS : known)
  refuse('/outputField', 'enum', {
    vi: 'Không có trường này trong bản ghi vận hành.',
    en: 'The operational data record has no such field.',
  })
}

/** @param client `I/C/M/S` of a provider, as X-Road filters by it. */
function readProvider(query: URLSearchParams, names: XroadNames): SubsystemId | undefined {
  const client = query.get('client')
  if (client === null) return undefined
  const [instance = '', memberClass = '', member = '', subsystem = '', ...rest] = client.split('/')
  const id = rest.length === 0 ? names.subsystemId([instance, memberClass, member, subsystem]) : undefined
  if (id !== undefined) return id
  refuse('/client', 'unknown', {
    vi: 'client không phải hệ thống đã đăng ký (instance/lớp/mã/hệ thống).',
    en: 'client is no registered subsystem (instance/class/member/subsystem).',
  })
}

function only(record: OperationalRecord, fields: ReadonlySet<OperationalField>): Partial<OperationalRecord> {
  if (fields.size === OPERATIONAL_FIELDS.length) return record
  return Object.fromEntries(Object.entries(record).filter(([name]) => fields.has(name as OperationalField)))
}

const secondOf = (record: ExchangeRecord | undefined) => Math.floor((record?.at ?? 0) / 1000)

/**
 * X-Road's paging: at most so many records, with all others of the last one's second, so that the next page begins
 * with the second after it (PR-OPMON 2, `nextRecordsFrom`).
 */
async function readPage(
  store: OperationalStore,
  query: Omit<OperationalQuery, 'limit'>,
  maxRecords: number,
): Promise<{ readonly records: readonly ExchangeRecord[]; readonly next: number | undefined }> {
  const page = await store.records({ ...query, limit: maxRecords })
  if (page.length < maxRecords) return { records: page, next: undefined }
  const last = secondOf(page.at(-1))
  const whole = await store.records({
    ...query,
    fromSeconds: last,
    untilSeconds: last + 1,
    limit: undefined,
  })
  const records = [...page.filter((record) => secondOf(record) < last), ...whole]
  const rest = await store.records({ ...query, fromSeconds: last + 1, limit: 1 })
  return { records, next: rest.length > 0 ? last + 1 : undefined }
}

function statisticsOf({ successful, unsuccessful, duration, requestSize, responseSize }: ServiceEvents) {
  const shown = (prefix: string, unit: string, spread: Spread | undefined) =>
    spread && {
      [`${prefix}Min${unit}`]: spread.min,
      [`${prefix}Average${unit}`]: spread.average,
      [`${prefix}Max${unit}`]: spread.max,
      [`${prefix}${unit}StdDev`]: spread.deviation,
    }
  return {
    successfulRequestCount: successful,
    unsuccessfulRequestCount: unsuccessful,
    ...shown('request', 'Duration', duration),
    ...shown('request', 'Size', requestSize),
    ...shown('response', 'Size', responseSize),
  }
}

/** @param maxRecords of one page. */
export function createOperationalDesk(parts: OperationalParts, maxRecords = MAX_RECORDS): OperationalDesk {
  const { store, now } = parts
  const nowSeconds = () => Math.floor(now() / 1000)

  function groundFor({ rights }: ReadingRight): OperationalGround {
    const registry = parts.registry()
    const ground = parts.ground()
    // X-Road tells a server's own address to its owner and to central monitoring alone.
    const internalIp = rights.scope === 'all' ? ground.internalIp : undefined
    return { ...ground, internalIp, registry, names: parts.namesOf(registry) }
  }

  function operationalData(query: URLSearchParams): ReadingWork<Answered> {
    let from = 0
    let to = 0
    let provider: SubsystemId | undefined
    let fields: ReadonlySet<OperationalField> = new Set()
    return {
      ask() {
        from = readSeconds(query, 'recordsFrom')
        to = readSeconds(query, 'recordsTo')
        fields = readFields(query)
        provider = readProvider(query, parts.namesOf(parts.registry()))
        if (to < from)
          refuse('/recordsTo', 'minimum', {
            vi: 'recordsTo sớm hơn recordsFrom.',
            en: 'recordsTo is earlier than recordsFrom.',
          })
        if (from >= nowSeconds() - AVAILABLE_AFTER_SECONDS)
          refuse('/recordsFrom', 'maximum', {
            vi: 'Chưa có bản ghi từ lúc ấy.',
            en: 'Records are not available from then yet.',
          })
        return {
          query: { recordsFrom: from, recordsTo: to, ...(provider !== undefined && { provider }) },
          identifier: undefined,
        }
      },
      async answer(right) {
        const availableBefore = nowSeconds() - AVAILABLE_AFTER_SECONDS
        const untilSeconds = Math.min(to + 1, availableBefore)
        const asked = { fromSeconds: from, untilSeconds, provider, parties: right.parties }
        const { records, next } = await readPage(store, asked, maxRecords)
        const ground = groundFor(right)
        return {
          found: records.length,
          json: {
            recordsCount: records.length,
            records: records.map((record) => only(toOperationalRecord(record, ground), fields)),
            nextRecordsFrom: next ?? (to >= availableBefore ? availableBefore : undefined),
          },
        }
      },
    }
  }

  function healthData(query: URLSearchParams): ReadingWork<Answered> {
    let provider: SubsystemId | undefined
    return {
      ask() {
        provider = readProvider(query, parts.namesOf(parts.registry()))
        return { query: provider === undefined ? {} : { provider }, identifier: undefined }
      },
      async answer(right) {
        const { registry, names } = groundFor(right)
        const services = [...registry.services.values()].filter(
          ({ document, provider: { id } }) =>
            document.state === 'active' &&
            (provider === undefined || id === provider) &&
            (right.parties === undefined || right.parties.includes(id)),
        )
        const byId = new Map(services.map((service) => [service.document.id as string, service]))
        const since = new Date(now() - STATISTICS_SECONDS * 1000)
        const events = await store.health(since, [...byId.keys()])
        return {
          found: events.length,
          json: {
            monitoringStartupTimestamp: parts.startedAtMs,
            statisticsPeriodSeconds: STATISTICS_SECONDS,
            servicesEvents: events.map((each) => {
              const service = byId.get(each.service)
              const name = service && names.nameOf(service.provider.id)
              return {
                service: [...(name ?? []), serviceCodeOf(each.service as ServiceId)].join('/'),
                lastSuccessfulRequestTimestamp: each.lastSuccessful?.getTime(),
                lastUnsuccessfulRequestTimestamp: each.lastUnsuccessful?.getTime(),
                serviceType: service?.contract.isOpaque === true ? 'REST' : 'OPENAPI3',
                lastPeriodStatistics: statisticsOf(each),
              }
            }),
          },
        }
      },
    }
  }

  return { operationalData, healthData }
}

import { authorise } from '../exchange/authorise.ts'
import type { Authenticate } from '../identity/authenticate.ts'
import type { CheckStanding } from '../identity/standing.ts'
import type { ResolveUnit, UnitResolution } from '../model/administrative-unit.ts'
import { dayOf } from '../model/calendar.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { Consumer, Credentials } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'
import type { Appended, BulkAsk, BulkCounts, BulkJob, BulkStore } from './bulk.ts'
import type { BulkFormat } from './bulk-lines.ts'
import { ERROR_GROUPS, type QualityWeights, qualityOf } from './data-quality.ts'
import { assertRulesStand, type OrderedSet } from './ordered-set.ts'
import type { MakePackage, Package, PackageGround } from './package.ts'

export interface BulkDeskParts {
  readonly store: BulkStore
  readonly authenticate: Authenticate
  readonly checkStanding: CheckStanding
  readonly authority: () => Authority
  readonly mayRelease: (authority: number) => boolean
  readonly now: () => number
  readonly newId: (nowMs: number) => string
  readonly maxBytes: number
  readonly weights: QualityWeights
  readonly makePackage: MakePackage
}

type Asked = Omit<BulkAsk, 'format' | 'sizeBytes' | 'staleAfterDays' | 'unitsAsOf'>

/** What the header fields of a request for a job say, as at an exchange. */
export type Particulars = Pick<BulkAsk, 'dossier' | 'procedure' | 'officer'> & { readonly purpose: string }

export type BulkAction = 'pause' | 'resume' | 'cancel'

/** What consumers do with their bulk jobs. Another's job is one that does not exist. */
export interface BulkDesk {
  authenticate(credentials: Credentials): Promise<Consumer>
  create(consumer: Consumer, json: unknown, particulars: Particulars): Promise<BulkJob>
  list(consumer: Consumer): Promise<readonly BulkJob[]>
  find(consumer: Consumer, id: string): Promise<BulkJob>
  append(consumer: Consumer, id: string, offset: number, piece: readonly Buffer[]): Promise<Appended>
  act(consumer: Consumer, id: string, action: BulkAction): Promise<BulkJob>
  report(consumer: Consumer, id: string): Promise<object>
  /** Results so far; only while the consumer may still ask for them. */
  results(consumer: Consumer, id: string): Promise<AsyncIterable<Buffer>>
  /** Results of a finished job, sealed for hand-over; each call is an exchange. */
  package(consumer: Consumer, id: string): Promise<Package>
}

const DEFAULT_STALE_DAYS = 365
const DAY = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const FORMATS: readonly BulkFormat[] = ['ndjson', 'csv']

function violation(pointer: string, vi: string, en: string): Violation {
  return { pointer, rule: 'format', detail: { vi, en } }
}

function invalid(...errors: readonly Violation[]): GatewayError {
  return new GatewayError('request_invalid', { errors })
}

interface Wanted {
  readonly service: BulkAsk['service']
  readonly operation: string
  readonly format: BulkFormat
  readonly sizeBytes: number
  readonly staleAfterDays: number
  readonly unitsAsOf: string | undefined
  /** Of a set that leaves anonymised, in place of a file. */
  readonly scope?: OrderedSet['scope']
}

/** Only its form: whether there is such a service is looked at with everything else. */
function isServiceId(value: unknown): value is ServiceId {
  return typeof value === 'string' && value.length <= 200 && value.split('/').length === 4
}

/** An order of a set: what is wanted of it stands in its `scope`. */
function readOrder(body: Readonly<Record<string, unknown>>): Wanted {
  const { service, operation, scope } = body
  const id = isServiceId(service) ? service : undefined
  const isScope = typeof scope === 'object' && scope !== null && !Array.isArray(scope)
  const errors = [
    ...(id ? [] : [violation('/service', 'Không phải mã dịch vụ.', 'It is no id of a service.')]),
    ...(typeof operation === 'string' ? [] : [violation('/operation', 'Thiếu thao tác.', 'It is missing.')]),
    ...(isScope ? [] : [violation('/scope', 'Phải là đối tượng.', 'It has to be an object.')]),
  ]
  if (errors.length > 0 || id === undefined) throw invalid(...errors)
  return {
    service: id,
    operation: String(operation),
    format: 'ndjson',
    sizeBytes: 0,
    staleAfterDays: DEFAULT_STALE_DAYS,
    unitsAsOf: undefined,
    scope: { ...Object(scope) },
  }
}

function readWanted(json: unknown, maxBytes: number): Wanted {
  const body: Readonly<Record<string, unknown>> = typeof json === 'object' && json !== null ? { ...json } : {}
  if (body['scope'] !== undefined) return readOrder(body)
  const { service, operation, format, sizeBytes, staleAfterDays = DEFAULT_STALE_DAYS, unitsAsOf } = body
  const id = isServiceId(service) ? service : undefined
  const known = FORMATS.find((each) => each === format)
  const size = Number.isSafeInteger(sizeBytes) ? Number(sizeBytes) : 0
  const days = Number.isSafeInteger(staleAfterDays) ? Number(staleAfterDays) : 0
  if (size > maxBytes) {
    throw new GatewayError('body_too_large', {
      detail: { vi: `Nhiều nhất ${maxBytes} byte.`, en: `At most ${maxBytes} bytes.` },
    })
  }
  const errors = [
    ...(id ? [] : [violation('/service', 'Không phải mã dịch vụ.', 'It is no id of a service.')]),
    ...(typeof operation === 'string' ? [] : [violation('/operation', 'Thiếu thao tác.', 'It is missing.')]),
    ...(known ? [] : [violation('/format', 'ndjson hoặc csv.', 'ndjson or csv.')]),
    ...(size > 0 ? [] : [violation('/sizeBytes', 'Số byte của tệp.', 'The bytes of the file.')]),
    ...(days > 0 && days <= 36_500
      ? []
      : [violation('/staleAfterDays', 'Số ngày, từ 1.', 'Days, 1 or more.')]),
    ...(unitsAsOf === undefined || (typeof unitsAsOf === 'string' && DAY.test(unitsAsOf))
      ? []
      : [violation('/unitsAsOf', 'Ngày yyyy-mm-dd.', 'A day yyyy-mm-dd.')]),
  ]
  if (errors.length > 0 || id === undefined || known === undefined) throw invalid(...errors)
  const asOf = unitsAsOf === undefined ? undefined : String(unitsAsOf)
  const wanted = { service: id, operation: String(operation), format: known, sizeBytes: size }
  return { ...wanted, staleAfterDays: days, unitsAsOf: asOf }
}

export function createBulkDesk(parts: BulkDeskParts): BulkDesk {
  const { store, now } = parts

  /** What an exchange of the job would be allowed by at this moment. */
  function assertAllowed(consumer: Consumer, ask: Asked): PackageGround {
    const authority = parts.authority()
    const { number, registry } = authority
    if (number === undefined || !parts.mayRelease(number)) {
      throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    }
    parts.checkStanding(consumer, authority)
    const service = registry.services.get(ask.service)
    if (service === undefined || service.document.state !== 'active')
      throw new GatewayError('service_unknown')
    const operation = service.contract.operations.get(ask.operation)
    if (operation === undefined) throw new GatewayError('operation_unknown')
    if (operation.batch === undefined && operation.anonymised === undefined) {
      throw new GatewayError('batch_unsupported')
    }
    if (operation.anonymised !== undefined && ask.set === undefined) throw new GatewayError('package_only')
    const { purpose, officer, dossier, procedure } = ask
    const details = consumer.details
    const what = { service: ask.service, operation: operation.id, fields: undefined, isSigned: false }
    const authorisation = authorise(
      service.agreementsOf(consumer.id),
      { ...what, purpose, officer, dossier, procedure, details },
      now(),
    )
    if (ask.set !== undefined) {
      assertRulesStand(service, ask, ask.set)
      // Of narrower packages side by side more could be learnt than of the one that was agreed.
      if (authorisation.fields !== authorisation.grant.fields) throw new GatewayError('token_too_narrow')
    }
    return { registry, number, service, authorisation }
  }

  /** The set that is ordered, with the rules of the contract in force; none of one that is not known. */
  function orderOf({ service, operation, scope }: Wanted): Pick<BulkAsk, 'set'> {
    if (scope === undefined) return {}
    const { contract } = parts.authority().registry.services.get(service) ?? {}
    const known = contract?.operations.get(operation)
    if (known === undefined) return {}
    if (known.anonymised === undefined) {
      throw invalid(violation('/scope', 'Thao tác này không phải tập ẩn danh.', 'It is no anonymised set.'))
    }
    const body = { ...scope, from: 0, most: known.anonymised.pageSize }
    known.checkRequest({ pathParameters: {}, query: undefined, body })
    return { set: { scope, rules: known.anonymised } }
  }

  async function find(consumer: Consumer, id: string): Promise<BulkJob> {
    const job = await store.find(id)
    if (job?.ask.consumer.id !== consumer.id) throw new GatewayError('job_unknown')
    return job
  }

  return {
    async authenticate(credentials) {
      const consumer = await parts.authenticate(credentials)
      parts.checkStanding(consumer, parts.authority())
      return consumer
    },
    async create(consumer, json, particulars) {
      const wanted = readWanted(json, parts.maxBytes)
      const { scope, ...rest } = wanted
      const ask: BulkAsk = { consumer, ...rest, ...particulars, ...orderOf(wanted) }
      assertAllowed(consumer, ask)
      const id = parts.newId(now())
      await store.create(id, ask)
      // There is no file to wait for.
      if (ask.set !== undefined) await store.append(id, 0, [])
      return find(consumer, id)
    },
    list: (consumer) => store.list(consumer.id),
    find,
    async append(consumer, id, offset, piece) {
      await find(consumer, id)
      const appended = await store.append(id, offset, piece)
      if (appended === undefined) throw new GatewayError('job_unknown')
      return appended
    },
    async act(consumer, id, action) {
      const { ask } = await find(consumer, id)
      // Whoever wants to go on has to be allowed to, now.
      if (action === 'resume') assertAllowed(consumer, ask)
      if (!(await store[action](id))) throw new GatewayError('job_state_unfit')
      return find(consumer, id)
    },
    async report(consumer, id) {
      const job = await find(consumer, id)
      if (job.ask.set !== undefined) throw new GatewayError('package_only')
      const { resolveUnit } = parts.authority().registry
      return describeReport(job, await store.counts(id), parts.weights, resolveUnit)
    },
    async results(consumer, id) {
      const job = await find(consumer, id)
      if (job.ask.set !== undefined) throw new GatewayError('package_only')
      // The consumer of now: its token may be narrower than the one the job was made with.
      assertAllowed(consumer, job.ask)
      return store.results(id)
    },
    async package(consumer, id) {
      const job = await find(consumer, id)
      if (job.state !== 'done') throw new GatewayError('job_state_unfit')
      return parts.makePackage(consumer, job, () => assertAllowed(consumer, job.ask))
    },
  }
}

/** A job as its consumer sees it. */
export function describeJob(job: BulkJob): object {
  const { ask } = job
  return {
    id: job.id,
    state: job.state,
    ...(job.code !== undefined && { code: job.code }),
    service: ask.service,
    operation: ask.operation,
    purpose: ask.purpose,
    ...(ask.set ? { scope: ask.set.scope } : { format: ask.format, sizeBytes: ask.sizeBytes }),
    receivedBytes: job.receivedBytes,
    records: job.records,
    exchanges: job.exchanges,
    createdAt: job.createdAt.toISOString(),
    ...(job.finishedAt !== undefined && { finishedAt: job.finishedAt.toISOString() }),
    expiresAt: job.expiresAt.toISOString(),
  }
}

/** What a unit is called, and what of today it may be where it is another now. */
function todayOf({ code, resolution, candidates }: UnitResolution): object {
  const [first, ...more] = candidates
  if (first === undefined) return {}
  if (more.length === 0 && first.code === code && first.part === undefined) return { name: first.name }
  return { today: { resolution, candidates } }
}

function describeReport(
  job: BulkJob,
  { total, fields, units }: BulkCounts,
  weights: QualityWeights,
  resolveUnit: ResolveUnit,
): object {
  const unitsAsOf = job.ask.unitsAsOf ?? dayOf(job.createdAt.getTime())
  const { total: _records, ...named } = {
    total: total.records,
    outcomes: total.outcomes,
    groups: total.groups,
  }
  return {
    job: job.id,
    state: job.state,
    records: total.records,
    ...named,
    groupTitles: ERROR_GROUPS,
    fields,
    quality: qualityOf(total, weights),
    units: Object.fromEntries(
      Object.entries(units).map(([unit, tally]) => [
        unit,
        {
          records: tally.records,
          outcomes: tally.outcomes,
          groups: tally.groups,
          quality: qualityOf(tally, weights)?.index,
          ...todayOf(resolveUnit(unit, unitsAsOf)),
        },
      ]),
    ),
  }
}

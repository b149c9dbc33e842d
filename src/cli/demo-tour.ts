import type { OperationDescription } from '../contract/openapi.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { AuditEntry } from '../reporting/audit-query.ts'
import type { CallAnswer } from './client.ts'
import { isMembers } from './consumer-reply.ts'
import { quantileOf, type Readings, readMetrics, type Sample, sumOf } from './demo-metrics.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'
import { type DemoCase, type DemoStep, planSteady, planSteps } from './demo-story.ts'
import type { Wording } from './demo-wording.ts'
import type { DemoWorld } from './demo-world.ts'
import { asFault, type CliFault, EXIT } from './fault.ts'

/** How getting the token went. */
export interface TokenReport {
  readonly type: 'DPoP' | 'Bearer'
  readonly lifetimeSeconds: number
  readonly ms: number
}

/** The gateway's own time for one exchange, as its metrics count it. */
export interface OwnTime {
  /** What `lienthong_overhead_seconds` grew by: all but the wait for the provider. */
  readonly totalMs: number
  /** Of it, what `lienthong_ledger_append_seconds` grew by: the record's way to the disk. */
  readonly ledgerMs: number
}

/** How one exchange went. Parts are absent where it did not get so far. */
export interface StepReport {
  readonly step: DemoStep
  readonly operation: OperationDescription
  readonly path: string
  readonly answer: CallAnswer | undefined
  /** Its record, read from the ledger. */
  readonly entry: AuditEntry | undefined
  readonly own: OwnTime | undefined
  /** What did not come out as it has to. */
  readonly faults: readonly Bilingual[]
  /** Why there is no answer. */
  readonly failure: CliFault | undefined
}

/** Medians of a run of exchanges one after the other, from the histograms of `/metrics`. */
export interface SteadyReport {
  readonly exchanges: number
  readonly delivered: number
  readonly ownP50Ms: number
  readonly ledgerP50Ms: number
}

export interface TourReport {
  readonly token: TokenReport
  readonly steps: readonly StepReport[]
  /** Before the first step and after the last. */
  readonly readings: Readings
  readonly steady: SteadyReport
  /** What the tour as a whole did not come to. */
  readonly faults: readonly Bilingual[]
}

export interface TourParts {
  readonly world: DemoWorld
  readonly wording: Wording
  readonly demoCase: DemoCase
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told before each step, so that it can be announced while it runs. */
  readonly onToken: (report: TokenReport) => void
  readonly onStep: (report: StepReport) => void
}

const STEADY_EXCHANGES = 60
const OVERHEAD = 'lienthong_overhead_seconds'
const APPEND = 'lienthong_ledger_append_seconds'
const LEDGER_RECORDS = 'lienthong_ledger_records_total'

/** The record's place and hash as the receipt names them. */
function readReceipt(receipt: string | undefined): { readonly index: number; readonly leafHash: string } {
  const [, index = '-1', leaf = ''] = /index=(\d+), leaf=:([^:]+):/.exec(receipt ?? '') ?? []
  return { index: Number(index), leafHash: Buffer.from(leaf, 'base64').toString('base64url') }
}

function wrong(what: Bilingual, wanted: unknown, found: unknown): Bilingual {
  return {
    vi: `${what.vi}: cần ${wanted}, nhận ${found ?? '–'}`,
    en: `${what.en}: ${wanted} wanted, ${found ?? '–'} found`,
  }
}

function judgeAnswer({ expect }: DemoStep, { status, headers, body }: CallAnswer): Bilingual[] {
  const faults: Bilingual[] = []
  const members = isMembers(body) ? body : {}
  if (status !== expect.status)
    faults.push(wrong({ vi: 'mã HTTP', en: 'HTTP status' }, expect.status, status))
  if (expect.code !== undefined && members['code'] !== expect.code) {
    faults.push(wrong({ vi: 'mã lỗi', en: 'error code' }, expect.code, members['code']))
  }
  const replayed = headers['idempotency-replayed'] === 'true'
  if (expect.replayed !== undefined && replayed !== expect.replayed) {
    faults.push(wrong({ vi: 'phát lại', en: 'replayed' }, expect.replayed, replayed))
  }
  if (expect.retryAfter && headers['retry-after'] === undefined) {
    faults.push({ vi: 'thiếu Retry-After', en: 'there is no Retry-After' })
  }
  if (!expect.body(members)) {
    faults.push({ vi: 'nội dung trả lời không như mong đợi', en: 'the body is not as it should be' })
  }
  return faults
}

function judgeRecord({ expect }: DemoStep, answer: CallAnswer, entry: AuditEntry | undefined): Bilingual[] {
  if (entry === undefined) return [{ vi: 'không có bản ghi trong sổ', en: 'the ledger has no record' }]
  const { outcome, consumer } = entry.record
  const receipt = readReceipt(answer.headers['exchange-receipt'])
  const faults: Bilingual[] = []
  if (outcome !== expect.outcome)
    faults.push(wrong({ vi: 'kết quả', en: 'outcome' }, expect.outcome, outcome))
  if (consumer !== DEMO_CONSUMER)
    faults.push(wrong({ vi: 'bên hỏi', en: 'consumer' }, DEMO_CONSUMER, consumer))
  if (receipt.index !== entry.leafIndex || receipt.leafHash !== entry.leafHash) {
    faults.push({ vi: 'biên nhận không khớp bản ghi', en: 'the receipt does not match the record' })
  }
  return faults
}

function ownTime(service: string, { before, after }: Readings): OwnTime {
  const grown = (name: string, labels = {}) =>
    (sumOf(after, name, labels) - sumOf(before, name, labels)) * 1000
  return { totalMs: grown(`${OVERHEAD}_sum`, { service }), ledgerMs: grown(`${APPEND}_sum`) }
}

async function takeStep({ world, wording, demoCase }: TourParts, step: DemoStep): Promise<StepReport> {
  const { service } = step
  const operation = wording.operation(service, step.operation)
  const path = operation.pathTemplate
  const { managementUrl } = world.gateway
  try {
    await step.prepare?.(world.sandbox)
    const before = await readMetrics(managementUrl)
    const answer = await world.consumer.call({
      service,
      path,
      method: operation.method,
      body: step.body,
      purpose: demoCase.purpose,
      dossier: demoCase.dossier,
      officer: demoCase.officer,
      fields: step.fields,
      idempotencyKey: step.idempotencyKey,
    })
    const own = ownTime(service, { before, after: await readMetrics(managementUrl) })
    const exchange = answer.headers['exchange-id']
    const found = exchange === undefined ? undefined : await world.audit.search({ exchange, limit: 1 })
    const entry = found?.entries[0]
    const faults = [...judgeAnswer(step, answer), ...judgeRecord(step, answer, entry)]
    return { step, operation, path, answer, entry, own, faults, failure: undefined }
  } catch (thrown) {
    const failure = asFault(thrown)
    if (failure.exit === EXIT.interrupted) throw failure
    const faults = [failure.particulars.title]
    return { step, operation, path, answer: undefined, entry: undefined, own: undefined, faults, failure }
  }
}

/**
 * A few exchanges more, one after the other: those of the tour are the first after a start, and tell little of how
 * fast a gateway is. They stay below what the agreements allow in a second.
 */
async function runSteadily(
  { world, wording, demoCase }: TourParts,
  before: readonly Sample[],
): Promise<SteadyReport> {
  let delivered = 0
  for (const { service, operation, body } of planSteady(STEADY_EXCHANGES)) {
    const { pathTemplate: path, method } = wording.operation(service, operation)
    const { purpose, dossier, officer } = demoCase
    const { status } = await world.consumer.call({ service, path, method, body, purpose, dossier, officer })
    if (status === 200) delivered += 1
  }
  const readings = { before, after: await readMetrics(world.gateway.managementUrl) }
  const median = (name: string) => (quantileOf(0.5, name, readings) ?? 0) * 1000
  return { exchanges: STEADY_EXCHANGES, delivered, ownP50Ms: median(OVERHEAD), ledgerP50Ms: median(APPEND) }
}

async function getToken({ world, now }: TourParts): Promise<TokenReport> {
  const startedMs = performance.now()
  const { type, expiresAtMs } = await world.consumer.token()
  const lifetimeSeconds = Math.round((expiresAtMs - now()) / 1000)
  return { type, lifetimeSeconds, ms: performance.now() - startedMs }
}

/** One exchange, one record: no more and no fewer. */
function judgeLedger(steps: readonly StepReport[], { before, after }: Readings): Bilingual[] {
  const grown = sumOf(after, LEDGER_RECORDS) - sumOf(before, LEDGER_RECORDS)
  const answered = steps.filter(({ answer }) => answer !== undefined).length
  return grown === answered ? [] : [wrong({ vi: 'số bản ghi mới', en: 'new records' }, answered, grown)]
}

/**
 * Takes the tour: gets a token, makes every exchange over HTTP, reads each one's record back from the ledger, and
 * judges it all.
 * @throws CliFault where no token is to be had, or the operator asks for a stop.
 */
export async function takeTour(parts: TourParts): Promise<TourReport> {
  const { managementUrl } = parts.world.gateway
  const before = await readMetrics(managementUrl)
  const token = await getToken(parts)
  parts.onToken(token)
  const steps: StepReport[] = []
  for (const step of planSteps(parts.demoCase)) {
    const report = await takeStep(parts, step)
    steps.push(report)
    parts.onStep(report)
  }
  const readings = { before, after: await readMetrics(managementUrl) }
  const steady = await runSteadily(parts, readings.after)
  return { token, steps, readings, steady, faults: judgeLedger(steps, readings) }
}

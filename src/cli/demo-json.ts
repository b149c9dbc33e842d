import { isMembers, retryAfterSeconds } from './consumer-reply.ts'
import type { ModeReport } from './demo-modes.ts'
import { movedMetrics } from './demo-summary.ts'
import type { StepReport, TourReport } from './demo-tour.ts'
import type { DemoWorld } from './demo-world.ts'
import type { Terminal } from './terminal.ts'

interface Frame {
  readonly world: DemoWorld
  readonly ok: boolean
  /** From the command's start to the tour's end. */
  readonly elapsedMs: number
  /** Unix milliseconds. */
  readonly nowMs: number
  readonly terminal: Terminal
  readonly modes: readonly ModeReport[]
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100
}

function reportStep(report: StepReport, { terminal, nowMs }: Frame) {
  const { step, operation, path, answer, entry, own, faults } = report
  const { status, headers = {}, body } = answer ?? {}
  const record = entry?.record
  const isProblem =
    isMembers(body) && typeof body['code'] === 'string' && status !== undefined && status >= 400
  return {
    id: step.id,
    title: terminal.pick(step.title),
    ok: faults.length === 0,
    faults: faults.map((fault) => terminal.pick(fault)),
    service: step.service,
    operation: step.operation,
    request: { method: operation.method, path, body: step.body, fields: step.fields ?? null },
    agreement: record?.agreement?.id ?? null,
    purpose: record?.purpose ?? null,
    legalBases: record?.legalBases ?? [],
    releasedFields: record?.fields ?? [],
    status: status ?? null,
    code: isProblem ? body['code'] : null,
    outcome: record?.outcome ?? null,
    replayed: headers['idempotency-replayed'] === 'true',
    retryAfterSeconds: retryAfterSeconds(headers, nowMs) ?? null,
    exchangeId: headers['exchange-id'] ?? null,
    leafIndex: entry?.leafIndex ?? null,
    totalMs: rounded(answer?.ms),
    gatewayMs: rounded(own?.totalMs),
    ledgerMs: rounded(own?.ledgerMs),
    answer: body ?? null,
  }
}

/** The whole tour as one JSON document; no key and no token stands in it. */
export function reportTour(tour: TourReport, frame: Frame): object {
  const { world, ok, elapsedMs, terminal } = frame
  const { population, land, tax } = world.sandbox.agencies
  const { type, lifetimeSeconds, ms } = tour.token
  return {
    ok,
    faults: tour.faults.map((fault) => terminal.pick(fault)),
    elapsedMs: Math.round(elapsedMs),
    addresses: {
      gateway: world.gateway.publicUrl,
      management: world.gateway.managementUrl,
      population: population.url,
      land: land.url,
      tax: tax.url,
    },
    files: world.files,
    token: { type, lifetimeSeconds, ms: rounded(ms) },
    steps: tour.steps.map((step) => reportStep(step, frame)),
    modes: frame.modes.map(({ id, ok: isGood, told, ms: took }) => ({
      id,
      ok: isGood,
      told: terminal.pick(told),
      ms: rounded(took),
    })),
    metrics: movedMetrics(tour),
    steady: {
      exchanges: tour.steady.exchanges,
      delivered: tour.steady.delivered,
      gatewayP50Ms: rounded(tour.steady.ownP50Ms),
      ledgerP50Ms: rounded(tour.steady.ledgerP50Ms),
    },
    records: tour.steps
      .flatMap(({ entry }) => entry ?? [])
      .map(({ leafIndex, leafHash, record }) => ({
        leafIndex,
        leafHash,
        at: new Date(record.at).toISOString(),
        consumer: record.consumer,
        operation: record.operation ?? null,
        outcome: record.outcome,
        code: record.code ?? null,
      })),
  }
}

import type { RegistryDocuments } from '../registry/documents.ts'
import { addDays, dayOf } from '../reporting/period.ts'
import { type HistoryPlan, spreadOverHours, syntheticHistory } from '../sandbox/history.ts'
import { countSynthetic, writeSyntheticRollups } from '../storage/backfill.ts'
import type { Database } from '../storage/database.ts'
import { DEMO_CONSUMER } from './demo-registry.ts'

const YEARS_DAYS = 730
const HOURLY_DAYS = 28
const EXCHANGES = 60_000_000
const MOST_SERVICES = 4

/** The services that a one-stop system has agreements on, the registry's first the busiest. */
function servicesOf({ agreements }: RegistryDocuments): HistoryPlan['services'] {
  const asked = agreements
    .filter(({ consumer }) => consumer === DEMO_CONSUMER)
    .map(({ service: id, operations, purposes }) => ({
      id,
      operation: operations[0]?.operation ?? '',
      purpose: purposes[0] ?? '',
    }))
  return [...Map.groupBy(asked, ({ id }) => id).values()]
    .flatMap(([first]) => first ?? [])
    .slice(0, MOST_SERVICES)
}

/**
 * Gives a sandbox two years of counts, about 60 million exchanges, up to yesterday: by day, and of the last weeks by
 * hour. They are marked as synthetic and have no records. Once is enough.
 * @returns how many rows it wrote.
 */
export async function backfillHistory(
  { pool }: Database,
  documents: RegistryDocuments,
  nowMs: number,
): Promise<number> {
  if ((await countSynthetic(pool)) > 0) return 0
  const today = dayOf(nowMs)
  const plan: HistoryPlan = {
    from: addDays(today, -YEARS_DAYS),
    to: addDays(today, -1),
    services: servicesOf(documents),
    exchanges: EXCHANGES,
  }
  const written = await writeSyntheticRollups(pool, 'day', syntheticHistory(plan))
  const since = addDays(today, -HOURLY_DAYS)
  const lately = [...syntheticHistory(plan)].filter(({ at }) => at >= since)
  await writeSyntheticRollups(pool, 'hour', spreadOverHours(lately))
  return written
}

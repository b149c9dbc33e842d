import { createGeneraliser } from '../model/anonymity.ts'
import { dayOf } from '../model/calendar.ts'
import { createCanceller } from '../model/cancellation.ts'
import { GatewayError } from '../model/errors.ts'
import type { Registry } from '../registry/snapshot.ts'
import { encodeRow } from './anonymised.ts'
import type { BulkStore, ClaimedBulkJob } from './bulk.ts'
import { type BatchParts, carryForJob, type Patience, withPatience } from './bulk-batch.ts'
import { assertRulesStand, type OrderedSet } from './ordered-set.ts'

export interface SetRunParts extends BatchParts, Pick<Patience, 'wait'> {
  readonly store: Pick<BulkStore, 'commit'>
  readonly registry: () => Registry
}

/** @throws GatewayError `response_invalid` where the answer has no rows, or more than were asked for. */
function rowsIn(answer: unknown, most: number): readonly object[] {
  const rows: unknown =
    typeof answer === 'object' && answer !== null && 'rows' in answer ? answer.rows : undefined
  const isPage = Array.isArray(rows) && rows.length <= most
  if (isPage && rows.every((row) => typeof row === 'object' && row !== null)) return rows
  throw new GatewayError('response_invalid')
}

/**
 * Reads a data set from its provider, page after page, each an exchange under the agreement, and keeps of every row only
 * what may leave of it: no direct identifier is ever stored. It goes on after the last page that was made durable.
 * @returns whether it still held the job at the end.
 */
export async function gatherSet(
  parts: SetRunParts,
  { job, epoch, counts }: ClaimedBulkJob,
  { set, signal, onDone }: { set: OrderedSet; signal: AbortSignal; onDone: (records: number) => void },
): Promise<boolean> {
  const canceller = createCanceller()
  const cancel = () => canceller.abort('gone')
  signal.addEventListener('abort', cancel, { once: true })
  const { rules, scope } = set
  const most = rules.pageSize
  try {
    for (let from = job.records; ; ) {
      const registry = parts.registry()
      const operation = assertRulesStand(registry.services.get(job.ask.service), job.ask, set)
      const json = { ...scope, from, most }
      const ask = () =>
        carryForJob(parts, { ...job, operation }, json, { signal: canceller, forPackage: true })
      const rows = rowsIn(await withPatience({ wait: parts.wait, signal }, ask), most)
      if (rows.length === 0) return true
      const { resolveUnit } = registry
      const generalise = createGeneraliser(rules, { resolveUnit, today: dayOf(parts.now()) })
      const results = Buffer.from(rows.map((row) => encodeRow(generalise(row))).join(''))
      const to = from + rows.length
      const state = await parts.store.commit({ id: job.id, epoch, from, to, exchanges: 1, results, counts })
      if (state !== 'running') return false
      from = to
      onDone(from)
      signal.throwIfAborted()
    }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

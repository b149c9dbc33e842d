import type pg from 'pg'
import type { ErasedCopies, Erasure, LeftCopy } from '../ledger/retention.ts'
import { inTransaction } from './transaction.ts'

/** What stores keep for a while of exchanges that were: replies, cases, events. Found by the exchange they came with. */

type Client = Pick<pg.Pool, 'query'>

/** Of exchanges (`$1`) and what they were parts of, those no hold keeps on a day (`$2`). */
const ORIGINS = (held: string) => `WITH RECURSIVE origin AS (
    SELECT unnest($1::uuid[]) AS id
    UNION SELECT (convert_from(leaf, 'UTF8')::jsonb ->> 'parent')::uuid
      FROM origin JOIN exchange_record ON exchange_id = origin.id
  )
  SELECT id FROM origin WHERE id IS NOT NULL AND NOT ${held}`

/** `$1` exchanges; each gives what it did to how many rows. */
const ERASE_SUBMISSIONS = `UPDATE submission SET sealed_body = NULL
  WHERE exchange_id = ANY ($1) AND sealed_body IS NOT NULL`
const ERASE_CASES = (table: string) => `UPDATE ${table}
    SET sealed_order = NULL, sealed_progress = NULL, next_at = NULL, erase_at = NULL
  WHERE begun_by = ANY ($1) AND erase_at IS NOT NULL`
const HURRY_CASES = (table: string) => `UPDATE ${table} SET hurried = true
  WHERE begun_by = ANY ($1) AND erase_at IS NULL AND sealed_order IS NOT NULL`
const MARK_EVENTS = `UPDATE event SET erased = true
  WHERE exchange_id = ANY ($1) AND sequence IS NOT NULL AND NOT erased`
const CASES = ['linked_procedure', 'document_request'] as const

/**
 * Takes the content of erased events away once nobody is being told of them; what was told, or given up, is forgotten.
 * An event's place in the sequence stays, under an order key of its own.
 */
const BLANK_EVENTS = `WITH idle AS (
    SELECT slot, sequence FROM event e WHERE erased AND sealed IS NOT NULL
       AND NOT EXISTS (SELECT FROM event_delivery d WHERE d.sequence = e.sequence AND d.state IN ('waiting', 'sending'))
       FOR UPDATE
  ), told AS (
    DELETE FROM event_delivery d USING idle WHERE d.sequence = idle.sequence
  ), blank AS (
    UPDATE event e SET sealed = NULL, order_key = substring(e.slot FOR 16) FROM idle WHERE e.slot = idle.slot
    RETURNING e.exchange_id
  )
  SELECT exchange_id FROM blank`

/** What is left for a while. */
const LEFT = `SELECT 'linked_procedure' AS kind, procedure_id AS id, NULL::timestamptz AS until FROM linked_procedure
   WHERE begun_by = ANY ($1) AND erase_at IS NULL AND sealed_order IS NOT NULL
  UNION ALL SELECT 'document_request', request_id, NULL FROM document_request
   WHERE begun_by = ANY ($1) AND erase_at IS NULL AND sealed_order IS NOT NULL
  UNION ALL SELECT 'event', exchange_id, NULL FROM event
   WHERE exchange_id = ANY ($1) AND sealed IS NOT NULL AND EXISTS (SELECT FROM event_delivery d
     WHERE d.sequence = event.sequence AND d.state IN ('waiting', 'sending'))
  UNION ALL SELECT 'bulk_job', id, expires_at FROM bulk_job
   WHERE id = ANY ($1) AND state <> 'cancelled' AND expires_at > now()
  ORDER BY 1, 2`

/** Those tables that something of a person was erased from are written anew, at night. */
export async function noteErased(client: Client, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return
  await client.query(
    'INSERT INTO erased_from (table_name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
    [tables],
  )
}

/** @returns the publications of the events whose content is gone now. */
export async function blankErasedEvents(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ exchange_id: string }>(BLANK_EVENTS)
  if (rows.length > 0) await noteErased(client, ['event', 'event_delivery'])
  return rows.map(({ exchange_id }) => exchange_id)
}

/** A dry run does it and takes it back, so that it tells what would be done and nothing else. */
class TakenBack extends Error {}

/**
 * Erases what is kept of exchanges beside their records. What is still being worked on stays until it has ended: it
 * is named in `left`, as are files, which go as a whole.
 * @param held whether the month of a column is under a hold, as SQL: `$2` is the day.
 */
export async function eraseCopies(
  pool: pg.Pool,
  exchanges: readonly string[],
  { today, held, isDry }: Pick<Erasure, 'today'> & { readonly held: string; readonly isDry: boolean },
): Promise<ErasedCopies> {
  let erased = 0
  let left: readonly LeftCopy[] = []
  const work = async (client: pg.PoolClient) => {
    const origins = await client.query<{ id: string }>(ORIGINS(held), [exchanges, today])
    const ids = origins.rows.map(({ id }) => id)
    const tables: string[] = []
    const take = async (table: string, text: string) => {
      const { rowCount } = await client.query(text, [ids])
      if ((rowCount ?? 0) > 0) tables.push(table)
      erased += rowCount ?? 0
    }
    await take('submission', ERASE_SUBMISSIONS)
    for (const table of CASES) {
      await take(table, ERASE_CASES(table))
      await client.query(HURRY_CASES(table), [ids])
    }
    await client.query(MARK_EVENTS, [ids])
    const blanked = new Set(await blankErasedEvents(client))
    erased += ids.filter((id) => blanked.has(id)).length
    await noteErased(client, tables)
    const { rows } = await client.query<LeftCopy & { until: Date | null }>(LEFT, [ids])
    left = rows.map(({ kind, id, until }) => ({ kind, id, ...(until && { until }) }))
    if (isDry) throw new TakenBack()
  }
  await inTransaction(pool, work).catch((thrown: unknown) => {
    if (!(thrown instanceof TakenBack)) throw thrown
  })
  return { erased, left }
}

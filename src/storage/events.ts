import { createHmac, hash } from 'node:crypto'
import type pg from 'pg'
import type { EventStore, NewEvent, WrittenEvent } from '../jobs/event-store.ts'
import { GatewayError } from '../model/errors.ts'
import type { CloudEvent, PlacedEvent } from '../model/event.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Vault } from './vault.ts'

interface EventStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  /** Keys the tags that events are put in order by; the same for every process, and kept outside the database. */
  readonly orderKey: Uint8Array
}

/** What is encrypted of an event. */
interface Content {
  readonly event: CloudEvent
  readonly subject?: string
  readonly traceId: string
}

/** Columns that make a `PlacedEvent`. */
export interface EventRow {
  readonly slot: Buffer
  readonly exchange_id: string
  readonly service: ServiceId
  readonly sequence: string | number
  readonly sealed: Buffer
}

export const EVENT_COLUMNS = 'e.slot, e.exchange_id, e.service, e.sequence, e.sealed'

export function placedEventOf(row: EventRow, vault: Vault): PlacedEvent {
  const { event, subject, traceId } = JSON.parse(vault.open(row.sealed, row.slot).toString()) as Content
  return {
    exchangeId: row.exchange_id,
    service: row.service,
    sequence: Number(row.sequence),
    event,
    subject,
    traceId,
  }
}

/** What the database being away means to whoever asks for an exchange. */
export function unavailable(cause: unknown): never {
  throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
}

function slotOf(service: ServiceId, { source, id }: CloudEvent): Buffer {
  return hash('sha256', [service, source, id].join('\0'), 'buffer')
}

/** A publication that was not placed may be written anew: whoever published it was told of no success. */
const WRITE = `INSERT INTO event (slot, exchange_id, digest, service, type, order_key, happened_at, sealed)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (slot) DO UPDATE SET exchange_id = excluded.exchange_id, sealed = excluded.sealed
   WHERE event.sequence IS NULL AND event.digest = excluded.digest
  RETURNING slot`
const KNOWN = 'SELECT exchange_id, digest, sequence FROM event WHERE slot = $1'
const READ = `SELECT ${EVENT_COLUMNS} FROM event e
  WHERE e.service = $1 AND e.type = ANY ($2) AND e.sequence > $3 AND NOT e.erased ORDER BY e.sequence LIMIT $4`
const PLACE_BEFORE = `SELECT coalesce(
    (SELECT min(sequence) - 1 FROM event
      WHERE service = $1 AND type = ANY ($2) AND happened_at >= to_timestamp($3 / 1000.0) AND sequence IS NOT NULL),
    (SELECT last FROM event_head)) AS place`
const PLACE_RECORDED = `SELECT place_event(e.slot) FROM event e
   JOIN exchange_record r ON r.exchange_id = e.exchange_id AND r.outcome = 'delivered'
  WHERE e.sequence IS NULL`
const DELETED_TO = `SELECT coalesce(max(deleted_to), 0) AS place FROM event_newest
  WHERE service = $1 AND type = ANY ($2)`
const NEWEST = 'SELECT service, type, happened_at AS at FROM event_newest'

/** Events in PostgreSQL, their content encrypted. */
export function createEventStore({ pool, vault, orderKey }: EventStoreParts): EventStore {
  const keyed = (...parts: readonly string[]) =>
    createHmac('sha256', orderKey).update(parts.join('\0')).digest()

  function rowOf({ exchangeId, traceId, service, event, subject }: NewEvent): readonly unknown[] {
    const slot = slotOf(service, event)
    const content: Content = { event, traceId, ...(subject !== undefined && { subject }) }
    const digest = keyed('event', JSON.stringify(event))
    const order =
      subject === undefined ? keyed('own', slot.toString('hex')) : keyed('subject', service, subject)
    const sealed = vault.seal(Buffer.from(JSON.stringify(content)), slot)
    return [slot, exchangeId, digest, service, event.type, order.subarray(0, 16), event.time, sealed]
  }

  async function write(event: NewEvent): Promise<WrittenEvent> {
    const row = rowOf(event)
    const [slot, , digest] = row
    for (;;) {
      if ((await pool.query(WRITE, [...row])).rows.length > 0) return { state: 'new' }
      const { rows } = await pool.query<{ exchange_id: string; digest: Buffer; sequence: string | null }>(
        KNOWN,
        [slot],
      )
      const [known] = rows
      // Swept away in between: written again.
      if (known === undefined) continue
      if (!known.digest.equals(digest as Buffer)) return { state: 'different' }
      if (known.sequence === null) continue
      return { state: 'known', exchangeId: known.exchange_id, sequence: Number(known.sequence) }
    }
  }

  return {
    write: (event) => write(event).catch(unavailable),
    async place(service, event) {
      const { rows } = await pool
        .query<{ place: string }>('SELECT place_event($1) AS place', [slotOf(service, event)])
        .catch(unavailable)
      return Number(rows[0]?.place)
    },
    async placeRecorded() {
      const { rows } = await pool.query(PLACE_RECORDED)
      return rows.length
    },
    async read(service, types, after, limit) {
      const { rows } = await pool.query<EventRow>(READ, [service, types, after, limit]).catch(unavailable)
      return rows.map((row) => placedEventOf(row, vault))
    },
    async placeBefore(service, types, atMs) {
      const { rows } = await pool
        .query<{ place: string }>(PLACE_BEFORE, [service, types, atMs])
        .catch(unavailable)
      return Number(rows[0]?.place)
    },
    async deletedTo(service, types) {
      const { rows } = await pool.query<{ place: string }>(DELETED_TO, [service, types]).catch(unavailable)
      return Number(rows[0]?.place)
    },
    async newest() {
      const { rows } = await pool.query<{ service: string; type: string; at: Date }>(NEWEST)
      return rows.map(({ service, type, at }) => ({ service, type, atMs: at.getTime() }))
    },
  }
}

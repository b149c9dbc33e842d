import type pg from 'pg'
import type { ClaimedDelivery, DeliveryStore } from '../jobs/event-store.ts'
import { EVENT_COLUMNS, type EventRow, placedEventOf } from './events.ts'
import { blankErasedEvents } from './kept-copies.ts'
import { LIVING_PROCESSES } from './process-lock.ts'
import { SUBSCRIPTION_COLUMNS, type SubscriptionRow, subscriptionOf } from './subscriptions.ts'
import type { Vault } from './vault.ts'

interface DeliveryStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  /** Names this process among those of the database; its lock tells that it lives. */
  readonly processNumber: number
  /** Events are kept this long. */
  readonly keepDays: number
}

/** So many of one subscription at once: one that has much to be told does not keep the others waiting. */
const SHARE = 16

/**
 * A subscription whose receiver failed is tried with one delivery at a time. What locks does not wait: two
 * processes claim different deliveries. An older one on the same subject that is waiting or under way holds its
 * successors back.
 */
const CLAIM = `WITH due AS (
  SELECT d.subscription, d.sequence FROM subscription s CROSS JOIN LATERAL (
    SELECT w.subscription, w.sequence FROM event_delivery w
     WHERE w.subscription = s.id AND w.state = 'waiting' AND w.due_at <= now()
       AND NOT EXISTS (SELECT FROM event_delivery o
                        WHERE o.subscription = w.subscription AND o.order_key = w.order_key
                          AND o.state IN ('waiting', 'sending') AND o.sequence < w.sequence)
     ORDER BY w.sequence LIMIT greatest(0, CASE WHEN s.failures > 0 THEN 1 ELSE ${SHARE} END -
             (SELECT count(*) FROM event_delivery x WHERE x.subscription = s.id AND x.state = 'sending'))
     FOR UPDATE OF w SKIP LOCKED) d
   WHERE s.mode = 'push' AND s.state = 'active' AND s.due_at <= now() LIMIT $1),
taken AS (
  UPDATE event_delivery d SET state = 'sending', process = $2 FROM due
   WHERE d.subscription = due.subscription AND d.sequence = due.sequence RETURNING d.*)
SELECT ${EVENT_COLUMNS}, ${SUBSCRIPTION_COLUMNS}, s.failures, t.attempts, t.replayed
  FROM taken t JOIN subscription s ON s.id = t.subscription JOIN event e ON e.sequence = t.sequence
 ORDER BY t.sequence`
const OWN = `subscription = $1 AND sequence = $2 AND state = 'sending' AND process = $3`
const DELIVERED = `WITH told AS (
    UPDATE event_delivery SET state = 'delivered', attempts = attempts + 1, process = NULL, code = NULL, ended_at = now()
     WHERE ${OWN})
  UPDATE subscription SET failures = 0, due_at = now() WHERE id = $1 AND failures > 0`
const POSTPONE = `UPDATE event_delivery
  SET state = 'waiting', attempts = attempts + 1, process = NULL, code = $4, due_at = now() + $5 * interval '1 ms'
  WHERE ${OWN}`
const BURY = `UPDATE event_delivery
  SET state = 'dead', attempts = attempts + 1, process = NULL, code = $4, ended_at = now() WHERE ${OWN}`
const GIVE_BACK = `UPDATE event_delivery SET state = 'waiting', process = NULL WHERE ${OWN}`
const HOLD = `UPDATE subscription SET failures = $2, due_at = now() + $3 * interval '1 ms' WHERE id = $1`
const RECOVER = `UPDATE event_delivery SET state = 'waiting', process = NULL
  WHERE state = 'sending' AND process NOT IN (${LIVING_PROCESSES})`
const COUNTS = `SELECT count(*) FILTER (WHERE state <> 'dead') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead
  FROM event_delivery WHERE state IN ('waiting', 'sending', 'dead')`
/**
 * Only the beginning of the sequence goes, so that what is left has no gap, and how far it went is remembered: a reader
 * with an older cursor is told that it missed something. A publication that never got its record is nothing that was
 * published.
 */
const SWEEP = `WITH kept AS (
  SELECT coalesce(min(sequence), 9223372036854775807) AS first FROM event
   WHERE received_at >= now() - make_interval(days => $1)),
gone AS (
  DELETE FROM event USING kept
   WHERE sequence < kept.first OR (sequence IS NULL AND received_at < now() - interval '1 day')
  RETURNING service, type, sequence),
ends AS (SELECT service, type, max(sequence) AS last FROM gone WHERE sequence IS NOT NULL GROUP BY service, type)
UPDATE event_newest n SET deleted_to = greatest(n.deleted_to, ends.last)
  FROM ends WHERE n.service = ends.service AND n.type = ends.type`

interface ClaimedRow extends EventRow, SubscriptionRow {
  readonly failures: number
  readonly attempts: number
  readonly replayed: boolean
}

/** Deliveries in PostgreSQL: what one process has taken on no other sends, unless that process is dead. */
export function createDeliveryStore(parts: DeliveryStoreParts): DeliveryStore {
  const { pool, vault, processNumber } = parts
  const own = ({ subscription, event }: ClaimedDelivery) => [subscription.id, event.sequence, processNumber]

  return {
    async claim(limit) {
      const { rows } = await pool.query<ClaimedRow>(CLAIM, [limit, processNumber])
      return rows.map((row) => ({
        subscription: subscriptionOf(row),
        event: placedEventOf(row, vault),
        attempts: row.attempts,
        failures: row.failures,
        replayed: row.replayed,
      }))
    },
    async delivered(delivery) {
      await pool.query(DELIVERED, own(delivery))
    },
    async postpone(delivery, { afterMs, code }) {
      await pool.query(POSTPONE, [...own(delivery), code, afterMs])
    },
    async bury(delivery, code) {
      await pool.query(BURY, [...own(delivery), code])
    },
    async giveBack(delivery) {
      await pool.query(GIVE_BACK, own(delivery))
    },
    async holdSubscription(id, { afterMs, failures }) {
      await pool.query(HOLD, [id, failures, afterMs])
    },
    async counts() {
      const { rows } = await pool.query<{ waiting: string; dead: string }>(COUNTS)
      return { waiting: Number(rows[0]?.waiting ?? 0), dead: Number(rows[0]?.dead ?? 0) }
    },
    async recover() {
      await pool.query(RECOVER)
    },
    async sweep() {
      await pool.query(SWEEP, [parts.keepDays])
      await blankErasedEvents(pool)
    },
  }
}

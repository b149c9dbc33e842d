import type pg from 'pg'
import type { SubscriptionStore, WebhookSecrets } from '../jobs/event-store.ts'
import type { Subscription, SubscriptionMode, SubscriptionState } from '../model/event.ts'
import type { DataExchangeDetail, TokenBinding } from '../model/exchange.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import { unavailable } from './events.ts'
import type { Vault } from './vault.ts'

/** Columns that make a `Subscription`. */
export interface SubscriptionRow {
  readonly id: string
  readonly consumer: SubsystemId
  readonly of_service: ServiceId
  readonly types: readonly string[]
  readonly purpose: string
  readonly fields: readonly string[] | null
  readonly details: readonly DataExchangeDetail[] | null
  readonly binding: TokenBinding
  readonly token: string
  readonly mode: SubscriptionMode
  readonly url: string | null
  readonly subscription_state: SubscriptionState
  readonly stopped_by: string | null
  readonly created_at: Date
  readonly cursor: string | number
}

export const SUBSCRIPTION_COLUMNS = `s.id, s.consumer, s.service AS of_service, s.types, s.purpose, s.fields,
  s.details, s.binding, s.token, s.mode, s.url, s.state AS subscription_state, s.stopped_by, s.created_at, s.cursor`

export function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    id: row.id,
    consumer: row.consumer,
    service: row.of_service,
    types: row.types,
    purpose: row.purpose,
    fields: row.fields ?? undefined,
    details: row.details ?? undefined,
    binding: row.binding,
    tokenDigest: row.token,
    mode: row.mode,
    url: row.url ?? undefined,
    state: row.subscription_state,
    stoppedBy: row.stopped_by ?? undefined,
    createdAtMs: row.created_at.getTime(),
    cursor: Number(row.cursor),
  }
}

interface KeptSecrets {
  readonly current: string
  readonly previous?: string
  readonly previousUntilMs?: number
}

function sealSecrets({ vault }: SubscriptionStoreParts, id: string, secrets: WebhookSecrets): Buffer {
  const { current, previous, previousUntilMs } = secrets
  const kept: KeptSecrets = {
    current: Buffer.from(current).toString('base64'),
    ...(previous && { previous: Buffer.from(previous).toString('base64') }),
    ...(previousUntilMs !== undefined && { previousUntilMs }),
  }
  return vault.seal(Buffer.from(JSON.stringify(kept)), Buffer.from(`subscription ${id}`))
}

function openSecrets({ vault }: SubscriptionStoreParts, id: string, sealed: Buffer): WebhookSecrets {
  const opened = vault.open(sealed, Buffer.from(`subscription ${id}`)).toString()
  const { current, previous, previousUntilMs } = JSON.parse(opened) as KeptSecrets
  return {
    current: Buffer.from(current, 'base64'),
    previous: previous === undefined ? undefined : Buffer.from(previous, 'base64'),
    previousUntilMs,
  }
}

interface SubscriptionStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
}

/** The head's lock is what `place_event` takes: an event is either before the subscription or delivered to it. */
const CREATE = `WITH head AS (SELECT last FROM event_head FOR UPDATE), made AS (
  INSERT INTO subscription (id, consumer, service, types, purpose, fields, details, binding, token, mode, url,
                            sealed_secrets, state, created_at, cursor)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', to_timestamp($13 / 1000.0), head.last
    FROM head RETURNING *)
  SELECT ${SUBSCRIPTION_COLUMNS} FROM made s`
const REPLAY = `INSERT INTO event_delivery (subscription, sequence, order_key, state, replayed)
  SELECT $1, e.sequence, e.order_key, 'waiting', true FROM event e
   WHERE e.service = $2 AND e.type = ANY ($3) AND e.sequence IS NOT NULL AND NOT e.erased
     AND e.happened_at >= to_timestamp($4 / 1000.0)
  ON CONFLICT (subscription, sequence) DO UPDATE
     SET state = 'waiting', attempts = 0, due_at = now(), code = NULL, ended_at = NULL, replayed = true
   WHERE event_delivery.state IN ('delivered', 'dead')`
const RESEND = `UPDATE event_delivery SET state = 'waiting', attempts = 0, due_at = now(), ended_at = NULL
  WHERE subscription = $1 AND state = 'dead' AND ($2::bigint[] IS NULL OR sequence = ANY ($2))
    AND NOT EXISTS (SELECT FROM event e WHERE e.sequence = event_delivery.sequence AND e.erased)`
const DEAD = `SELECT d.sequence, e.type, d.attempts, d.code, d.ended_at FROM event_delivery d
  JOIN event e ON e.sequence = d.sequence
  WHERE d.subscription = $1 AND d.state = 'dead' ORDER BY d.sequence LIMIT $2`
const STATUS = `SELECT count(*) FILTER (WHERE state IN ('waiting', 'sending')) AS waiting,
    count(*) FILTER (WHERE state = 'dead') AS dead
  FROM event_delivery WHERE subscription = $1 AND state <> 'delivered'`

interface DeadRow {
  readonly sequence: string
  readonly type: string
  readonly attempts: number
  readonly code: string | null
  readonly ended_at: Date
}

/** Subscriptions in PostgreSQL, their secrets encrypted. */
export function createSubscriptionStore(parts: SubscriptionStoreParts): SubscriptionStore {
  const { pool } = parts
  const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) =>
    pool.query<Row>(text, values).catch(unavailable)

  return {
    async create(made, secrets) {
      const sealed = secrets && sealSecrets(parts, made.id, secrets)
      const { id, consumer, service, types, purpose, fields, details, binding, tokenDigest, mode, url } = made
      const narrowed = details === undefined ? null : JSON.stringify(details)
      const values = [
        id,
        consumer,
        service,
        types,
        purpose,
        fields ?? null,
        narrowed,
        binding,
        tokenDigest,
        mode,
      ]
      const { rows } = await query<SubscriptionRow>(CREATE, [
        ...values,
        url ?? null,
        sealed ?? null,
        made.createdAtMs,
      ])
      return rows.map(subscriptionOf)[0] ?? unavailable(new Error('no row was made'))
    },
    async list(consumer) {
      const text = `SELECT ${SUBSCRIPTION_COLUMNS} FROM subscription s WHERE s.consumer = $1 ORDER BY s.created_at, s.id`
      return (await query<SubscriptionRow>(text, [consumer])).rows.map(subscriptionOf)
    },
    async find(consumer, id) {
      const text = `SELECT ${SUBSCRIPTION_COLUMNS} FROM subscription s WHERE s.consumer = $1 AND s.id = $2`
      return (await query<SubscriptionRow>(text, [consumer, id])).rows.map(subscriptionOf)[0]
    },
    async setState(id, state, stoppedBy) {
      const text = `UPDATE subscription SET state = $2, stopped_by = $3, failures = 0, due_at = now() WHERE id = $1`
      await query(text, [id, state, stoppedBy ?? null])
    },
    async setUrl(id, url) {
      await query('UPDATE subscription SET url = $2, failures = 0, due_at = now() WHERE id = $1', [id, url])
    },
    async setCursor(id, cursor) {
      await query('UPDATE subscription SET cursor = $2 WHERE id = $1', [id, cursor])
    },
    async setSecrets(id, secrets) {
      await query('UPDATE subscription SET sealed_secrets = $2 WHERE id = $1', [
        id,
        sealSecrets(parts, id, secrets),
      ])
    },
    async secretsOf(id) {
      const text = 'SELECT sealed_secrets AS sealed FROM subscription WHERE id = $1'
      const sealed = (await query<{ sealed: Buffer | null }>(text, [id])).rows[0]?.sealed
      return sealed ? openSecrets(parts, id, sealed) : undefined
    },
    async remove(id) {
      await query('DELETE FROM subscription WHERE id = $1', [id])
    },
    async status(id) {
      const { rows } = await query<{ waiting: string; dead: string }>(STATUS, [id])
      return { waiting: Number(rows[0]?.waiting ?? 0), dead: Number(rows[0]?.dead ?? 0) }
    },
    async replay({ id, service, types }, fromMs) {
      return (await query(REPLAY, [id, service, types, fromMs])).rowCount ?? 0
    },
    async deadLetters(id, limit) {
      const { rows } = await query<DeadRow>(DEAD, [id, limit])
      return rows.map(({ sequence, type, attempts, code, ended_at }) => ({
        sequence: Number(sequence),
        type,
        attempts,
        code: code ?? undefined,
        failedAtMs: ended_at.getTime(),
      }))
    },
    async resend(id, sequences) {
      return (await query(RESEND, [id, sequences ?? null])).rowCount ?? 0
    },
  }
}

import type pg from 'pg'
import type { SubscriptionState } from '../model/event.ts'
import type { DeliveryTrouble, WebhookStore } from '../reporting/deliveries.ts'

const WEBHOOKS = `SELECT s.id, s.service, s.types, s.url, s.state, s.stopped_by, s.failures, s.due_at,
    count(d.sequence) FILTER (WHERE d.state IN ('waiting', 'sending'))::int AS waiting,
    count(d.sequence) FILTER (WHERE d.state = 'delivered')::int AS delivered,
    count(d.sequence) FILTER (WHERE d.state = 'dead')::int AS dead
  FROM subscription s LEFT JOIN event_delivery d ON d.subscription = s.id
 WHERE s.consumer = $1 AND s.mode = 'push' GROUP BY s.id ORDER BY s.created_at, s.id`
const TROUBLES = `SELECT d.subscription, d.sequence, e.type, d.state, d.attempts, d.code,
    coalesce(d.ended_at, d.due_at) AS at, d.replayed
  FROM subscription s JOIN event_delivery d ON d.subscription = s.id JOIN event e ON e.sequence = d.sequence
 WHERE s.consumer = $1 AND (d.state = 'dead' OR (d.state IN ('waiting', 'sending') AND d.attempts > 0))
 ORDER BY d.state = 'dead' DESC, d.sequence DESC LIMIT $2`

interface WebhookRow {
  readonly id: string
  readonly service: string
  readonly types: readonly string[]
  readonly url: string | null
  readonly state: SubscriptionState
  readonly stopped_by: string | null
  readonly failures: number
  readonly due_at: Date
  readonly waiting: number
  readonly delivered: number
  readonly dead: number
}

interface TroubleRow {
  readonly subscription: string
  readonly sequence: string
  readonly type: string
  readonly state: DeliveryTrouble['state']
  readonly attempts: number
  readonly code: string | null
  readonly at: Date
  readonly replayed: boolean
}

/** What subscribers may know of their own webhooks. */
export function createWebhookStore(pool: pg.Pool): WebhookStore {
  return {
    async webhooksOf(consumer) {
      const { rows } = await pool.query<WebhookRow>(WEBHOOKS, [consumer])
      return rows.map(({ id, url, stopped_by, due_at, ...row }) => ({
        ...row,
        subscription: id,
        host: URL.parse(url ?? '')?.host ?? '',
        stoppedBy: stopped_by ?? undefined,
        dueAt: due_at,
      }))
    },
    async troublesOf(consumer, limit) {
      const { rows } = await pool.query<TroubleRow>(TROUBLES, [consumer, limit])
      return rows.map(({ sequence, code, replayed, ...row }) => ({
        ...row,
        sequence: Number(sequence),
        code: code ?? undefined,
        resent: replayed,
      }))
    },
  }
}

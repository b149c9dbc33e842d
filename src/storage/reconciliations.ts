import type pg from 'pg'
import type {
  ReconciledItem,
  ReconciliationStore,
  ReconciliationSubject,
  ReconcilingSide,
} from '../jobs/reconciliation.ts'
import type { Vault } from './vault.ts'

interface ReconciliationStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  /** Unix milliseconds. */
  readonly now: () => number
}

const HAND_IN = `INSERT INTO reconciliation_list (service, consumer, first_day, last_day, side, handed_in_at, sealed_items)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (service, consumer, first_day, last_day, side)
  DO UPDATE SET handed_in_at = excluded.handed_in_at, sealed_items = excluded.sealed_items`
const LISTS = `SELECT side, handed_in_at, sealed_items FROM reconciliation_list
  WHERE service = $1 AND consumer = $2 AND first_day = $3 AND last_day = $4`
const SWEEP = 'DELETE FROM reconciliation_list WHERE handed_in_at < $1'
const KEEP_DAYS = 30
const DAY_MS = 86_400_000

/** Lists of both sides in PostgreSQL; a side's later list takes the earlier one's place. */
export function createReconciliationStore({
  pool,
  vault,
  now,
}: ReconciliationStoreParts): ReconciliationStore {
  const keyOf = ({ service, consumer, from, until }: ReconciliationSubject) => [
    service,
    consumer,
    from,
    until,
  ]
  const contextOf = (subject: ReconciliationSubject, side: ReconcilingSide) =>
    Buffer.from(['reconciliation_list', ...keyOf(subject), side].join(' '))
  return {
    async handIn(subject, side, items) {
      const sealed = vault.seal(Buffer.from(JSON.stringify(items)), contextOf(subject, side))
      await pool.query(HAND_IN, [...keyOf(subject), side, new Date(now()), sealed])
    },
    async lists(subject) {
      interface Row {
        readonly side: ReconcilingSide
        readonly handed_in_at: Date
        readonly sealed_items: Buffer
      }
      const { rows } = await pool.query<Row>(LISTS, keyOf(subject))
      return rows.map(({ side, handed_in_at: at, sealed_items: sealed }) => ({
        side,
        handedInAtMs: at.getTime(),
        items: JSON.parse(vault.open(sealed, contextOf(subject, side)).toString()) as ReconciledItem[],
      }))
    },
    async sweep() {
      await pool.query(SWEEP, [new Date(now() - KEEP_DAYS * DAY_MS)])
    },
  }
}

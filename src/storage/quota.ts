import type pg from 'pg'
import type { LeaseQuota } from '../exchange/quota.ts'
import { GatewayError } from '../model/errors.ts'

const LEASE = `SELECT granted, today::text, remaining_today, second_ms_left, day_seconds_left
                 FROM quota_lease($1, $2, $3, $4, $5, $6)`

/** Leases from the one store; where it is away nothing is granted. */
export function createQuotaLease(pool: pg.Pool): LeaseQuota {
  return async ({ agreement, quota, want, unused, unusedDay }) => {
    try {
      const { rows } = await pool.query({
        name: 'quota-lease',
        text: LEASE,
        values: [agreement, quota.perSecond, quota.perDay, want, unused, unusedDay],
      })
      const [row] = rows
      return {
        granted: Number(row.granted),
        today: row.today,
        remainingToday: Number(row.remaining_today),
        secondMsLeft: row.second_ms_left,
        daySecondsLeft: row.day_seconds_left,
      }
    } catch (cause) {
      throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
    }
  }
}

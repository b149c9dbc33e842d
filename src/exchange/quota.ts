import type { Quota } from '../model/agreement.ts'
import { GatewayError } from '../model/errors.ts'
import type { QuotaState } from '../model/exchange.ts'

/** A share of a quota that one process may use without asking. */
export interface QuotaLease {
  readonly granted: number
  /** Vietnam's day of the lease, `yyyy-mm-dd`. */
  readonly today: string
  readonly remainingToday: number
  /** The share ends with the second it was leased in. */
  readonly secondMsLeft: number
  readonly daySecondsLeft: number
}

export interface LeaseRequest {
  readonly agreement: string
  readonly quota: Quota
  readonly want: number
  /** What is left of an earlier lease, given back if its day is still today. */
  readonly unused: number
  readonly unusedDay: string
}

export type LeaseQuota = (request: LeaseRequest) => Promise<QuotaLease>

interface Share {
  lease: QuotaLease
  left: number
  /** Monotonic milliseconds. */
  endsAtMs: number
}

/** Takes one exchange from an agreement's quota, or throws `quota_exceeded`. */
export type TakeQuota = (agreement: string, quota: Quota) => QuotaState | Promise<QuotaState>

/** Shares a second: few enough that processes share fairly, enough that busy ones seldom ask. */
const SHARES_PER_SECOND = 10
const NO_LEASE: QuotaLease = {
  granted: 0,
  today: '1970-01-01',
  remainingToday: 0,
  secondMsLeft: 0,
  daySecondsLeft: 0,
}

/**
 * Quotas per second and per day, exact across processes: each process leases shares from the one store
 * and gives back what it did not use.
 * @param clock monotonic milliseconds.
 */
export function createQuota(leaseQuota: LeaseQuota, clock: () => number): TakeQuota {
  const shares = new Map<string, Share>()
  const leasing = new Map<string, Promise<Share>>()

  function refuse(share: Share, quota: Quota): never {
    const dayIsUsed = share.lease.remainingToday === 0
    throw new GatewayError('quota_exceeded', {
      retryAfterSeconds: dayIsUsed ? share.lease.daySecondsLeft : 1,
      detail: dayIsUsed
        ? {
            vi: `Đã dùng hết ${quota.perDay} giao dịch của ngày.`,
            en: `All ${quota.perDay} exchanges of the day are used.`,
          }
        : {
            vi: `Quá ${quota.perSecond} giao dịch mỗi giây.`,
            en: `More than ${quota.perSecond} exchanges a second.`,
          },
    })
  }

  function use(share: Share, agreement: string, quota: Quota): QuotaState {
    if (share.left === 0) refuse(share, quota)
    share.left -= 1
    return {
      policy: agreement,
      perSecond: quota.perSecond,
      perDay: quota.perDay,
      remainingToday: share.lease.remainingToday + share.left,
      secondsToReset: share.lease.daySecondsLeft,
    }
  }

  async function renew(agreement: string, quota: Quota, old: Share | undefined): Promise<Share> {
    const lease = await leaseQuota({
      agreement,
      quota,
      want: Math.ceil(quota.perSecond / SHARES_PER_SECOND),
      unused: old?.left ?? 0,
      unusedDay: (old?.lease ?? NO_LEASE).today,
    })
    const share = { lease, left: lease.granted, endsAtMs: clock() + lease.secondMsLeft }
    shares.set(agreement, share)
    return share
  }

  async function takeFromNew(agreement: string, quota: Quota): Promise<QuotaState> {
    for (;;) {
      let renewal = leasing.get(agreement)
      if (renewal === undefined) {
        renewal = renew(agreement, quota, shares.get(agreement)).finally(() => leasing.delete(agreement))
        leasing.set(agreement, renewal)
      }
      const share = await renewal
      // Others who waited for the same lease may have used it up: then lease again.
      if (share.left > 0 || share.lease.granted === 0) return use(share, agreement, quota)
    }
  }

  return (agreement, quota) => {
    const share = shares.get(agreement)
    const fresh = share !== undefined && clock() < share.endsAtMs
    if (fresh && (share.left > 0 || share.lease.granted === 0)) return use(share, agreement, quota)
    return takeFromNew(agreement, quota)
  }
}

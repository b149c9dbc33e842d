import { expect } from 'chai'
import pg from 'pg'
import { createQuota, type LeaseRequest, type TakeQuota } from '../../src/exchange/quota.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { createQuotaLease } from '../../src/storage/quota.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe('quotas leased from PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
  })

  after(async () => {
    await pool.end()
    await database.drop()
  })

  /** Takes `attempts` times at once. @returns how many were let through. */
  async function takeMany(
    take: TakeQuota,
    agreement: string,
    perDay: number,
    attempts: number,
  ): Promise<number> {
    const quota = { perSecond: 1000, perDay }
    const taken = await Promise.all(
      Array.from({ length: attempts }, async (): Promise<number> => {
        try {
          await take(agreement, quota)
          return 1
        } catch (error) {
          expect(error).to.be.instanceOf(GatewayError).with.property('code', 'quota_exceeded')
          return 0
        }
      }),
    )
    return taken.reduce((sum, one) => sum + one, 0)
  }

  it('are one for all processes: together they never let more through than a day has', async () => {
    const processes = [1, 2, 3].map(() => createQuota(createQuotaLease(pool), () => performance.now()))
    const taken = await Promise.all(processes.map((take) => takeMany(take, 'TT-A', 30, 100)))
    expect(taken.reduce((sum, one) => sum + one, 0)).to.equal(30)
  })

  it('take back what a lease left unused, for others to use', async () => {
    let nowMs = 0
    const first = createQuota(createQuotaLease(pool), () => nowMs)
    const second = createQuota(createQuotaLease(pool), () => nowMs)
    // The first leases all ten at once and uses four.
    expect(await takeMany(first, 'TT-B', 10, 4)).to.equal(4)
    expect(await takeMany(second, 'TT-B', 10, 1)).to.equal(0)
    nowMs += 2000
    expect(await takeMany(first, 'TT-B', 10, 1)).to.equal(1)
    nowMs += 2000
    expect((await takeMany(first, 'TT-B', 10, 5)) + (await takeMany(second, 'TT-B', 10, 5))).to.equal(5)
  })

  it('ask the store for a share, not for each exchange', async () => {
    const requests: LeaseRequest[] = []
    const lease = createQuotaLease(pool)
    const take = createQuota(
      (request) => {
        requests.push(request)
        return lease(request)
      },
      () => 0,
    )
    expect(await takeMany(take, 'TT-C', 1000, 100)).to.equal(100)
    expect(requests).to.have.length(1)
  })

  it('let nothing through while the store is away', async () => {
    const away = new pg.Pool({
      connectionString: 'postgresql://127.0.0.1:1/none',
      connectionTimeoutMillis: 500,
    })
    const take = createQuota(createQuotaLease(away), () => 0)
    const error = await Promise.resolve(take('TT-D', { perSecond: 10, perDay: 10 })).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.include({ code: 'ledger_unavailable' })
    await away.end()
  })
})

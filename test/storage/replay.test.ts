import { expect } from 'chai'
import { Pool } from 'pg'
import { GatewayError } from '../../src/model/errors.ts'
import { createReplayStore } from '../../src/storage/replay.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const LATER_MS = Date.parse('2030-01-01T00:00:00Z')

describe('the replay store', () => {
  let database: TestDatabase
  let pools: Pool[]
  const openPool = () => {
    const pool = new Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
    pools.push(pool)
    return pool
  }

  beforeEach(async () => {
    database = await createTestDatabase()
    pools = []
  })
  afterEach(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await database.drop()
  })

  it('grants a key once, and apart by kind', async () => {
    const store = createReplayStore(openPool())
    expect(await store.claim('dpop', 'a', LATER_MS)).to.equal(true)
    expect(await store.claim('dpop', 'a', LATER_MS)).to.equal(false)
    expect(await store.claim('dpop', 'a', LATER_MS + 1)).to.equal(false)
    expect(await store.claim('assertion', 'a', LATER_MS)).to.equal(true)
    expect(await store.claim('dpop', 'b', LATER_MS)).to.equal(true)
  })

  it('grants a key to one of many that claim it at once, in one process and in several', async () => {
    const stores = [openPool(), openPool(), openPool()].map(createReplayStore)
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`)
    const claims = keys.flatMap((key, index) =>
      // Each process meets the keys in another order, as two that could wait for each other would.
      stores.flatMap((store, place) => {
        const other = keys[(index * (2 * place + 1)) % keys.length] ?? key
        return [store.claim('dpop', other, LATER_MS), store.claim('dpop', key, LATER_MS)]
      }),
    )
    const granted = (await Promise.all(claims)).filter(Boolean).length
    expect(granted).to.equal(keys.length)
  })

  it('never deadlocks where two processes claim the same keys in opposite orders', async () => {
    const stores = [openPool(), openPool()].map(createReplayStore)
    for (let round = 0; round < 20; round += 1) {
      const keys = Array.from({ length: 500 }, (_, index) => `${round}-${index}`)
      const orders = [keys, keys.toReversed()]
      // The first claim runs alone; the others wait for it and go together.
      const claims = stores.flatMap((store, place) =>
        [`first-${round}-${place}`, ...(orders[place] ?? [])].map((key) =>
          store.claim('dpop', key, LATER_MS),
        ),
      )
      const granted = (await Promise.all(claims)).filter(Boolean).length
      expect(granted).to.equal(keys.length + 2)
    }
  })

  it('joins what is claimed while a statement runs into the next', async () => {
    const pool = openPool()
    let statements = 0
    const counted = new Proxy(pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name)
        return (...query: readonly unknown[]) => {
          statements += 1
          return Reflect.apply(target.query, target, query)
        }
      },
    })
    const store = createReplayStore(counted)
    const results = await Promise.all(
      Array.from({ length: 1500 }, (_, index) => store.claim('dpop', `key-${index}`, LATER_MS)),
    )
    expect(results.every(Boolean)).to.equal(true)
    // The first alone, then batches of 512.
    expect(statements).to.equal(4)
  })

  it('remembers over a restart of the gateway', async () => {
    await createReplayStore(openPool()).claim('dpop', 'a', LATER_MS)
    expect(await createReplayStore(openPool()).claim('dpop', 'a', LATER_MS)).to.equal(false)
  })

  it('keeps no key in clear', async () => {
    const pool = openPool()
    await createReplayStore(pool).claim('dpop', 'a-thumbprint and a jti', LATER_MS)
    const { rows } = await pool.query('SELECT row_to_json(claim)::text AS text FROM replay_claim AS claim')
    expect(rows).to.have.length(1)
    expect(rows[0].text).to.not.include('thumbprint')
    expect(rows[0].text).to.not.include(Buffer.from('a-thumbprint').toString('hex'))
  })

  it('forgets what has expired and nothing else', async () => {
    const store = createReplayStore(openPool())
    for (let index = 0; index < 20; index += 1) await store.claim('dpop', `old-${index}`, LATER_MS - 1)
    await store.claim('dpop', 'young', LATER_MS)
    expect(await store.sweep(LATER_MS)).to.equal(20)
    expect(await store.claim('dpop', 'young', LATER_MS)).to.equal(false)
    expect(await store.claim('dpop', 'old-0', LATER_MS)).to.equal(true)
  })

  it('refuses while the database is away, all who wait, and takes claims again by itself', async () => {
    const pool = openPool()
    const store = createReplayStore(pool)
    await store.claim('dpop', 'a', LATER_MS)
    await pool.query('ALTER TABLE replay_claim RENAME TO gone')
    const refused = await Promise.allSettled(['b', 'b', 'c'].map((key) => store.claim('dpop', key, LATER_MS)))
    const codes = refused.map((result) =>
      result.status === 'rejected' && result.reason instanceof GatewayError ? result.reason.code : result,
    )
    expect(codes).to.deep.equal(['ledger_unavailable', 'ledger_unavailable', 'ledger_unavailable'])
    await pool.query('ALTER TABLE gone RENAME TO replay_claim')
    expect(await store.claim('dpop', 'b', LATER_MS)).to.equal(true)
    expect(await store.claim('dpop', 'a', LATER_MS)).to.equal(false)
  })
})

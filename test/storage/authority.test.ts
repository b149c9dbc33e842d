import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import pg from 'pg'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import { type AuthorityHolder, createAuthorityHolder, LEASE_MS } from '../../src/registry/authority.ts'
import { createAuthorityStore, createTokenRevocations, whenInForce } from '../../src/storage/authority.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises } from '../support/log-signer.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { smallRegistry } from '../support/small-registry.ts'

/** One process of the database: its ledger, its authority, and a clock that the test moves. */
interface Process {
  readonly ledger: Ledger
  readonly authority: AuthorityHolder
  readonly clock: { ms: number }
  readonly pool: pg.Pool
  stop(): Promise<void>
}

describe('authority in PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool
  const processes: Process[] = []

  beforeEach(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
  })

  afterEach(async () => {
    for (const each of processes.splice(0)) await each.stop()
    await pool.end()
    await database.drop()
  })

  async function startProcess(number: number, settled?: () => Promise<void>): Promise<Process> {
    const own = new pg.Pool({ connectionString: database.url, max: 2 })
    own.on('error', () => {})
    own.on('connect', (client) => client.on('error', () => {}))
    const vault = createVault(Buffer.alloc(32, 3))
    const store = createLedgerStore({ pool: own, url: database.url, vault, processNumber: number })
    const clock = { ms: 0 }
    const registry = { ...smallRegistry([]), version: 0 }
    const ledger = createLedger({
      promise: createTestPromises(),
      store,
      authority: () => authority.current().number,
      catchUp: (refused) => authority.catchUp(refused),
      tagger: createTaggers(createTagKeys(own, vault)),
      random: randomBytes,
      now: Date.now,
      onAppend() {},
      onAvailability() {},
    })
    const authority = createAuthorityHolder({
      store: createAuthorityStore(own, number),
      registry: { current: () => registry, refresh: async () => {}, lastError: () => undefined },
      settled: settled ?? (() => ledger.settled()),
      clock: () => clock.ms,
      now: () => clock.ms,
      onError() {},
    })
    await authority.start()
    const process: Process = {
      ledger,
      authority,
      clock,
      pool: own,
      async stop() {
        await authority.stop()
        await store.close()
        if (!own.ended) await own.end()
      },
    }
    processes.push(process)
    return process
  }

  const inAnHour = () => Date.now() + 3_600_000
  const until = async (holds: () => boolean | Promise<boolean>) => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  /** What a heartbeat's timer does. */
  const beat = async (process: Process) => {
    await process.authority.refresh()
  }

  it('appends no delivery judged by what is no longer in force: it is judged anew, in the same place', async () => {
    const { ledger, authority } = await startProcess(1)
    const facts = sampleFacts()
    await pool.query('SELECT authority_advance()')
    const judgements: (number | undefined)[] = []
    await ledger.complete(facts, () => {
      const { number } = authority.current()
      judgements.push(number)
      return {
        outcome: judgements.length === 1 ? 'delivered' : 'refused',
        reply: undefined,
        authority: number,
      }
    })
    expect(judgements).to.deep.equal([1, 2])
    const { rows } = await pool.query('SELECT outcome FROM exchange_record')
    expect(rows).to.deep.equal([{ outcome: 'refused' }])
  })

  it('appends what releases nothing under any authority', async () => {
    const { ledger, authority } = await startProcess(1)
    await pool.query('SELECT authority_advance()')
    await ledger.complete(sampleFacts(), 'refused')
    expect(authority.current().number).to.equal(1)
  })

  it('acknowledges a revocation only after every process has confirmed it', async () => {
    const [first, second] = [await startProcess(1), await startProcess(2)]
    let isAcknowledged = false
    const revoked = createTokenRevocations(pool)
      .revoke({ tokenDigest: 'digest', expiresAtMs: inAnHour() })
      .then(() => {
        isAcknowledged = true
      })
    await until(async () => {
      await beat(first)
      return first.authority.current().number === 2
    })
    expect(first.authority.current().isRevoked('digest')).to.equal(true)
    expect(isAcknowledged).to.equal(false)
    expect(second.authority.mayRelease(1)).to.equal(true)
    await until(async () => {
      await beat(second)
      return isAcknowledged
    })
    await revoked
    expect(second.authority.mayRelease(1)).to.equal(false)
    expect(second.authority.mayRelease(2)).to.equal(true)
  })

  it('does not confirm before what was judged earlier has left', async () => {
    const left = Promise.withResolvers<void>()
    const { authority } = await startProcess(1, () => left.promise)
    const confirmed = async () =>
      (await pool.query<{ authority: number }>('SELECT authority::int FROM gateway_process')).rows[0]
        ?.authority
    await pool.query('SELECT authority_advance()')
    await authority.refresh()
    await authority.refresh()
    expect(authority.current().number).to.equal(2)
    expect(await confirmed()).to.equal(0)
    expect(authority.mayRelease(1)).to.equal(true)
    left.resolve()
    await until(async () => (await confirmed()) === 2)
    expect(authority.mayRelease(1)).to.equal(false)
  })

  it('waits a lease for a process that hangs, whose answers cannot leave after it, and then forgets it', async () => {
    const hanging = await startProcess(1)
    expect(hanging.authority.mayRelease(1)).to.equal(true)
    const { rows } = await pool.query<{ number: number }>('SELECT authority_advance()::int AS number')
    const clock = { ms: 0 }
    await whenInForce(pool, rows[0]?.number ?? 0, {
      clock: () => clock.ms,
      sleep: async () => {
        expect(hanging.authority.mayRelease(1)).to.equal(hanging.clock.ms < LEASE_MS)
        clock.ms += 500
        hanging.clock.ms += 500
      },
    })
    expect(hanging.authority.mayRelease(1)).to.equal(false)
    expect((await pool.query('SELECT FROM gateway_process')).rowCount).to.equal(0)
    // It comes back: enrolled anew, and judging by what is in force.
    await hanging.authority.refresh()
    expect(hanging.authority.current().number).to.equal(2)
    expect(hanging.authority.mayRelease(2)).to.equal(true)
    expect(hanging.authority.mayRelease(1)).to.equal(false)
  })

  it('believes the clock that says a lease is over', async () => {
    const { authority, clock } = await startProcess(1)
    clock.ms = LEASE_MS
    expect(authority.mayRelease(1)).to.equal(false)
    await authority.refresh()
    expect(authority.mayRelease(1)).to.equal(true)
  })

  it('releases nothing any more a lease after it lost its database', async () => {
    const lost = await startProcess(1)
    await lost.pool.end()
    await lost.authority.refresh()
    expect(lost.authority.mayRelease(1)).to.equal(true)
    lost.clock.ms += LEASE_MS
    expect(lost.authority.mayRelease(1)).to.equal(false)
  })

  it('judges nothing once the log refused what it cannot get beyond', async () => {
    const { authority } = await startProcess(1)
    await authority.catchUp(1)
    expect(authority.current().number).to.equal(undefined)
    await authority.refresh()
    expect(authority.current().number).to.equal(1)
  })

  it('fails the revocations that were not written, each with its own promise', async () => {
    const revocations = createTokenRevocations(pool)
    await pool.query('ALTER TABLE token_revocation RENAME TO gone')
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((tokenDigest) => revocations.revoke({ tokenDigest, expiresAtMs: inAnHour() })),
    )
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected'])
    await pool.query('ALTER TABLE gone RENAME TO token_revocation')
    await revocations.revoke({ tokenDigest: 'a', expiresAtMs: inAnHour() })
    expect((await pool.query('SELECT FROM token_revocation')).rowCount).to.equal(1)
  })
})

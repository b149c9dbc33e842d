import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import pg from 'pg'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises } from '../support/log-signer.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

interface Writer {
  readonly ledger: Ledger
  readonly availability: boolean[]
  /** What was asked of the log's one connection while it was busy. */
  readonly overlaps: readonly string[]
  readonly pool: pg.Pool
  close(): Promise<void>
}

describe('ledger in PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool
  const writers: Writer[] = []
  const vault = createVault(Buffer.alloc(32, 3))

  function openWriter(processNumber: number): Writer {
    const own = new pg.Pool({ connectionString: database.url, max: 2 })
    own.on('error', () => {})
    const store = createLedgerStore({ pool: own, url: database.url, vault, processNumber })
    let busy = 0
    const overlaps: string[] = []
    const alone =
      <Parameters extends unknown[], Result>(name: string, work: (...all: Parameters) => Promise<Result>) =>
      async (...all: Parameters): Promise<Result> => {
        if (busy > 0) overlaps.push(name)
        busy += 1
        return work(...all).finally(() => {
          busy -= 1
        })
      }
    const availability: boolean[] = []
    const ledger = createLedger({
      promise: createTestPromises(),
      store: {
        ...store,
        readHead: alone('readHead', store.readHead),
        append: alone('append', store.append),
      },
      authority: () => 1,
      catchUp: async () => {},
      tagger: createTaggers(createTagKeys(own, vault)),
      random: randomBytes,
      now: Date.now,
      onAppend: () => {},
      onAvailability: (available) => availability.push(available),
    })
    const writer: Writer = {
      ledger,
      availability,
      overlaps,
      pool: own,
      async close() {
        await store.close()
        if (!own.ended) await own.end()
      },
    }
    writers.push(writer)
    return writer
  }

  /** Reads the log back and checks all that an honest one has: places, hashes, times, the head's root. */
  async function readWholeLog(): Promise<Record<string, unknown>[]> {
    const { rows } = await pool.query(
      'SELECT leaf_index::int AS index, leaf, leaf_hash, exchange_id, outcome, consumer FROM exchange_record ORDER BY leaf_index',
    )
    const records = rows.map((row, place) => {
      expect(row.index).to.equal(place)
      expect(hashLeaf(row.leaf).equals(row.leaf_hash)).to.equal(true)
      const record = JSON.parse(row.leaf.toString())
      expect(record.exchange).to.equal(row.exchange_id)
      expect(record.outcome).to.equal(row.outcome)
      return record
    })
    const times = records.map(({ at }) => at)
    expect(times).to.deep.equal([...times].sort((one, other) => one - other))
    const head = await pool.query('SELECT size::int AS size, root FROM ledger_head')
    expect(head.rows[0].size).to.equal(rows.length)
    const frontier = extend(
      EMPTY_FRONTIER,
      rows.map((row) => row.leaf_hash),
    )
    expect(rootOf(frontier).equals(head.rows[0].root)).to.equal(true)
    return records
  }

  beforeEach(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
  })

  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close()
    await pool.end()
    await database.drop()
  })

  it('gives each record its place, and a receipt that names it', async () => {
    const { ledger } = openWriter(1)
    const all = Array.from({ length: 600 }, () => sampleFacts())
    const receipts = await Promise.all(all.map((facts) => ledger.complete(facts, 'delivered')))
    const records = await readWholeLog()
    expect(records).to.have.length(600)
    for (const [place, { leafIndex, leafHash }] of receipts.entries()) {
      expect(records[leafIndex]?.['exchange']).to.equal(all[place]?.exchangeId)
      expect(leafHash).to.match(/^[\w-]{43}$/)
    }
  })

  it('keeps one sequence where several processes write at once', async () => {
    const ledgers = [1, 2, 3].map((number) => openWriter(number).ledger)
    const pause = () => new Promise((resolve) => setImmediate(resolve))
    await Promise.all(
      ledgers.flatMap((ledger) =>
        Array.from({ length: 20 }, async () => {
          for (let turn = 0; turn < 10; turn += 1) {
            await ledger.complete(sampleFacts(), 'delivered')
            await pause()
          }
        }),
      ),
    )
    expect(await readWholeLog()).to.have.length(600)
  })

  it('takes one record of an exchange and no second', async () => {
    const { ledger } = openWriter(1)
    const facts = sampleFacts()
    await ledger.complete(facts, 'delivered')
    // The one beside it in the batch gets its record all the same.
    const [second, other] = await Promise.allSettled([
      ledger.complete(facts, 'failed'),
      ledger.complete(sampleFacts(), 'delivered'),
    ])
    expect(second).to.have.nested.property('reason.code', 'ledger_unavailable')
    expect(other.status).to.equal('fulfilled')
    expect(ledger.isAvailable()).to.equal(true)
    expect(await readWholeLog()).to.have.length(2)
  })

  it('closes an intent with its record, and a dead process’s intents as interrupted', async () => {
    const first = openWriter(1)
    const finished = sampleFacts({ kind: 'submit' })
    const cutOff = sampleFacts({ kind: 'submit' })
    await first.ledger.begin(finished)
    await first.ledger.begin(cutOff)
    await first.ledger.complete(finished, 'delivered')
    const second = openWriter(2)
    expect(await second.ledger.closeOrphans(), 'the first process still lives').to.equal(0)
    await first.close()
    expect(await second.ledger.closeOrphans()).to.equal(1)
    expect(await second.ledger.closeOrphans()).to.equal(0)
    const records = await readWholeLog()
    expect(records.map(({ exchange, outcome }) => [exchange, outcome])).to.deep.equal([
      [finished.exchangeId, 'delivered'],
      [cutOff.exchangeId, 'interrupted'],
    ])
    const left = await pool.query('SELECT count(*)::int AS count FROM exchange_intent')
    expect(left.rows[0].count).to.equal(0)
  })

  it('refuses while its connection is cut, and takes records again by itself', async () => {
    const { ledger, availability } = openWriter(1)
    await ledger.complete(sampleFacts(), 'delivered')
    await pool.query('ALTER TABLE exchange_record RENAME TO hidden')
    const error = await ledger.complete(sampleFacts(), 'delivered').catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(GatewayError).with.property('code', 'ledger_unavailable')
    expect(() => ledger.assertAvailable()).to.throw(GatewayError)
    await pool.query('ALTER TABLE hidden RENAME TO exchange_record')
    await pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lienthong-ledger' AND datname = current_database()",
    )
    while (!ledger.isAvailable()) await ledger.probe()
    await ledger.complete(sampleFacts(), 'delivered')
    expect(availability).to.deep.equal([false, true])
    expect(await readWholeLog()).to.have.length(2)
  })

  it('asks one thing at a time of its connection, looking whether it is there included', async () => {
    const { ledger, overlaps } = openWriter(1)
    const turns = Array.from({ length: 50 }, async () => {
      await Promise.all([ledger.probe(), ledger.complete(sampleFacts(), 'delivered'), ledger.probe()])
    })
    await Promise.all(turns)
    expect(overlaps).to.deep.equal([])
    expect(await readWholeLog()).to.have.length(50)
  })

  it('takes no record while the key of its tags cannot be read, and the process lives on', async () => {
    const { ledger, pool: keys } = openWriter(1)
    await keys.end()
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.prependListener('unhandledRejection', note)
    try {
      const all = [sampleFacts(), sampleFacts(), sampleFacts({ subjects: ['099090000017'] })]
      const ends = await Promise.allSettled(all.map((facts) => ledger.complete(facts, 'delivered')))
      expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).to.deep.equal(
        all.map(() => 'ledger_unavailable'),
      )
      await new Promise(setImmediate)
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unhandled).to.deep.equal([])
    expect(await readWholeLog()).to.have.length(0)
  })

  it('takes no record on a server that acknowledges before it has written', async () => {
    const name = new URL(database.url).pathname.slice(1)
    await pool.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
    try {
      const { ledger } = openWriter(1)
      const error = await ledger.complete(sampleFacts(), 'delivered').catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(GatewayError).with.property('code', 'ledger_unavailable')
      expect(String((error as GatewayError).cause)).to.include('switch on synchronous_commit')
    } finally {
      await pool.query(`ALTER DATABASE ${name} RESET synchronous_commit`)
    }
  })

  it('stores no identifier in clear, and finds a subject by its tag', async () => {
    const { ledger } = openWriter(1)
    const facts = sampleFacts()
    await ledger.complete(facts, 'delivered')
    await ledger.complete(sampleFacts({ subject: '099090000025' }), 'delivered')
    await ledger.complete(sampleFacts(), 'delivered')
    const { rows } = await pool.query(
      'SELECT count(*)::int AS count FROM exchange_private GROUP BY subject_tag ORDER BY count DESC',
    )
    expect(rows.map(({ count }) => count)).to.deep.equal([2, 1])
    const dump = await pool.query(
      `SELECT exchange_record::text AS row, encode(leaf, 'escape') AS leaf, exchange_private::text AS private,
              encode(sealed, 'escape') AS sealed FROM exchange_record JOIN exchange_private USING (exchange_id)`,
    )
    expect(dump.rows).to.have.length(3)
    expect(JSON.stringify(dump.rows)).not.to.match(/09909000|cb-017|H29\.12-261122/)
  })
})

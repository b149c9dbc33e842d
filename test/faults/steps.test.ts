import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { createAnchorFile } from '../../src/ledger/anchor-file.ts'
import { createFsckPass } from '../../src/ledger/fsck.ts'
import { createLogKeeper } from '../../src/ledger/keeper.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import type { NoteSigner } from '../../src/ledger/note.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createLogStore } from '../../src/storage/log.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { advanceRollups } from '../../src/storage/partitions.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createLogDatabase, type LogDatabase } from '../support/log-database.ts'
import { createTestPromises, createTestSigner } from '../support/log-signer.ts'
import { createTestFolder } from '../support/postgres.ts'
import type { Acknowledged } from './load.ts'
import { faultsOf, reckon } from './reckoning.ts'

/** One error at one step: before it is done, or after it was done and before that is known. */
interface Injection {
  readonly step: number
  readonly when: 'before' | 'after'
}

/** Counts the steps of everything it is put round, and breaks one of them. */
function createInjector(injection: Injection | undefined) {
  const steps: string[] = []
  const broken = (name: string) => new Error(`injected: ${name}`)
  return {
    steps,
    wrap<Store extends object>(store: Store): Store {
      return new Proxy(store, {
        get(target, name) {
          const method = Reflect.get(target, name)
          if (typeof method !== 'function' || name === 'close') return method
          return async (...given: unknown[]) => {
            const step = steps.push(String(name)) - 1
            if (step === injection?.step && injection.when === 'before') throw broken(String(name))
            const result = await method.apply(target, given)
            if (step === injection?.step) throw broken(String(name))
            return result
          }
        },
      })
    },
  }
}

describe('one error at each storage step', () => {
  let log: LogDatabase
  let folder: string
  let signer: NoteSigner
  let processes = 100
  const journal: Acknowledged[] = []
  const vault = createVault(Buffer.alloc(32, 7))

  before(async () => {
    log = await createLogDatabase()
    folder = await createTestFolder()
    signer = await createTestSigner()
  })

  after(async () => {
    await log.close()
    await rm(folder, { recursive: true })
  })

  /** A process that begins, records, closes orphans and signs; the steps of its stores can be broken. */
  async function live(wrap: <Store extends object>(store: Store) => Store): Promise<void> {
    processes += 1
    const parts = { pool: log.pool, url: log.database.url }
    const store = createLedgerStore({
      ...parts,
      vault,
      processNumber: processes,
    })
    const kept = createLogStore(parts)
    const ledger = createLedger({
      promise: createTestPromises(),
      store: wrap(store),
      authority: () => 1,
      catchUp: async () => {},
      tagger: createTaggers(createTagKeys(log.pool, vault)),
      random: randomBytes,
      now: Date.now,
      onAppend: () => {},
      onAvailability: () => {},
    })
    const keeper = createLogKeeper({
      store: wrap(kept),
      anchor: wrap(createAnchorFile(join(folder, 'anchor'))),
      signer,
      crypto: NODE_CRYPTO,
      now: Date.now,
      onSigned: () => {},
      onRefused: () => {},
    })
    try {
      await carry(ledger, true)
      await carry(ledger, false)
      await keeper.step().catch(() => {})
      // Another process is faster: this one is told so, and takes the head's lock from then on.
      await log.append(1)
      await Promise.all([carry(ledger, false), carry(ledger, false)])
      await ledger.closeOrphans().catch(() => {})
      await ledger.probe()
      await keeper.step().catch(() => {})
      await ledger.drain()
    } finally {
      await store.close()
      await kept.close()
    }
    expect(keeper.refusal(), 'an error is no reason to refuse the log').to.equal(undefined)
  }

  async function carry(ledger: Ledger, begins: boolean): Promise<void> {
    const facts = sampleFacts()
    try {
      if (begins) await ledger.begin(facts)
      const { leafIndex, leafHash } = await ledger.complete(facts, 'delivered')
      journal.push({ exchange: facts.exchangeId, status: 200, receipt: { index: leafIndex, leafHash } })
    } catch {
      // Withheld: nobody was told of a record.
    }
  }

  async function audit() {
    await advanceRollups(log.pool)
    const pass = createFsckPass({
      store: createFsckStore(log.pool, vault),
      anchor: createAnchorFile(join(folder, 'anchor')).read,
      key: signer.key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    while (await pass.next(500));
    return pass.faults()
  }

  it('leaves a log without a difference, from which the next process goes on', async () => {
    const honest = createInjector(undefined)
    await live(honest.wrap)
    expect(new Set(honest.steps)).to.include.members([
      'append',
      'writeIntent',
      'readHead',
      'lockHead',
      'orphans',
      'lead',
      'readLeaves',
      'writeTiles',
      'write',
      'publish',
    ])
    const broken: string[] = []
    for (let step = 0; step < honest.steps.length; step += 1) {
      for (const when of ['before', 'after'] as const) {
        const injector = createInjector({ step, when })
        await live(injector.wrap)
        await live((store) => store)
        broken.push(`${when} ${injector.steps[step]}`)
        expect(await audit(), broken.at(-1)).to.deep.equal([])
        const { rows } = await log.pool.query(
          'SELECT (SELECT max(size) FROM log_checkpoint) AS signed, size FROM ledger_head',
        )
        expect(rows[0].signed, broken.at(-1)).to.equal(rows[0].size)
      }
    }
    expect(broken.length).to.be.greaterThan(30)
    expect(faultsOf(await reckon(log.pool, journal))).to.deep.equal({})
  })
})

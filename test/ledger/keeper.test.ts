import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { NODE_CRYPTO, openEd25519File } from '../../src/identity/log-key.ts'
import { createAnchorFile } from '../../src/ledger/anchor-file.ts'
import { openCheckpoint } from '../../src/ledger/checkpoint.ts'
import { createLogKeeper, type RefusalReason } from '../../src/ledger/keeper.ts'
import { createNoteKey, type NoteSigner } from '../../src/ledger/note.ts'
import { createLogReader, createLogStore } from '../../src/storage/log.ts'
import { createLogDatabase, type LogDatabase } from '../support/log-database.ts'
import { createTestFolder } from '../support/postgres.ts'

const ORIGIN = 'log.example/test'

describe('keeper of the log', () => {
  let log: LogDatabase
  let folder: string
  let signer: NoteSigner
  const stores: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    log = await createLogDatabase()
    folder = await createTestFolder()
    const { publicKey, sign } = openEd25519File(join(folder, 'log.key'))
    signer = { key: await createNoteKey({ name: ORIGIN, kind: 'note', publicKey }, NODE_CRYPTO.hash), sign }
  })

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await log.close()
    await rm(folder, { recursive: true })
  })

  /** A process that keeps the log; another over the same database stands for a restart or a second one. */
  function startKeeper() {
    const store = createLogStore({ pool: log.pool, url: log.database.url })
    stores.push(store)
    const refusals: RefusalReason[] = []
    const keeper = createLogKeeper({
      store,
      anchor: createAnchorFile(join(folder, 'anchor')),
      signer,
      crypto: NODE_CRYPTO,
      now: Date.now,
      onSigned: () => {},
      onRefused: ({ reason }) => refusals.push(reason),
    })
    return { keeper, refusals, stop: () => store.close() }
  }

  const published = async () => {
    const note = await createLogReader(log.pool).latestCheckpoint()
    return note === undefined ? undefined : openCheckpoint(note, signer.key, NODE_CRYPTO)
  }
  const query = (text: string) => log.pool.query(text)

  it('signs what the log has grown by, and nothing where it has not grown', async () => {
    const { keeper } = startKeeper()
    await keeper.step()
    expect(await published()).to.equal(undefined)
    for (const [grown, size] of [
      [3, 3],
      [300, 303],
      [0, 303],
    ] as const) {
      await log.append(grown)
      await keeper.step()
      const { rows } = await query('SELECT root FROM ledger_head')
      const checkpoint = await published()
      expect(checkpoint?.size).to.equal(size)
      expect(rows[0].root.equals(checkpoint?.root)).to.equal(true)
    }
    expect(Number((await query('SELECT count(*) FROM log_checkpoint')).rows[0].count)).to.equal(2)
  })

  it('keeps the last checkpoint outside the database, for its owner alone', async () => {
    const { keeper } = startKeeper()
    await log.append(2)
    await keeper.step()
    expect(await readFile(join(folder, 'anchor'), 'utf8')).to.equal(
      await createLogReader(log.pool).latestCheckpoint(),
    )
    expect((await stat(join(folder, 'anchor'))).mode & 0o777).to.equal(0o600)
  })

  it('goes on after a restart, and serves what a crash kept from being served', async () => {
    const first = startKeeper()
    await log.append(5)
    await first.keeper.step()
    await first.stop()
    await query('DELETE FROM log_checkpoint')
    await query("INSERT INTO log_checkpoint VALUES (1, 'older', now(), false)")
    const second = startKeeper()
    await second.keeper.step()
    expect((await published())?.size).to.equal(5)
    await log.append(1)
    await second.keeper.step()
    expect((await published())?.size).to.equal(6)
    expect(second.refusals).to.deep.equal([])
  })

  it('is one of all processes over a database', async () => {
    const [first, second] = [startKeeper(), startKeeper()]
    await log.append(1)
    await first.keeper.step()
    await second.keeper.step()
    expect([first.keeper.leads(), second.keeper.leads()]).to.deep.equal([true, false])
    await first.stop()
    await log.append(1)
    await second.keeper.step()
    expect(second.keeper.leads()).to.equal(true)
    expect((await published())?.size).to.equal(2)
  })

  const tampering: readonly {
    readonly name: string
    readonly reason: RefusalReason
    readonly tamper: () => Promise<unknown>
    /** Whether the log also grew honestly afterwards. */
    readonly grows: boolean
  }[] = [
    {
      name: 'the database was put back to an earlier state',
      reason: 'rolled_back',
      tamper: () =>
        query("TRUNCATE exchange_record; UPDATE ledger_head SET size = 0, peaks = '', root = sha256('')"),
      grows: false,
    },
    {
      name: 'it was put back and has grown beyond what was signed',
      reason: 'forked',
      async tamper() {
        await query(
          "TRUNCATE exchange_record; UPDATE ledger_head SET size = 0, peaks = '', root = sha256('')",
        )
        log.ledger.probe()
      },
      grows: true,
    },
    {
      name: 'a new leaf was changed before it was signed',
      reason: 'leaf_changed',
      async tamper() {
        await log.append(1)
        await query("UPDATE exchange_record SET leaf = leaf || ' ' WHERE leaf_index = 10")
      },
      grows: false,
    },
    {
      name: 'a new leaf was changed together with its hash',
      reason: 'forked',
      async tamper() {
        await log.append(1)
        await query(
          "UPDATE exchange_record SET leaf = leaf || ' ', leaf_hash = sha256('\\x00'::bytea || leaf || ' ') WHERE leaf_index = 10",
        )
      },
      grows: false,
    },
    {
      name: 'a new leaf was taken away',
      reason: 'leaves_missing',
      async tamper() {
        await log.append(2)
        await query('DELETE FROM exchange_record WHERE leaf_index = 10')
      },
      grows: false,
    },
    {
      name: 'the root was changed',
      reason: 'forked',
      tamper: () => query("UPDATE ledger_head SET root = sha256('other')"),
      grows: false,
    },
    {
      name: 'the file outside the database is gone',
      reason: 'anchor_missing',
      tamper: () => rm(join(folder, 'anchor')),
      grows: true,
    },
    {
      name: 'the file outside the database is not of this log',
      reason: 'anchor_foreign',
      tamper: () => writeFile(join(folder, 'anchor'), 'other.example/log\n0\nAAAA\n\n— x AAAAAAAA\n'),
      grows: true,
    },
  ]

  for (const { name, reason, tamper, grows } of tampering) {
    it(`signs nothing more where ${name} (${reason})`, async () => {
      const { keeper, refusals, stop } = startKeeper()
      await log.append(10)
      await keeper.step()
      await tamper()
      if (grows) {
        // The writer believes in the log it knew; it finds out, and goes on with what is there.
        await log.append(12).catch(() => {})
      }
      await keeper.step()
      await keeper.step()
      expect(refusals).to.deep.equal([reason])
      expect(keeper.refusal()?.reason).to.equal(reason)
      expect((await published())?.size).to.equal(10)
      await stop()
      const restarted = startKeeper()
      await restarted.keeper.step()
      expect(restarted.refusals, 'after a restart').to.deep.equal([reason])
      expect((await published())?.size).to.equal(10)
    })
  }

  it('signs nothing after a restart where the stored hashes no longer lead to the signed root', async () => {
    const first = startKeeper()
    await log.append(10)
    await first.keeper.step()
    await first.stop()
    await query("UPDATE log_tile SET hashes = sha256('x') || substring(hashes FROM 33)")
    const { keeper, refusals } = startKeeper()
    await keeper.step()
    expect(refusals).to.deep.equal(['tiles_changed'])
  })

  it('goes on by itself once the log is again what was signed', async () => {
    const { keeper } = startKeeper()
    await log.append(4)
    await keeper.step()
    const { rows } = await query('SELECT root FROM ledger_head')
    await query("UPDATE ledger_head SET root = sha256('other')")
    await keeper.step()
    expect(keeper.refusal()?.reason).to.equal('forked')
    await log.pool.query('UPDATE ledger_head SET root = $1', [rows[0].root])
    await keeper.step()
    expect(keeper.refusal()).to.equal(undefined)
  })

  it('keeps of old checkpoints one an hour, a cosigned one before others, and each that is time-stamped', async () => {
    const store = createLogStore({ pool: log.pool, url: log.database.url })
    stores.push(store)
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute))
    for (const [size, minute, cosigned] of [
      [1, 1, false],
      [2, 2, true],
      [3, 59, false],
      [4, 60, false],
      [5, 70, false],
      [6, 80, false],
      [7, 130, false],
      [8, 140, false],
    ] as const)
      await log.pool.query('INSERT INTO log_checkpoint VALUES ($1, $2, $3, $4)', [
        size,
        `note ${size}`,
        at(minute),
        cosigned,
      ])
    await store.addTimestamp({
      size: 4,
      authority: 'tsa',
      at: at(61),
      note: 'note 4',
      token: Buffer.alloc(1),
    })
    expect(await store.thinCheckpoints(at(120))).to.equal(3)
    const { rows } = await query('SELECT size FROM log_checkpoint ORDER BY size')
    expect(rows.map(({ size }) => Number(size))).to.deep.equal([2, 4, 6, 7, 8])
  })
})

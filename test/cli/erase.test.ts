import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client } from 'pg'
import { openSecretFile } from '../../src/identity/key-file.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { createFsckPass } from '../../src/ledger/fsck.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { type Cluster, createCluster } from '../faults/cluster.ts'
import { runCli } from '../support/cli.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises, createTestSigner } from '../support/log-signer.ts'
import { createTestFolder } from '../support/postgres.ts'

/** Nobody else's, and in no file that a program brings. */
const PERSON = { subject: '099087654321', officer: 'cb-canary-9153', dossier: 'H29.12-260131-9153' }
const MONTHS = ['2026-01', '2026-02', '2026-03']
const NOW = Date.parse('2026-06-15T03:00:00Z')

/** The files below a folder that hold these bytes. */
function filesWith(folder: string, bytes: Buffer): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(bytes))
}

describe('lienthong erase', function () {
  this.timeout(60_000)
  let cluster: Cluster
  let folder: string
  let database: Database
  let vault: ReturnType<typeof createVault>

  const cli = (words: readonly string[], stdin?: string) =>
    runCli([...words, '--json'], {
      workingDirectory: folder,
      environment: {
        LANG: 'en',
        DATABASE_URL: cluster.url,
        LIENTHONG_DATADIR: join(folder, 'data'),
        LIENTHONG_RETENTION_IDENTIFIERMONTHS: '3',
      },
      now: () => NOW,
      ...(stdin !== undefined && { stdin }),
    })

  async function json(words: readonly string[], stdin?: string) {
    const { exit, out, err } = await cli(words, stdin)
    expect(exit, err).to.equal(0)
    return out === '' ? undefined : JSON.parse(out)
  }

  async function write(month: string): Promise<void> {
    const receivedAtMs = Date.parse(`${month}-20T03:00:00Z`)
    const store = createLedgerStore({ pool: database.pool, url: cluster.url, vault, processNumber: 1 })
    const ledger = createLedger({
      promise: createTestPromises(),
      store,
      authority: () => 1,
      catchUp: async () => {},
      tagger: createTaggers(createTagKeys(database.pool, vault)),
      random: randomBytes,
      now: () => receivedAtMs,
      onAppend: () => {},
      onAvailability: () => {},
    })
    const exchangeId = formatExchangeId(receivedAtMs, randomBytes(16))
    await ledger.complete(sampleFacts({ ...PERSON, exchangeId, receivedAtMs }), 'delivered')
    await store.close()
  }

  const monthsFound = async () => {
    const { records } = await json(['records', '--subject-stdin'], PERSON.subject)
    // Each search is a record too, and of the person searched for.
    const exchanges = records.filter(
      ({ record }: { record: { service: string } }) => record.service !== 'audit',
    )
    return exchanges.map(({ at }: { at: string }) => at.slice(0, 7)).sort()
  }

  /** Everything to disk; what the server's own log no longer needs is removed, as time does otherwise. */
  async function settle(): Promise<void> {
    const superuser = new Client({ connectionString: cluster.superuserUrl })
    await superuser.connect()
    for (const statement of [
      'ALTER SYSTEM SET wal_recycle = off',
      "ALTER SYSTEM SET min_wal_size = '32MB'",
      'SELECT pg_reload_conf()',
      'SELECT pg_switch_wal()',
      'CHECKPOINT',
      'SELECT pg_switch_wal()',
      'CHECKPOINT',
    ])
      await superuser.query(statement)
    await superuser.end()
  }

  before(async () => {
    cluster = await createCluster()
    folder = await createTestFolder()
    mkdirSync(join(folder, 'data/keys'), { recursive: true })
    vault = createVault(
      openSecretFile(join(folder, 'data/keys/data.key'), Buffer.alloc(32, 9)).subarray(0, 32),
    )
    database = await openDatabase({ url: cluster.url, dataDir: '', poolSize: 3, log: () => {} })
    await database.migrate()
    for (const month of MONTHS) await write(month)
  })

  after(async () => {
    await database.close()
    await cluster.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('destroys the keys of months past retention but for those a hold keeps, and records each', async () => {
    const { rows: keys } = await database.pool.query('SELECT month, sealed_key FROM tag_key ORDER BY month')
    const { rows: parts } = await database.pool.query(
      'SELECT sealed, subject_tag, officer_tag FROM exchange_private ORDER BY exchange_id LIMIT 1',
    )
    const erased = [
      keys[0].sealed_key,
      parts[0].sealed,
      Buffer.from(parts[0].subject_tag),
      Buffer.from(parts[0].officer_tag),
    ]
    await settle()
    for (const bytes of erased) expect(filesWith(cluster.folder, bytes), 'before').not.to.deep.equal([])
    expect(await monthsFound()).to.deep.equal(MONTHS)

    const hold = ['erase', 'hold', 'VA-12', '--by', 'TAND 12/2026', '--from', '2026-02', '--to', '2026-02']
    expect((await cli([...hold, '--until', '2026-06-31'])).exit, 'no such day').to.equal(2)
    await json([...hold, '--until', '2026-06-15'])
    const kept = [{ month: '2026-02', hold: 'VA-12' }]
    const tried = await json(['erase', 'due', '--dry-run'])
    expect(tried).to.deep.equal({ destroyed: ['2026-01'], kept, dryRun: true })
    expect(await monthsFound()).to.deep.equal(MONTHS)
    const done = await json(['erase', 'due'])
    expect(done).to.deep.equal({ destroyed: ['2026-01'], kept, dryRun: false })
    expect(await monthsFound()).to.deep.equal(['2026-02', '2026-03'])
    expect(await json(['erase', 'due'])).to.deep.equal({ destroyed: [], kept, dryRun: false })

    const { rows } = await database.pool.query(
      "SELECT leaf FROM exchange_record WHERE service = 'erasure' ORDER BY leaf_index",
    )
    const told = rows.map(({ leaf }) => JSON.parse(leaf.toString()))
    expect(
      told.map(({ operation, reading }) => [operation, reading.found, JSON.parse(reading.query)]),
    ).to.deep.equal([
      [
        'hold',
        1,
        {
          authority: 'TAND 12/2026',
          fromMonth: '2026-02',
          id: 'VA-12',
          toMonth: '2026-02',
          untilDay: '2026-06-15',
        },
      ],
      ['erase', 1, { class: 'months', months: ['2026-01'], rule: 'retention.identifierMonths = 3' }],
    ])

    await settle()
    for (const bytes of erased) expect(filesWith(cluster.folder, bytes), 'after').to.deep.equal([])
    for (const text of Object.values(PERSON)) {
      for (const place of [cluster.folder, folder])
        expect(filesWith(place, Buffer.from(text)), text).to.deep.equal([])
    }
  })

  it('gives a month no other key, and leaves the log as it was', async () => {
    const error = await createTagKeys(database.pool, vault)('2026-01').catch((thrown: unknown) => thrown)
    expect(String(error)).to.include('the tag key of 2026-01 is gone')
    const { key } = await createTestSigner()
    const pass = createFsckPass({
      store: createFsckStore(database.pool, vault),
      anchor: async () => undefined,
      key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    while (await pass.next(100));
    expect(pass.faults()).to.deep.equal([])
  })

  it('releases a hold by order, and destroys one month by order, never the present one', async () => {
    expect((await json(['erase', 'holds'])).holds).to.have.length(1)
    await json(['erase', 'release', 'VA-12', '--by', 'TAND 31/2026'])
    expect((await json(['erase', 'holds'])).holds).to.deep.equal([])
    expect((await json(['erase', 'due'])).destroyed).to.deep.equal(['2026-02'])
    expect((await cli(['erase', 'month', '2026-06', '--by', 'QD 5'])).exit).to.equal(2)
    expect((await json(['erase', 'month', '2026-03', '--by', 'QD 5'])).destroyed).to.deep.equal(['2026-03'])
    expect(await monthsFound()).to.deep.equal([])
  })
})

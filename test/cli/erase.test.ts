import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openSecretFile } from '../../src/identity/key-file.ts'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { type ErasureRecord, eraseDue, type RetentionParts } from '../../src/jobs/retention.ts'
import { createFsckPass } from '../../src/ledger/fsck.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { createTaggers, tagWith } from '../../src/ledger/tag.ts'
import type { ExchangeFacts } from '../../src/model/exchange.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createErasureStore } from '../../src/storage/erasure.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { type Cluster, createCluster } from '../faults/cluster.ts'
import { runCli } from '../support/cli.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises, createTestSigner } from '../support/log-signer.ts'
import { createTestFolder } from '../support/postgres.ts'
import { filesWith, settleFiles } from '../support/raw-search.ts'

/** Nobody else's, and in no file that a program brings. */
const PERSON = { subject: '099087654321', officer: 'cb-canary-9153', dossier: 'H29.12-260131-9153' }
const MONTHS = ['2026-01', '2026-02', '2026-03']
const NOW = Date.parse('2026-06-15T03:00:00Z')

describe('lienthong erase', () => {
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
        ...Object.fromEntries(
          [1, 2, 3, 4, 5].map((level) => [`LIENTHONG_RETENTION_LEVEL${level}DAYS`, '100']),
        ),
      },
      now: () => NOW,
      ...(stdin !== undefined && { stdin }),
    })

  async function json(words: readonly string[], stdin?: string) {
    const { exit, out, err } = await cli(words, stdin)
    expect(exit, err).to.equal(0)
    return out === '' ? undefined : JSON.parse(out)
  }

  async function write(month: string, facts: Partial<ExchangeFacts> = {}): Promise<string> {
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
    await ledger.complete(sampleFacts({ ...PERSON, exchangeId, receivedAtMs, ...facts }), 'delivered')
    await store.close()
    return exchangeId
  }

  const monthsFound = async () => {
    const { records } = await json(['records', '--subject-stdin'], PERSON.subject)
    // Each search is a record too, and of the person searched for.
    const exchanges = records.filter(
      ({ record }: { record: { service: string } }) => record.service !== 'audit',
    )
    return exchanges.map(({ at }: { at: string }) => at.slice(0, 7)).sort()
  }

  const settle = () => settleFiles(cluster.superuserUrl)

  /** What the running audit finds. */
  async function audit(): Promise<string[]> {
    const { key } = await createTestSigner()
    const pass = createFsckPass({
      store: createFsckStore(database.pool, vault),
      anchor: async () => undefined,
      key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    while (await pass.next(100));
    return pass.faults().map(({ check, index }) => `${check} ${index}`)
  }

  /** What a month's first row has that is not to be left anywhere. */
  async function traces(person: string, month: string): Promise<Buffer[]> {
    const { rows } = await database.pool.query(
      `SELECT subject_tag, sealed FROM exchange_private JOIN exchange_record USING (exchange_id)
        WHERE service <> 'audit' AND subject_tag = $1 LIMIT 1`,
      [tagWith(await createTagKeys(database.pool, vault)(month))('subject', person)],
    )
    return [Buffer.from(rows[0].subject_tag), rows[0].sealed]
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
    expect(tried).to.deep.equal({ spans: [], months: ['2026-01'], kept, dryRun: true })
    expect(await monthsFound()).to.deep.equal(MONTHS)
    const done = await json(['erase', 'due'])
    expect(done).to.deep.equal({ spans: [], months: ['2026-01'], kept, dryRun: false })
    expect(await monthsFound()).to.deep.equal(['2026-02', '2026-03'])
    expect(await json(['erase', 'due'])).to.deep.equal({ spans: [], months: [], kept, dryRun: false })

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
      ['erase', 1, { class: 'months', days: 100, months: ['2026-01'] }],
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
    expect(await audit()).to.deep.equal([])
  })

  it('releases a hold by order, and destroys one month by order, never the present one', async () => {
    expect((await json(['erase', 'holds'])).holds).to.have.length(1)
    await json(['erase', 'release', 'VA-12', '--by', 'TAND 31/2026'])
    expect((await json(['erase', 'holds'])).holds).to.deep.equal([])
    expect((await json(['erase', 'due'])).months).to.deep.equal(['2026-02'])
    expect((await cli(['erase', 'month', '2026-06', '--by', 'QD 5'])).exit).to.equal(2)
    expect((await json(['erase', 'month', '2026-03', '--by', 'QD 5'])).months).to.deep.equal(['2026-03'])
    expect(await monthsFound()).to.deep.equal([])
  })

  it('erases by the days of each security level, records how much, and counts what is gone against that', async () => {
    await database.pool.query("SELECT ensure_record_partition('2026-04-01', 'exchange_private')")
    const short = await write('2026-04', { provider: 'G01/dan-cu' })
    const long = await write('2026-04', { provider: 'G12/thue' })
    const records: ErasureRecord[] = []
    const erasure = await write('2026-05', {
      service: 'erasure',
      operation: 'erase',
      reading: { found: 1, query: '{}' },
    })
    const parts: RetentionParts = {
      store: createErasureStore(database.pool),
      subsystems: () => [
        { id: 'G01/dan-cu', securityLevel: 2 },
        { id: 'G12/thue', securityLevel: 5 },
      ],
      days: { level1Days: 30, level2Days: 30, level3Days: 3650, level4Days: 3650, level5Days: 3650 },
      async record(each) {
        records.push(each)
        return erasure
      },
      now: () => NOW,
    }
    const before = '2026-05-16T03:00:00.000Z'
    const hold = ['--by', 'TAND 40/2026', '--from', '2026-04', '--to', '2026-04', '--until', '2026-06-15']
    await json(['erase', 'hold', 'VA-40', ...hold])
    expect((await eraseDue(parts, false)).spans).to.deep.equal([])
    await json(['erase', 'release', 'VA-40', '--by', 'TAND 41/2026'])
    expect((await eraseDue(parts, true)).spans).to.deep.equal([{ levels: [1, 2], before, records: 1 }])
    expect(records).to.deep.equal([])
    expect((await eraseDue(parts, false)).spans).to.deep.equal([{ levels: [1, 2], before, records: 1 }])
    expect(records).to.deep.equal([
      { found: 1, query: { class: 'retention', levels: [1, 2], days: 30, before } },
    ])
    expect((await eraseDue(parts, false)).spans, 'again').to.deep.equal([])
    const { rows } = await database.pool.query(
      'SELECT exchange_id, erased_by FROM exchange_private WHERE exchange_id = ANY ($1) ORDER BY erased_by',
      [[short, long]],
    )
    expect(rows).to.deep.equal([
      { exchange_id: short, erased_by: erasure },
      { exchange_id: long, erased_by: null },
    ])
    expect(await audit()).to.deep.equal([])
    await database.pool.query('BEGIN; CREATE TABLE kept AS SELECT * FROM exchange_private; COMMIT')
    await database.pool.query(
      'UPDATE exchange_private SET subject_tag = NULL, officer_tag = NULL, dossier_tag = NULL, sealed = NULL, erased_by = $1 WHERE exchange_id = $2',
      [erasure, long],
    )
    expect(await audit(), 'more is gone than was recorded').to.have.length(1)
    await database.pool.query('TRUNCATE exchange_private')
    await database.pool.query('INSERT INTO exchange_private SELECT * FROM kept')
    await database.pool.query('DROP TABLE kept')
  })

  it('erases what the records say of one person, wherever no hold keeps it, and leaves no byte of it', async () => {
    const subject = '099087651234'
    await write('2026-04', { subject })
    await write('2026-05', { subject })
    const other = await traces(PERSON.subject, '2026-04')
    const [gone, held] = [await traces(subject, '2026-04'), await traces(subject, '2026-05')]
    const hold = ['--by', 'TAND 50/2026', '--from', '2026-05', '--to', '2026-05', '--until', '2026-12-31']
    await json(['erase', 'hold', 'VA-50', ...hold])
    const kept = [{ month: '2026-05', hold: 'VA-50' }]
    const words = ['erase', 'subject', '--by', 'Đơn 7/2026']
    const none = { copies: 0, left: [] }
    expect((await cli(words, ' ')).exit, 'nobody named').to.equal(2)
    expect(await json([...words, '--dry-run'], subject)).to.deep.equal({
      records: 1,
      ...none,
      kept,
      dryRun: true,
    })
    expect(await json(words, subject)).to.deep.equal({ records: 1, ...none, kept, dryRun: false })
    expect(await json(words, subject), 'again').to.deep.equal({ records: 0, ...none, kept, dryRun: false })
    await settle()
    for (const bytes of gone) expect(filesWith(cluster.folder, bytes), 'erased').to.deep.equal([])
    for (const bytes of [...held, ...other])
      expect(filesWith(cluster.folder, bytes), 'kept').not.to.deep.equal([])
    for (const place of [cluster.folder, folder])
      expect(filesWith(place, Buffer.from(subject))).to.deep.equal([])
    const { rows } = await database.pool.query(
      "SELECT leaf FROM exchange_record WHERE service = 'erasure' ORDER BY leaf_index DESC LIMIT 1",
    )
    const record = JSON.parse(rows[0].leaf.toString())
    expect(record.reading).to.deep.equal({ found: 1, query: '{"class":"subject","order":"Đơn 7/2026"}' })
    expect(record.private).not.to.have.property('subjectTag')
    expect(await audit()).to.deep.equal([])
  })
})

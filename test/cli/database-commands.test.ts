import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import pg from 'pg'
import { openSecretFile } from '../../src/identity/key-file.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { createTaggers } from '../../src/ledger/tag.ts'
import type { ExchangeFacts, Outcome } from '../../src/model/exchange.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { createTagKeys } from '../../src/storage/tag-keys.ts'
import { createVault } from '../../src/storage/vault.ts'
import { runCli } from '../support/cli.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestPromises } from '../support/log-signer.ts'
import { createTestDatabase, createTestFolder, type TestDatabase } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')

describe('commands on the database', () => {
  let folder: string
  let database: TestDatabase

  beforeEach(async () => {
    folder = await createTestFolder()
    database = await createTestDatabase({ empty: true })
  })

  afterEach(async () => {
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  const cli = (
    words: readonly string[],
    more: { stdin?: string; now?: () => number; signal?: AbortSignal } = {},
  ) =>
    runCli(words, {
      workingDirectory: folder,
      environment: {
        LANG: 'en',
        DATABASE_URL: database.url,
        LIENTHONG_DATADIR: join(folder, 'data'),
        LIENTHONG_SANDBOX: 'true',
      },
      ...more,
    })

  async function json(words: readonly string[], more: { stdin?: string } = {}) {
    const { exit, out, err } = await cli([...words, '--json'], more)
    expect(exit, err).to.equal(0)
    return JSON.parse(out)
  }

  describe('lienthong registry', () => {
    const source = (name: string) => join(folder, 'registry', name)

    beforeEach(() => {
      cpSync(join(PROJECT, 'config/registry'), join(folder, 'registry'), { recursive: true })
    })

    function edit(name: string, change: (text: string) => string) {
      writeFileSync(source(name), change(readFileSync(source(name), 'utf8')))
    }

    it('applies a folder, compares it, applies a change, and tells the history', async () => {
      const first = await json(['registry', 'apply', 'registry', '--by', 'an operator', '--note', 'first'])
      expect(first).to.include({ outcome: 'applied', version: 1 })
      expect(first.diff.added.length).to.be.above(10)
      expect(await json(['registry', 'apply', 'registry'])).to.include({ outcome: 'unchanged', version: 1 })
      edit('services/sandbox.yaml', (text) => text.replace(/timeoutMs: \d+/, 'timeoutMs: 4321'))
      const { out } = await cli(['registry', 'diff', 'registry'])
      expect(out).to.match(/^~ Service\/\S+ {2}\/binding\/timeoutMs\n$/)
      const { diff } = await json(['registry', 'diff', 'registry'])
      expect(diff.changed[0].changes).to.deep.equal(['/binding/timeoutMs'])
      expect(await json(['registry', 'apply', 'registry'])).to.include({ version: 2 })
      const { versions } = await json(['registry', 'history'])
      expect(versions.map(({ version }: { version: number }) => version)).to.deep.equal([2, 1])
      expect(versions[1]).to.include({ by: 'an operator', note: 'first' })
      const table = await cli(['registry', 'history'])
      expect(table.out)
        .to.match(/^Version {2}Time/)
        .and.include('an operator')
    })

    it('tells by which hub each service is reached, which have moved from where, and when', async () => {
      const hub = (name: string, more = '') =>
        `  hub: { name: ${name}, protocol: direct${more} }\n  timeoutMs: 4321`
      edit('services/sandbox.yaml', (text) =>
        text.replace(/ {2}timeoutMs: \d+/, hub('truc-cu', ", until: '2026-12-31'")),
      )
      await json(['registry', 'apply', 'registry'])
      const { services } = await json(['registry', 'hubs'])
      expect(services[0]).to.include({ hub: 'truc-cu', until: '2026-12-31', moved: null })
      edit('services/sandbox.yaml', (text) =>
        text.replace(/ {2}hub: .*\n {2}timeoutMs: 4321/, hub('truc-moi')),
      )
      await json(['registry', 'apply', 'registry', '--by', 'an operator'])
      const after = await json(['registry', 'hubs'])
      const moved = after.services.find(({ service }: { service: string }) => service === services[0].service)
      expect(moved).to.deep.include({ hub: 'truc-moi', until: null, daysLeft: null })
      expect(moved.moved).to.include({ from: 'truc-cu', by: 'an operator' })
      const { out, err } = await cli(['registry', 'hubs'])
      expect(out)
        .to.match(/^Hub .*Moved from/)
        .and.match(/truc-moi .*direct .*truc-cu/)
      expect(err).to.include('0 services are still reached by a hub that ends; 1 have moved')
    })

    it('exports what was applied, of now or of then, and it applies again without a change', async () => {
      await json(['registry', 'apply', 'registry'])
      edit('services/sandbox.yaml', (text) => text.replace(/timeoutMs: \d+/, 'timeoutMs: 4321'))
      await json(['registry', 'apply', 'registry'])
      const exported = await json(['registry', 'export', 'out'])
      expect(exported).to.include({ version: 2, dir: join(folder, 'out') })
      const { diff } = await json(['registry', 'diff', 'out'])
      expect(diff).to.deep.equal({ added: [], changed: [], removed: [] })
      expect(await json(['registry', 'export', 'old', '--at', '1'])).to.include({ version: 1 })
      const { diff: back } = await json(['registry', 'diff', 'old'])
      expect(back.changed).to.have.length(1)
      const told = await cli(['registry', 'export', 'third'])
      expect(told).to.include({ exit: 0, out: `${join(folder, 'third')}\n` })
      const again = await cli(['registry', 'export', 'out'])
      expect(again).to.include({ exit: 1, out: '' })
      expect(again.err).to.include('not empty')
      expect((await cli(['registry', 'export', 'x', '--at', '9'])).err).to.include('There is no version 9')
    })

    it('refuses a set with faults as a whole, each with its place, and leaves what is in force', async () => {
      await json(['registry', 'apply', 'registry'])
      edit('subsystems/providers.yaml', (text) => text.replace('state: active', 'state: asleep'))
      edit('agreements/h26-mot-cua.yaml', (text) => text.replace('verifyCitizen', 'verifyNobody'))
      const { exit, out, err } = await cli(['registry', 'apply', 'registry'])
      expect({ exit, out }).to.deep.equal({ exit: 3, out: '' })
      expect(err).to.match(/registry\/subsystems\/providers\.yaml:\d+:\d+ {2}\/state/)
      expect(err).to.match(/registry\/agreements\/h26-mot-cua\.yaml:\d+:\d+ {2}\/operations\/0\/operation/)
      expect((await json(['registry', 'history'])).versions).to.have.length(1)
    })

    it('says what to do where no gateway has used the database, and changes nothing in it', async () => {
      for (const words of [['registry', 'history'], ['registry', 'diff', 'registry'], ['records']]) {
        const { exit, out, err } = await cli(words)
        expect({ exit, out }, words.join(' ')).to.deep.equal({ exit: 1, out: '' })
        expect(err).to.include('No gateway has used this database yet').and.include('lienthong serve')
      }
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const { rows } = await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`)
      await client.end()
      expect(rows).to.deep.equal([])
    })

    it('says so where the database is away, and shows no password', async () => {
      const { exit, err } = await runCli(['registry', 'history'], {
        environment: { LANG: 'en', DATABASE_URL: 'postgresql://someone:hush@127.0.0.1:1/none' },
      })
      expect(exit).to.equal(1)
      expect(err)
        .to.include('The database cannot be reached')
        .and.include('DATABASE_URL')
        .and.not.include('hush')
      const strange = new URL(database.url)
      strange.pathname = '/there_is_none'
      const none = await runCli(['registry', 'history'], {
        environment: { LANG: 'en', DATABASE_URL: strange.href },
      })
      expect(none.err).to.include('does not let us in').and.include('3D000')
    })

    it('stops on Ctrl-C with 130 and nothing left open', async () => {
      const stop = new AbortController()
      stop.abort('SIGINT')
      const { exit, out } = await cli(['registry', 'history'], { signal: stop.signal })
      expect({ exit, out }).to.deep.equal({ exit: 130, out: '' })
    })
  })

  describe('lienthong records', () => {
    const START = Date.parse('2026-10-30T03:00:00Z')
    const DAY_MS = 86_400_000

    /** Writes records a day apart from 30 October on, as a gateway with this data folder would. */
    async function write(facts: readonly [Partial<ExchangeFacts>, Outcome][]): Promise<void> {
      await json(['registry', 'apply', join(PROJECT, 'config/registry')])
      mkdirSync(join(folder, 'data/keys'), { recursive: true })
      const key = openSecretFile(join(folder, 'data/keys/data.key'), Buffer.alloc(32, 9))
      const vault = createVault(key.subarray(0, 32))
      const pool = new pg.Pool({ connectionString: database.url, max: 2 })
      const store = createLedgerStore({ pool, url: database.url, vault, processNumber: 1 })
      let nowMs = START
      const ledger = createLedger({
        promise: createTestPromises(),
        store,
        authority: () => 1,
        catchUp: async () => {},
        tagger: createTaggers(createTagKeys(pool, vault)),
        random: randomBytes,
        now: () => nowMs,
        onAppend: () => {},
        onAvailability: () => {},
      })
      for (const [overrides, outcome] of facts) {
        const { receivedAtMs = nowMs } = overrides
        const exchangeId = formatExchangeId(receivedAtMs, randomBytes(16))
        await ledger.complete(sampleFacts({ receivedAtMs, exchangeId, ...overrides }), outcome)
        nowMs += DAY_MS
      }
      await store.close()
      await pool.end()
    }

    /** Each of these commands is in the log itself; what it read before is not what is looked for. */
    const exchanged = (records: readonly { leafIndex: number; record: { service: string } }[]) =>
      records.filter(({ record }) => record.service !== 'audit').map(({ leafIndex }) => leafIndex)

    const found = async (...words: string[]): Promise<number[]> =>
      exchanged((await json(['records', ...words])).records)

    const EXCHANGE = formatExchangeId(START, Buffer.alloc(16, 7))
    const PERSON = '099090000017'
    const OTHER = '099190000018'

    async function writeFour() {
      await write([
        [{ subject: PERSON, exchangeId: EXCHANGE }, 'delivered'],
        [{ subject: OTHER, consumer: 'H26/mot-cua', code: 'purpose_not_agreed', purpose: 'khac' }, 'refused'],
        [
          { subject: PERSON, code: 'provider_timeout', operation: 'verifyCitizen', agreement: 'TT-2' },
          'failed',
        ],
        [{ subject: PERSON, provider: 'G12/thue', service: 'G12/thue/nguoi-nop-thue/v1' }, 'delivered'],
      ])
    }

    it('finds records by what stands in them, latest first', async () => {
      await writeFour()
      expect(await found()).to.deep.equal([3, 2, 1, 0])
      expect(await found('--consumer', 'H26/mot-cua')).to.deep.equal([1])
      expect(await found('--provider', 'G12/thue')).to.deep.equal([3])
      expect(await found('--service', 'G01/dan-cu/cong-dan/v1')).to.deep.equal([2, 1, 0])
      expect(await found('--operation', 'verifyCitizen')).to.deep.equal([2])
      expect(await found('--outcome', 'delivered')).to.deep.equal([3, 0])
      expect(await found('--code', 'purpose_not_agreed')).to.deep.equal([1])
      expect(await found('--agreement', 'TT-2')).to.deep.equal([2])
      expect(await found('--purpose', 'khac')).to.deep.equal([1])
      expect(await found('--exchange', `urn:uuid:${EXCHANGE}`)).to.deep.equal([0])
      expect(await found('--outcome', 'delivered', '--provider', 'G01/dan-cu')).to.deep.equal([0])
      expect(await found('--consumer', `x' OR 'a' = 'a`)).to.deep.equal([])
    })

    it('keeps to the time asked for, days being Vietnam’s and counted whole', async () => {
      await writeFour()
      expect(await found('--since', '2026-10-31', '--until', '2026-10-31')).to.deep.equal([1])
      expect(await found('--since', '2026-11-01T03:00:00Z')).to.deep.equal([3, 2])
      expect(await found('--until', '2026-11-01T03:00:00Z')).to.deep.equal([1, 0])
    })

    it('finds a person over months by an identifier that came by stdin, and never repeats it', async () => {
      await writeFour()
      const ask = async (words: string[], stdin: string) => {
        const { out, err } = await cli(['records', ...words, '--json'], { stdin })
        expect(out + err).not.to.include(stdin.trim())
        return exchanged(JSON.parse(out).records)
      }
      expect(await ask(['--subject-stdin'], `${PERSON}\n`)).to.deep.equal([3, 2, 0])
      expect(await ask(['--subject-stdin', '--since', '2026-11-01'], PERSON)).to.deep.equal([3, 2])
      expect(await ask(['--subject-stdin', '--until', '2026-10-31'], PERSON)).to.deep.equal([0])
      expect(await ask(['--subject-stdin'], OTHER)).to.deep.equal([1])
      expect(await ask(['--subject-stdin'], '099090000999')).to.deep.equal([])
      // A dossier's code finds dossiers, not people: the kinds of tags never meet.
      expect(await ask(['--dossier-stdin'], 'H29.12-261122-0007')).to.deep.equal([3, 2, 1, 0])
      expect(await ask(['--dossier-stdin'], PERSON)).to.deep.equal([])
      expect(await ask(['--officer-stdin'], 'cb-017')).to.deep.equal([3, 2, 1, 0])
    })

    it('finds a person’s exchange at the time it was received, whenever it was recorded', async () => {
      const received = { subject: PERSON, receivedAtMs: START - DAY_MS }
      await write([
        [{ subject: OTHER }, 'delivered'],
        [{ subject: OTHER }, 'delivered'],
        [received, 'interrupted'],
      ])
      const words = ['records', '--subject-stdin', '--until', '2026-10-29']
      const { records } = await json(words, { stdin: PERSON })
      expect(records.map(({ leafIndex }: { leafIndex: number }) => leafIndex)).to.deep.equal([2])
    })

    it('says so where there is nothing on stdin, or the gateway’s key is elsewhere', async () => {
      await writeFour()
      const empty = await cli(['records', '--subject-stdin'], { stdin: '\n' })
      expect(empty).to.include({ exit: 2, out: '' })
      rmSync(join(folder, 'data/keys/data.key'))
      const lost = await cli(['records', '--subject-stdin'], { stdin: PERSON })
      expect(lost).to.include({ exit: 1, out: '' })
      expect(lost.err).to.include('data key').and.not.include(PERSON)
      expect(await found('--outcome', 'refused')).to.deep.equal([1])
      openSecretFile(join(folder, 'data/keys/data.key'), Buffer.alloc(32, 8))
      const wrong = await cli(['records', '--subject-stdin'], { stdin: PERSON })
      expect(wrong).to.include({ exit: 1, out: '' })
      expect(wrong.err).to.include('not the data key this log was written under')
    })

    it('gives records as the log holds them, and pages through them', async () => {
      await writeFour()
      const page = await json(['records', '--limit', '3'])
      expect(page.more).to.equal(true)
      expect(page.records[1]).to.deep.include({ leafIndex: 2, at: '2026-11-01T03:00:00.000Z' })
      expect(page.records[1].record).to.include({ outcome: 'failed', code: 'provider_timeout', v: 1 })
      expect(page.records[1].leafHash).to.match(/^[A-Za-z0-9_-]{43}$/)
      const next = await json(['records', '--limit', '3', '--before', page.records[2].record.exchange])
      expect(next).to.include({ more: false })
      expect(next.records.map(({ leafIndex }: { leafIndex: number }) => leafIndex)).to.deep.equal([0])
    })

    it('shows people a table and how to go on', async () => {
      await writeFour()
      const { exit, out, err } = await cli(['records', '--limit', '2'])
      expect(exit).to.equal(0)
      const lines = out.trimEnd().split('\n')
      expect(lines[0]).to.match(/^No\. {2}Time \(UTC\+7\)\s+Outcome/)
      expect(lines[1]).to.match(/^3 {4}2026-11-02 10:00:00 {2}delivered\s+H29\/mot-cua/)
      expect(lines[2]).to.include('failed provider_timeout')
      expect(err)
        .to.include('2 records.')
        .and.match(/--before [0-9a-f-]{36}/)
      expect((await cli(['records', '--purpose', 'none'])).out).to.equal('')
    })

    it('takes no condition that cannot be meant', async () => {
      const cases: [string[], RegExp][] = [
        [['--code', 'field_not_agred'], /Did you mean field_not_agreed\?/],
        [['--exchange', 'x'], /--exchange must be a UUID/],
        [['--limit', '1001'], /--limit must be 1 to 1000/],
        [['--before', '-1'], /--before must be/],
        [['--since', 'yesterday'], /'yesterday' is not a time/],
      ]
      for (const [words, said] of cases) {
        const { exit, err } = await cli(['records', ...words])
        expect(exit, words.join(' ')).to.equal(2)
        expect(err).to.match(said)
      }
    })
  })
})

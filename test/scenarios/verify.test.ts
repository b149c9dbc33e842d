import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { expect } from 'chai'
import { NODE_CRYPTO, openEd25519File } from '../../src/identity/log-key.ts'
import { createNoteKey, formatVerifierKey } from '../../src/ledger/note.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { openDisclosures } from '../../src/storage/private-parts.ts'
import { createVault } from '../../src/storage/vault.ts'
import { runCli } from '../support/cli.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { startTimestampAuthority, type TestAuthority } from '../support/timestamp-authority.ts'
import { startWitness, type WitnessProgram } from '../support/witness-program.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const ORIGIN = 'gateway.example/log'
const X_MOD = '/usr/share/gocode/src/golang.org/x/mod'
const PROJECT = join(import.meta.dirname, '../..')

describe('evidence of an exchange, checked offline', () => {
  let world: GatewayWorld
  let folder: string
  const body = JSON.stringify(samplePerson(17).verify)

  const lienthong = (...argv: string[]) =>
    runCli([...argv, '--config', join(PROJECT, 'config/gateway.yaml')], {
      workingDirectory: folder,
      environment: {
        LANG: 'en_GB.UTF-8',
        DATABASE_URL: world.database.url,
        LIENTHONG_DATADIR: world.dataDir,
        LIENTHONG_LEDGER_ORIGIN: ORIGIN,
      },
    })
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)

  /** Changes the first byte of a file that is not a line's end. */
  const flip = (name: string, from: string, at = 0) => {
    const bytes = readFileSync(join(folder, from))
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    put(name, bytes)
  }

  before(async () => {
    world = await startWorld({ overrides: { ledger: { origin: ORIGIN } } })
    folder = await createTestFolder()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.consumer.call(`${CITIZEN}/xac-thuc`, { body })),
    )
    const answer = answers[3]
    const id = answer?.headers.get('exchange-id') ?? ''
    put('receipt', answer?.headers.get('exchange-receipt') ?? '')
    put('answer', JSON.stringify(answer?.json))
    put('request', body)
    const { rows } = await world.pool.query(
      'SELECT leaf, sealed FROM exchange_record JOIN exchange_private USING (exchange_id) WHERE exchange_id = $1',
      [id],
    )
    put('record', rows[0].leaf)
    const vault = createVault(readFileSync(join(world.dataDir, 'keys/data.key')).subarray(0, 32))
    put('disclosures', openDisclosures(id, rows[0].sealed, vault.open).join('\n'))
    put('vkey', await (await fetch(`${world.gateway.publicUrl}/log/vkey`)).text())
    let proof = await fetch(`${world.gateway.publicUrl}/log/proof/${id}`)
    while (proof.status === 503) {
      await breathe()
      proof = await fetch(`${world.gateway.publicUrl}/log/proof/${id}`)
    }
    put('proof', await proof.text())
  })

  after(async () => {
    await world.close()
    await rm(folder, { recursive: true })
  })

  it('holds where receipt, proof, record and bodies are what they were', async () => {
    const { exit, out } = await lienthong(
      ...['verify', 'receipt', 'receipt', '--key', 'vkey', '--proof', 'proof', '--record', 'record'],
      ...['--request', 'request', '--answer', 'answer'],
    )
    expect(out).to.include('Everything holds.')
    expect(exit).to.equal(0)
    const record = await lienthong('verify', 'record', 'record', '--proof', 'proof', '--key', 'vkey')
    expect(record.exit, record.out).to.equal(0)
    expect(record.out).to.include('Not opened: dossier, officer, tag of the person')
  })

  it('opens the private part by its disclosures alone, and tells a forged one', async () => {
    const words = ['verify', 'record', 'record', '--proof', 'proof', '--key', 'vkey', '--disclosures']
    const whole = await lienthong(...words, 'disclosures')
    expect(whole.exit, whole.out).to.equal(0)
    expect(whole.out).to.include('officer cb-017').and.not.to.include('Not opened')
    const [one = ''] = readFileSync(join(folder, 'disclosures'), 'utf8').split('\n')
    put('disclosures.one', one)
    expect((await lienthong(...words, 'disclosures.one')).out).to.include('Not opened: officer, tag')
    put('disclosures.bad', Buffer.from('["","officer","cb-018"]').toString('base64url'))
    const forged = await lienthong(...words, 'disclosures.bad')
    expect(forged.exit).to.equal(3)
    expect(forged.out).to.include("1 of the disclosures are not this record's.")
  })

  it('does not hold where one of them was changed, and says which', async () => {
    flip('record.bad', 'record', 5)
    flip('answer.bad', 'answer', 5)
    flip('request.bad', 'request', 5)
    const proof = readFileSync(join(folder, 'proof'), 'utf8')
    put('proof.bad', proof.replace(/^index \d+/m, 'index 9'))
    put('receipt.bad', readFileSync(join(folder, 'receipt'), 'utf8').replace(/due=\d/, 'due=2'))
    const good = {
      receipt: 'receipt',
      proof: 'proof',
      record: 'record',
      request: 'request',
      answer: 'answer',
    }
    const failing: readonly [Partial<typeof good>, string][] = [
      [{ receipt: 'receipt.bad' }, 'promise'],
      [{ record: 'record.bad' }, 'record'],
      [{ request: 'request.bad' }, 'request'],
      [{ answer: 'answer.bad' }, 'answer'],
      [{ proof: 'proof.bad' }, 'inclusion'],
    ]
    for (const [change, check] of failing) {
      const { receipt, ...files } = { ...good, ...change }
      const options = Object.entries(files).flatMap(([name, file]) => [`--${name}`, file])
      const { exit, out } = await lienthong(
        'verify',
        'receipt',
        receipt,
        '--key',
        'vkey',
        '--json',
        ...options,
      )
      const failed = JSON.parse(out).findings.filter(({ ok }: { ok: boolean }) => !ok)
      expect(
        failed.map((each: { check: string }) => each.check),
        out,
      ).to.include(check)
      expect(exit).to.equal(3)
    }
  })

  it('does not hold under the key of another log', async () => {
    const other = readFileSync(join(folder, 'vkey'), 'utf8').replace(/^(.*)\+.*\+.*/, 'x')
    put('vkey.bad', other)
    expect((await lienthong('verify', 'receipt', 'receipt', '--key', 'vkey.bad')).exit).to.equal(2)
  })

  describe('an export', () => {
    before(async () => {
      const { exit, err } = await lienthong('records', 'export', 'export')
      expect(exit, err).to.equal(0)
    })

    it('verifies by the gateway’s own program', async () => {
      const { exit, out } = await lienthong('verify', 'export', 'export', '--key', 'vkey')
      expect(exit, out).to.equal(0)
    })

    const goVerify = (...words: string[]) =>
      spawnSync('go', ['run', 'verify.go', '.', ...words], {
        cwd: join(folder, 'export'),
        encoding: 'utf8',
        env: {
          ...process.env,
          GO111MODULE: 'off',
          GOPATH: '/usr/share/gocode',
          GOCACHE: join(folder, 'gocache'),
        },
      })

    it('verifies by the Go team’s packages, which find a changed record', function () {
      requireProgram(this, 'go', 'golang-go')
      if (!existsSync(X_MOD)) requireProgram(this, X_MOD, 'golang-golang-x-mod-dev')
      const whole = goVerify()
      expect(whole.status, whole.stdout + whole.stderr).to.equal(0)
      const index = /index=(\d+)/.exec(readFileSync(join(folder, 'receipt'), 'utf8'))?.[1] ?? ''
      const one = goVerify(index, '../record')
      expect(one.status, one.stdout + one.stderr).to.equal(0)
      expect(goVerify(index, '../record.bad').status).to.equal(1)
    })

    it('has a signature that OpenSSL verifies, by the instructions in it', function () {
      requireProgram(this, 'openssl', 'openssl')
      requireProgram(this, 'xxd', 'xxd')
      const text = readFileSync(join(folder, 'export/VERIFY.md'), 'utf8')
      const script = /## 2\.[\s\S]*?\n\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? ''
      const said = execFileSync('bash', ['-ec', script], { cwd: join(folder, 'export'), encoding: 'utf8' })
      expect(said).to.include('Verified Successfully')
    })

    it('does not hold where a record in it was changed', async () => {
      const { rows } = await world.pool.query('SELECT count(*)::int AS count FROM exchange_record')
      const bundle = join('export/tile/entries', `000.p/${rows[0].count}`)
      flip(bundle, bundle, 40)
      const { exit, out } = await lienthong('verify', 'export', 'export')
      expect(out).to.include('do not lead to the root')
      expect(exit).to.equal(3)
    })
  })

  describe('an export of a witnessed and time-stamped log', () => {
    let authority: TestAuthority | undefined
    let witness: WitnessProgram | undefined
    let stamped: GatewayWorld | undefined
    let at: (path: string) => string
    let run: (...argv: string[]) => ReturnType<typeof runCli>

    before(async function () {
      requireProgram(this, 'openssl', 'openssl')
      const own = join(folder, 'stamped')
      at = (path) => join(own, path)
      mkdirSync(at('tsa'), { recursive: true })
      authority = await startTimestampAuthority(at('tsa'))
      const { publicKey } = openEd25519File(at('data/keys/log.key'))
      const key = await createNoteKey({ name: ORIGIN, kind: 'note', publicKey }, NODE_CRYPTO.hash)
      writeFileSync(at('vkey'), formatVerifierKey(key))
      witness = await startWitness({
        name: 'audit.example/witness',
        state: at('witness'),
        logs: [formatVerifierKey(key)],
      })
      writeFileSync(at('policy'), `witness audit ${witness.vkey} ${witness.url}\nquorum audit\n`)
      const settings = {
        witnesses: { policyFile: at('policy') },
        timestamps: {
          authorities: [{ name: 'tsa', url: authority.url, certificatesFile: authority.rootFile }],
        },
      }
      stamped = await startWorld({
        overrides: { dataDir: at('data'), ledger: { origin: ORIGIN, ...settings } },
      })
      const { database, gateway, consumer, metric } = stamped
      run = (...argv) =>
        runCli([...argv, '--config', join(PROJECT, 'config/gateway.yaml')], {
          workingDirectory: own,
          environment: {
            LANG: 'en_GB.UTF-8',
            DATABASE_URL: database.url,
            LIENTHONG_DATADIR: at('data'),
            LIENTHONG_LEDGER_ORIGIN: ORIGIN,
            LIENTHONG_LEDGER_WITNESSES: JSON.stringify(settings.witnesses),
            LIENTHONG_LEDGER_TIMESTAMPS: JSON.stringify(settings.timestamps),
          },
        })
      await consumer.call(`${CITIZEN}/xac-thuc`, { body })
      while ((await metric('lienthong_log_timestamp_seconds{authority="tsa"}')) === 0) await breathe()
      await consumer.call(`${CITIZEN}/xac-thuc`, { body })
      while ((await metric('lienthong_log_cosigned_size')) < 2) await breathe()
      const list = await (await fetch(`${gateway.managementUrl}/log/timestamps`)).text()
      expect(list).to.match(/^1 tsa \S+\n$/)
      expect((await fetch(`${gateway.managementUrl}/log/timestamp/1/tsa.tsr`)).status).to.equal(200)
      expect((await fetch(`${gateway.managementUrl}/log/timestamp/2/tsa.tsr`)).status).to.equal(404)
      const { exit, err } = await run('records', 'export', 'export')
      expect(exit, err).to.equal(0)
    })

    after(async () => {
      await stamped?.close()
      await witness?.stop()
      await authority?.close()
    })

    it('holds with policy and time stamps, as does the log itself', async () => {
      for (const words of [
        ['verify', 'export', 'export'],
        ['verify', 'log'],
      ]) {
        const { exit, out } = await run(...words)
        expect(exit, out).to.equal(0)
        expect(out).to.include('Enough witnesses have cosigned: audit')
        expect(out).to.match(/Test TSA \(tsa\) says that 1 records were there before/)
      }
    })

    it('has time stamps that OpenSSL verifies, by the instructions in it', () => {
      const text = readFileSync(at('export/VERIFY.md'), 'utf8')
      const script = /## 3\.[\s\S]*?\n\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? ''
      const said = spawnSync('bash', ['-ec', script], { cwd: at('export'), encoding: 'utf8' })
      expect(said.status, said.stderr).to.equal(0)
      expect(said.stdout + said.stderr).to.include('Verification: OK')
    })

    it('does not hold where the stamped checkpoint is another, or the authority is not the trusted one', async () => {
      mkdirSync(at('other'))
      const other = await startTimestampAuthority(at('other'))
      await other.close()
      const strange = await run('verify', 'export', 'export', '--tsa', other.rootFile)
      expect(strange.exit, strange.out).to.equal(3)
      const file = at('export/timestamps/1-tsa.checkpoint')
      writeFileSync(file, readFileSync(file, 'utf8').replace('\n1\n', '\n2\n'))
      const changed = await run('verify', 'export', 'export')
      expect(changed.out).to.include('is not over a checkpoint of this log')
      expect(changed.exit).to.equal(3)
    })
  })

  describe('a lost anchor', () => {
    const anchor = () => join(world.dataDir, 'log/anchor')
    const rootOf = (note: string) => note.split('\n')[2] ?? ''

    it('is accepted only by the root of the newest checkpoint, and that is recorded', async () => {
      const present = await lienthong('log', 'accept')
      expect(present.exit).to.equal(1)
      expect(present.err).to.include('nothing to accept')
      const kept = readFileSync(anchor(), 'utf8')
      await rm(anchor())
      const shown = await lienthong('log', 'accept')
      expect(shown.exit).to.equal(1)
      expect(shown.err).to.include(rootOf(kept))
      const wrong = await lienthong('log', 'accept', '--root', rootOf(kept).replace(/^./, '!'))
      expect(wrong.exit).to.equal(1)
      expect(existsSync(anchor())).to.equal(false)
      const { exit, err } = await lienthong('log', 'accept', '--root', rootOf(kept))
      expect(exit, err).to.equal(0)
      expect(existsSync(anchor())).to.equal(true)
      const record = (await world.records()).find(({ operation }) => operation === 'accept-anchor')
      expect(record).to.include({ consumer: 'local/operator', outcome: 'delivered' })
      expect(JSON.stringify(record)).to.include(rootOf(kept))
      while ((await world.metric('lienthong_log_signing_refused{reason="anchor_missing"}')) === 1)
        await breathe()
    })
  })

  describe('the whole log', () => {
    it('holds until a record in it is changed', async () => {
      const good = await lienthong('verify', 'log')
      expect(good.exit, good.out + good.err).to.equal(0)
      await world.pool.query(
        "UPDATE exchange_record SET leaf = replace(convert_from(leaf, 'UTF8'), 'delivered', 'refusedXX')::bytea WHERE leaf_index = 2",
      )
      const bad = await lienthong('verify', 'log')
      expect(bad.out).to.include('do not lead to the root')
      expect(bad.exit).to.equal(3)
    })
  })
})

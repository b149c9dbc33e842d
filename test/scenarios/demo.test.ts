import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { isServerOf } from '../../src/storage/embedded-cluster.ts'
import { runCli } from '../support/cli.ts'
import { readBlocks } from '../support/markdown.ts'
import { createTestFolder } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')
const LIMIT_MS = 300_000
const run = promisify(execFile)
/** Beside a query and a submission, which the steps are: every way that data move. */
const MODES = [
  'status-sync',
  'bulk',
  'event',
  'document',
  'composite',
  'linked-procedure',
  'consent',
  'package',
  'anonymised',
  'soap',
  'sql',
  'signed-decision',
]

interface Step {
  readonly id: string
  readonly ok: boolean
  readonly faults: readonly string[]
  readonly status: number
  readonly code: string | null
  readonly outcome: string
  readonly agreement: string | null
  readonly replayed: boolean
  readonly retryAfterSeconds: number | null
  readonly leafIndex: number
  readonly exchangeId: string
  readonly totalMs: number
  readonly gatewayMs: number
  readonly answer: Readonly<Record<string, unknown>>
}

/** What the log holds of one exchange, as `lienthong records --json` tells it. */
interface Logged {
  readonly exchange: string
  readonly parent?: string
  readonly consumer: string
  readonly provider?: string
  readonly service: string
  readonly operation?: string
  readonly kind?: string
  readonly outcome: string
  readonly code?: string
  readonly fields?: readonly string[]
  readonly consent?: { readonly id: string; readonly issuer: string }
}

interface Tour {
  readonly ok: boolean
  readonly steps: readonly Step[]
  readonly metrics: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly before: number
    readonly after: number
  }[]
  readonly modes: readonly { readonly id: string; readonly ok: boolean; readonly told: string }[]
  readonly records: readonly { readonly leafIndex: number; readonly outcome: string }[]
}

/** Command lines of processes that work in a folder; only Linux tells. */
function processesIn(folder: string): string[] {
  return (existsSync('/proc') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        return []
      }
    })
    .filter((line) => line.includes(folder))
}

describe('lienthong demo', function () {
  this.timeout(LIMIT_MS)
  let folder: string
  const children = new Set<ChildProcess>()
  const environment = () => ({
    PATH: process.env['PATH'],
    LIENTHONG_DATADIR: folder,
    LIENTHONG_LISTEN_PORT: '0',
    LIENTHONG_MANAGEMENT_PORT: '0',
    // A real server must never be touched by a demo.
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  })

  function start(more: NodeJS.ProcessEnv, ...words: string[]) {
    const child = spawn(process.execPath, ['src/main.ts', 'demo', ...words], {
      cwd: PROJECT,
      env: { ...environment(), ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS - 30_000,
      killSignal: 'SIGKILL',
    })
    children.add(child)
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text
    })
    const ended = once(child, 'close').then(([code]: unknown[]) => code)
    return { child, said, ended }
  }

  /** A command beside the running demo, as somebody types it in the same folder. */
  async function beside(...words: string[]): Promise<string> {
    const env = { ...environment(), LIENTHONG_DATADIR: join(folder, 'demo'), DATABASE_URL: undefined }
    const { stdout } = await run(process.execPath, ['src/main.ts', ...words], { cwd: PROJECT, env })
    return stdout
  }

  /** Whatever the tour says of its modes, the log says what was exchanged; demos before it wrote into the same. */
  async function expectModesLogged(since: string): Promise<void> {
    const words = ['records', '--since', since, '--limit', '1000', '--json']
    const { records } = JSON.parse(await beside(...words))
    // Latest first, in the log's answer.
    const logged: Logged[] = records.map(({ record }: { record: Logged }) => record).toReversed()
    const of = (service: string, ...members: (keyof Logged)[]) =>
      logged
        .filter((record) => record.service === service)
        .map((record) => members.map((member) => record[member]))

    expect(of('G18/so-suc-khoe/so/v1', 'outcome', 'code', 'fields')).to.deep.equal([
      ['refused', 'consent_required', undefined],
      ['delivered', undefined, ['/fullName', '/bloodGroup']],
      ['refused', 'consent_withdrawn', undefined],
    ])
    const [withdrawal] = logged.filter(({ service }) => service === 'consent')
    expect(withdrawal).to.deep.include({ consumer: 'G01/vneid', operation: 'withdraw', outcome: 'delivered' })
    const [used] = logged.filter(({ consent, outcome }) => consent && outcome === 'delivered')
    expect(used?.consent).to.deep.equal(withdrawal?.consent)

    const certificate = logged.filter(({ service }) => service === 'G01/ly-lich-tu-phap/phieu/v1')
    const [made, ...later] = certificate
    expect(made).to.include({ consumer: 'H29/mot-cua', kind: 'request', outcome: 'delivered' })
    expect(new Set(later.map(({ parent }) => parent))).to.deep.equal(new Set([made?.exchange]))
    expect(later.some(({ consumer }) => consumer === 'G01/ly-lich-tu-phap')).to.equal(true)
    expect(later.at(-1)).to.deep.include({
      consumer: 'H29/mot-cua',
      outcome: 'delivered',
      fields: ['/number', '/type', '/hasConvictions', '/issuedOn'],
    })

    const files = logged.filter(({ operation }) => operation === 'verifyCitizens')
    expect(files.map(({ consumer, outcome }) => [consumer, outcome])).to.deep.equal([
      ['G09/can-bo', 'delivered'],
      ['G09/can-bo', 'delivered'],
    ])
    // The batch and the package are of one job.
    expect(new Set(files.map(({ parent }) => parent)).size).to.equal(1)

    expect(of('G01/dan-cu/cong-dan-cu/v1', 'operation', 'outcome')).to.deep.equal([
      ['lookUpCitizen', 'delivered'],
    ])
    expect(of('H21/van-phong-dat-dai/giay-chung-nhan/v1', 'operation', 'outcome')).to.deep.equal([
      ['lookUpCertificate', 'delivered'],
    ])
    expect(of('G22/dich-vu-cong/ho-so/v1', 'consumer', 'operation', 'outcome')).to.deep.equal([
      ['H29/mot-cua', 'syncDossier', 'delivered'],
      ['H29/mot-cua', 'syncProgress', 'delivered'],
      ['H29/mot-cua', 'syncProgress', 'delivered'],
      ['H29/mot-cua', 'lookUpDossier', 'delivered'],
      ['H29/mot-cua', 'reconcile', 'delivered'],
      ['G22/dich-vu-cong', 'reconcile', 'delivered'],
    ])
  }

  /** The package that the tour left is opened by the command, and by nobody with another key. */
  async function expectPackageOpens(gatewayUrl: string): Promise<void> {
    const file = (name: string) => join(folder, 'demo', name)
    const logKey = (await (await fetch(`${gatewayUrl}/log/vkey`)).text()).trim()
    const words = ['package', 'open', file('doi-soat.package'), '--log-key', logKey, '--json']
    const out = join(folder, 'opened.ndjson')
    const opened = await beside(...words, '--decryption-key', file('package.jwk'), '--out', out)
    expect(JSON.parse(opened)).to.include({ holds: true })
    expect(await readFile(out, 'utf8')).to.equal(await readFile(file('doi-soat.results.ndjson'), 'utf8'))
    expect((await readFile(out, 'utf8')).trimEnd().split('\n')).to.have.length(5)
    const refused = await beside(...words, '--decryption-key', file('consumer.jwk')).catch(
      ({ stdout }: { stdout: string }) => stdout,
    )
    expect(JSON.parse(refused)).to.include({ holds: false })
  }

  /** An application goes under the demo's own leader's signature by the commands of the page, word for word. */
  async function expectSigned(): Promise<void> {
    const page = await readFile(join(PROJECT, 'docs/operations.md'), 'utf8')
    const shown = readBlocks(page).find(({ remark }) => remark === 'run beside a demo')
    const [file = '', ...others] = shown?.text.trim().split('\n') ?? []
    const type = (line: string) => {
      const argv = line.replaceAll('data/demo/', 'demo/').split(' ').slice(1)
      return runCli(argv, { workingDirectory: folder, newId: randomUUID })
    }
    const filed = await type(file)
    expect(filed.exit, filed.err).to.equal(0)
    const [number = ''] = /DN-\d+/.exec(filed.out) ?? []
    let last = filed
    expect(others).to.have.length(4)
    for (const line of others) {
      last = await type(line.replaceAll('DN-000002', number))
      expect(last.exit, line + last.err).to.equal(0)
    }
    expect(last.out).to.match(/approved[\s\S]*Signed by Lãnh đạo \(mô phỏng\)/)
  }

  const clusterFolder = () => join(folder, 'demo/postgres/cluster')
  const postmasterFile = () => join(clusterFolder(), 'postmaster.pid')

  before(async () => {
    folder = await createTestFolder()
  })

  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    // Where a test failed half-way the database server is still there.
    if (existsSync(postmasterFile())) {
      process.kill(Number(readFileSync(postmasterFile(), 'utf8').split('\n')[0]), 'SIGQUIT')
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  it('takes a tour whose every step comes out as it must, ends with 0 and leaves no process', async () => {
    const { said, ended } = start({}, '--exit', '--json')
    expect(await ended, said.stderr).to.equal(0)
    const tour: Tour = JSON.parse(said.stdout)
    expect(tour.steps.flatMap(({ id, faults }) => faults.map((fault) => `${id}: ${fault}`))).to.deep.equal([])
    expect(tour.ok).to.equal(true)
    expect(tour.steps.map(({ id, status, code, outcome }) => [id, status, code, outcome])).to.deep.equal([
      ['verify-citizen', 200, null, 'delivered'],
      ['look-up-citizen', 200, null, 'delivered'],
      ['look-up-parcel', 200, null, 'delivered'],
      ['verify-owner', 200, null, 'delivered'],
      ['look-up-taxpayer', 200, null, 'delivered'],
      ['submit', 200, null, 'delivered'],
      ['repeat', 200, null, 'delivered'],
      ['field-outside-agreement', 403, 'field_not_agreed', 'refused'],
      ['invalid-request', 422, 'request_invalid', 'refused'],
      ['provider-down', 503, 'provider_unavailable', 'failed'],
      ['provider-back', 200, null, 'delivered'],
    ])
    expect(tour.modes.map(({ id, ok, told }) => [id, ok || told])).to.deep.equal(
      MODES.map((id) => [id, true]),
    )
    const step = (id: string) => tour.steps.find((each) => each.id === id)
    expect(step('look-up-citizen')?.answer).to.have.property('fullName')
    expect(step('look-up-citizen')?.answer).not.to.have.any.keys('religion', 'ethnicity', 'spouse')
    expect(step('repeat')).to.include({ replayed: true })
    expect(step('repeat')?.answer).to.deep.equal(step('submit')?.answer)
    expect(step('provider-down')?.retryAfterSeconds).to.be.at.least(1)
    for (const { id, gatewayMs, totalMs } of tour.steps) {
      expect(gatewayMs, id).to.be.above(0)
      expect(gatewayMs, id).to.be.at.most(totalMs + 1)
    }
    expect(processesIn(folder)).to.deep.equal([])
    expect(existsSync(postmasterFile())).to.equal(false)
  })

  it('tells the records it wrote and the metrics that moved by as much', async () => {
    // Begins with the folder of the run before: nothing of it stands in the way.
    const { said, ended } = start({}, '--exit', '--json')
    expect(await ended, said.stderr).to.equal(0)
    const { steps, records, metrics }: Tour = JSON.parse(said.stdout)
    expect(records.map(({ leafIndex }) => leafIndex)).to.deep.equal(steps.map(({ leafIndex }) => leafIndex))
    const first = records[0]?.leafIndex ?? 0
    expect(first).to.be.above(0)
    expect(records.map(({ leafIndex }) => leafIndex - first)).to.deep.equal(records.map((_, place) => place))
    for (const outcome of ['delivered', 'refused', 'failed']) {
      const counted = metrics
        .filter(
          ({ name, labels }) => name === 'lienthong_transactions_total' && labels['outcome'] === outcome,
        )
        .reduce((sum, { before, after }) => sum + after - before, 0)
      expect(counted, outcome).to.equal(records.filter((record) => record.outcome === outcome).length)
    }
  })

  it('ends with 1 and names the step that does not come out as it must', async () => {
    const registry = join(folder, 'registry')
    await cp(join(PROJECT, 'config/registry'), registry, { recursive: true })
    const file = join(registry, 'agreements/h29-mot-cua.yaml')
    const agreements = await readFile(file, 'utf8')
    await writeFile(
      file,
      agreements.replace('      - /nationality', '      - /nationality\n      - /religion'),
    )
    const { said, ended } = start({ LIENTHONG_REGISTRYDIR: registry }, '--exit', '--json', '--lang', 'en')
    expect(await ended, said.stderr).to.equal(1)
    const { ok, steps }: Tour = JSON.parse(said.stdout)
    expect(ok).to.equal(false)
    expect(steps.filter((step) => !step.ok).map(({ id, faults }) => [id, faults[0]])).to.deep.equal([
      ['look-up-citizen', 'the body is not as it should be'],
      ['field-outside-agreement', 'HTTP status: 403 wanted, 200 found'],
    ])
  })

  it('keeps serving with lines ready to be pasted, and ends on SIGINT with nothing left', async () => {
    const startedAt = new Date().toISOString()
    const { child, said, ended } = start({}, '--lang', 'en')
    while (!said.stdout.includes('Ctrl-C to stop.')) {
      if (child.exitCode !== null) expect.fail(`the demo ended: ${said.stdout}${said.stderr}`)
      await once(child.stdout, 'data')
    }
    expect(said.stdout).to.include('All 24 steps came out as they should')
    const page = said.stdout.slice(0, said.stdout.indexOf('The gateway keeps serving'))
    expect(page.split('\n').filter((line) => [...line].length > 100)).to.deep.equal([])

    const files = [
      'consumer.jwk',
      'consumer.json',
      'package.jwk',
      'token',
      'leader.key',
      'appraiser.jwk',
    ].map((name) => join(folder, 'demo', name))
    for (const file of files) expect(statSync(file).mode & 0o777, file).to.equal(0o600)
    const token = readFileSync(join(folder, 'demo/token'), 'utf8').trim()
    expect(said.stdout + said.stderr).not.to.include(token)

    const [address = ''] = /http:\S+\/tra-cuu/.exec(said.stdout) ?? []
    const [, tokenFile = ''] = /Bearer \$\(cat (\S+)\)/.exec(said.stdout) ?? []
    const [, body = ''] = /-d '(\{.*\})'/.exec(said.stdout) ?? []
    const headers = [...said.stdout.matchAll(/-H '([\w-]+): ([^']+)'/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ])
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(headers),
        authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`,
      },
      body,
    })
    expect(await response.json()).to.have.property('fullName')

    const [line = ''] = /npx lienthong call (?:[^\n]*\\\n)*[^\n]*/.exec(said.stdout) ?? []
    const pasted = line.replace('npx lienthong', `${process.execPath} src/main.ts`)
    const called = await run('sh', ['-c', pasted], { cwd: PROJECT, env: environment() })
    expect(JSON.parse(called.stdout)).to.have.property('fullName')

    const { origin } = new URL(address)
    await expectModesLogged(startedAt)
    await expectPackageOpens(origin)
    await expectSigned()

    const server = Number(readFileSync(postmasterFile(), 'utf8').split('\n')[0])
    expect(await isServerOf(clusterFolder(), server)).to.equal(true)
    child.kill('SIGINT')
    expect(await ended, said.stderr).to.equal(0)
    expect(await isServerOf(clusterFolder(), server)).to.equal(false)
    expect(processesIn(folder)).to.deep.equal([])
    expect(files.filter((file) => existsSync(file))).to.deep.equal([])
  })
})

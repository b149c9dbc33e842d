import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

interface Told {
  readonly ok: boolean
  readonly findings: readonly { check: string; state: string; detail: string; fix?: string }[]
}

describe('lienthong doctor', () => {
  let world: GatewayWorld
  let taken: Server

  before(async () => {
    world = await startWorld()
    taken = createServer().listen(0, '127.0.0.1')
  })
  after(async () => {
    taken.close()
    await world?.close()
  })

  const environment = (more: Record<string, string> = {}) => ({
    LANG: 'en_GB.UTF-8',
    LIENTHONG_SANDBOX: 'true',
    LIENTHONG_LISTEN_PORT: '0',
    LIENTHONG_MANAGEMENT_PORT: '0',
    LIENTHONG_DATADIR: world.dataDir,
    DATABASE_URL: world.database.url,
    ...more,
  })

  async function examine(more: Record<string, string> = {}, now?: () => number) {
    const run = await runCli(['doctor', '--json'], { environment: environment(more), ...(now && { now }) })
    const told = JSON.parse(run.out) as Told
    const find = (check: string) => told.findings.filter((finding) => finding.check === check)
    return { exit: run.exit, ok: told.ok, find }
  }

  it('finds a gateway sound, and names what is only wanting', async () => {
    const { find } = await examine()
    // One agency has only a database, which this world does not start.
    const others = find('provider').filter(({ detail }) => !detail.startsWith('postgresql:'))
    expect(others.map(({ state }) => state))
      .to.include('ok')
      .and.not.include('failed')
    for (const check of ['node', 'settings', 'disk', 'database', 'clock', 'registry', 'keys']) {
      expect(find(check)[0]?.state, check).to.equal('ok')
    }
    expect(find('witnesses')[0]).to.include({ state: 'warning' })
    expect(find('witnesses')[0]?.fix).to.include('policyFile')
  })

  it('says what is wrong and what to do about it', async () => {
    const port = (taken.address() as { port: number }).port
    const { exit, ok, find } = await examine({
      LIENTHONG_LISTEN_PORT: String(port),
      LIENTHONG_LISTEN_HOST: '127.0.0.1',
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    })
    expect({ exit, ok }).to.deep.equal({ exit: 1, ok: false })
    expect(find('port')[0]).to.include({ state: 'failed' })
    expect(find('port')[0]?.fix).to.include(String(port))
    expect(find('database')[0]).to.include({ state: 'failed' })
    expect(find('database')[0]?.fix).to.include('DATABASE_URL')
  })

  it('sees a clock that is off, and a key that others may read', async () => {
    const dataDir = await createTestFolder()
    await mkdir(join(dataDir, 'keys'))
    await writeFile(join(dataDir, 'keys/data.key'), 'x')
    await chmod(join(dataDir, 'keys/data.key'), 0o644)
    const off = () => Date.now() + 60_000
    const { exit, find } = await examine({ LIENTHONG_DATADIR: dataDir }, off)
    expect(exit).to.equal(1)
    expect(find('clock')[0]).to.include({ state: 'failed' })
    expect(find('clock')[0]?.detail).to.match(/^(?:59|6\d)\.\d s/)
    expect(find('keys')[0]).to.include({ state: 'failed' })
  })

  it('sees providers that nobody answers for', async () => {
    await world.sandbox.close()
    const { exit, find } = await examine()
    expect(exit).to.equal(1)
    expect(find('provider').every(({ state }) => state === 'failed')).to.equal(true)
    expect(find('provider')[0]?.detail).to.include('ECONNREFUSED')
  })

  it('stops at settings that are wrong, with exit code 3', async () => {
    const { exit, find } = await examine({ LIENTHONG_LISTEN_PORT: '70000' })
    expect(exit).to.equal(3)
    expect(find('settings')[0]).to.include({ state: 'failed' })
  })

  it('is read by people too, in Vietnamese', async () => {
    const run = await runCli(['doctor'], { environment: environment({ LANG: 'vi_VN.UTF-8' }) })
    expect(run.out).to.include('✔ Node.js').and.to.include('sổ chưa có nhân chứng nào')
    expect(run.out)
      .to.include('✔ cơ sở dữ liệu')
      .and.not.match(/^. (?:database|registry|provider)/m)
  })
})

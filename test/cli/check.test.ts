import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeCertificate } from '../support/certificate.ts'
import { type CliRun, runCli } from '../support/cli.ts'

const PROJECT = join(import.meta.dirname, '../..')
const NOW = Date.parse('2026-11-22T03:00:00Z')
const DAY_MS = 86_400_000

interface Fault {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly pointer: string
  readonly rule: string
  readonly detail: string
}

describe('lienthong check', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lienthong-check-'))
    mkdirSync(join(folder, 'config'))
    cpSync(join(PROJECT, 'config/registry'), join(folder, 'config/registry'), { recursive: true })
    cpSync(join(PROJECT, 'schemas'), join(folder, 'schemas'), { recursive: true })
    writeSettings('sandbox: true\n')
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function writeSettings(text: string) {
    writeFileSync(join(folder, 'config/gateway.yaml'), text)
  }

  function edit(file: string, change: (text: string) => string) {
    const path = join(folder, 'config/registry', file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }

  function check(...flags: string[]): Promise<CliRun> {
    return runCli(['check', '--config', 'config/gateway.yaml', ...flags], {
      workingDirectory: folder,
      now: () => NOW,
    })
  }

  async function faults(): Promise<Fault[]> {
    const { exit, out } = await check('--json')
    expect(exit).to.equal(3)
    const report = JSON.parse(out)
    expect(report).to.include({ ok: false })
    return report.faults
  }

  it('finds the project’s own settings and registry in order, without a database', async () => {
    const { exit, out, err } = await runCli(['check', '--json'], {
      environment: { LANG: 'en', DATABASE_URL: 'postgresql://127.0.0.1:1/none' },
    })
    expect(exit).to.equal(0)
    const report = JSON.parse(out)
    expect(report).to.include({ ok: true })
    expect(report.faults).to.deep.equal([])
    expect(report.digest).to.match(/^[0-9a-f]{64}$/)
    expect(report.counts.services).to.be.above(0)
    expect(err).to.include('in order')
  })

  it('tells faults of settings and registry at once, each with file, line, column, pointer and reason', async () => {
    writeSettings('sandbox: true\nlisten:\n  prot: 8080\n  port: 70000\n')
    edit('services/sandbox.yaml', (text) => text.replace('kind: Service', 'kind: Service\ncolour: red'))
    const { exit, out, err } = await check()
    expect(exit).to.equal(3)
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).to.match(
      /^config\/gateway\.yaml:3:3 {2}\/listen\/prot {2}The settings have no such member/,
    )
    expect(lines[1]).to.match(/^config\/gateway\.yaml:4:9 {2}\/listen\/port {2}Must be at most 65535/)
    expect(lines[2]).to.match(
      /^config\/registry\/services\/sandbox\.yaml:\d+:1 {2}\/colour {2}The schema has no such member/,
    )
    expect(err).to.include('3 faults')
  })

  it('tells what the environment sets wrongly', async () => {
    const { exit, out } = await runCli(['check', '--config', join(folder, 'config/gateway.yaml')], {
      environment: { LANG: 'en', LIENTHONG_LISTEN_PROT: '1' },
    })
    expect(exit).to.equal(3)
    expect(out).to.equal('environment:1:1  LIENTHONG_LISTEN_PROT  It names no setting.  [environment]\n')
    const wrong = await runCli(['check', '--config', join(folder, 'config/gateway.yaml')], {
      environment: { LIENTHONG_LISTEN_PORT: '70000' },
    })
    expect(wrong.exit).to.equal(3)
    expect(wrong.out).to.match(/^environment:1:1 {2}LIENTHONG_LISTEN_PORT {2}Phải .*65535/)
  })

  it('follows references between documents', async () => {
    edit('agreements/h26-mot-cua.yaml', (text) => text.replace('verifyCitizen', 'verifyNobody'))
    const found = await faults()
    expect(found).to.have.length(1)
    expect(found[0]).to.include({ pointer: '/operations/0/operation' })
    expect(found[0]?.file).to.match(/agreements\/h26-mot-cua\.yaml$/)
    expect(found[0]?.line).to.be.above(1)
  })

  it('refuses a private key pasted into the registry', async () => {
    const { out } = await runCli(['keys', 'new', 'x.jwk', '--json'], { workingDirectory: folder })
    const { publicJwk } = JSON.parse(out)
    const jwk = JSON.stringify({ ...publicJwk, d: publicJwk.x })
    edit('subsystems/consumers.yaml', (text) => `${text}credentials:\n  jwks:\n    - ${jwk}\n`)
    expect((await faults()).map(({ rule }) => rule)).to.deep.equal(['private_key'])
    const shown = (await check()).out
    expect(shown).to.include('replace the key')
    // Each line ends with the rule's name, by which the docs list it.
    expect(shown).to.match(/ {2}\[[a-z_]+\]$/m)
  })

  it('says of broken YAML where it breaks', async () => {
    writeSettings('sandbox: [true\nlisten: {}\n')
    const [fault] = await faults()
    expect(fault?.file).to.match(/config\/gateway\.yaml$/)
    expect(fault?.line).to.be.above(0)
  })

  it('judges the listener’s certificate and key', async () => {
    const good = makeCertificate({ name: 'gateway', notBeforeMs: NOW - DAY_MS, notAfterMs: NOW + DAY_MS })
    const old = makeCertificate({ name: 'gateway', notBeforeMs: NOW - 3 * DAY_MS, notAfterMs: NOW - DAY_MS })
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
    write('good.pem', good.certificate)
    write('good.key', good.key)
    write('old.pem', old.certificate)
    const set = (certificate: string, key: string) =>
      writeSettings(
        `sandbox: true\nlisten:\n  tls:\n    certificateFile: ${certificate}\n    keyFile: ${key}\n`,
      )
    set('good.pem', 'good.key')
    expect((await check()).exit).to.equal(0)
    set('old.pem', 'good.key')
    expect((await faults()).map(({ rule, line }) => [rule, line])).to.deep.equal([
      ['certificate_expired', 4],
      ['key_mismatch', 5],
    ])
    set('good.key', 'missing.key')
    expect((await faults()).map(({ rule }) => rule)).to.deep.equal(['certificate', 'file'])
    set('good.pem', 'good.key')
    chmodSync(join(folder, 'good.key'), 0o644)
    const [loose] = await faults()
    expect(loose).to.include({ pointer: '/listen/tls/keyFile', rule: 'key' })
    expect(loose?.detail).to.include('chmod 600')
  })

  it('checks a registry that is not the one set', async () => {
    mkdirSync(join(folder, 'empty'))
    const { exit, out } = await check('--registry', 'empty')
    expect(exit).to.equal(3)
    expect(out).to.include('no document')
  })

  it('says plainly that there is no such settings file', async () => {
    const { exit, err } = await runCli(['check', '--config', 'nowhere.yaml'], { workingDirectory: folder })
    expect(exit).to.equal(1)
    expect(err).to.include('There is no such file or folder').and.include(join(folder, 'nowhere.yaml'))
  })
})

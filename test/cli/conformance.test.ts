import { rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { openApiOf } from '../../src/http/reference.ts'
import { writeClient } from '../../src/http/typed-client/source.ts'
import { createAdmission } from '../../src/identity/admission.ts'
import { createSigningKey, generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { runCli } from '../support/cli.ts'
import { createTestFolder } from '../support/postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const TAX = 'G12/thue/nguoi-nop-thue/v1'

/** As an agency's developer writes it, on the client that the gateway makes. */
const GOOD = `
import { readFileSync } from 'node:fs'
import { createClient } from './client.ts'

const client = createClient({
  gatewayUrl: process.env.GATEWAY_URL,
  clientId: process.env.CLIENT_ID,
  privateKey: JSON.parse(readFileSync('consumer.jwk', 'utf8')),
})
const { error } = await client.POST('/xac-thuc', {
  params: { header: { 'Exchange-Purpose': 'giai-quyet-thu-tuc-hanh-chinh' } },
  body: { personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan' },
})
process.exitCode = error === undefined ? 0 : 1
`

/** The same, impatient: it does not wait, takes any answer for success and names each try anew. */
const BAD = GOOD.replace(
  'const client = createClient({',
  `const later = setTimeout
globalThis.setTimeout = (run, ms, ...more) => later(run, ms === 1000 ? 0 : ms, ...more)
const renamed = (request) => {
  request.headers.set('idempotency-key', crypto.randomUUID())
  return fetch(request)
}
const client = createClient({
  fetch: renamed,`,
)
  .replace("personalId: '099188010001'", "personalId: '1'")
  .replace('const { error } = await', 'const ask = () =>')
  .replace(
    /process.exitCode.*/,
    'for (let tried = 0; tried < 3; tried += 1) if ((await ask()).error === undefined) break',
  )

interface Told {
  readonly ok: boolean
  readonly findings: readonly { check: string; state: string; detail: string; fix?: string }[]
}

const statesOf = ({ findings }: Told) =>
  Object.fromEntries(findings.map(({ check, state }) => [check, state]))

describe('lienthong check consumer', () => {
  let folder: string

  before(async function () {
    this.timeout(60_000)
    folder = await createTestFolder()
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    const { registry } = await readRegistryDirectory(
      join(PROJECT, 'config/registry'),
      join(PROJECT, 'schemas'),
      {
        syntheticPersons: true,
        admission: createAdmission(Date.now()),
      },
    )
    const service = registry?.services.get(SERVICE)
    if (service === undefined) throw new Error('no such service')
    const gatewayUrl = 'http://127.0.0.1:1'
    const source = writeClient({ service: SERVICE, document: openApiOf(service, gatewayUrl), gatewayUrl })
    await writeFile(join(folder, 'client.ts'), source)
    const jwk = await generatePrivateJwk('ES256')
    await writeFile(join(folder, 'consumer.jwk'), JSON.stringify({ ...jwk, kid: createSigningKey(jwk).kid }))
    await writeFile(join(folder, 'good.ts'), GOOD)
    await writeFile(join(folder, 'bad.ts'), BAD)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const check = (program: string, ...more: readonly string[]) =>
    runCli(
      [
        ...['check', 'consumer', '--consumer', 'H29/mot-cua', '--key', 'consumer.jwk', '--service', SERVICE],
        ...['--registry', join(PROJECT, 'config/registry'), '--schemas', join(PROJECT, 'schemas')],
        ...[...more, '--', process.execPath, program],
      ],
      { workingDirectory: folder, environment: { LANG: 'en_GB.UTF-8', PATH: process.env['PATH'] ?? '' } },
    )

  it('passes a program on the typed client in every scene', async function () {
    this.timeout(120_000)
    const run = await check('good.ts', '--json')
    const told = JSON.parse(run.out) as Told
    expect(
      told.findings.filter(({ state }) => state !== 'ok'),
      run.err,
    ).to.deep.equal([])
    expect(told.findings.map(({ check: name }) => name)).to.deep.equal([
      ...['key', 'token', 'dpop', 'headers', 'contract', '429', '503', 'problem', 'no answer', 'token ended'],
    ])
    expect({ exit: run.exit, ok: told.ok }).to.deep.equal({ exit: 0, ok: true })
  })

  it('fails an impatient one, and says why and what to do', async function () {
    this.timeout(120_000)
    const run = await check('bad.ts')
    expect(run.exit).to.equal(1)
    for (const line of [
      /✔ token /,
      /✘ contract +wrong: \/personalId /,
      /✘ 429 +it tried again after \d+ ms where it was told 1 s\n +→ Wait as Retry-After says/,
      /✘ 503 /,
      /✘ problem +sent a wrong request 3 times/,
      /✘ no answer +another Idempotency-Key each time/,
    ]) {
      expect(run.out).to.match(line)
    }
  })

  it('fails a key that no registry takes', async () => {
    await writeFile(join(folder, 'weak.jwk'), JSON.stringify({ kty: 'oct', k: 'AA', kid: 'weak' }))
    const run = await runCli(
      [
        ...[
          'check',
          'consumer',
          '--consumer',
          'H29/mot-cua',
          '--key',
          'weak.jwk',
          '--service',
          SERVICE,
          '--json',
        ],
        ...[
          '--registry',
          join(PROJECT, 'config/registry'),
          '--schemas',
          join(PROJECT, 'schemas'),
          '--',
          'true',
        ],
      ],
      { workingDirectory: folder },
    )
    expect(run.exit).to.equal(1)
    expect(statesOf(JSON.parse(run.out))).to.deep.equal({ key: 'failed' })
  })
})

describe('lienthong check provider', () => {
  const folders = ['--registry', join(PROJECT, 'config/registry'), '--schemas', join(PROJECT, 'schemas')]
  const check = (service: string, baseUrl: string, ...more: readonly string[]) =>
    runCli(['check', 'provider', service, '--base-url', baseUrl, ...folders, ...more], {
      environment: { LANG: 'en_GB.UTF-8' },
    })

  it('passes an agency of the sandbox, its submissions too', async function () {
    this.timeout(60_000)
    const sandbox = await startSandbox({ ports: 'free', now: () => new Date() })
    try {
      const run = await check(SERVICE, sandbox.urlOf(SERVICE) ?? '', '--json')
      const told = JSON.parse(run.out) as Told
      expect(told.findings.filter(({ state }) => state === 'failed')).to.deep.equal([])
      expect(run.exit).to.equal(0)
      const states = statesOf(told)
      expect(states).to.include({
        tls: 'warning',
        'verifyCitizen: sample': 'ok',
        'lookUpCitizen: malformed': 'ok',
      })
      const submitted = await check(TAX, sandbox.urlOf(TAX) ?? '', '--with-submissions', '--json')
      const [repeated] = (JSON.parse(submitted.out) as Told).findings.filter(({ check: name }) =>
        name.endsWith(': repeated'),
      )
      expect(repeated?.state, submitted.out).to.equal('ok')
    } finally {
      await sandbox.close()
    }
  })

  describe('of a bad one', () => {
    let server: Server
    let answer: (path: string, body: string) => { status: number; type: string; body: string }

    before((done) => {
      server = createServer((request, response) => {
        let body = ''
        request.on('data', (chunk) => {
          body += chunk
        })
        request.on('end', () => {
          const { status, type, body: text } = answer(request.url ?? '', body)
          response.writeHead(status, { 'content-type': type }).end(text)
        })
      }).listen(0, '127.0.0.1', done)
    })
    after(() => server.close())

    const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

    it('names each place that breaks the contract, and what errors have to look like', async () => {
      answer = () => ({ status: 200, type: 'application/json', body: '{"matched":"yes"}' })
      const run = await check(SERVICE, url())
      expect(run.exit).to.equal(1)
      expect(run.out).to.match(/✘ verifyCitizen: sample +.*response_invalid.*: .*\/matched type/)
      expect(run.out).to.match(/✘ verifyCitizen: malformed +answers 200 to a broken body\n +→ Answer 4xx/)
      expect(run.out).to.match(/✘ unknown path +answers 200/)
    })

    it('tells an outage, and a page in place of JSON', async () => {
      answer = () => ({ status: 500, type: 'text/html', body: '<h1>Lỗi</h1>' })
      const away = await check(SERVICE, url(), '--json')
      const [sample] = (JSON.parse(away.out) as Told).findings.filter(({ check: name }) =>
        name.endsWith(': sample'),
      )
      expect(sample).to.include({ state: 'failed' })
      expect(sample?.detail).to.include('provider_failed')
      answer = () => ({ status: 200, type: 'text/html', body: '<h1>Chào</h1>' })
      expect((await check(SERVICE, url())).out).to.match(
        /✘ verifyCitizen: sample .*(?:not JSON|response_invalid)/,
      )
    })

    it('tells that nobody answers', async () => {
      const run = await check(SERVICE, 'http://127.0.0.1:1')
      expect(run.exit).to.equal(1)
      expect(run.out).to.include('provider_unavailable')
    })
  })

  it('knows its own wrong use', async () => {
    expect((await runCli(['check', 'provider', 'nonsense', ...folders])).exit).to.equal(2)
    expect((await runCli(['check', 'provider', 'G01/khong/co/v1', ...folders])).exit).to.equal(2)
  })
})

import { rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { openApiOf } from '../../src/http/reference.ts'
import { writeClient } from '../../src/http/typed-client/source.ts'
import { createAdmission } from '../../src/identity/admission.ts'
import { createSigningKey, generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { makeCertificate } from '../support/certificate.ts'
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

/** By a client certificate alone, on nothing but Node's own HTTPS. */
const BY_CERTIFICATE = `
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

const { GATEWAY_URL, GATEWAY_CA, CLIENT_ID } = process.env
const trust = { ca: readFileSync(GATEWAY_CA) }
const own = { ...trust, cert: readFileSync('client.pem'), key: readFileSync('client.key') }
const ask = (path, headers, body, tls = own) =>
  new Promise((resolve, reject) => {
    request(GATEWAY_URL + path, { ...tls, agent: false, method: 'POST', headers }, async (response) => {
      const { statusCode: status, headers: told } = response
      resolve({ status, told, json: JSON.parse(await text(response)) })
    })
      .on('error', reject)
      .end(body)
  })
const newToken = async () => {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: CLIENT_ID })
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return (await ask('/oauth/token', type, String(form))).json.access_token
}
const headers = {
  'content-type': 'application/json',
  'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh',
  'idempotency-key': crypto.randomUUID(),
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
}
const body = JSON.stringify({ personalId: '099188010001', fullName: 'Huỳnh Bảo Đoan' })
let token = await newToken()
process.exitCode = 1
for (let tried = 0; tried < 4; tried += 1) {
  const path = '/exchange/${SERVICE}/xac-thuc'
  const answer = await ask(path, { ...headers, authorization: 'Bearer ' + token }, body).catch(() => undefined)
  if (answer?.status === 401) token = await newToken()
  else if (answer?.told['retry-after']) await pause(Number(answer.told['retry-after']) * 1000)
  else if (answer) {
    process.exitCode = answer.status === 200 ? 0 : 1
    break
  }
}
`

interface Told {
  readonly ok: boolean
  readonly findings: readonly { check: string; state: string; detail: string; fix?: string }[]
}

const DAY_MS = 86_400_000
const LONG = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 400 * DAY_MS }

const statesOf = ({ findings }: Told) =>
  Object.fromEntries(findings.map(({ check, state }) => [check, state]))

describe('lienthong check consumer', () => {
  let folder: string

  before(async () => {
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
    const certificate = makeCertificate({ name: 'H29/mot-cua', ...LONG })
    await writeFile(join(folder, 'client.pem'), certificate.certificate)
    await writeFile(join(folder, 'client.key'), certificate.key)
    await writeFile(join(folder, 'mtls.ts'), BY_CERTIFICATE)
    const shy = BY_CERTIFICATE.replace("'Bearer ' + token }, body)", "'Bearer ' + token }, body, trust)")
    await writeFile(join(folder, 'shy.ts'), shy)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const BY_KEY = ['--key', 'consumer.jwk']
  const check = (program: string, more: readonly string[] = [], credential = BY_KEY) =>
    runCli(
      [
        ...['check', 'consumer', '--consumer', 'H29/mot-cua', ...credential, '--service', SERVICE],
        ...['--registry', join(PROJECT, 'config/registry'), '--schemas', join(PROJECT, 'schemas')],
        ...[...more, '--', process.execPath, program],
      ],
      { workingDirectory: folder, environment: { LANG: 'en_GB.UTF-8', PATH: process.env['PATH'] ?? '' } },
    )

  it('passes a program on the typed client in every scene', async () => {
    const run = await check('good.ts', ['--json'])
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

  it('fails an impatient one, and says why and what to do', async () => {
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

  it('fails one that gets no token in every scene it never came to', async () => {
    await writeFile(join(folder, 'none.ts'), 'process.exit(1)')
    const states = statesOf(JSON.parse((await check('none.ts', ['--json'])).out))
    expect(states).to.include({ token: 'failed', dpop: 'failed', '429': 'failed', problem: 'failed' })
  })

  it('tries a program over TLS by its client certificate, and fails one that keeps it back', async () => {
    const byCertificate = ['--certificate', 'client.pem']
    const run = await check('mtls.ts', ['--json'], byCertificate)
    const told = JSON.parse(run.out) as Told
    expect(
      told.findings.filter(({ state }) => state !== 'ok'),
      run.err,
    ).to.deep.equal([])
    const [certificate, token, mtls] = told.findings
    expect([certificate?.check, token?.detail, mtls?.check]).to.deep.equal([
      ...['certificate', 'tls_client_auth was accepted', 'mtls'],
    ])
    const shy = statesOf(JSON.parse((await check('shy.ts', ['--json'], byCertificate)).out))
    expect(shy).to.include({ token: 'ok', mtls: 'failed' })
  })

  it('fails a certificate that is not in force, and takes no file that is none', async () => {
    const old = makeCertificate({
      name: 'x',
      notBeforeMs: LONG.notBeforeMs - DAY_MS,
      notAfterMs: LONG.notBeforeMs,
    })
    await writeFile(join(folder, 'old.pem'), old.certificate)
    const run = await check('mtls.ts', ['--json'], ['--certificate', 'old.pem'])
    expect(statesOf(JSON.parse(run.out))).to.deep.equal({ certificate: 'failed' })
    expect((await check('mtls.ts', [], ['--certificate', 'package.json'])).exit).to.equal(2)
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

  it('passes an agency of the sandbox, its submissions too', async () => {
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

  describe('over TLS', () => {
    let folder: string
    let sandbox: Awaited<ReturnType<typeof startSandbox>>

    before(async () => {
      folder = await createTestFolder()
      sandbox = await startSandbox({ ports: 'free', now: () => new Date() })
    })
    after(async () => {
      await sandbox?.close()
      await rm(folder, { recursive: true, force: true })
    })

    /** A sandbox's agency behind TLS under a certificate good for so many days. */
    async function tryOver(days: number, isTrusted = true): Promise<Told> {
      const made = makeCertificate({
        ...{ name: 'localhost', notBeforeMs: LONG.notBeforeMs },
        notAfterMs: Date.now() + days * DAY_MS + DAY_MS / 2,
      })
      const inner = sandbox.urlOf(SERVICE) ?? ''
      const server = createTlsServer({ cert: made.certificate, key: made.key }, (request, response) => {
        const { method, headers, url: path = '' } = request
        const onward = httpRequest(inner + path, { method, headers }, (reply) => {
          response.writeHead(reply.statusCode ?? 500, reply.headers)
          reply.pipe(response)
        })
        request.pipe(onward)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      await writeFile(join(folder, 'ca.pem'), made.certificate)
      try {
        const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
        const run = await check(
          SERVICE,
          url,
          ...(isTrusted ? ['--ca', join(folder, 'ca.pem')] : []),
          '--json',
        )
        return JSON.parse(run.out) as Told
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }

    it('passes an agency whose authority is given, and tells how long its certificate lasts', async () => {
      const told = await tryOver(400)
      expect(told.findings.filter(({ state }) => state === 'failed')).to.deep.equal([])
      const [tls] = told.findings
      expect(tls).to.include({
        ...{ check: 'tls', state: 'ok', detail: 'TLSv1.3, certificate good for 400 days' },
      })
      expect(statesOf(told)).to.include({ 'verifyCitizen: sample': 'ok' })
    })

    it('warns of a certificate that ends within 30 days', async () => {
      const [tls] = (await tryOver(12)).findings
      expect(tls).to.include({ state: 'warning', detail: 'TLSv1.3, certificate good for 12 days' })
    })

    it('fails a certificate that nobody known stands for, and asks nothing over such a connection', async () => {
      const told = await tryOver(400, false)
      const [tls] = told.findings
      expect(tls).to.include({ state: 'failed', detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(tls?.fix).to.include('binding.tls.ca')
      expect(statesOf(told)).to.include({ 'verifyCitizen: sample': 'failed' })
    })
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

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { generatePrivateJwk } from '../../src/identity/signing-key.ts'
import { ERRORS, type ErrorEntry } from '../../src/model/error-table.ts'
import { type CliRun, runCli } from '../support/cli.ts'
import { nock, useNock } from '../support/nock.ts'

const GATEWAY = 'https://gateway.test'
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const PROBLEM_TYPE = { 'content-type': 'application/problem+json' }
const CALL = ['call', SERVICE, 'verifyCitizen', '--purpose', 'xac-minh']
const TOKEN = 'header.claims.signature'
const NOW = 1_800_000_000_000

describe('lienthong call and token', () => {
  useNock()

  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lienthong-call-'))
    mkdirSync(join(folder, '.lienthong'))
    const jwk = JSON.stringify(await generatePrivateJwk('ES256'))
    writeFileSync(join(folder, '.lienthong/a.jwk'), jwk, { mode: 0o600 })
    const profile = JSON.stringify({ gateway: GATEWAY, consumer: 'H29/mot-cua', key: 'a.jwk' })
    writeFileSync(join(folder, '.lienthong/consumer.json'), profile)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  beforeEach(() => nock.disableNetConnect())

  afterEach(() => {
    expect(nock.pendingMocks()).to.deep.equal([])
    nock.cleanAll()
    nock.enableNetConnect()
  })

  function serveToken(type = 'DPoP') {
    nock(GATEWAY)
      .get('/.well-known/oauth-authorization-server')
      .reply(200, { issuer: GATEWAY, token_endpoint: `${GATEWAY}/oauth/token` })
      .post('/oauth/token')
      .reply(200, { access_token: TOKEN, token_type: type, expires_in: 300 })
  }

  function serve(
    status: number,
    body: nock.Body,
    headers: Record<string, string> = { 'content-type': 'application/json' },
    path = '/xac-thuc',
  ) {
    serveToken()
    const seen: { headers: Headers; body: string }[] = []
    nock(GATEWAY)
      .post(`/exchange/${SERVICE}${path}`)
      .reply(async (request: Request) => {
        seen.push({ headers: request.headers, body: await request.text() })
        return [status, body, headers]
      })
    return seen
  }

  const cli = (argv: readonly string[], more: { stdin?: string; environment?: NodeJS.ProcessEnv } = {}) =>
    runCli(argv, { workingDirectory: folder, now: () => NOW, ...more })

  function serveProblem(code: keyof typeof ERRORS, more: Record<string, unknown> = {}) {
    const { status }: ErrorEntry = ERRORS[code]
    const body = { status, code, title: 'of the document', fault: 'gateway', ...more }
    return serve(status, body, { ...PROBLEM_TYPE, 'exchange-id': 'the-exchange', 'retry-after': '7' })
  }

  it('finds the operation in its contract, sends the words as JSON and prints the answer', async () => {
    const seen = serve(
      200,
      { matched: true },
      {
        'content-type': 'application/json',
        'exchange-id': 'the-exchange',
        'exchange-receipt': 'log="lienthong/log", index=41, leaf=:AAAA:',
        ratelimit: '"day";r=99;t=60',
      },
    )
    const { exit, out, err } = await cli([
      ...CALL,
      'fullName=Trần Thị B',
      '--officer',
      'cb-1',
      '--fields',
      '/matched',
    ])
    expect(exit).to.equal(0)
    expect(JSON.parse(out)).to.deep.equal({ matched: true })
    expect(err).to.include('Answered 200').and.include('the-exchange').and.include('#41').and.include('99')
    expect(seen[0]?.body).to.equal('{"fullName":"Trần Thị B"}')
    expect(seen[0]?.headers.get('exchange-purpose')).to.equal('xac-minh')
    expect(seen[0]?.headers.get('exchange-fields')).to.equal('/matched')
    expect(seen[0]?.headers.get('exchange-officer')).to.equal('cb-1')
    expect(seen[0]?.headers.has('idempotency-key')).to.equal(false)
  })

  it('prints one documented object with --json, whatever was answered', async () => {
    serve(404, { code: 'none' }, { 'content-type': 'application/json', 'retry-after': '3' })
    const { exit, out } = await cli([...CALL, '@-', '--json'], { stdin: '{"a":1}' })
    expect(exit).to.equal(1)
    const result = JSON.parse(out)
    expect(result.ms).to.be.a('number')
    expect({ ...result, ms: 0 }).to.deep.equal({
      status: 404,
      exchangeId: null,
      receipt: null,
      rateLimit: null,
      idempotencyKey: null,
      replayed: false,
      retryAfterSeconds: 3,
      ms: 0,
      body: { code: 'none' },
    })
  })

  it('explains every problem in the operator’s language: what, whose side, how to fix', async () => {
    const codes: (keyof typeof ERRORS)[] = [
      'field_not_agreed',
      'provider_failed',
      'ledger_unavailable',
      'quota_exceeded',
    ]
    for (const code of codes) {
      serveProblem(code)
      const { out, err } = await cli([...CALL, 'a=b'])
      const { title, fix }: ErrorEntry = ERRORS[code]
      expect(out, code).to.equal('')
      expect(err).to.include(title.en).and.include(fix.en).and.include(code).and.include('the-exchange')
      expect(err).to.include('Try again after: 7 s').and.not.include('of the document')
      serveProblem(code)
      const vietnamese = await cli([...CALL, 'a=b'], { environment: {} })
      expect(vietnamese.err).to.include(title.vi).and.include(fix.vi).and.include('Bên cần xử lý:')
    }
  })

  it('lists each place a contract was broken at', async () => {
    const errors = [{ pointer: '/birthDate', rule: 'format', detail: 'Must be a date, and a valid one.' }]
    serveProblem('request_invalid', { errors, detail: '1 place' })
    const { err } = await cli([...CALL, 'a=b'])
    expect(err).to.include('/birthDate  Must be a date, and a valid one. format').and.include('1 place')
  })

  it('keeps the document’s own words for a code it does not know', async () => {
    serve(403, { code: 'new_code', title: 'Something new', fix: 'Do this.', fault: 'provider' }, PROBLEM_TYPE)
    const { exit, err } = await cli([...CALL, 'a=b'])
    expect(exit).to.equal(1)
    expect(err).to.include('Something new').and.include('Do this.').and.include('the provider of the data')
  })

  it('tells by its exit code who could not be reached', async () => {
    const cases: [keyof typeof ERRORS, number][] = [
      ['provider_unavailable', 5],
      ['provider_timeout', 5],
      ['ledger_unavailable', 5],
      ['provider_failed', 1],
      ['agreement_missing', 1],
      ['quota_exceeded', 1],
    ]
    for (const [code, exit] of cases) {
      serveProblem(code)
      expect((await cli([...CALL, 'a=b'])).exit, code).to.equal(exit)
    }
    const gone = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
    nock(GATEWAY).get('/.well-known/oauth-authorization-server').replyWithError(gone)
    const down = await cli([...CALL, 'a=b'])
    expect(down).to.include({ exit: 5, out: '' })
    expect(down.err)
      .to.include('cannot be reached')
      .and.include('ECONNREFUSED')
      .and.include('lienthong serve')
  })

  it('gives a submission a key, and tells it before it is sent', async () => {
    const schemas = join(folder, 'schemas/services/G01/dan-cu')
    mkdirSync(schemas, { recursive: true })
    const contract = {
      paths: { '/ho-so/{id}': { post: { operationId: 'submitIt', 'x-exchange': { kind: 'submit' } } } },
    }
    writeFileSync(join(schemas, 'cong-dan.v1.yaml'), JSON.stringify(contract))
    const seen = serve(201, { ok: true }, undefined, '/ho-so/7')
    const argv = ['call', SERVICE, 'submitIt', '--schemas', 'schemas', '--purpose', 'nop', 'id=7', 'a=b']
    const { err, exit } = await cli(argv)
    expect(exit).to.equal(0)
    const key = seen[0]?.headers.get('idempotency-key') ?? ''
    expect(key).to.match(/^[0-9a-f-]{36}$/)
    expect(err).to.match(new RegExp(`^Idempotency-Key: ${key} `))
    expect(seen[0]?.body).to.equal('{"a":"b"}')
    const again = serve(
      201,
      {},
      { 'content-type': 'application/json', 'idempotency-replayed': 'true' },
      '/ho-so/7',
    )
    const second = await cli([...argv, '--idempotency-key', 'mine'])
    expect(again[0]?.headers.get('idempotency-key')).to.equal('mine')
    expect(second.err).to.include('first answer to the submission')
  })

  it('tells the key also where nothing came back, so that nothing is submitted twice', async () => {
    serveToken()
    nock(GATEWAY)
      .post(`/exchange/${SERVICE}/ho-so`)
      .replyWithError(Object.assign(new Error('x'), { code: 'ECONNRESET' }))
    const { exit, err } = await cli(['call', SERVICE, '/ho-so', '--purpose', 'nop', 'a=b'])
    expect(exit).to.equal(5)
    expect(err).to.include('Idempotency-Key: 0000')
  })

  it('sends nothing for a command line that cannot be meant', async () => {
    const cases: [string[], RegExp][] = [
      [['call', SERVICE, 'verifyCitizen', 'a=b'], /--purpose is missing/],
      [[...CALL, 'a'], /'a' is not understood/],
      [['call', SERVICE, 'verifyCitzen', '--purpose', 'x'], /Did you mean verifyCitizen\?/],
      [['call', 'G99/a/b/v1', 'x', '--purpose', 'x'], /contract .* cannot be read/],
      [[...CALL, 'a=b', '--gateway', 'gateway.test'], /--gateway must have the form/],
      [[...CALL, 'a=b', '--gateway', 'https://user:secret@gateway.test'], /--gateway must have the form/],
      [[...CALL, 'a=b', '--key', 'none.jwk'], /no key file[\s\S]*lienthong keys new/],
      [[...CALL, 'a=b', '--profile', '.lienthong/a.jwk'], /Which subsystem asks/],
      [[...CALL, 'a=b', '--timeout', '0'], /--timeout must be/],
    ]
    for (const [argv, said] of cases) {
      const { exit, out, err } = await cli(argv)
      expect({ exit, out }, argv.join(' ')).to.deep.equal({ exit: 2, out: '' })
      expect(err).to.match(said).and.not.include('secret')
    }
  })

  it('ends with 130 where the operator stops it', async () => {
    const stop = new AbortController()
    stop.abort('SIGINT')
    const run: CliRun = await runCli([...CALL, 'a=b'], { workingDirectory: folder, signal: stop.signal })
    expect(run).to.deep.include({ exit: 130, out: '' })
  })

  it('writes a token to a file for its owner alone, and over an old one', async () => {
    for (const _ of [1, 2]) {
      serveToken()
      const { exit, out, err } = await cli(['token', '--json'])
      expect(exit).to.equal(0)
      const file = join(folder, '.lienthong/token')
      expect(JSON.parse(out)).to.deep.equal({ type: 'DPoP', expiresAt: '2027-01-15T08:05:00.000Z', file })
      expect(readFileSync(file, 'utf8')).to.equal(`${TOKEN}\n`)
      expect(statSync(file).mode & 0o777).to.equal(0o600)
      expect(out + err).not.to.include(TOKEN)
    }
  })

  it('prints a token only where asked to', async () => {
    rmSync(join(folder, '.lienthong/token'), { force: true })
    serveToken('Bearer')
    const { out, err } = await cli(['token', '--bearer', '--print'])
    expect(out).to.equal(`${TOKEN}\n`)
    expect(err).not.to.include(TOKEN)
    expect(() => statSync(join(folder, '.lienthong/token'))).to.throw()
  })
})

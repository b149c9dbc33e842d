import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { expect } from 'chai'
import { GatewayError } from '../../src/model/errors.ts'
import type { Service } from '../../src/model/party.ts'
import { createAddressGuard, type Lookup } from '../../src/provider/address.ts'
import type { ProviderRequest } from '../../src/provider/call.ts'
import { createConnectProvider } from '../../src/provider/connect.ts'
import { checkDocument } from '../../src/registry/rules.ts'

const NAME = { vi: 'Thử', en: 'Test' }
/** Stands for the canary's port. */
const P = '{port}'

/** What a registry document could name; none may be admitted without `allowPrivateAddress`, none is reached. */
const BASE_URLS: readonly (readonly [rule: string, baseUrl: string])[] = [
  ['url_address', `http://127.0.0.1:${P}`],
  ['url_address', `http://127.8.9.10:${P}/api`],
  ['url_address', `http://localhost:${P}`],
  ['url_address', `http://a.localhost:${P}`],
  ['url_address', `http://[::1]:${P}`],
  ['url_address', `http://10.0.0.1:${P}`],
  ['url_address', `http://172.16.0.1:${P}`],
  ['url_address', `http://192.168.1.1:${P}`],
  ['url_address', `http://100.64.0.1:${P}`],
  ['url_address', `http://[fd12:3456::1]:${P}`],
  ['url_address', `http://[::ffff:7f00:1]:${P}`],
  ['url_address', `http://[64:ff9b::7f00:1]:${P}`],
  ['url_address', `http://[2002:7f00:1::]:${P}`],
  ['url_address', `http://[fec0::1]:${P}`],
  ['url_address', `http://0.0.0.0:${P}`],
  ['url_address', `http://[::]:${P}`],
  ['url_address', 'http://169.254.169.254/latest/meta-data'],
  ['url_address', 'http://[fd00:ec2::254]/latest'],
  ['url_address', 'http://[fe80::1]'],
  ['url_address', 'http://100.100.100.200/latest'],
  ['url_address', 'http://168.63.129.16/machine'],
  ['url_address', `http://224.0.0.1:${P}`],
  ['url_address', `http://255.255.255.255:${P}`],
  ['url_address', `http://[ff02::1]:${P}`],
  ['url_host', `http://2130706433:${P}`],
  ['url_host', `http://0x7f000001:${P}`],
  ['url_host', `http://0x7f.0.0.1:${P}`],
  ['url_host', `http://0177.0.0.1:${P}`],
  ['url_host', `http://017700000001:${P}`],
  ['url_host', `http://127.1:${P}`],
  ['url_host', `http://127.0.1:${P}`],
  ['url_host', `http://0:${P}`],
  ['url_host', `http://127.0.0.1.:${P}`],
  ['url_host', `http://localhost.:${P}`],
  ['url_host', `http://%6c%6f%63alhost:${P}`],
  ['url_host', `http://127%2e0%2e0%2e1:${P}`],
  ['url_host', `http://[::ffff:127.0.0.1]:${P}`],
  ['url_host', `http://[0:0:0:0:0:0:0:1]:${P}`],
  ['url_host', `http://xn--lcalhost-54a:${P}`],
  ['url_host', `http://api.xn--gov-8cd.example:${P}`],
  ['url', `http://[fe80::1%25lo]:${P}`],
  ['url', `http://[::1]x:${P}`],
  ['url', `http://lоcalhost:${P}`],
  ['url', `http://ⓛocalhost:${P}`],
  ['url', `http://127。0。0。1:${P}`],
  ['url', `http://127.0.0.1:${P}\\@example.gov.vn`],
  ['url', `http:\\\\127.0.0.1:${P}`],
  ['url', `http://example.gov.vn\r\nHost: 127.0.0.1:${P}`],
  ['url', `http://127.0.0.1\t:${P}`],
  ['url', ` http://127.0.0.1:${P}`],
  ['url', `http:127.0.0.1:${P}`],
  ['url', `http:///127.0.0.1:${P}`],
  ['url', `//127.0.0.1:${P}`],
  ['url', 'http://999.1.1.1'],
  ['url_credentials', `http://example.gov.vn@127.0.0.1:${P}`],
  ['url_credentials', `http://example.gov.vn:80@127.0.0.1:${P}`],
  ['url_credentials', `http://@127.0.0.1:${P}`],
  ['url_query', `http://127.0.0.1:${P}?x=http://example.gov.vn`],
  ['url_query', `http://127.0.0.1:${P}#@example.gov.vn`],
  ['url_query', `http://127.0.0.1:${P}/a?b`],
  ['url_scheme', `ftp://127.0.0.1:${P}`],
  ['url_scheme', `gopher://127.0.0.1:${P}/_GET`],
  ['url_scheme', 'file:///etc/passwd'],
  ['url_scheme', `ws://127.0.0.1:${P}`],
  ['url_scheme', 'data:text/plain,x'],
  ['url_path', 'http://example.gov.vn/a/../b'],
  ['url_path', 'http://example.gov.vn/a/%2e%2e/b'],
  ['url_path', 'http://example.gov.vn//127.0.0.1/'],
  ['url_path', 'http://example.gov.vn/a%0d%0aHost:x'],
]

/** Targets that a consumer's path or query could become; what is sent must stay below the base path. */
const HOSTILE_TARGETS: readonly string[] = [
  `http://127.0.0.1:${P}/`,
  `//127.0.0.1:${P}/`,
  `/\\127.0.0.1:${P}/`,
  `@127.0.0.1:${P}/`,
  `:${P}/`,
  '/../admin',
  '/a/../../admin',
  '/a/./b',
  '/..',
  '/.',
  '/..?x=1',
  '/%2e%2e/admin',
  '/%2E%2e%2fadmin',
  '/a%2fb',
  '/a%5c..%5cadmin',
  '/a%00',
  '/a#b',
  '/a b',
  '/a\r\nHost: 127.0.0.1',
  '/a?b\r\nX: y',
  '/ă',
  '/a?q=ă',
  '',
]

const HARMLESS_TARGETS: readonly string[] = [
  `/http%3A/127.0.0.1%3A${P}/`,
  `/tra-cuu?url=http://127.0.0.1:${P}/`,
  `/tra-cuu?url=http%3A%2F%2F127.0.0.1%3A${P}%2F`,
  `/@127.0.0.1:${P}/`,
  '/a...b/..c/c..',
  '/x%25252e',
]

function serviceOf(baseUrl: string, allowPrivateAddress?: boolean): Service {
  return {
    kind: 'Service',
    id: 'G01/dan-cu/cong-dan/v1',
    name: NAME,
    state: 'active',
    contract: 'services/x.yaml',
    binding: { baseUrl, timeoutMs: 500, retries: 0, ...(allowPrivateAddress && { allowPrivateAddress }) },
  } as Service
}

function ask(overrides: Partial<ProviderRequest> = {}): ProviderRequest {
  return {
    method: 'POST',
    target: '/tra-cuu',
    headers: { accept: 'application/json' },
    body: Buffer.from('{}'),
    idempotent: true,
    deadline: new AbortController().signal,
    ...overrides,
  }
}

describe('a provider’s address', () => {
  let canaries: TcpServer[]
  let touched: number
  let port: string
  let provider: Server
  let providerUrl: string
  let asked: string[]
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  const opened: { close(): Promise<void> }[] = []

  /** Listens on every loopback address of both families, on one port, and counts who comes. */
  beforeEach(async () => {
    touched = 0
    canaries = []
    const listen = async (host: string, at: number) => {
      const canary = createTcpServer((socket) => {
        touched += 1
        socket.destroy()
      })
      await new Promise<void>((resolve, reject) => canary.once('error', reject).listen(at, host, resolve))
      canaries.push(canary)
      return (canary.address() as AddressInfo).port
    }
    const chosen = await listen('0.0.0.0', 0)
    await listen('::1', chosen).catch(() => {})
    port = String(chosen)
    asked = []
    answer = (_request, response) => response.end('{}')
    provider = createServer((request, response) => {
      asked.push(request.url ?? '')
      answer(request, response)
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/api/v1`
  })

  afterEach(async () => {
    for (const stack of opened.splice(0)) await stack.close()
    for (const server of [...canaries, provider]) await new Promise((resolve) => server.close(resolve))
  })

  function open({ binding }: Service, resolve?: Lookup) {
    const connect = createConnectProvider({
      observe: () => ({ attempt() {}, retry() {}, breaker() {}, close() {} }),
      readSecret: () => '',
      random: () => 0,
      ...(resolve && { resolve }),
    })
    if (binding === undefined) throw new Error('not bound')
    const stack = connect('G01/dan-cu', binding)
    opened.push(stack)
    return stack.call
  }

  async function outcome(run: () => Promise<unknown>): Promise<string> {
    try {
      await run()
      return 'answered'
    } catch (error) {
      if (error instanceof GatewayError) return error.code
      return 'thrown'
    }
  }

  for (const [rule, template] of BASE_URLS) {
    it(`is not admitted as ${JSON.stringify(template)} (${rule}), nor reached`, async () => {
      const service = serviceOf(template.replace(P, port))
      expect(checkDocument(service).map((fault) => `${fault.rule} ${fault.pointer}`)).to.deep.equal([
        `${rule} /binding/baseUrl`,
      ])
      // Were it admitted: only what is no matter of the address may be tried at all.
      if (/^url_(?:address|host|credentials|query)$/.test(rule))
        expect(await outcome(async () => open(service)(ask()))).to.not.equal('answered')
      expect(touched).to.equal(0)
    })
  }

  it('is admitted where it can be read in one way only and leads outside', () => {
    for (const baseUrl of [
      'https://dan-cu.bca.gov.vn',
      'https://API.bca.gov.vn:8443/api/v1/',
      'http://203.162.4.190:8080/x',
      'https://[2405:4800::1]/api',
    ]) {
      expect(checkDocument(serviceOf(baseUrl)), baseUrl).to.deep.equal([])
    }
    for (const baseUrl of [
      `http://127.0.0.1:${port}`,
      'http://localhost:8081',
      'http://[fd12::1]',
      'http://sandbox:8081',
    ]) {
      expect(checkDocument(serviceOf(baseUrl, true)), baseUrl).to.deep.equal([])
    }
  })

  it('is never the link, every listener of this host, or where clouds keep credentials, even on this network', async () => {
    for (const host of [
      '169.254.169.254',
      '0.0.0.0',
      '[::]',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '100.100.100.200',
      '168.63.129.16',
      '[::ffff:a9fe:a9fe]',
      '224.0.0.1',
    ]) {
      const service = serviceOf(`http://${host}:${port}`, true)
      expect(
        checkDocument(service).map(({ rule }) => rule),
        host,
      ).to.deep.equal(['url_address'])
      expect(await outcome(async () => open(service)(ask())), host).to.equal('provider_unavailable')
    }
    expect(touched).to.equal(0)
  })

  for (const address of [
    '127.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '10.1.2.3',
    'fe80::1%lo',
    '64:ff9b::7f00:1',
  ]) {
    it(`is not reached by a name that leads to ${address}`, async () => {
      const resolve: Lookup = (_name, options, done) => {
        const family = address.includes(':') ? 6 : 4
        options.all ? done(null, [{ address, family }]) : done(null, address, family)
      }
      const call = open(serviceOf(`http://provider.example:${port}`), resolve)
      expect(await outcome(() => call(ask()))).to.equal('provider_unavailable')
      expect(touched).to.equal(0)
    })
  }

  it('is not reached by a name of which one of several addresses leads inside', async () => {
    const resolve: Lookup = (_name, _options, done) =>
      done(null, [
        { address: '203.162.4.190', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])
    const call = open(serviceOf(`http://provider.example:${port}`), resolve)
    expect(await outcome(() => call(ask()))).to.equal('provider_unavailable')
    expect(touched).to.equal(0)
  })

  it('is checked as it is connected to: a name that changes its mind gains nothing', async () => {
    const answers = ['203.162.4.190', '127.0.0.1']
    let looked = 0
    const resolve: Lookup = (_name, _options, done) => {
      const address = answers[Math.min(looked, 1)] ?? ''
      looked += 1
      done(null, [{ address, family: 4 }])
    }
    const { lookup } = createAddressGuard(false, resolve)
    const results: unknown[] = []
    for (let turn = 0; turn < 2; turn += 1)
      lookup('provider.example', { all: true }, (error, address) => results.push(error?.code ?? address))
    // What was allowed is what is handed to the connection: there is no second look-up between.
    expect(results).to.deep.equal([[{ address: '203.162.4.190', family: 4 }], 'EADDRESSREFUSED'])
    expect(looked).to.equal(2)

    const call = open(serviceOf(`http://provider.example:${port}`), resolve)
    expect(await outcome(() => call(ask()))).to.equal('provider_unavailable')
    expect(looked).to.equal(3)
    expect(touched).to.equal(0)
  })

  for (const template of HOSTILE_TARGETS) {
    it(`is not left by the target ${JSON.stringify(template)}`, async () => {
      const call = open(serviceOf(providerUrl, true))
      expect(await outcome(() => call(ask({ target: template.replace(P, port) })))).to.equal(
        'request_malformed',
      )
      expect(asked).to.deep.equal([])
      expect(touched).to.equal(0)
    })
  }

  for (const template of HARMLESS_TARGETS) {
    it(`takes ${JSON.stringify(template)} for a path and data`, async () => {
      const target = template.replace(P, port)
      expect(await outcome(() => open(serviceOf(providerUrl, true))(ask({ target })))).to.equal('answered')
      expect(asked).to.deep.equal([`/api/v1${target}`])
      expect(touched).to.equal(0)
    })
  }

  it('is not changed by a header that a consumer sent', async () => {
    const headers = {
      host: `127.0.0.1:${port}`,
      'x-forwarded-host': `127.0.0.1:${port}`,
      forwarded: `host=127.0.0.1:${port}`,
    }
    const call = open(serviceOf(providerUrl, true))
    await outcome(() => call(ask({ headers })))
    expect(touched).to.equal(0)
    expect(
      await outcome(() => call(ask({ headers: { 'exchange-officer': `a\r\nHost: 127.0.0.1:${port}` } }))),
    ).to.equal('request_malformed')
  })

  for (const status of [301, 302, 303, 307, 308]) {
    it(`is not changed by a redirect ${status}`, async () => {
      answer = (_request, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${port}/` })
        response.end()
      }
      expect(await open(serviceOf(providerUrl, true))(ask())).to.include({ status })
      expect(asked).to.have.length(1)
      expect(touched).to.equal(0)
    })
  }

  it('is not changed by a Refresh, Link, Alt-Svc or Content-Location of the answer', async () => {
    const elsewhere = `http://127.0.0.1:${port}/`
    answer = (_request, response) => {
      response.writeHead(200, {
        refresh: `0; url=${elsewhere}`,
        link: `<${elsewhere}>; rel=preload`,
        'alt-svc': `http/1.1="127.0.0.1:${port}"`,
        'content-location': elsewhere,
      })
      response.end('{}')
    }
    const call = open(serviceOf(providerUrl, true))
    for (let turn = 0; turn < 2; turn += 1) expect(await call(ask())).to.include({ status: 200 })
    expect(touched).to.equal(0)
  })

  it('is not changed by the proxies that the environment names', async () => {
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'all_proxy', 'ALL_PROXY']
    const before = names.map((name) => process.env[name])
    for (const name of names) process.env[name] = `http://127.0.0.1:${port}`
    try {
      expect(await open(serviceOf(providerUrl, true))(ask())).to.include({ status: 200 })
      expect(touched).to.equal(0)
    } finally {
      names.forEach((name, index) => {
        const value = before[index]
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      })
    }
  })
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { expect } from 'chai'
import { GatewayError } from '../../src/model/errors.ts'
import type { Binding } from '../../src/model/party.ts'
import type { Attempt, BreakerState, ProviderRequest } from '../../src/provider/call.ts'
import { createConnectProvider } from '../../src/provider/connect.ts'
import { nock, useNock } from '../support/nock.ts'

const BINDING: Binding = { baseUrl: 'http://provider.test/api/v1', timeoutMs: 2000, retries: 2 }

function ask(overrides: Partial<ProviderRequest> = {}): ProviderRequest {
  return {
    method: 'POST',
    target: '/tra-cuu',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    idempotent: true,
    deadline: new AbortController().signal,
    ...overrides,
  }
}

/** Stacks to close after a test, or their connections would keep the run alive. */
const opened: { close(): Promise<void> }[] = []

function open(binding: Binding, adapter?: 'http') {
  const attempts: Attempt[] = []
  const states: BreakerState[] = []
  const connect = createConnectProvider({
    observe: () => ({
      attempt: (attempt) => attempts.push(attempt),
      retry: () => {},
      breaker: (state) => states.push(state),
      close: () => {},
    }),
    readSecret: () => 'the secret',
    random: () => 0,
    ...(adapter && { adapter }),
  })
  const stack = connect('G01/dan-cu', binding)
  opened.push(stack)
  return { call: stack.call, attempts, states }
}

async function closeOpened(): Promise<void> {
  for (const stack of opened.splice(0)) await stack.close()
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'answered'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

describe('provider call', () => {
  useNock()

  afterEach(async () => {
    await closeOpened()
    expect(nock.pendingMocks()).to.deep.equal([])
    nock.cleanAll()
  })

  it('sends what it was given and hands the bytes back unread', async () => {
    nock('http://provider.test', {
      reqheaders: { 'x-api-key': 'the secret', 'content-type': 'application/json' },
    })
      .post('/api/v1/tra-cuu', '{"a":1}')
      .reply(404, '{"code":"none"}', { 'content-type': 'application/json' })
    const { call } = open(
      { ...BINDING, credential: { header: 'x-api-key', secret: { environment: 'KEY' } } },
      'http',
    )
    const reply = await call(ask({ body: Buffer.from('{"a":1}') }))
    expect(reply).to.include({ status: 404, contentType: 'application/json', attempts: 1 })
    expect(reply.body.toString()).to.equal('{"code":"none"}')
  })

  it('tries an idempotent request again where no answer was to be had', async () => {
    nock('http://provider.test')
      .post('/api/v1/tra-cuu')
      .replyWithError(Object.assign(new Error(), { code: 'ECONNRESET' }))
    nock('http://provider.test').post('/api/v1/tra-cuu').reply(503)
    nock('http://provider.test').post('/api/v1/tra-cuu').reply(200, '{}')
    const { call, attempts } = open(BINDING, 'http')
    expect(await call(ask())).to.include({ status: 200, attempts: 3 })
    expect(attempts.map(({ status, error }) => status ?? error)).to.deep.equal([
      'provider_unavailable',
      'provider_unavailable',
      200,
    ])
  })

  it('never sends a submission twice', async () => {
    nock('http://provider.test').post('/api/v1/tra-cuu').reply(503, '', { 'retry-after': '30' })
    const { call, attempts } = open(BINDING, 'http')
    const error = await call(ask({ idempotent: false })).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'provider_unavailable', retryAfterSeconds: 30 })
    expect(attempts).to.have.length(1)
  })

  it('follows no redirect and takes any answer below 500 as it is', async () => {
    nock('http://provider.test')
      .post('/api/v1/tra-cuu')
      .reply(302, '', { location: 'http://elsewhere.test/' })
    const { call } = open(BINDING, 'http')
    expect((await call(ask())).status).to.equal(302)
  })

  it('reports a provider’s own error as its failure, without another try', async () => {
    nock('http://provider.test').post('/api/v1/tra-cuu').reply(500, 'stack trace')
    const { call } = open(BINDING, 'http')
    expect(await codeOf(call(ask()))).to.equal('provider_failed')
  })

  it('refuses a control character in a header before anything is sent', async () => {
    const { call, attempts } = open(BINDING, 'http')
    expect(await codeOf(call(ask({ headers: { 'exchange-purpose': 'a\r\nx: y' } })))).to.equal(
      'request_malformed',
    )
    expect(attempts).to.have.length(0)
  })
})

describe('provider call over the connection pool', () => {
  let server: Server
  let answer: (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ) => void
  let base: string

  beforeEach(async () => {
    server = createServer((request, response) => answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`
  })

  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await closeOpened()
  })

  const binding = (overrides: Partial<Binding> = {}): Binding => ({
    ...BINDING,
    baseUrl: base,
    allowPrivateAddress: true,
    ...overrides,
  })

  it('speaks to a real server', async () => {
    answer = (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({
            url: request.url,
            method: request.method,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
    }
    const { call } = open(binding())
    const reply = await call(ask({ body: Buffer.from('{"đ":1}') }))
    expect(JSON.parse(reply.body.toString())).to.deep.equal({
      url: '/api/v1/tra-cuu',
      method: 'POST',
      body: '{"đ":1}',
    })
  })

  it('does not connect to a private address unless the binding says so', async () => {
    let asked = 0
    answer = (_request, response) => {
      asked += 1
      response.end('{}')
    }
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::ffff:127.0.0.1]',
      '[::1]',
      '0.0.0.0',
      '2130706433',
      '0x7f.1',
    ]) {
      const url = base.replace('127.0.0.1', host)
      const { call } = open(binding({ baseUrl: url, allowPrivateAddress: false, retries: 0 }))
      expect(await codeOf(call(ask())), host).to.equal('provider_unavailable')
    }
    expect(asked).to.equal(0)
  })

  it('ends at the deadline and when the consumer hangs up', async () => {
    answer = () => {}
    for (const [reason, code] of [
      ['deadline', 'provider_timeout'],
      ['gone', 'consumer_gone'],
    ] as const) {
      const controller = new AbortController()
      const { call } = open(binding())
      server.once('request', () => controller.abort(reason))
      expect(await codeOf(call(ask({ deadline: controller.signal })))).to.equal(code)
    }
  })

  it('cuts an answer that is larger than allowed, whether it says so or not', async () => {
    const { call } = open(binding({ maxResponseBytes: 1000 }))
    answer = (_request, response) => response.end(Buffer.alloc(1001))
    expect(await codeOf(call(ask()))).to.equal('response_invalid')
    answer = (_request, response) => {
      response.write(Buffer.alloc(600))
      response.end(Buffer.alloc(600))
    }
    expect(await codeOf(call(ask()))).to.equal('response_invalid')
    answer = (_request, response) => response.end(Buffer.alloc(1000))
    expect(await codeOf(call(ask()))).to.equal('answered')
  })

  it('reports what is not HTTP as an invalid answer', async () => {
    const garbage = createTcpServer((socket) =>
      socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
    )
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve))
    const { port } = garbage.address() as AddressInfo
    const { call } = open(binding({ baseUrl: `http://127.0.0.1:${port}` }))
    expect(await codeOf(call(ask()))).to.equal('response_invalid')
    garbage.close()
  })

  it('opens the breaker on a provider that keeps failing, and tells it', async () => {
    answer = (_request, response) => {
      response.statusCode = 500
      response.end()
    }
    const { call, attempts, states } = open(binding())
    for (let turn = 0; turn < 10; turn += 1) expect(await codeOf(call(ask()))).to.equal('provider_failed')
    const sent = attempts.length
    expect(await codeOf(call(ask({ idempotent: false })))).to.equal('provider_unavailable')
    expect(attempts).to.have.length(sent)
    expect(states).to.deep.equal(['open'])
  })

  it('opens the breaker on ten failures in a row, of many calls too; an answer between begins the count anew', async () => {
    let status = 200
    answer = (_request, response) => {
      response.statusCode = status
      response.end('{}')
    }
    const { call, states } = open(binding({ retries: 0 }))
    const answerWith = async (next: number, times: number) => {
      status = next
      for (let turn = 0; turn < times; turn += 1) await codeOf(call(ask()))
    }
    await answerWith(200, 21)
    await answerWith(500, 9)
    await answerWith(200, 1)
    await answerWith(500, 9)
    expect(states).to.deep.equal([])
    await answerWith(500, 1)
    expect(states).to.deep.equal(['open'])
  })

  it('never opens the breaker on a provider’s 4xx', async () => {
    answer = (_request, response) => {
      response.statusCode = 404
      response.end('{}')
    }
    const { call, states } = open(binding())
    for (let turn = 0; turn < 30; turn += 1) expect((await call(ask())).status).to.equal(404)
    expect(states).to.deep.equal([])
  })

  it('refuses one more call than the binding lets in at once', async () => {
    const held: import('node:http').ServerResponse[] = []
    answer = (_request, response) => held.push(response)
    const { call } = open(binding({ maxConcurrent: 2, retries: 0 }))
    const running = [call(ask()), call(ask())]
    expect(await codeOf(call(ask()))).to.equal('provider_overloaded')
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
    for (const response of held) response.end('{}')
    await Promise.all(running)
  })
})

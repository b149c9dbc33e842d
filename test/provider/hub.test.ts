import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { GatewayError } from '../../src/model/errors.ts'
import type { Binding, Hub } from '../../src/model/party.ts'
import { createConnectProvider } from '../../src/provider/connect.ts'
import { hubTarget } from '../../src/provider/hub.ts'

const XROAD: Hub = {
  name: 'vdxp',
  protocol: 'xroad',
  client: 'VN/GOV/G22/lien-thong',
  service: 'VN/GOV/000.00.00.G22/vpcpdvcprovider/ho-so',
}
const ADAPTER: Hub = {
  name: 'vdxp',
  protocol: 'adapter',
  service: 'VN:GOV:000.00.00.G22:vpcpdvcprovider',
  providerUrl: 'http://10.0.0.9:8080/dich-vu?a=1&b=2',
}

describe('a provider behind a hub', () => {
  let hub: Server
  let seen: IncomingMessage[] = []
  let answer: { readonly status: number; readonly error?: string } = { status: 200 }

  before((done) => {
    hub = createServer((request, response) => {
      seen.push(request)
      const { status, error } = answer
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(error !== undefined && { 'X-Road-Error': error }),
      })
      response.end('{}')
    })
    hub.listen(0, '127.0.0.1', done)
  })

  after(() => {
    hub.close()
  })

  beforeEach(() => {
    seen = []
    answer = { status: 200 }
  })

  async function call(via: Hub, headers: Record<string, string> = {}): Promise<string> {
    const { port } = hub.address() as AddressInfo
    const path = via.protocol === 'adapter' ? '/XrdAdapter/RestService/forward' : ''
    const binding: Binding = {
      baseUrl: `http://127.0.0.1:${port}${path}`,
      timeoutMs: 5000,
      retries: 0,
      allowPrivateAddress: true,
      hub: via,
    }
    const stack = createConnectProvider({
      observe: () => ({ attempt() {}, retry() {}, breaker() {}, close() {} }),
      readSecret: () => '',
      random: () => 0,
    })('G22/vpcp', binding)
    try {
      const reply = await stack.call({
        method: 'POST',
        target: '/tra-cuu?x=1',
        headers: { 'exchange-id': '0190', ...headers },
        body: Buffer.from('{}'),
        idempotent: true,
        deadline: new AbortController().signal,
      })
      return String(reply.status)
    } catch (error) {
      if (error instanceof GatewayError) return error.code
      throw error
    } finally {
      await stack.close()
    }
  }

  it('is asked through a Security Server as the gateway’s own subsystem there', async () => {
    expect(
      await call(XROAD, { 'x-road-client': 'VN/GOV/H29/mot-cua', 'x-road-security-server': 'VN/a/b/c' }),
    ).to.equal('200')
    expect(seen[0]?.url).to.equal('/r1/VN/GOV/000.00.00.G22/vpcpdvcprovider/ho-so/tra-cuu?x=1')
    expect(seen[0]?.headers).to.include({ 'x-road-client': 'VN/GOV/G22/lien-thong', 'x-road-id': 'VN-0190' })
    expect(seen[0]?.headers).not.to.have.property('x-road-security-server')
  })

  it('keeps the id of a message that has one', async () => {
    await call(XROAD, { 'x-road-id': 'EE-7' })
    expect(seen[0]?.headers['x-road-id']).to.equal('EE-7')
  })

  it('is asked through the platform’s adapter by destination and address', async () => {
    expect(await call(ADAPTER)).to.equal('200')
    const url = new URL(seen[0]?.url ?? '', 'http://hub')
    expect(url.pathname).to.equal('/XrdAdapter/RestService/forward/tra-cuu')
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({
      x: '1',
      dstcode: ADAPTER.service,
      providerurl: ADAPTER.providerUrl,
    })
    expect(seen[0]?.url).to.include('dstcode=VN:GOV:000.00.00.G22:vpcpdvcprovider')
  })

  it('asks for the bare service where the path is the root', () => {
    expect(hubTarget(XROAD, '/')).to.equal('/r1/VN/GOV/000.00.00.G22/vpcpdvcprovider/ho-so')
  })

  for (const [status, error, code] of [
    [500, 'Server.ServerProxy.AccessDenied', 'provider_failed'],
    [500, 'server.clientproxy.maintenance_mode', 'provider_maintenance'],
    [500, 'Server.ClientProxy.MaintenanceMode', 'provider_maintenance'],
    [500, 'server.serverproxy.service_disabled', 'service_disabled'],
    [500, 'Server.ServerProxy.NetworkError', 'provider_unavailable'],
    [500, 'server.serverproxy.io_error', 'provider_unavailable'],
    [403, 'server.serverproxy.access_denied', 'provider_failed'],
    [500, undefined, 'provider_failed'],
    [404, undefined, '404'],
  ] as const) {
    it(`tells ${status} with ${error ?? 'no error of the hub'} as ${code}`, async () => {
      answer = error === undefined ? { status } : { status, error }
      expect(await call(XROAD)).to.equal(code)
    })
  }

  it('believes an X-Road-Error of nobody but a Security Server', async () => {
    answer = { status: 404, error: 'server.serverproxy.access_denied' }
    expect(await call(ADAPTER)).to.equal('404')
  })
})

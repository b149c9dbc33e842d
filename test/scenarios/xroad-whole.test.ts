import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import {
  CLIENT,
  expectedHash,
  FILES,
  startXroadWorld,
  withFiles,
  type XroadWorld,
} from '../support/xroad-world.ts'

const SENDER = ['X-Road-Client', CLIENT] as const
const LARGE = 13 * 1024 * 1024
const HUGE_CHUNKS = 1500
const CHUNK = Buffer.alloc(65_536, 'x')

describe('a service without a contract behind the X-Road door', () => {
  let world: XroadWorld
  let provider: Server
  let seen: IncomingMessage[] = []
  const large = randomBytes(LARGE)
  let spool = ''

  before(async () => {
    provider = createServer((request, response) => {
      seen.push(request)
      const { url = '' } = request
      if (url.startsWith('/goc/lon')) response.end(large)
      else if (url.startsWith('/goc/rat-lon')) {
        response.writeHead(200, { 'content-type': 'application/octet-stream' })
        Readable.from(Array.from({ length: HUGE_CHUNKS }, () => CHUNK)).pipe(response)
      } else if (url.startsWith('/goc/tep/')) request.pipe(response)
      else if (url.startsWith('/goc/loi')) {
        response.writeHead(503, {
          'X-Road-Error': 'Server.Fake',
          'X-Road-Client': 'VN/GOV/G99/gia',
          'X-Road-Id': 'gia',
          'content-type': 'text/plain',
        })
        response.end('đang bận')
      } else if (url.startsWith('/goc/chuyen')) {
        response.writeHead(302, { location: 'http://127.0.0.1:1/khac' }).end()
      } else if (url.startsWith('/goc/nhieu')) {
        response.writeHead(200, [
          'set-cookie',
          'a=1',
          'set-cookie',
          'b=2',
          'server',
          'x',
          'keep-alive',
          'timeout=9',
        ])
        response.end()
      } else {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ method: request.method, url, headers: request.rawHeaders }))
      }
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    const { port } = provider.address() as AddressInfo
    world = await startXroadWorld({ change: withFiles(`http://127.0.0.1:${port}/goc`) })
    spool = join(world.dataDir, 'spool')
  })

  after(async () => {
    await world.close()
    provider.close()
  })

  beforeEach(() => {
    seen = []
  })

  const ask = (path: string, options: Parameters<XroadWorld['ask']>[1] = {}) =>
    world.ask(FILES + path, options)

  it('passes 13 MB intact, with the digest of all of it in the record and nothing left on the disk', async () => {
    const { status, body, headers } = await ask('/lon')
    expect(status).to.equal(200)
    expect(body.equals(large)).to.equal(true)
    expect(headers['content-length']).to.equal(String(LARGE))
    const salt = Buffer.from(/salt=:([^:]+):/.exec(String(headers['exchange-receipt']))?.[1] ?? '', 'base64')
    const digest = createHash('sha256').update(salt).update(large).digest('base64url')
    expect((await world.records()).at(-1)).to.deep.include({
      answer: { bytes: LARGE, digest, status: 200 },
      outcome: 'delivered',
      operation: 'everything',
    })
    expect(await readdir(spool)).to.deep.equal([])
  })

  it('passes 94 MB without holding it in memory', async () => {
    // Provider, gateway and consumer are one process here: what is alive after a collection is what any of them holds.
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const alive = () => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const before = alive()
    let bytes = 0
    let looked = 0
    let most = 0
    await ask('/rat-lon', {
      onChunk(chunk) {
        bytes += chunk.length
        if (bytes < looked * 4_000_000) return
        looked += 1
        most = Math.max(most, alive() - before)
      },
    })
    expect(bytes).to.equal(HUGE_CHUNKS * CHUNK.length)
    expect(most).to.be.below(bytes / 4)
  })

  it('sends a body whole, whatever it is and however it is framed', async () => {
    const headers = [SENDER, ['Content-Type', 'image/png']] as const
    const sent = await ask('/tep/anh', { method: 'POST', headers, body: large })
    expect(sent.status, sent.body.toString('utf8', 0, 200)).to.equal(200)
    expect(sent.body.equals(large)).to.equal(true)
    const requestId = String(sent.headers['x-road-request-id'])
    const hashed = [...headers, ['x-road-request-id', requestId], ['x-road-id', `VN-${requestId}`]] as const
    expect(sent.headers['x-road-request-hash']).to.equal(
      expectedHash({ method: 'POST', target: `${FILES}/tep/anh` }, hashed, large),
    )
    const chunked = await ask('/tep/anh', { method: 'POST', headers, body: Readable.from([large]) })
    expect(chunked.body.equals(large)).to.equal(true)
  })

  it('refuses a body beyond the limit without having asked, also where its length was not said', async () => {
    const body = Buffer.alloc(20_000_001)
    for (const sent of [body, Readable.from([body])]) {
      const answer = await ask('/tep/anh', { method: 'POST', body: sent }).catch((error: unknown) => error)
      if (answer instanceof Error) continue
      expect(answer).to.nested.include({ status: 413 })
    }
    expect(seen).to.deep.equal([])
    expect((await world.records()).at(-1)).to.include({ code: 'body_too_large' })
  })

  it('matches and forwards one path, sub-delimiters and the query as they came', async () => {
    const { json } = await ask("/a;b=c/d%20e/%C3%A1!$&'()*+,=:@?q=%2F&x=a+b&x=")
    expect(json).to.include({ url: "/goc/a;b=c/d%20e/%C3%A1!$&'()*+,=:@?q=%2F&x=a+b&x=", method: 'GET' })
  })

  it('opens the endpoints that are agreed and no other', async () => {
    const verdicts = [
      ['GET', '/noi-bo/x/y', 403],
      ['POST', '/noi-bo', 200],
      ['DELETE', '/tep/anh', 403],
      ['DELETE', '/tep/anh/khac', 200],
      ['PUT', '/bat-ky', 200],
      ['OPTIONS', '/bat-ky', 200],
      ['HEAD', '/bat-ky', 200],
    ] as const
    for (const [method, path, status] of verdicts) {
      const answer = await ask(path, { method })
      expect([method, path, answer.status], answer.body.toString()).to.deep.equal([method, path, status])
      if (status === 403) expect(answer.headers['x-road-error']).to.equal('server.serverproxy.access_denied')
    }
  })

  it('tells the provider what the protocol tells it, and not what was the gateway’s', async () => {
    const { json } = await ask('/xem', {
      headers: [
        SENDER,
        ['Authorization', 'Basic ZMOgbmg='],
        ['Cookie', 'a=1'],
        ['X-Road-UserId', 'cb-017'],
        ['X-Road-Represented-Party', 'COM/9912345678'],
        ['X-Road-Request-Id', 'mine'],
        ['X-Road-Request-Hash', 'mine'],
        ['User-Agent', 'left-out'],
        ['Exchange-Consumer', 'G99/gia'],
      ],
    })
    const raw = json['headers'] as string[]
    const at = (name: string) =>
      raw.filter((_, place) => place % 2 === 1 && raw[place - 1]?.toLowerCase() === name)
    expect(at('authorization')).to.deep.equal(['Basic ZMOgbmg='])
    expect(at('cookie')).to.deep.equal(['a=1'])
    expect(at('x-road-client')).to.deep.equal([CLIENT])
    expect(at('x-road-userid')).to.deep.equal(['cb-017'])
    expect(at('x-road-represented-party')).to.deep.equal(['COM/9912345678'])
    expect(at('x-road-request-id')).to.deep.equal([(await world.records()).at(-1)?.['exchange']])
    expect(at('x-road-id')).to.have.length(1)
    expect(at('exchange-consumer')).to.deep.equal(['H29/mot-cua'])
    for (const name of ['user-agent', 'x-road-request-hash', 'x-road-service'])
      expect(at(name)).to.deep.equal([])
  })

  it('passes a provider’s own failure unchanged, without what only a gateway may say', async () => {
    const { status, body, headers } = await ask('/loi', { headers: [SENDER, ['X-Road-Id', 'cua-toi']] })
    expect(status).to.equal(503)
    expect(body.toString()).to.equal('đang bận')
    expect(headers).not.to.have.property('x-road-error')
    expect(headers).to.include({
      'x-road-client': CLIENT,
      'x-road-id': 'cua-toi',
      'content-type': 'text/plain',
    })
  })

  it('passes a redirect and never follows it', async () => {
    const { status, headers } = await ask('/chuyen')
    expect([status, headers['location']]).to.deep.equal([302, 'http://127.0.0.1:1/khac'])
    expect(seen).to.have.length(1)
  })

  it('keeps fields that come several times, and drops those of the connection', async () => {
    const { headers, rawHeaders } = await ask('/nhieu')
    expect(headers['set-cookie']).to.deep.equal(['a=1', 'b=2'])
    expect(headers).not.to.have.property('server')
    expect(headers['keep-alive']).not.to.equal('timeout=9')
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'date')).to.have.length(1)
  })
})

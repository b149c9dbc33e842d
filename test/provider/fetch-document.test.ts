import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { createDocumentReader } from '../../src/provider/fetch-document.ts'

const LIMITS = { maxBytes: 64, timeoutMs: 2_000, accept: 'application/json' }

describe('createDocumentReader', () => {
  let server: Server
  let url: string
  let listener: RequestListener
  const requests: string[] = []

  before(async () => {
    server = createServer((request, response) => {
      requests.push(request.url ?? '')
      listener(request, response)
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const json = { 'content-type': 'application/json' }
  const read = (more: Partial<Parameters<typeof createDocumentReader>[0]> = {}) =>
    createDocumentReader({ url, allowPrivateAddress: true, ...LIMITS, ...more })().then(
      (bytes) => bytes.toString(),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )

  it('reads a document of exactly the size allowed', async () => {
    listener = (_request, response) => response.writeHead(200, json).end('x'.repeat(64))
    expect(await read()).to.equal('x'.repeat(64))
  })

  const REFUSED: readonly [name: string, listener: RequestListener, expected: RegExp][] = [
    ['one byte more', (_q, r) => r.writeHead(200, json).end('x'.repeat(65)), /larger than 64/],
    [
      'a redirect',
      (_q, r) => r.writeHead(302, { ...json, location: '/elsewhere' }).end('{}'),
      /answered 302/,
    ],
    ['an error', (_q, r) => r.writeHead(500, json).end('{}'), /answered 500/],
    ['a page', (_q, r) => r.writeHead(200, { 'content-type': 'text/html' }).end('{}'), /not JSON/],
    [
      'a compressed answer',
      (_q, r) => r.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end('x'),
      /compressed/,
    ],
    [
      'an answer cut short',
      (_q, r) => r.writeHead(200, { ...json, 'content-length': 9 }).write('{', () => r.destroy()),
      /aborted|hang up/,
    ],
  ]
  for (const [name, answer, expected] of REFUSED) {
    it(`refuses ${name}`, async () => {
      listener = answer
      const before = requests.length
      expect(await read()).to.match(expected)
      expect(requests.length).to.equal(before + 1)
    })
  }

  it('gives up on an answer that never ends', async () => {
    listener = (_request, response) => response.writeHead(200, json).write('{')
    expect(await read({ timeoutMs: 50 })).to.match(/abort/i)
  })

  it('connects to no private address unless it may, by number or by name', async () => {
    const before = requests.length
    listener = (_request, response) => response.writeHead(200, json).end('{}')
    for (const address of [url, url.replace('127.0.0.1', 'localhost')]) {
      expect(await read({ url: address, allowPrivateAddress: false })).to.match(/not allowed/)
    }
    expect(requests.length).to.equal(before)
  })
})

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { networkOf } from '../../src/http/connections.ts'
import type { ServerLimits, ServerTls } from '../../src/http/server.ts'
import { makeCertificate } from '../support/certificate.ts'
import { type EdgeServer, startEdge } from '../support/edge-server.ts'

const BIG = Buffer.alloc(32 * 1024 * 1024, 0x61)

function tls(): ServerTls {
  const nowMs = Date.now()
  const { certificate, key } = makeCertificate({
    name: 'gateway.test',
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + 600_000,
  })
  return { certificate, key }
}

for (const isSecure of [false, true]) {
  describe(`a client that takes its time${isSecure ? ', over TLS,' : ''} is cut`, () => {
    let edge: EdgeServer
    afterEach(() => edge.close())

    async function open(limits: Partial<ServerLimits>): Promise<Socket> {
      edge = await startEdge({
        handler: (request, response) => {
          request.on('error', () => {})
          if (request.url === '/big') response.end(BIG)
          else request.resume().on('end', () => response.end('done'))
        },
        limits,
        ...(isSecure && { tls: tls() }),
      })
      const socket = isSecure
        ? connectTls({ port: edge.port, host: '127.0.0.1', rejectUnauthorized: false })
        : connect(edge.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, isSecure ? 'secureConnect' : 'connect')
      return socket
    }

    it('when it never ends the fields of its request', async () => {
      const socket = await open({ headersTimeoutMs: 100 })
      socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\nX: `)
      socket.resume()
      await once(socket, 'close')
      expect(edge.cuts).to.deep.equal(['timeout'])
    })

    it('when it never ends its body', async () => {
      const socket = await open({ headersTimeoutMs: 100, requestTimeoutMs: 150 })
      socket.write(`POST / HTTP/1.1\r\nHost: ${edge.host}\r\nContent-Length: 10\r\n\r\n1`)
      socket.resume()
      await once(socket, 'close')
      expect(edge.cuts).to.deep.equal(['timeout'])
    })

    it('when it asks for nothing more after an answer', async () => {
      const socket = await open({ headersTimeoutMs: 100, idleTimeoutMs: 100 })
      socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)
      const [answer] = await once(socket, 'data')
      expect(String(answer)).to.match(/^HTTP\/1\.1 200 /)
      await once(socket.resume(), 'close')
    })

    it('when it does not read its answer', async () => {
      const socket = await open({ headersTimeoutMs: 100, answerTimeoutMs: 100 })
      const cut = new Promise((resolve) =>
        edge.server.once('request', (request) => request.socket.once('close', resolve)),
      )
      socket.pause()
      socket.write(`GET /big HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)
      await cut
      expect(edge.cuts).to.deep.equal(['slow_reader'])
      socket.destroy()
    })

    it('after the number of requests a connection may carry, and told so', async () => {
      const socket = await open({ maxRequestsPerConnection: 2 })
      const ask = async () => {
        socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)
        return String((await once(socket, 'data'))[0])
      }
      expect(await ask()).to.match(/connection: keep-alive/i)
      expect(await ask()).to.match(/connection: close/i)
      await once(socket, 'close')
    })
  })
}

describe('connections of the exchange listener', () => {
  let edge: EdgeServer
  afterEach(() => edge.close())

  const opened = async () => {
    const socket = connect(edge.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  const isServed = async (socket: Socket) => {
    socket.write(`GET / HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)
    return Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
  }

  it('are closed where one address holds more than its share, and taken again once it lets go', async () => {
    edge = await startEdge({
      handler: (_request, response) => response.end('x'),
      limits: { maxConnectionsPerAddress: 2 },
    })
    const [first, second] = [await opened(), await opened()]
    expect([await isServed(first), await isServed(second)]).to.deep.equal([true, true])
    expect(await isServed(await opened())).to.equal(false)
    expect(edge.cuts).to.deep.equal(['address'])
    const gone = new Promise((resolve) =>
      edge.server.once('request', ({ socket }) => socket.once('close', resolve)),
    )
    expect(await isServed(first)).to.equal(true)
    first.destroy()
    await gone
    expect(await isServed(await opened())).to.equal(true)
    second.destroy()
  })

  it('of a trusted proxy are not capped by address: all its consumers share it', async () => {
    edge = await startEdge({
      handler: (_request, response) => response.end('x'),
      limits: { maxConnectionsPerAddress: 1 },
      isProxy: true,
    })
    const both = [await opened(), await opened()]
    for (const socket of both) expect(await isServed(socket)).to.equal(true)
    for (const socket of both) socket.destroy()
  })

  it('are closed where all of them together are too many', async () => {
    edge = await startEdge({
      handler: (_request, response) => response.end('x'),
      limits: { maxConnections: 1 },
    })
    const first = await opened()
    expect(await isServed(first)).to.equal(true)
    expect(await isServed(await opened())).to.equal(false)
    expect(edge.cuts).to.deep.equal(['total'])
    first.destroy()
  })

  it('over TLS are closed where the handshake does not come', async () => {
    edge = await startEdge({
      handler: (_request, response) => response.end('x'),
      limits: { headersTimeoutMs: 100 },
      tls: tls(),
    })
    const socket = await opened()
    await once(socket.resume(), 'close')
  })

  it('over TLS below 1.2 are refused', async () => {
    edge = await startEdge({ handler: (_request, response) => response.end('x'), tls: tls() })
    const socket = connectTls({
      port: edge.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    const [error] = await once(socket, 'error').catch((thrown) => [thrown])
    expect(String(error)).to.match(/alert protocol version|unsupported protocol|ECONNRESET/)
  })

  it('are counted by address, an IPv6 network of 64 bits as one', () => {
    expect(networkOf('::ffff:192.0.2.7')).to.equal('192.0.2.7')
    expect(networkOf('192.0.2.7')).to.equal('192.0.2.7')
    expect(networkOf('2001:db8::1')).to.equal(networkOf('2001:0db8:0:0:ffff::2'))
    expect(networkOf('2001:db8:0:1::1')).not.to.equal(networkOf('2001:db8::1'))
    expect(networkOf('::1')).to.equal('0:0:0:0')
    expect(networkOf('fe80::1%eth0')).to.equal(networkOf('fe80::2'))
  })
})

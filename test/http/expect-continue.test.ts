import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import { createServer } from '../../src/http/server.ts'

describe('a request that waits to be invited (Expect: 100-continue)', () => {
  async function firstAnswer(host: (port: number) => string): Promise<string> {
    const router = express.Router()
    router.use((_request, response) => response.end())
    const hosts = new Set<string>()
    const server = createServer({
      assertPassedOn: () => {},
      routers: [router],
      hosts: () => hosts,
      publicUrl: () => '',
      limits: { maxConnections: 16, headersTimeoutMs: 5000, requestTimeoutMs: 5000 },
      onInternalError: (error) => {
        throw error
      },
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    hosts.add(`127.0.0.1:${port}`)
    try {
      const socket = connect(port, '127.0.0.1')
      const head = ['POST / HTTP/1.1', `Host: ${host(port)}`, 'Expect: 100-continue', 'Content-Length: 2']
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      const [told] = await once(socket, 'data')
      socket.destroy()
      return String(told).slice(0, 12)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  }

  it('is invited to send its body where the gate lets it pass', async () => {
    expect(await firstAnswer((port) => `127.0.0.1:${port}`)).to.equal('HTTP/1.1 100')
  })

  it('is refused before its body is sent where the gate does not', async () => {
    expect(await firstAnswer(() => 'elsewhere.test')).to.equal('HTTP/1.1 400')
  })
})

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import { createServer } from '../../src/http/server.ts'

describe('a connection that asked for nothing in time', () => {
  it('is told so and closed, and what comes over it later is not carried out', async () => {
    let carried = 0
    const router = express.Router()
    router.use((_request, response) => {
      carried += 1
      response.end()
    })
    const hosts = new Set<string>()
    const server = createServer({
      assertPassedOn: () => {},
      routers: [router],
      hosts: () => hosts,
      publicUrl: () => '',
      limits: { maxConnections: 16, headersTimeoutMs: 100, requestTimeoutMs: 100 },
      onInternalError: (error) => {
        throw error
      },
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    hosts.add(`127.0.0.1:${port}`)
    try {
      // A client that keeps its own half open, as one does whose request is already on its way.
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      // Writing to what was closed may be answered with a reset.
      socket.on('error', () => {})
      const [told] = await once(socket, 'data')
      expect(String(told)).to.match(/^HTTP\/1\.1 408 /)
      const closed = once(socket, 'close')
      socket.end(`GET /late HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
      await closed
      expect(carried).to.equal(0)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})

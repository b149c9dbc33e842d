import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { startEdge } from '../support/edge-server.ts'

describe('a connection that asked for nothing in time', () => {
  it('is told so and closed, and what comes over it later is not carried out', async () => {
    let carried = 0
    const edge = await startEdge({
      handler: (_request, response) => {
        carried += 1
        response.end()
      },
      limits: { headersTimeoutMs: 100, requestTimeoutMs: 100 },
    })
    try {
      // A client that keeps its own half open, as one does whose request is already on its way.
      const socket = connect({ port: edge.port, host: '127.0.0.1', allowHalfOpen: true })
      // Writing to what was closed may be answered with a reset.
      socket.on('error', () => {})
      const [told] = await once(socket, 'data')
      expect(String(told)).to.match(/^HTTP\/1\.1 408 /)
      const closed = once(socket, 'close')
      socket.end(`GET /late HTTP/1.1\r\nHost: ${edge.host}\r\n\r\n`)
      await closed
      expect(carried).to.equal(0)
    } finally {
      await edge.close()
    }
  })
})

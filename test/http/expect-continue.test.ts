import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { startEdge } from '../support/edge-server.ts'

describe('a request that waits to be invited (Expect: 100-continue)', () => {
  async function firstAnswer(host: (own: string) => string): Promise<string> {
    const edge = await startEdge({ handler: (_request, response) => response.end() })
    try {
      const socket = connect(edge.port, '127.0.0.1')
      const head = [
        'POST / HTTP/1.1',
        `Host: ${host(edge.host)}`,
        'Expect: 100-continue',
        'Content-Length: 2',
      ]
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      const [told] = await once(socket, 'data')
      socket.destroy()
      return String(told).slice(0, 12)
    } finally {
      await edge.close()
    }
  }

  it('is invited to send its body where the gate lets it pass', async () => {
    expect(await firstAnswer((own) => own)).to.equal('HTTP/1.1 100')
  })

  it('is refused before its body is sent where the gate does not', async () => {
    expect(await firstAnswer(() => 'elsewhere.test')).to.equal('HTTP/1.1 400')
  })
})

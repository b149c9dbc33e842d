import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { type EdgeServer, startEdge } from '../support/edge-server.ts'
import { FRAMING_CASES } from '../support/framing-cases.ts'

/** One request as the exchange door got it. */
interface Seen {
  readonly method: string
  readonly url: string
  readonly body: string
}

describe('a request that two readers could understand in two ways', () => {
  let edge: EdgeServer
  const seen: Seen[] = []

  before(async () => {
    edge = await startEdge({
      name: 'gateway.test',
      limits: { headersTimeoutMs: 200, requestTimeoutMs: 300, idleTimeoutMs: 200 },
      handler: (request, response) => {
        const chunks: Buffer[] = []
        request.on('error', () => {})
        request.on('data', (chunk) => chunks.push(chunk))
        request.on('end', () => {
          seen.push({ method: request.method, url: request.originalUrl, body: String(Buffer.concat(chunks)) })
          response.end('seen')
        })
      },
    })
  })
  after(() => edge.close())

  /** All that came back over the case's connection. */
  async function send(bytes: string): Promise<string> {
    const socket = connect(edge.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.write(Buffer.from(bytes, 'latin1'))
    await once(socket, 'close')
    return answer
  }

  for (const [index, { name, taken, bytes }] of FRAMING_CASES.entries()) {
    it(`${taken > 0 ? 'is taken' : 'is refused'}: ${name}`, async () => {
      const mark = `c${index}`
      const counted = edge.refusals.length + edge.cuts.length
      const answer = await send(bytes('gateway.test', mark))
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d\d\d) /g)].map(([, status]) => Number(status))
      const taking = seen.filter(({ url }) => url.includes(mark))
      expect(taking.length, JSON.stringify(taking)).to.equal(taken)
      expect(taking.filter(({ body }) => !['', 'abc'].includes(body))).to.deep.equal([])
      if (taken > 0) return
      expect(statuses[0], answer.slice(0, 200)).to.be.oneOf([400, 405, 408, 413, 431])
      expect(statuses).to.have.length(1)
      expect(edge.refusals.length + edge.cuts.length - counted).to.equal(1)
    })
  }
})

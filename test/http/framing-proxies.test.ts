import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { requireProgram } from '../support/debian-program.ts'
import { type EdgeServer, startEdge } from '../support/edge-server.ts'
import { FRAMING_CASES } from '../support/framing-cases.ts'
import {
  daemonPath,
  type Forwarded,
  type FrontProxy,
  startHaproxyFront,
  startNginxFront,
} from '../support/front-proxy.ts'

const HOST = 'gateway.test'
const LANES = 12
const SETTLE_MS = 5000

/** What a connection through the front was told, and by whose mark. */
interface Talk {
  readonly mark: string
  readonly name: string
  readonly answer: string
}

/** A reader that takes no notice of bodies, as a control: what is in a body it takes for the next request. */
async function startNaive(): Promise<{ server: Server; port: number; read: Forwarded[] }> {
  const read: Forwarded[] = []
  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const [method = '', url = ''] = text.split(' ', 2)
        read.push({ method, url, body: '' })
        text = text.slice(end + 4)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, read }
}

/** Requests of one list that the other does not have in the same form. */
function beyond(list: readonly Forwarded[], other: readonly Forwarded[]): Forwarded[] {
  const key = ({ method, url, body }: Forwarded) => JSON.stringify([method, url, body])
  const known = new Set(other.map(key))
  return list.filter((request) => !known.has(key(request)))
}

const FRONTS: readonly (readonly [string, (gatewayPort: number) => Promise<FrontProxy>])[] = [
  ['nginx', startNginxFront],
  ['haproxy', startHaproxyFront],
]

for (const [program, startFront] of FRONTS) {
  describe(`${program} in front of the gateway`, () => {
    let edge: EdgeServer
    let front: FrontProxy | undefined
    /** Requests as the gateway's parser read them, refused or not. */
    const parsed: { method: string; url: string }[] = []
    /** Requests as the exchange door got them. */
    const taken: Forwarded[] = []

    before(async function () {
      requireProgram(this, daemonPath(program), program)
      edge = await startEdge({
        name: HOST,
        handler: (request, response) => {
          const chunks: Buffer[] = []
          request.on('error', () => {})
          request.on('data', (chunk) => chunks.push(chunk))
          request.on('end', () => {
            const { method, originalUrl: url } = request
            taken.push({ method, url, body: Buffer.concat(chunks).toString('latin1') })
            response.end(`seen ${url}\n`)
          })
        },
      })
      edge.server.prependListener('request', ({ method = '', url = '' }) => parsed.push({ method, url }))
      front = await startFront(edge.port)
    })
    after(async () => {
      await front?.close()
      await edge?.close()
    })

    async function talk(mark: string, name: string, bytes: string, port = front?.port ?? 0): Promise<Talk> {
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1')
      })
      socket.on('error', () => {})
      socket.write(Buffer.from(bytes, 'latin1'))
      await once(socket, 'close')
      return { mark, name, answer }
    }

    it('never disagrees with it about where a request begins and ends', async () => {
      const cases = FRAMING_CASES.map(({ name, bytes }, index) => {
        const mark = `c${index}-${program}`
        return { mark, name, bytes: bytes(HOST, mark) }
      })
      const talks: Talk[] = []
      const queue = [...cases]
      const lane = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          talks.push(await talk(next.mark, next.name, next.bytes))
          // Over the same connections to the gateway: what the case left behind there would come to light.
          const honest = `${next.mark}-after`
          talks.push(
            await talk(
              honest,
              next.name,
              `GET /${honest} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`,
            ),
          )
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))

      const passed = () => front?.forwarded() ?? []
      // The proxies write their logs when they like.
      for (const endMs = Date.now() + SETTLE_MS; passed().length < parsed.length && Date.now() < endMs; ) {
        await sleep(50)
      }
      const forwarded = passed()
      expect(
        beyond(taken, forwarded),
        'requests at the door that the proxy did not pass on in this form',
      ).to.deep.equal([])
      const marked = (list: readonly { url: string }[], mark: string) =>
        list.filter(({ url }) => url.includes(`/${mark}`) && !/-after/.test(url)).length
      const more = cases
        .filter(({ mark }) => marked(parsed, mark) > marked(forwarded, mark))
        .map(({ name }) => name)
      expect(more, 'cases in which the gateway read more requests than were passed on').to.deep.equal([])
      expect(parsed.length).to.be.at.most(forwarded.length)

      const honest = talks.filter(({ mark }) => mark.endsWith('-after'))
      const spoilt = honest.filter(({ mark, answer }) => !answer.endsWith(`seen /${mark}\n`))
      expect(spoilt, 'honest requests that got another answer').to.deep.equal([])
      const foreign = talks.filter(({ mark, answer }) =>
        [...answer.matchAll(/seen \/([\w-]+)/g)].some(([, seen]) => seen !== mark),
      )
      expect(foreign, 'connections that were told of another').to.deep.equal([])
      // So many cases came as far as the gateway: the proxy alone did not decide them all.
      expect(forwarded.length - honest.length).to.be.above(40)
    })

    it('is caught disagreeing with a reader that takes no notice of bodies', async () => {
      const naive = await startNaive()
      const before = await startFront(naive.port)
      try {
        for (const [index, { name, bytes }] of FRAMING_CASES.slice(0, 4).entries()) {
          await talk('', name, bytes(HOST, `n${index}`), before.port)
        }
        const bodiless = before.forwarded().map((request) => ({ ...request, body: '' }))
        expect(beyond(naive.read, bodiless)).not.to.deep.equal([])
      } finally {
        await before.close()
        naive.server.close()
      }
    })
  })
}

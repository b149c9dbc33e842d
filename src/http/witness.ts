import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Witness } from '../ledger/witness.ts'
import { chooseFormat, type MetricsPage } from '../telemetry/metrics-page.ts'

interface WitnessServerParts {
  readonly witness: Pick<Witness, 'addCheckpoint'>
  /** The witness's verifier key, for the policies of logs and auditors. */
  readonly verifierKey: string
  readonly page: MetricsPage
  readonly onAnswer: (status: number) => void
  readonly onInternalError: (error: unknown) => void
}

/** A proof of 63 hashes and a note of a dozen signatures are 5 kB. */
const MAX_BODY_BYTES = 65_536
const TEXT = 'text/plain; charset=utf-8'

/** @returns undefined where it is too long or not UTF-8. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    return undefined
  }
}

/**
 * The listener of a witness: `POST /add-checkpoint` (c2sp.org/tlog-witness), and for people and monitoring
 * `GET /vkey`, `/livez`, `/metrics`. It is not yet listening.
 */
export function createWitnessServer(parts: WitnessServerParts): Server {
  const { witness, page, verifierKey } = parts

  function send(response: ServerResponse, status: number, type: string, body: string): void {
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    })
    response.end(body)
  }

  async function add(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readText(request)
    if (body === undefined) response.shouldKeepAlive = false
    const answer = await witness.addCheckpoint(body ?? '')
    parts.onAnswer(answer.status)
    send(response, answer.status, answer.type, answer.body)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request
    const asked = `${method === 'HEAD' ? 'GET' : method} ${url?.split('?')[0]}`
    if (asked === 'POST /add-checkpoint') return add(request, response)
    if (asked === 'GET /vkey') return send(response, 200, TEXT, `${verifierKey}\n`)
    if (asked === 'GET /livez') return send(response, 200, TEXT, 'ok\n')
    if (asked === 'GET /metrics') {
      const { contentType, body } = await page.render(chooseFormat(headers.accept))
      return send(response, 200, contentType, body)
    }
    send(response, 404, TEXT, 'POST /add-checkpoint, GET /vkey, /livez, /metrics\n')
  }

  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response).catch((error) => {
        // Whoever went away in the middle of a request is told nothing, and did nothing wrong.
        if (request.destroyed && !request.complete) return
        parts.onInternalError(error)
        parts.onAnswer(500)
        if (response.headersSent) response.destroy()
        else send(response, 500, TEXT, 'the witness failed\n')
      })
    },
  )
  server.maxConnections = 256
  return server
}

/**
 * The Node ceiling: a bare node:http server passing each request on by undici's `dispatch`. It verifies,
 * reads and writes down nothing, so no gateway on node:http and undici can be faster.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { PROVIDER_CONNECTIONS } from '../row.ts'
import { announce } from './announce.ts'

const pool = new Pool(process.argv[2] ?? '', { connections: PROVIDER_CONNECTIONS, pipelining: 1 })

/** Bodies of one chunk, the rule for small messages, are passed on without a copy. */
function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

function answer(response: ServerResponse): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  return {
    onRequestStart: () => {},
    onResponseStart: (_controller, status, headers) => {
      response.statusCode = status
      response.setHeader('content-type', String(headers['content-type']))
      response.setHeader('content-length', String(headers['content-length']))
    },
    onResponseData: (_controller, chunk) => {
      chunks.push(chunk)
    },
    onResponseEnd: () => {
      response.end(joined(chunks))
    },
    onResponseError: () => {
      response.writeHead(502).end()
    },
  }
}

function pass(request: IncomingMessage, response: ServerResponse): void {
  const { url: path = '/', headers } = request
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const kept = ['content-type', String(headers['content-type'])]
    pool.dispatch({ method: 'POST', path, headers: kept, body: joined(chunks) }, answer(response))
  })
}

announce(createServer(pass))

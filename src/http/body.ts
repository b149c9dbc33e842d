import type { IncomingMessage } from 'node:http'
import { parseStrictJson, REQUEST_LIMITS } from '../contract/strict-json.ts'
import { GatewayError } from '../model/errors.ts'

const NOTHING = Buffer.alloc(0)

/** Reads a body whole. @throws `body_too_large` as soon as it is longer than `maxBytes`. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return collect(request, maxBytes, ([only = NOTHING, ...more], bytes) =>
    more.length === 0 ? only : Buffer.concat([only, ...more], bytes),
  )
}

/** The same in the pieces it came in: what is large should not stand in memory twice. */
export function readChunks(request: IncomingMessage, maxBytes: number): Promise<readonly Buffer[]> {
  return collect(request, maxBytes, (chunks) => chunks)
}

function collect<T>(
  request: IncomingMessage,
  maxBytes: number,
  make: (chunks: readonly Buffer[], bytes: number) => T,
): Promise<T> {
  const length = Number(
    request.headers['content-length'] ?? (request.headers['transfer-encoding'] ? Number.NaN : 0),
  )
  if (length === 0) return Promise.resolve(make([], 0))
  const tooLarge = () =>
    new GatewayError('body_too_large', {
      detail: { vi: `Nhiều nhất ${maxBytes} byte.`, en: `At most ${maxBytes} bytes.` },
    })
  if (length > maxBytes) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        request.pause()
        reject(tooLarge())
        return
      }
      chunks.push(chunk)
    })
    request.on('end', () => resolve(make(chunks, bytes)))
    request.on('error', (cause) => reject(new GatewayError('consumer_gone', { cause })))
  })
}

/** Faults of a text that no reader takes; every other one some reader would. */
const NOT_JSON: ReadonlySet<string> = new Set(['encoding', 'byteOrderMark', 'syntax'])

const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i

/**
 * Parses a JSON body that nobody further on can read differently.
 * @param type what `Content-Type` has to be.
 * @throws `content_type_unsupported`, `body_not_json`, or `body_not_strict` with the place of the fault.
 */
export function parseJsonBody(request: IncomingMessage, body: Buffer, type: RegExp = JSON_TYPE): unknown {
  if (body.length === 0) return undefined
  const { 'content-type': contentType = '', 'content-encoding': encoding } = request.headers
  if (encoding !== undefined || !type.test(contentType)) {
    throw new GatewayError('content_type_unsupported')
  }
  const read = parseStrictJson(body, REQUEST_LIMITS)
  if ('value' in read) return read.value
  const { violation } = read
  const code = NOT_JSON.has(violation.rule) ? 'body_not_json' : 'body_not_strict'
  throw new GatewayError(code, { detail: violation.detail, errors: [violation] })
}

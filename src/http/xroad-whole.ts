import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GatewayError } from '../model/errors.ts'
import type { Field, OpenSink, WholeReply, WholeRequest } from '../model/whole.ts'
import { SKIPPED } from './xroad-message.ts'

/** Messages of services without a contract: received and sent as they are, never in memory as a whole. */

export interface ReceivedDigest {
  /** Raw SHA-512 of the body, once it was received; undefined of nothing. */
  digest: Buffer | undefined
}

interface WholeParts {
  readonly fields: readonly Field[]
  readonly query: string | undefined
  readonly salt: Uint8Array
  readonly openSink: OpenSink
}

/** @param received is told the digest that X-Road's request hash is made with. */
export function createWholeRequest(
  request: IncomingMessage,
  { fields, query, salt, openSink }: WholeParts,
  received: ReceivedDigest,
): WholeRequest {
  return {
    fields,
    query,
    async receive(maxBytes) {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers
      if (coding === undefined && (length === undefined || length === '0')) return undefined
      if (Number(length ?? 0) > maxBytes) {
        const detail = { vi: `Nhiều nhất ${maxBytes} byte.`, en: `At most ${maxBytes} bytes.` }
        throw new GatewayError('body_too_large', { detail })
      }
      const sink = openSink(salt, maxBytes)
      const hash = createHash('sha512')
      try {
        for await (const chunk of request.iterator({ destroyOnReturn: false })) {
          hash.update(chunk)
          await sink.write(chunk)
        }
      } catch (thrown) {
        await sink.discard()
        throw thrown instanceof GatewayError ? thrown : new GatewayError('consumer_gone', { cause: thrown })
      }
      const kept = sink.end()
      received.digest = kept.bytes === 0 ? undefined : hash.digest()
      return kept
    },
  }
}

/** Fields of an answer that are the gateway's to set, whatever the provider says. */
const OWN =
  /^(?:x-road-(?:client|service|id|request-id|request-hash|error)|exchange-.*|ratelimit(?:-policy)?)$/

/** @returns what of a provider's fields is passed on; those that come several times stay several. */
export function passedFields(fields: readonly Field[]): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {}
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (SKIPPED.has(lower) || OWN.test(lower)) continue
    const known = passed[lower]
    passed[lower] = known === undefined ? value : [known, value].flat()
  }
  // Node adds the one Date where there is none; of several a consumer could believe any.
  const { date } = passed
  if (Array.isArray(date)) passed['date'] = date[0] ?? ''
  return passed
}

/** Sends an answer that was kept, and frees it. Rejects where the connection or the kept body failed on the way. */
export async function sendWhole(
  response: ServerResponse,
  { status, fields, body }: WholeReply,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const hasBody = response.req.method !== 'HEAD' && status !== 204 && status !== 304
  try {
    response.writeHead(status, {
      ...passedFields(fields),
      ...headers,
      ...(hasBody && { 'content-length': String(body.bytes) }),
    })
    if (hasBody) await pipeline(Readable.from(body.read(), { objectMode: false }), response)
    else response.end()
  } finally {
    await body.discard()
  }
}

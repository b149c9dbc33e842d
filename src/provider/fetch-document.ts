import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { createAddressGuard } from './address.ts'

/** A small document at a fixed address outside, as an issuer's key set is. */
export interface DocumentSource {
  readonly url: string
  /** PEM certificates of the authorities to trust in place of the well-known ones. */
  readonly ca?: string | undefined
  /** Loopback and private addresses are refused unless this says otherwise. */
  readonly allowPrivateAddress: boolean
  readonly maxBytes: number
  /** For the whole of it: name, connection, answer. */
  readonly timeoutMs: number
  readonly accept: string
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { statusCode, headers } = response
  // A redirect is no answer: it would lead to an address that nobody configured.
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw new Error('the answer is not JSON')
  if (headers['content-encoding'] !== undefined) throw new Error('the answer is compressed')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Reads it: 200 and JSON, no redirect, no cookies, no proxy, each connection to an address checked as it is used.
 * @throws Error (rejects) with what kept it from that.
 */
export function createDocumentReader(source: DocumentSource): () => Promise<Buffer> {
  const { url, ca, maxBytes, timeoutMs, accept } = source
  const guard = createAddressGuard(source.allowPrivateAddress)
  const { protocol, hostname } = new URL(url)
  const send = protocol === 'https:' ? requestHttps : requestHttp
  return async () => {
    guard.assertHost(hostname)
    const stop = AbortSignal.timeout(timeoutMs)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, {
        agent: false,
        headers: { accept },
        lookup: guard.lookup as never,
        maxHeaderSize: 16_384,
        signal: stop,
        ...(protocol === 'https:' && { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) }),
      })
      request.on('response', resolve).on('error', reject).end()
    })
    try {
      return await readAnswer(response, maxBytes)
    } finally {
      response.destroy()
    }
  }
}

import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A document anybody may keep. */
export interface CachedDocument {
  readonly type: string
  readonly body: string | Uint8Array
  /** `Cache-Control`; without an age it has to be asked about each time. */
  readonly caching: string
  readonly headers?: Readonly<Record<string, string>>
}

/** May be kept, and has to be asked about before each use. */
export const REVALIDATED = 'no-cache'

/** RFC 9110 §13.1.2: `*`, or any of the tags; weak comparison. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))
}

/** Sends a document with a strong validator of its bytes; 304 to whoever has these bytes already. */
export function sendCached(
  request: IncomingMessage,
  response: ServerResponse,
  document: CachedDocument,
): void {
  const { type, body, caching } = document
  const bytes = Buffer.from(body)
  const etag = `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`
  const headers = { etag, 'cache-control': caching, ...document.headers }
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...headers }).end(bytes)
}

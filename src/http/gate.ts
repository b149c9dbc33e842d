import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../model/errors.ts'

/** Fields that mean one thing only: a second one makes two readers disagree. */
const SINGLE = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'authorization',
  'dpop',
  'idempotency-key',
  'exchange-purpose',
  'exchange-dossier',
  'exchange-procedure',
  'exchange-officer',
  'exchange-fields',
  'traceparent',
  'client-cert',
  'client-cert-chain',
])

/** An escaped slash, backslash, dot or NUL, a dot segment, an empty segment, a fragment, a control or a non-ASCII character. */
const UNSAFE_PATH = /%(?:2f|5c|2e|00)|\/\.{1,2}(?:\/|$)|\/\/|[\\#\0-\x20\x7f-\uffff]|%(?![0-9a-f]{2})/i

function malformed(vi: string, en: string): GatewayError {
  return new GatewayError('request_malformed', { detail: { vi, en } })
}

/**
 * Refuses requests that two readers could understand in two ways (RFC 9112 §11.2): the parser lets them
 * pass, so they are looked for in the fields as they came.
 * @param hosts the values of `Host` that mean this gateway.
 * @throws `request_malformed` 400, before anything else looks at the request.
 */
export function assertUnambiguous(request: IncomingMessage, hosts: ReadonlySet<string>): void {
  if (request.httpVersion !== '1.1') throw malformed('Chỉ nhận HTTP/1.1.', 'Only HTTP/1.1 is taken.')
  assertTarget(request.url ?? '')
  const seen = new Set<string>()
  const { rawHeaders } = request
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = (rawHeaders[place] ?? '').toLowerCase()
    if (name.includes('_'))
      throw malformed('Tên tiêu đề có dấu gạch dưới.', 'A field name has an underscore.')
    if (!SINGLE.has(name)) continue
    if (seen.has(name)) throw malformed(`Tiêu đề ${name} lặp lại.`, `Field ${name} is repeated.`)
    seen.add(name)
  }
  assertFraming(request, seen)
  const host = request.headers.host?.toLowerCase()
  if (host === undefined || !hosts.has(host)) {
    throw malformed('Host không phải của cổng này.', 'Host does not name this gateway.')
  }
}

function assertTarget(url: string): void {
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  if (!path.startsWith('/') || UNSAFE_PATH.test(path)) {
    throw malformed('Địa chỉ không ở dạng chuẩn.', 'The target is not in its normal form.')
  }
}

function assertFraming(request: IncomingMessage, seen: ReadonlySet<string>): void {
  const coding = request.headers['transfer-encoding']
  if (coding !== undefined && coding !== 'chunked') {
    throw malformed('Transfer-Encoding chỉ được là chunked.', 'Transfer-Encoding may only be chunked.')
  }
  const hasBody =
    coding !== undefined || (seen.has('content-length') && request.headers['content-length'] !== '0')
  const { method } = request
  if (hasBody && (method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS')) {
    throw malformed(`${method} không được có nội dung.`, `${method} may not have a body.`)
  }
}

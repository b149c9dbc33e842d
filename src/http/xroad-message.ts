import { hash } from 'node:crypto'
import { PARTICULAR, PURPOSE } from './fields.ts'
import { decodeIdentifier, malformed } from './xroad-target.ts'

/**
 * The fields of an X-Road request by the table of its protocol: which are the message, which stay at the gateway,
 * and the hash over what stays.
 */
export interface XroadMessage {
  /** What is hashed and passed on: name as it came and value, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly client: string | undefined
  /** The consumer's, or the gateway's where it sent none. */
  readonly id: string
  readonly userId: string | undefined
  readonly issue: string | undefined
  readonly securityServer: string | undefined
  /** The consumer's id where it is a UUID: it tells of nobody, so a record may hold it. */
  readonly ownId?: string
  /** `[class/]code`. */
  readonly representedParty?: readonly string[]
}

/** Of the connection, or the gateway's own: never passed in either direction (`RestMessage.SKIPPED_HEADERS`). */
export const SKIPPED: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'connection',
  'user-agent',
  'host',
  'content-length',
  'server',
  'expect',
])
/** The gateway sets these itself, whatever a consumer says. */
const OWN = new Set(['x-road-request-id', 'x-road-request-hash', 'x-road-service', 'x-road-error'])
/** What the native door and its proxies say of a connection is no part of the message. */
const INTERNAL = /^(?:exchange-.*|client-cert(?:-chain)?|traceparent|tracestate)$/

interface MessageContext {
  /** The exchange's id: X-Road's own id of it too. */
  readonly requestId: string
  readonly instance: string
  /** Whether `Authorization` and `DPoP` were meant for the gateway. */
  readonly isTokenOurs: boolean
}

function isPassed(name: string, { isTokenOurs }: MessageContext): boolean {
  if (SKIPPED.has(name) || OWN.has(name) || INTERNAL.test(name) || name === 'dpop') return false
  return !(isTokenOurs && name === 'authorization')
}

/** @returns class (where it is said) and code. */
function readRepresentedParty(value: string): readonly string[] {
  const parts = value.split('/')
  if (parts.length > 2) {
    throw malformed(
      'X-Road-Represented-Party không đúng dạng.',
      'X-Road-Represented-Party is not [class/]code.',
    )
  }
  return parts.map(decodeIdentifier)
}

/** Visible ASCII that can stand in a header and in a metric's exemplar alike; X-Road's own limit is 255. */
const ID = /^[\x21-\x7e]{1,255}$/

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * @param rawHeaders as Node gives them; of a repeated field of the protocol the last one counts.
 * @throws GatewayError `request_malformed`.
 */
export function readXroadMessage(rawHeaders: readonly string[], context: MessageContext): XroadMessage {
  const fields: (readonly [string, string])[] = []
  const own = new Map<string, string>()
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place] ?? ''
    const value = rawHeaders[place + 1] ?? ''
    const lower = name.toLowerCase()
    if (!isPassed(lower, context)) continue
    fields.push([name, value])
    if (lower.startsWith('x-road-')) own.set(lower, value)
  }
  const { requestId, instance } = context
  fields.push(['x-road-request-id', requestId])
  const sent = own.get('x-road-id')
  if (sent !== undefined && !ID.test(sent))
    throw malformed('X-Road-Id không đúng dạng.', 'X-Road-Id is not well formed.')
  const id = sent ?? `${instance}-${requestId}`
  if (sent === undefined) fields.push(['x-road-id', id])
  const party = own.get('x-road-represented-party')
  return {
    fields,
    client: own.get('x-road-client'),
    id,
    userId: own.get('x-road-userid'),
    issue: own.get('x-road-issue'),
    securityServer: own.get('x-road-security-server'),
    ...(sent !== undefined && UUID.test(sent) && { ownId: sent }),
    ...(party !== undefined && { representedParty: readRepresentedParty(party) }),
  }
}

/**
 * X-Road's request hash: SHA-512 over method, target and the message's fields, each line ended by CRLF, and over
 * the body's SHA-512 where there is a body.
 * @param bodyDigest raw SHA-512 of the body; undefined where there is none. @returns base64.
 */
export function requestHash(
  { method, url }: { readonly method: string; readonly url: string },
  fields: XroadMessage['fields'],
  bodyDigest: Buffer | undefined,
): string {
  let lines = `${method}\r\n${url}\r\n`
  for (const [name, value] of fields) lines += `${name}:${value}\r\n`
  const bytes = Buffer.from(lines, 'latin1')
  if (bodyDigest === undefined) return hash('sha512', bytes, 'base64')
  const head = hash('sha512', bytes, 'buffer')
  return hash('sha512', Buffer.concat([head, bodyDigest]), 'base64')
}

/** @returns the protocol's own fields, as a provider with a contract is sent them beside the gateway's. */
export function protocolFields({ fields }: XroadMessage): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (lower.startsWith('x-road-')) passed[lower] = value
  }
  return passed
}

/** X-Road has one field for what the native door asks by two: `dossier`, or `purpose;dossier`. */
export function readIssue(issue: string | undefined): { purpose?: string; dossier?: string } {
  const [first = '', ...rest] = issue?.split(';') ?? []
  const named = rest.length > 0 && PURPOSE.test(first)
  const dossier = named ? rest.join(';') : issue
  return {
    ...(named && { purpose: first }),
    ...(dossier !== undefined && PARTICULAR.test(dossier) && { dossier }),
  }
}

/** @returns raw SHA-512; undefined of nothing: X-Road leaves an absent body out of its hash. */
export function digestOfBody(body: Uint8Array): Buffer | undefined {
  return body.length === 0 ? undefined : hash('sha512', body, 'buffer')
}

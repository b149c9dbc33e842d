import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../model/errors.ts'
import type { Claim, Credentials, XroadFacts } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { XroadNames } from '../registry/xroad-names.ts'
import { credentialsOf } from './consumer-door.ts'
import { readXroadMessage, type XroadMessage } from './xroad-message.ts'
import type { Asked } from './xroad-refusal.ts'
import { malformed, parseClientField, parseXroadTarget } from './xroad-target.ts'

/** What it takes to read who sent a message, and what proves it. */
export interface SenderParts {
  readonly instance: string
  /** What consumers call this gateway in X-Road-Security-Server: `I/C/M/server`; undefined where they may not. */
  readonly securityServer: string | undefined
  readonly registry: () => Registry
  readonly publicUrl: () => string
  /** SHA-256 thumbprint of the request's client certificate, base64url, where there is one. */
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
  /** Whether the request came over TLS, here or at a trusted proxy. */
  readonly isSecure: (request: IncomingMessage) => boolean
  /** Whether an `Authorization` is meant for the gateway. */
  readonly isGatewayToken: (authorization: string | undefined) => boolean
}

/** Reads the protocol's part of a request: whose message it is, and what the connection proves of that. */
export interface Sender {
  /** What every request of the protocol is read into first, with `asked`; the rest tells of its errors by it. */
  understand(request: IncomingMessage, asked: Asked): XroadMessage
  /** @param client as identifiers come, `I/C/M/S`. @throws GatewayError where it is not registered. */
  resolveClient(client: string | undefined): SubsystemId
  /** @throws GatewayError where nobody was named yet. */
  credentialsOf(request: IncomingMessage, asked: Asked): Credentials
  /** What the record keeps of the protocol: nothing that a consumer could make up and that could be of a person. */
  factsOf(message: XroadMessage): XroadFacts
}

const ROUTE = '/r1'
export const BELOW_ROUTE = `${ROUTE}/`

/** @param namesOf of the registry in use. */
export function createSender(parts: SenderParts, namesOf: (registry: Registry) => XroadNames): Sender {
  const { instance, registry, securityServer } = parts

  function resolveClient(field: string | undefined): SubsystemId {
    if (field === undefined) throw new GatewayError('client_header_missing')
    const id = namesOf(registry()).subsystemId(parseClientField(field))
    if (id === undefined || !registry().subsystems.has(id)) throw new GatewayError('client_unknown')
    return id
  }

  function assertSecurityServer(field: string | undefined): void {
    if (field === undefined) return
    if (field.split('/').length !== 4)
      throw malformed('X-Road-Security-Server không đúng dạng.', 'Invalid SecurityServer Id')
    if (field !== securityServer) throw new GatewayError('security_server_unknown')
  }

  function claimOf(request: IncomingMessage, subsystem: SubsystemId): Claim {
    const address = request.socket.remoteAddress ?? ''
    return {
      subsystem,
      connection: parts.isSecure(request) ? 'https' : 'http',
      address: address.replace(/^::ffff:/, ''),
    }
  }

  return {
    resolveClient,
    understand(request, asked) {
      const { headers, url = ROUTE, rawHeaders } = request
      const isTokenOurs = parts.isGatewayToken(headers.authorization)
      if (url.startsWith(BELOW_ROUTE)) asked.target = parseXroadTarget(url)
      const message = readXroadMessage(rawHeaders, { requestId: asked.requestId, instance, isTokenOurs })
      asked.message = message
      asked.consumer = resolveClient(message.client)
      assertSecurityServer(message.securityServer)
      return message
    },
    credentialsOf(request, { consumer }) {
      if (consumer === undefined) throw new GatewayError('client_header_missing')
      const { authorization, dpop, ...proved } = credentialsOf(request, parts)
      const claimed = { ...proved, claim: claimOf(request, consumer) }
      // What is not meant for the gateway is the provider's own.
      if (authorization === undefined || !parts.isGatewayToken(authorization)) return claimed
      return { ...claimed, authorization, ...(dpop !== undefined && { dpop }) }
    },
    factsOf({ ownId, representedParty }) {
      const [code = '', memberClass] = representedParty?.toReversed() ?? []
      const agency = code === '' ? undefined : namesOf(registry()).agencyOf(code, memberClass)
      return {
        ...(ownId !== undefined && { messageId: ownId }),
        ...(agency !== undefined && { representedParty: agency }),
      }
    },
  }
}

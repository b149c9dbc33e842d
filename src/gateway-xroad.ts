import type { IncomingMessage } from 'node:http'
import type { ExchangeDoorParts } from './http/exchange.ts'
import { createXroadDoor, type XroadDoor } from './http/xroad.ts'
import { isGatewayToken } from './identity/claim.ts'
import type { Identity } from './identity/identity.ts'
import type { OpenSink } from './model/whole.ts'
import type { Registry } from './registry/snapshot.ts'
import type { Settings } from './settings.ts'

interface XroadSideParts {
  readonly settings: Settings
  /** What the two doors share. */
  readonly door: ExchangeDoorParts
  readonly openSink: OpenSink
  readonly registry: () => Registry
  readonly identity: Identity
  /** Whether the address is a trusted proxy's, which speaks TLS to consumers. */
  readonly isProxy: (address: string | undefined) => boolean
}

/** Part of the composition root: puts together the X-Road door; undefined where the settings leave it closed. */
export function createXroadSide(parts: XroadSideParts): XroadDoor | undefined {
  const { settings, door, openSink, registry, identity, isProxy } = parts
  const { enabled, instance, securityServer, errors } = settings.xroad
  if (!enabled) return undefined
  const foreign = settings.tokens.issuers.map(({ issuer }) => issuer)
  return createXroadDoor({
    ...door,
    instance,
    securityServer,
    errors,
    openSink,
    registry,
    isSecure: ({ socket }: IncomingMessage) => 'encrypted' in socket || isProxy(socket.remoteAddress),
    isGatewayToken: (authorization) =>
      isGatewayToken(authorization, new Set([identity.addresses().issuer, ...foreign])),
  })
}

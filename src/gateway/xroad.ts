import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createListing } from '../exchange/listing.ts'
import type { ExchangeDoorParts } from '../http/exchange.ts'
import { createXroadDoor, type XroadDoor } from '../http/xroad.ts'
import type { EvidenceSource } from '../http/xroad-evidence.ts'
import { isGatewayToken } from '../identity/claim.ts'
import type { Identity } from '../identity/identity.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { OpenSink } from '../model/whole.ts'
import type { AuthorityHolder } from '../registry/authority.ts'
import type { Settings } from '../settings.ts'

interface XroadSideParts {
  readonly settings: Settings
  /** What the two doors share. */
  readonly door: ExchangeDoorParts
  readonly openSink: OpenSink
  readonly authority: Pick<AuthorityHolder, 'current' | 'mayRelease'>
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly identity: Identity
  readonly evidence: Omit<EvidenceSource, 'policy'>
  /** Whether the address is a trusted proxy's, which speaks TLS to consumers. */
  readonly isProxy: (address: string | undefined) => boolean
}

/** Part of the composition root: puts together the X-Road door; undefined where the settings leave it closed. */
export function createXroadSide(parts: XroadSideParts): XroadDoor | undefined {
  const { settings, door, openSink, authority, ledger, identity, isProxy } = parts
  const { enabled, instance, securityServer, errors } = settings.xroad
  if (!enabled) return undefined
  const foreign = settings.tokens.issuers.map(({ issuer }) => issuer)
  const { policyFile } = settings.ledger.witnesses
  const policy = () => (policyFile === undefined ? undefined : readFileSync(policyFile, 'utf8'))
  return createXroadDoor({
    ...door,
    instance,
    securityServer,
    errors,
    openSink,
    evidence: { ...parts.evidence, policy },
    list: createListing({
      ledger,
      authority: authority.current,
      mayRelease: authority.mayRelease,
      authenticate: identity.authenticate,
      checkStanding: identity.checkStanding,
    }),
    registry: () => authority.current().registry,
    isSecure: ({ socket }: IncomingMessage) => 'encrypted' in socket || isProxy(socket.remoteAddress),
    isGatewayToken: (authorization) =>
      authorization !== undefined &&
      isGatewayToken(authorization, new Set([identity.addresses().issuer, ...foreign])),
  })
}

import { hash } from 'node:crypto'
import type { Subsystem } from '../model/party.ts'
import { readConsumer, type VerifiedToken, type VerifyForeignToken } from './access-token.ts'
import type { Addresses } from './addresses.ts'
import type { SignatureAlgorithm, VerificationKey } from './algorithm.ts'
import { createBoundedCache } from './bounded-cache.ts'
import { splitCompact } from './compact.ts'
import type { DecoyKeys } from './decoy.ts'
import { refusal } from './faults.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { verifyJwt } from './jws.ts'
import type { SubsystemDirectory } from './registered-keys.ts'
import { isResource } from './resource.ts'
import { parseStrictObject } from './strict-json.ts'

/** An issuer other than this gateway whose tokens are taken, as the settings name it. */
export interface ForeignIssuer {
  /** What `iss` must be, to the character. */
  readonly issuer: string
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly maxLifetimeSeconds: number
  /** Whether `sub` must be the `client_id`, as it is for client_credentials with many issuers. */
  readonly subjectIsClient: boolean
  readonly keys: IssuerKeys
}

export interface ForeignTokenParts {
  readonly issuers: readonly ForeignIssuer[]
  readonly addresses: () => Addresses
  readonly directory: () => SubsystemDirectory
  readonly decoys: DecoyKeys
  readonly now: () => number
  readonly cacheEntries: number
}

/** A verified token and what it was verified by; good while both are still the same. */
interface Remembered {
  readonly verified: VerifiedToken
  readonly issuer: ForeignIssuer
  readonly clientId: string
  readonly kid: string
  readonly thumbprint: string
}

/** Reads, without trusting it, what says which issuer and key to go by. */
function peek(token: string): { readonly issuer: unknown; readonly kid: unknown } | undefined {
  const compact = splitCompact(token)
  if (compact === undefined) return undefined
  const claims = parseStrictObject(compact.payload)
  return claims && { issuer: claims['iss'], kid: parseStrictObject(compact.header)?.['kid'] }
}

/** Which subsystem a client of an issuer is, by the registry; nobody where two claim to be. */
function createClientIndex() {
  const indexes = new WeakMap<SubsystemDirectory, ReadonlyMap<string, Subsystem | 'ambiguous'>>()
  const key = (issuer: string, clientId: string) => JSON.stringify([issuer, clientId])
  return (directory: SubsystemDirectory, issuer: string, clientId: string): Subsystem | undefined => {
    let index = indexes.get(directory)
    if (index === undefined) {
      const clients = new Map<string, Subsystem | 'ambiguous'>()
      for (const subsystem of directory.subsystems.values()) {
        for (const client of subsystem.credentials?.foreignClients ?? []) {
          const name = key(client.issuer, client.clientId)
          clients.set(name, clients.has(name) ? 'ambiguous' : subsystem)
        }
      }
      index = clients
      indexes.set(directory, index)
    }
    const found = index.get(key(issuer, clientId))
    return found === 'ambiguous' ? undefined : found
  }
}

export function createForeignTokenVerifier(parts: ForeignTokenParts): VerifyForeignToken {
  const { addresses, directory, decoys, now } = parts
  const issuers = new Map(parts.issuers.map((issuer) => [issuer.issuer, issuer]))
  const cache = createBoundedCache<Remembered>(parts.cacheEntries)
  const findClient = createClientIndex()

  function judge(
    token: string,
    digest: string,
    by: { issuer: ForeignIssuer; kid: string; key: VerificationKey | undefined },
  ): VerifiedToken {
    const { issuer, kid, key } = by
    const verified = verifyJwt(token, {
      code: 'credential_invalid',
      types: ['at+jwt'],
      algorithms: issuer.algorithms,
      acceptsIssuer: (claims) =>
        claims['iss'] === issuer.issuer && (!issuer.subjectIsClient || claims['sub'] === claims['client_id']),
      acceptsAudience: (audience) => addresses().resources.some((root) => isResource(root, audience)),
      requiredClaims: ['iat', 'client_id'],
      maxLifetimeSeconds: issuer.maxLifetimeSeconds,
      nowMs: now(),
      findKey: () => key,
      decoyKey: (algorithm) => decoys[algorithm],
    })
    const clientId = verified.claims['client_id']
    if (typeof clientId !== 'string') throw refusal('credential_invalid', 'claims')
    const subsystem = findClient(directory(), issuer.issuer, clientId)
    if (subsystem === undefined) throw refusal('credential_invalid', 'client')
    // Two issuers may give one jti.
    const tokenDigest = hash('sha256', `${issuer.issuer}\n${verified.jti}`, 'base64url')
    const foreignClient = { issuer: issuer.issuer, clientId }
    const read = readConsumer(verified, digest, { id: subsystem.id, tokenDigest, foreignClient })
    cache.set(digest, { verified: read, issuer, clientId, kid, thumbprint: verified.key.thumbprint })
    return read
  }

  /** A key withdrawn, or a client given to somebody else, ends what was remembered at once. */
  function recall(digest: string): VerifiedToken | undefined {
    const known = cache.get(digest)
    if (known === undefined) return undefined
    const { verified, issuer, clientId, kid, thumbprint } = known
    const isGood =
      now() < verified.expiresAtMs &&
      issuer.keys.find(kid)?.thumbprint === thumbprint &&
      findClient(directory(), issuer.issuer, clientId)?.id === verified.consumer.id
    if (isGood) return verified
    cache.delete(digest)
    return undefined
  }

  return (token, digest) => {
    const known = recall(digest)
    if (known !== undefined) return known
    const named = peek(token)
    const issuer = typeof named?.issuer === 'string' ? issuers.get(named.issuer) : undefined
    if (issuer === undefined) return undefined
    // RFC 9068 §2.1 leaves kid open; without it a set of several keys would have to be guessed at.
    if (typeof named?.kid !== 'string') throw refusal('credential_invalid', 'header')
    const { kid } = named
    const key = issuer.keys.find(kid)
    if (key !== undefined) return judge(token, digest, { issuer, kid, key })
    return issuer.keys.ask(kid).then((found) => judge(token, digest, { issuer, kid, key: found }))
  }
}

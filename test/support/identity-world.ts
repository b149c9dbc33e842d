import { hash, randomUUID } from 'node:crypto'
import { ASSERTION_TYPE } from '../../src/identity/client-authentication.ts'
import type { ForeignIssuer } from '../../src/identity/foreign-token.ts'
import { signAssertion, signProof } from '../../src/identity/holder.ts'
import { createIdentity, type Identity } from '../../src/identity/identity.ts'
import { createKeyRing } from '../../src/identity/keys.ts'
import type { ReplayStore } from '../../src/identity/replay.ts'
import { createSigningKey, generatePrivateJwk, type SigningKey } from '../../src/identity/signing-key.ts'
import type { Consumer, Credentials } from '../../src/model/exchange.ts'
import type { SubsystemId } from '../../src/model/identifier.ts'
import type { PublicJwk, Subsystem } from '../../src/model/party.ts'
import type { CompiledService } from '../../src/registry/snapshot.ts'
import { createMemoryReplay } from './memory-replay.ts'

/** A gateway's identity with a clock that stands still, a few subsystems, and everything needed to attack it. */
export interface IdentityWorld {
  readonly identity: Identity
  readonly issuer: string
  readonly clock: { nowMs: number }
  readonly subsystems: Map<SubsystemId, Subsystem>
  readonly services: Map<string, CompiledService>
  /** Digests of revoked tokens. */
  readonly revoked: Set<string>
  /** The issuer's own key, which signs access tokens. */
  readonly issuerKey: SigningKey
  /** Registered for `H29/mot-cua`. */
  readonly key: SigningKey
  /** Registered for `G12/thue`. */
  readonly otherKey: SigningKey
  readonly dpopKey: SigningKey
  readonly replay: ReplayStore
  /** A token of `H29/mot-cua` bound to `dpopKey`. */
  token(): Promise<string>
}

export const CONSUMER = 'H29/mot-cua'
export const OTHER = 'G12/thue'
export const SUSPENDED = 'G10/dat-dai'
export const TRUSTING = 'G01/thu-nghiem'
export const CERTIFICATE = hash('sha256', 'certificate of H29/mot-cua', 'base64url')
/** Registered for the same subsystem, as while a certificate is renewed. */
export const OTHER_CERTIFICATE = hash('sha256', 'next certificate of H29/mot-cua', 'base64url')
export const START_MS = 1_800_000_000_000

export function subsystem(id: SubsystemId, parts: Partial<Subsystem> = {}): Subsystem {
  return {
    kind: 'Subsystem',
    id,
    name: { vi: id, en: id },
    state: 'active',
    securityLevel: 3,
    contact: 'ops@agency.test',
    ...parts,
  }
}

export async function makeKey(algorithm: string): Promise<SigningKey> {
  return createSigningKey(await generatePrivateJwk(algorithm))
}

export interface WorldOptions {
  readonly issuer?: string
  readonly sandbox?: boolean
  readonly nonceSecret?: Uint8Array
  readonly replay?: ReplayStore
  readonly now?: () => number
  readonly issuers?: readonly ForeignIssuer[]
}

export const jwksOf = (...keys: readonly SigningKey[]) => keys.map((key) => key.publicJwk as PublicJwk)

export async function createIdentityWorld(options: WorldOptions = {}): Promise<IdentityWorld> {
  const { issuer = 'https://gateway.test', replay = createMemoryReplay() } = options
  const clock = { nowMs: START_MS }
  const now = options.now ?? (() => clock.nowMs)
  const [issuerKey, key, otherKey, dpopKey] = await Promise.all([
    makeKey('ES256'),
    makeKey('ES256'),
    makeKey('PS256'),
    makeKey('ES256'),
  ])
  const subsystems = new Map<SubsystemId, Subsystem>()
  const add = (id: SubsystemId, parts: Partial<Subsystem>) => subsystems.set(id, subsystem(id, parts))
  add(CONSUMER, { credentials: { jwks: jwksOf(key), certificates: [CERTIFICATE, OTHER_CERTIFICATE] } })
  add(OTHER, { credentials: { jwks: jwksOf(otherKey) } })
  add(SUSPENDED, { state: 'suspended', credentials: { jwks: jwksOf(key), certificates: [CERTIFICATE] } })
  add(TRUSTING, { credentials: { jwks: jwksOf(key) }, sandbox: { bearerTokens: true } })
  const services = new Map<string, CompiledService>()
  const revoked = new Set<string>()
  const ring = createKeyRing([{ key: issuerKey, activeFrom: 0 }])
  const identity = createIdentity({
    publicUrl: () => issuer,
    keys: () => ring,
    directory: () => ({ subsystems }),
    replay,
    ground: () => ({
      registry: { subsystems, services },
      isRevoked: (tokenDigest) => revoked.has(tokenDigest),
    }),
    revoke: async ({ tokenDigest }) => {
      revoked.add(tokenDigest)
    },
    now,
    newId: () => randomUUID(),
    sandbox: options.sandbox ?? false,
    nonceSecret: options.nonceSecret,
    tokenLifetimeSeconds: 300,
    issuers: options.issuers ?? [],
  })
  const world: IdentityWorld = {
    identity,
    issuer,
    clock,
    subsystems,
    services,
    revoked,
    issuerKey,
    key,
    otherKey,
    dpopKey,
    replay,
    token: async () => (await requestToken(world)).access_token,
  }
  return world
}

export interface TokenAsk {
  readonly parameters?: Readonly<Record<string, string>>
  /** A ready assertion; the consumer's own where absent, none where null. */
  readonly assertion?: string | null
  readonly dpop?: string | null
  readonly certificateThumbprint?: string
  readonly authorization?: string
}

/** A token request as the endpoint hands it on: good in all that `ask` doesn't change. */
export async function requestToken(world: IdentityWorld, ask: TokenAsk = {}) {
  const assertion = ask.assertion === undefined ? await assertionOf(world) : ask.assertion
  const dpop =
    ask.dpop === undefined ? await proofFor(world, 'POST', `${world.issuer}/oauth/token`) : ask.dpop
  const parameters = new Map(
    Object.entries({
      grant_type: 'client_credentials',
      ...(assertion !== null && { client_assertion: assertion, client_assertion_type: ASSERTION_TYPE }),
      ...ask.parameters,
    }),
  )
  return world.identity.grantToken({
    parameters,
    authorization: ask.authorization,
    dpop: dpop ?? undefined,
    certificateThumbprint: ask.certificateThumbprint,
  })
}

export function assertionOf(
  world: IdentityWorld,
  clientId: string = CONSUMER,
  key = world.key,
): Promise<string> {
  return signAssertion(key, { clientId, issuer: world.issuer, nowMs: world.clock.nowMs, jti: randomUUID() })
}

export function proofFor(
  world: IdentityWorld,
  method: string,
  url: string,
  more: { readonly accessToken?: string; readonly nonce?: string; readonly key?: SigningKey } = {},
): Promise<string> {
  const { key = world.dpopKey, ...rest } = more
  return signProof(key, { method, url, nowMs: world.clock.nowMs, jti: randomUUID(), ...rest })
}

/** Who is asking, and whether it may: what a door and the pipeline find out together. */
export async function admit(world: IdentityWorld, credentials: Credentials): Promise<Consumer> {
  const consumer = await world.identity.authenticate(credentials)
  const isRevoked = (tokenDigest: string) => world.revoked.has(tokenDigest)
  world.identity.checkStanding(consumer, { registry: world, isRevoked })
  return consumer
}

/** Credentials of a good request, with a fresh proof, to one service. */
export async function credentialsFor(world: IdentityWorld, token: string): Promise<Credentials> {
  const method = 'POST'
  const url = `${world.issuer}/exchange/G01/dan-cu/cong-dan/v1/xac-thuc`
  const dpop = await proofFor(world, method, url, { accessToken: token })
  return { authorization: `DPoP ${token}`, dpop, method, url }
}

/** A JWS from any texts at all, signed properly or not. */
export async function forge(
  header: string | Readonly<Record<string, unknown>>,
  payload: string | Uint8Array | Readonly<Record<string, unknown>>,
  sign: (bytes: Buffer) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const encode = (value: string | Uint8Array | Readonly<Record<string, unknown>>) =>
    Buffer.from(
      typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
    ).toString('base64url')
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${Buffer.from(await sign(Buffer.from(signed))).toString('base64url')}`
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openDevice, openIssuer } from '../credentials.ts'
import { createIdentity, type Identity, type IdentityParts } from '../identity/identity.ts'
import { openSecretFile } from '../identity/key-file.ts'
import { type KeyRing, openKeyDirectory } from '../identity/keys.ts'
import type { Task } from '../repeat.ts'
import type { Settings } from '../settings.ts'
import { createTokenRevocations } from '../storage/authority.ts'
import type { Database } from '../storage/database.ts'
import { createReplayStore } from '../storage/replay.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What identity's part of a gateway shares with the others. */
export interface IdentitySideParts
  extends Pick<IdentityParts, 'publicUrl' | 'managementUrl' | 'directory' | 'ground' | 'now'> {
  readonly settings: Settings
  readonly pool: Database['pool']
  /** Folder of the keys that all processes of the gateway share. */
  readonly keysDir: string
  readonly telemetry: Telemetry
}

/** Identity's part of a gateway. */
export interface IdentitySide {
  readonly identity: Identity
  /** The keys that sign tokens and answers, as last read. */
  readonly keys: () => KeyRing
  /** Resolves once nothing is released any more, in any process, under what bears this name. */
  readonly revoke: IdentityParts['revoke']
  readonly tasks: readonly Task[]
}

const SWEEP_MS = 30_000

/** Part of the composition root: puts together what knows who is calling. */
export async function createIdentitySide(parts: IdentitySideParts): Promise<IdentitySide> {
  const { settings, pool, keysDir, telemetry, now } = parts
  const { tokens, sandbox, xroad } = settings
  const device = openDevice(tokens.pkcs11)
  const readKeys = () => openKeyDirectory(join(keysDir, 'tokens'), device)
  let ring = await readKeys()
  const keys = () => ring
  const replay = createReplayStore(pool)
  const revocations = createTokenRevocations(pool)
  const revoke: IdentityParts['revoke'] = (named) => revocations.revoke(named)
  const nonceRequired = tokens.dpopNonce === 'required'
  const onError = telemetry.databaseError
  return {
    identity: createIdentity({
      ...parts,
      xroad: xroad.enabled,
      keys,
      replay,
      revoke,
      newId: () => randomBytes(16).toString('base64url'),
      sandbox,
      nonceSecret: nonceRequired ? openSecretFile(join(keysDir, 'nonce.key'), randomBytes(32)) : undefined,
      tokenLifetimeSeconds: tokens.lifetimeSeconds,
      issuers: tokens.issuers.map((issuer) => openIssuer(issuer, now, telemetry)),
    }),
    keys,
    revoke,
    tasks: [
      { everyMs: SWEEP_MS, run: () => revocations.sweep(), onError },
      { everyMs: SWEEP_MS, run: () => replay.sweep(now()), onError },
      {
        everyMs: SWEEP_MS,
        async run() {
          ring = await readKeys()
        },
        onError: telemetry.internalError,
      },
    ],
  }
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type ConsoleParts, createConsoleRouter } from '../http/console/router.ts'
import { createSessions } from '../http/console/session.ts'
import { createWorks, type WorksParts } from '../http/console/works.ts'
import { openSecretFile, readSecretFile } from '../identity/key-file.ts'
import { createSignIn } from '../identity/sign-in.ts'
import type { Settings } from '../settings.ts'
import { createVault } from '../storage/vault.ts'

/** What the console shares with the rest of a gateway. */
export interface ConsoleSideParts
  extends Omit<ConsoleParts, 'sessions' | 'signIn' | 'works' | 'sandbox'>,
    WorksParts {
  readonly settings: Settings
}

/** Part of the composition root: puts the readers' console together. */
export function createConsoleSide(parts: ConsoleSideParts): ReturnType<typeof createConsoleRouter> {
  const { settings, now } = parts
  const key = openSecretFile(join(settings.dataDir, 'keys/console.key'), randomBytes(32)).subarray(0, 32)
  const { console } = settings
  return createConsoleRouter({
    ...parts,
    sandbox: settings.sandbox,
    sessions: createSessions(createVault(key), now),
    signIn:
      console &&
      createSignIn({
        issuer: console.issuer,
        clientId: console.clientId,
        readerClaim: console.readerClaim,
        clientSecret: console.clientSecretFile && readSecretFile(console.clientSecretFile).toString().trim(),
      }),
    works: createWorks(parts),
  })
}

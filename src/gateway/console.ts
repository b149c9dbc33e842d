import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type ConsoleParts, createConsoleRouter } from '../http/console/router.ts'
import { createSessions } from '../http/console/session.ts'
import { createWorks } from '../http/console/works.ts'
import { openSecretFile, readSecretFile } from '../identity/key-file.ts'
import { createSignIn } from '../identity/sign-in.ts'
import type { AuditStore } from '../reporting/audit-query.ts'
import type { WebhookStore } from '../reporting/deliveries.ts'
import type { FigureDesk, FigureStore } from '../reporting/figures.ts'
import type { FormDesk } from '../reporting/form-desk.ts'
import type { Deadlines, QualityStore } from '../reporting/quality.ts'
import type { Settings } from '../settings.ts'
import { createVault } from '../storage/vault.ts'

/** What the console shares with the rest of a gateway. */
export interface ConsoleSideParts
  extends Omit<ConsoleParts, 'sessions' | 'signIn' | 'works' | 'sandbox' | 'treeSize'> {
  readonly settings: Settings
  readonly store: AuditStore
  readonly figureStore: FigureStore
  readonly figures: FigureDesk
  readonly forms: FormDesk
  readonly quality: QualityStore
  readonly deadlines: Deadlines
  readonly webhooks: WebhookStore
}

/** Part of the composition root: puts the readers' console together. */
export function createConsoleSide(parts: ConsoleSideParts): ReturnType<typeof createConsoleRouter> {
  const { settings, store, figureStore, figures, forms, quality, deadlines, webhooks, desk, registry, now } =
    parts
  const key = openSecretFile(join(settings.dataDir, 'keys/console.key'), randomBytes(32)).subarray(0, 32)
  const { count } = store
  const { console } = settings
  return createConsoleRouter({
    ...parts,
    sandbox: settings.sandbox,
    sessions: createSessions(createVault(key), now),
    treeSize: () => store.treeSize(),
    signIn:
      console &&
      createSignIn({
        issuer: console.issuer,
        clientId: console.clientId,
        readerClaim: console.readerClaim,
        clientSecret: console.clientSecretFile && readSecretFile(console.clientSecretFile).toString().trim(),
      }),
    works: createWorks({
      desk,
      count,
      search: store.search,
      webhooks,
      store: figureStore,
      figures,
      forms,
      quality,
      deadlines,
      registry,
      now,
    }),
  })
}

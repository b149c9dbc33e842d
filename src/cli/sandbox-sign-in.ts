import { ROLE_TITLES } from '../http/console/request.ts'
import type { Registry } from '../registry/snapshot.ts'
import { SANDBOX_CLIENT, type SandboxPerson, startSignInProvider } from '../sandbox/sign-in-provider.ts'
import type { Settings } from '../settings.ts'

/** A sandbox's own provider to sign in with; where the settings name a real one, or this is no sandbox, nothing. */
export interface SandboxSignIn {
  readonly settings: Settings
  /** Tells whose registry it is that people are taken from. */
  meet(registry: () => Registry): void
  close(): Promise<void>
}

/** One may be whoever has a right to read: a subsystem for each Reader. */
function peopleOf({ readers, subsystems }: Registry): readonly SandboxPerson[] {
  return [...readers].map(([id, [right]]) => {
    const role = right && ROLE_TITLES[right.document.role]
    const name = subsystems.get(id)?.name ?? { vi: id, en: id }
    return {
      reader: id,
      name: name.vi,
      role: role === undefined ? name.en : `${role.vi} · ${name.en}, ${role.en}`,
    }
  })
}

export async function openSandboxSignIn(settings: Settings, now: () => number): Promise<SandboxSignIn> {
  if (!settings.sandbox || settings.console !== undefined) {
    return { settings, meet: () => {}, close: async () => {} }
  }
  let registry: (() => Registry) | undefined
  const provider = await startSignInProvider({ people: () => (registry ? peopleOf(registry()) : []), now })
  const { issuer, close } = provider
  return {
    settings: { ...settings, console: { issuer, clientId: SANDBOX_CLIENT, readerClaim: 'log_reader' } },
    meet(found) {
      registry = found
    },
    close,
  }
}

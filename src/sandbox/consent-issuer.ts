import { randomBytes } from 'node:crypto'
import { signConsent } from '../identity/holder.ts'
import type { SigningKey } from '../identity/signing-key.ts'

/** What a synthetic person agrees to. */
export interface SandboxAgreement {
  readonly subject: string
  readonly consumer: string
  readonly service: string
  readonly purposes: readonly string[]
  readonly fields: readonly string[]
  /** 30 where absent. */
  readonly days?: number
}

/** A consent and the id it is withdrawn by. */
export interface IssuedConsent {
  readonly id: string
  /** What goes into `Exchange-Consent`. */
  readonly artefact: string
}

export interface SandboxConsentIssuer {
  issue(agreement: SandboxAgreement): Promise<IssuedConsent>
}

export interface ConsentIssuerOptions {
  /** The subsystem that the key is registered for. */
  readonly issuer: string
  readonly key: SigningKey
  /** The gateway's public URL. */
  readonly audience: () => string
  readonly now: () => number
}

const DAY_SECONDS = 86_400

/** Stands for the application where people give their consent (VNeID): everybody asked agrees. */
export function createSandboxConsentIssuer(options: ConsentIssuerOptions): SandboxConsentIssuer {
  const { issuer, key, audience, now } = options
  return {
    async issue({ days = 30, ...agreement }) {
      const id = randomBytes(18).toString('base64url')
      const artefact = await signConsent(key, {
        ...agreement,
        issuer,
        audience: audience(),
        id,
        salt: randomBytes(16),
        nowMs: now(),
        lifetimeSeconds: days * DAY_SECONDS,
      })
      return { id, artefact }
    },
  }
}

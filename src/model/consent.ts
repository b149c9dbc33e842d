import type { SubsystemId } from './identifier.ts'

/** What a person agreed to, as its issuer signed it: who may get which fields about them, what for, until when. */
export interface Consent {
  /** `jti`; it names the consent and nobody. */
  readonly id: string
  /** The subsystem whose registered key signed it. */
  readonly issuer: SubsystemId
  /** Who may ask. */
  readonly consumer: string
  readonly service: string
  readonly purposes: readonly string[]
  /** JSON Pointers, read as those of an agreement are. */
  readonly fields: readonly string[]
  readonly issuedAtMs: number
  readonly notBeforeMs: number
  readonly expiresAtMs: number
}

/** A consent as it stands at one moment, for one exchange. */
export interface JudgedConsent extends Consent {
  /** `issuer_gone`: the issuer is suspended, or the key that signed it is registered no more. */
  readonly standing: 'stands' | 'withdrawn' | 'issuer_gone'
  /** Whether the person the exchange is about gave it. */
  readonly isAboutSubject: boolean
}

/** What an agreement whose basis is consent demands. */
export interface ConsentTerms {
  /** Whose consents count. */
  readonly issuers: readonly SubsystemId[]
  /** Days after its issue from which a consent counts no more, however long its issuer meant it to. */
  readonly maxDays?: number
}

/** What the record keeps of a consent. */
export interface ConsentFacts {
  readonly id: string
  readonly issuer: SubsystemId
}

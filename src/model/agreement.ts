import type { ConsentTerms } from './consent.ts'
import type { Bilingual, ServiceId, SubsystemId } from './identifier.ts'
import type { Deprecation, Validity } from './party.ts'
import type { DelayedDisclosure } from './reader.ts'

/** A text of law that gives ground for an agreement. Texts are repealed: the dates are data. */
export interface LegalBasis {
  readonly kind: 'LegalBasis'
  readonly id: string
  readonly title: Bilingual
  /** Number of the text, e.g. `278/2025/NĐ-CP`. */
  readonly text: string
  readonly article?: string
  readonly validity: Validity
  /** Last day on which what stands on it still counts after its end, where the new text allows a transition. */
  readonly graceUntil?: string
  /** Taken from a source that nobody has held against the text itself. */
  readonly unverified?: boolean
  /** The text that took its place. */
  readonly replacedBy?: string
}

export interface Quota {
  readonly perSecond: number
  readonly perDay: number
}

/** One operation an agreement opens, and what of its answer may leave. */
export interface OperationGrant {
  readonly operation: string
  /**
   * JSON Pointers (RFC 6901) into the answer's shape. A pointer names a member and all below it; arrays
   * are passed through, so `/owners/name` is the name of every owner.
   */
  readonly fields: readonly string[]
}

/** The ground for access: consumer + service operations + purposes + legal bases + fields + quota + validity. */
export interface Agreement {
  readonly kind: 'Agreement'
  readonly id: string
  readonly title: Bilingual
  readonly consumer: SubsystemId
  readonly service: ServiceId
  readonly operations: readonly OperationGrant[]
  readonly purposes: readonly string[]
  /** The purpose of a question that names none, because its protocol has no place for one. */
  readonly defaultPurpose?: string
  readonly legalBases: readonly string[]
  readonly quota: Quota
  readonly requires?: {
    readonly officer?: boolean
    readonly dossier?: boolean
    readonly procedure?: boolean
    /** Requests are signed (RFC 9421); their answers are, then. */
    readonly signature?: boolean
  }
  /** The basis is the consent of the person concerned; duties of the state need none. */
  readonly consent?: ConsentTerms
  readonly delayedDisclosure?: DelayedDisclosure
  readonly validity: Validity
  readonly state: 'active' | 'suspended' | 'revoked'
}

/** Milliseconds of a validity's ends; Vietnam is at UTC+7 all year. */
export interface ValidSpan {
  readonly fromMs: number
  /** First millisecond that no longer belongs; `Infinity` where open. */
  readonly untilMs: number
}

const DAY_MS = 86_400_000

/** @returns the span from the start of the first day to the end of the last, in Vietnam's time. */
export function validSpan(validity: Validity): ValidSpan {
  const day = (text: string) => Date.parse(`${text}T00:00:00+07:00`)
  return {
    fromMs: day(validity.from),
    untilMs: validity.until === undefined ? Number.POSITIVE_INFINITY : day(validity.until) + DAY_MS,
  }
}

/** @returns from when a version is given up, and when it ends: after the last day on which it still answers. */
export function deprecationSpan({ from, sunset }: Deprecation): ValidSpan {
  return validSpan({ from, ...(sunset !== undefined && { until: sunset }) })
}

/** @returns the span in which an agreement may stand on a text: its validity and the days of grace after it. */
export function basisSpan({ validity, graceUntil }: LegalBasis): ValidSpan {
  return validSpan({ from: validity.from, ...(validity.until && { until: graceUntil ?? validity.until }) })
}

export function isWithin(span: ValidSpan, nowMs: number): boolean {
  return nowMs >= span.fromMs && nowMs < span.untilMs
}

import { isWithin, validSpan } from './agreement.ts'
import type { Bilingual } from './identifier.ts'
import type { Validity } from './party.ts'

/** A leader's office that signs decisions on applications: which ones, and with which certificates. Never a name. */
export interface Approver {
  readonly kind: 'Approver'
  readonly id: string
  /** Of the office, say "Deputy director of the Department of Data". */
  readonly title: Bilingual
  /** Codes of the providers' agencies whose applications it decides. */
  readonly agencies: 'all' | readonly string[]
  /** Ids of the classes it decides. */
  readonly classes: readonly string[]
  /** SHA-256 of each certificate (DER), base64url; two while one replaces the other. */
  readonly certificates: readonly string[]
  /** What gives it that power. */
  readonly legalBases: readonly string[]
  readonly validity: Validity
  readonly state: 'active' | 'suspended' | 'revoked'
}

/** @returns whether it may decide on an application of this class, for a service of this subsystem, at this moment. */
export function mayDecide(
  { agencies, classes, validity, state }: Approver,
  { class: asked, provider }: { readonly class: string; readonly provider: string },
  nowMs: number,
): boolean {
  const [agency = ''] = provider.split('/')
  return (
    state === 'active' &&
    isWithin(validSpan(validity), nowMs) &&
    classes.includes(asked) &&
    (agencies === 'all' || agencies.includes(agency))
  )
}

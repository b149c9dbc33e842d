import type { Agreement } from './agreement.ts'
import type { Bilingual, ServiceId, SubsystemId } from './identifier.ts'

/**
 * An application (đề nghị kết nối) is an agreement before it is one: what a subsystem wants to ask, for what, on which
 * ground, with the papers its class asks for, and everything that was decided on it.
 */

/** A paper that goes with an application. */
export interface AskedDocument {
  readonly id: string
  readonly title: Bilingual
  /** May be left out. */
  readonly optional?: boolean
  /** Days for which such a paper counts, e.g. a confirmation of security. */
  readonly withinDays?: number
}

/** What applications of one class have to bring, and how long their appraisal may take: an operator's to edit. */
export interface ApplicationClass {
  readonly kind: 'ApplicationClass'
  readonly id: string
  readonly title: Bilingual
  /** Which data it is for. */
  readonly scope: Bilingual
  readonly legalBases: readonly string[]
  /** Taken from a source that nobody has held against the text itself; shown with (?). */
  readonly unverified?: boolean
  /** Working days from the receipt of all that is asked for, a supplement's included; that day does not count. */
  readonly appraisalWorkingDays: number
  readonly documents: readonly AskedDocument[]
  /** Days for which the attached result of `lienthong check consumer` counts; none is asked for where absent. */
  readonly conformanceWithinDays?: number
}

/** A paper as it was sent, by its number: papers themselves travel on the document axis (trục liên thông văn bản). */
export interface AttachedDocument {
  /** Id of the paper that its class asks for. */
  readonly document: string
  /** Số, ký hiệu. */
  readonly number: string
  /** `yyyy-mm-dd`. */
  readonly date: string
  /** SHA-256 of the file, hex. */
  readonly digest?: string
}

/** What `lienthong check consumer --json` found. */
export interface Conformance {
  readonly ok: boolean
  readonly kind: 'consumer' | 'provider'
  readonly id: string
  /** RFC 3339. */
  readonly at: string
  readonly version: string
  readonly findings: readonly { readonly check: string; readonly state: string }[]
}

/** The agreement that is wished for. */
export type AgreementDraft = Omit<Agreement, 'kind' | 'id' | 'state'>

export interface ApplicationContent {
  readonly class: string
  readonly agreement: AgreementDraft
  readonly documents: readonly AttachedDocument[]
  readonly conformance?: Conformance
}

/** `filed`: under appraisal, with a day it is due; `incomplete`: waiting for its applicant. */
export const APPLICATION_STATES = ['filed', 'incomplete', 'approved', 'refused', 'withdrawn'] as const

export type ApplicationState = (typeof APPLICATION_STATES)[number]

/** What is done with an application once it is filed. */
export const APPLICATION_ACTS = ['supplement', 'withdraw', 'ask', 'approve', 'refuse'] as const

export type ApplicationAct = (typeof APPLICATION_ACTS)[number]

/** A decision under a leader's own signature is handed up first, then signed. */
export const SIGNING_ACTS = ['propose', 'sign'] as const

export type SigningAct = (typeof SIGNING_ACTS)[number]

/** What is decided, and why; `agreement` of an approval, `legalBasis` and `reason` of a refusal. */
export interface Decision {
  readonly decision: 'approve' | 'refuse'
  readonly agreement?: string
  readonly legalBasis?: string
  readonly reason?: string
}

/** What people call states and acts. */
export const APPLICATION_STATE_TITLES = {
  filed: { vi: 'đang thẩm định', en: 'under appraisal' },
  incomplete: { vi: 'chờ bổ sung', en: 'waiting for its applicant' },
  approved: { vi: 'đã phê duyệt', en: 'approved' },
  refused: { vi: 'đã từ chối', en: 'refused' },
  withdrawn: { vi: 'đã rút', en: 'withdrawn' },
} as const satisfies Record<ApplicationState, Bilingual>

export const APPLICATION_ACT_TITLES = {
  file: { vi: 'nộp', en: 'filed' },
  supplement: { vi: 'bổ sung', en: 'supplemented' },
  withdraw: { vi: 'rút', en: 'withdrawn' },
  ask: { vi: 'yêu cầu bổ sung', en: 'asked for more' },
  approve: { vi: 'phê duyệt', en: 'approved' },
  refuse: { vi: 'từ chối', en: 'refused' },
  propose: { vi: 'trình ký', en: 'handed up for signature' },
} as const satisfies Record<ApplicationEvent['act'], Bilingual>

/** One thing that was done, as the log has it under its exchange. */
export interface ApplicationEvent {
  readonly act: ApplicationAct | 'file' | 'propose'
  /** RFC 3339. */
  readonly at: string
  readonly by: SubsystemId
  readonly exchange: string
  /** What is missing, or why it was refused: for the applicant. */
  readonly reason?: string
  /** Of a refusal. */
  readonly legalBasis?: string
  /** Id of the agreement that an approval gives. */
  readonly agreement?: string
  /** Of what was handed up for signature. */
  readonly decision?: Decision['decision']
  /** Id of the approver who is to sign, or signed. */
  readonly approver?: string
  /** SHA-256 of the approver's signature (DER), hex. */
  readonly signature?: string
}

/** A decision in the words that a leader signs. */
export interface DecisionText {
  /** Canonical JSON (RFC 8785): these bytes are what is signed. */
  readonly text: string
  /** Absent while it waits. */
  readonly signed?: {
    /** CMS (RFC 5652), detached, DER. */
    readonly signature: Uint8Array
    /** PEM: the signer's certificate first, the trusted one last. */
    readonly chain: string
  }
}

export interface Application {
  /** `DN-000001`. */
  readonly number: string
  /** Grows with each event. */
  readonly revision: number
  readonly state: ApplicationState
  readonly consumer: SubsystemId
  readonly provider: SubsystemId
  readonly service: ServiceId
  readonly filedAtMs: number
  /** The first millisecond after the last day of its appraisal; undefined while nobody has to appraise it. */
  readonly dueAtMs: number | undefined
  readonly content: ApplicationContent
  readonly events: readonly ApplicationEvent[]
  /** What was handed up last, unless something else was done since; then the decision under its signature. */
  readonly decision?: DecisionText | undefined
}

const AFTER: Readonly<Record<ApplicationState, Partial<Record<ApplicationAct, ApplicationState>>>> = {
  filed: { ask: 'incomplete', approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' },
  incomplete: { supplement: 'filed', refuse: 'refused', withdraw: 'withdrawn' },
  approved: {},
  refused: {},
  withdrawn: {},
}

/** @returns what every act says of itself: when it was done, by whom and in which exchange. */
export function stampOf(
  by: SubsystemId,
  exchange: string,
  nowMs: number,
): Pick<ApplicationEvent, 'at' | 'by' | 'exchange'> {
  return { at: new Date(nowMs).toISOString(), by, exchange }
}

/** @returns the state after an act; undefined where the state does not allow it. */
export function stateAfter(state: ApplicationState, act: ApplicationAct): ApplicationState | undefined {
  return AFTER[state][act]
}

export function isOverdue({ dueAtMs }: Pick<Application, 'dueAtMs'>, nowMs: number): boolean {
  return dueAtMs !== undefined && nowMs >= dueAtMs
}

/** @returns what waits for a leader's signature: what was handed up, and nothing was done since. */
export function proposalOf({ events }: Pick<Application, 'events'>): ApplicationEvent | undefined {
  const last = events.at(-1)
  return last?.act === 'propose' ? last : undefined
}

/** @returns the agreement of an approved application, as it goes into the registry. */
export function agreementOf({ agreement }: ApplicationContent, id: string): Agreement {
  return { kind: 'Agreement', id, ...agreement, state: 'active' }
}

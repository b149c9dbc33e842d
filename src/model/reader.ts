import type { Bilingual, SubsystemId } from './identifier.ts'
import type { Validity } from './party.ts'

/** Why a subsystem reads the log; what each may see is `READER_RIGHTS`. */
export type ReaderRole =
  | 'auditor'
  | 'data-protection-officer'
  | 'agency'
  | 'operator'
  | 'appraiser'
  | 'citizen-portal'

/** The ground on which a subsystem reads the log of exchanges, as an agreement is for data. */
export interface Reader {
  readonly kind: 'Reader'
  readonly id: string
  readonly title: Bilingual
  readonly subsystem: SubsystemId
  readonly role: ReaderRole
  readonly legalBases: readonly string[]
  /** Particulars each reading has to name: the person at the desk, the number of the case. */
  readonly requires?: { readonly officer?: boolean; readonly dossier?: boolean }
  /** A person is told of readings about them only after so many days (an investigation). */
  readonly delayedDisclosure?: DelayedDisclosure
  readonly validity: Validity
  readonly state: 'active' | 'suspended' | 'revoked'
}

/** Investigations: the person concerned is told later, never not at all. */
export interface DelayedDisclosure {
  readonly days: number
  /** The legal basis that allows the delay. */
  readonly legalBasis: string
  /** Of an agreement: the purposes it holds for; all where absent. */
  readonly purposes?: readonly string[]
}

export interface ReaderRights {
  /** Which records: all, those its agency asked or answered, or those about the one person who is named. */
  readonly scope: 'all' | 'own' | 'person'
  /** Whether records may be looked for by the identifier of a person, officer or dossier. */
  readonly identifiers: boolean
  /** Whether records may be shown with their private part: officer, dossier, and the tag that links those of one person. */
  readonly privatePart: boolean
  readonly search: boolean
  readonly export: boolean
  /** Whether the log's own bytes (leaves, tiles of entries) may be read: everybody's exchanges. */
  readonly entries: boolean
  /** Whether it may ask who used the data of a person (Data Tracker). */
  readonly usage: boolean
  /** Whether it may have erased what records say of a person. */
  readonly erase: boolean
  /** Whether it may see applications for connection: all, or those of its agency and for its services. */
  readonly applications: boolean
  /** Whether it may apply for its own agency's subsystems. */
  readonly apply: boolean
  /** Whether it may decide on applications. */
  readonly appraise: boolean
}

/** What each role may do on the management listener; default no. */
export const READER_RIGHTS = {
  auditor: {
    scope: 'all',
    identifiers: true,
    privatePart: true,
    search: true,
    export: true,
    entries: true,
    usage: false,
    erase: false,
    applications: true,
    apply: false,
    appraise: false,
  },
  'data-protection-officer': {
    scope: 'all',
    identifiers: true,
    privatePart: true,
    search: true,
    export: true,
    entries: false,
    usage: true,
    erase: true,
    applications: true,
    apply: false,
    appraise: false,
  },
  agency: {
    scope: 'own',
    identifiers: true,
    privatePart: true,
    search: true,
    export: true,
    entries: false,
    usage: false,
    erase: false,
    applications: true,
    apply: true,
    appraise: false,
  },
  operator: {
    scope: 'all',
    identifiers: false,
    privatePart: false,
    search: true,
    export: true,
    entries: false,
    usage: false,
    erase: false,
    applications: true,
    apply: false,
    appraise: false,
  },
  appraiser: {
    scope: 'all',
    identifiers: false,
    privatePart: false,
    search: false,
    export: false,
    entries: false,
    usage: false,
    erase: false,
    applications: true,
    apply: false,
    appraise: true,
  },
  'citizen-portal': {
    scope: 'person',
    identifiers: false,
    privatePart: false,
    search: false,
    export: false,
    entries: false,
    usage: true,
    erase: false,
    applications: false,
    apply: false,
    appraise: false,
  },
} as const satisfies Record<ReaderRole, ReaderRights>

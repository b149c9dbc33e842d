import type { Catalogue } from '../contract/catalogue.ts'
import type { Contract } from '../contract/contract.ts'
import type { ResolveUnit } from '../model/administrative-unit.ts'
import type { Agreement, LegalBasis, ValidSpan } from '../model/agreement.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Approver } from '../model/approver.ts'
import type { IsWorkingDay } from '../model/calendar.ts'
import type { Violation } from '../model/errors.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { Agency, Service, Subsystem } from '../model/party.ts'
import type { Reader } from '../model/reader.ts'
import type { ServiceIndex } from '../model/service-index.ts'
import type { Task } from '../model/task.ts'
import type { RegistryDocuments } from './documents.ts'
import type { CompiledGrant } from './grant.ts'
import type { CheckShape } from './shape.ts'

export interface CompiledBasis {
  readonly document: LegalBasis
  readonly span: ValidSpan
}

export interface CompiledAgreement {
  readonly document: Agreement
  /** SHA-256 of the canonical document, hex. */
  readonly digest: string
  readonly span: ValidSpan
  readonly bases: readonly CompiledBasis[]
  /** By operation id. */
  readonly grants: ReadonlyMap<string, CompiledGrant>
}

export interface CompiledService {
  readonly document: Service
  readonly provider: Subsystem
  readonly contract: Contract
  /** Agreements of this consumer on this service, sorted by id, whatever their state and validity. */
  agreementsOf(consumer: SubsystemId): readonly CompiledAgreement[]
}

/** A reader's right as the registry in force has it. */
export interface CompiledReader {
  readonly document: Reader
  /** SHA-256 of the canonical document, hex. */
  readonly digest: string
  readonly span: ValidSpan
  readonly bases: readonly CompiledBasis[]
}

/** Who may ask whom for what: one consistent, immutable state of it, indexed. */
export interface Registry {
  readonly version: number
  /** SHA-256, hex, over the canonical list of every document's kind, id and digest, sorted by kind and id. */
  readonly digest: string
  readonly agencies: ReadonlyMap<string, Agency>
  readonly subsystems: ReadonlyMap<SubsystemId, Subsystem>
  readonly services: ReadonlyMap<ServiceId, CompiledService>
  readonly agreements: ReadonlyMap<string, CompiledAgreement>
  /** Rights to read the log, by who has them. */
  readonly readers: ReadonlyMap<SubsystemId, readonly CompiledReader[]>
  readonly isWorkingDay: IsWorkingDay
  readonly tasks: readonly Task[]
  readonly serviceIndexes: readonly ServiceIndex[]
  readonly legalBases: ReadonlyMap<string, LegalBasis>
  readonly resolveUnit: ResolveUnit
  readonly applicationClasses: ReadonlyMap<string, ApplicationClass>
  readonly approvers: ReadonlyMap<string, Approver>
  /** All that this registry would refuse of an agreement that came from elsewhere. */
  judgeAgreement(agreement: unknown): readonly Violation[]
}

/** What one compilation leaves to the next: work on documents that have not changed is not done again. */
export interface Memo {
  readonly syntheticPersons: boolean
  readonly checkShape: CheckShape
  readonly digests: WeakMap<object, string>
  /** Documents whose shape and own rules are in order. */
  readonly sound: WeakSet<object>
}

export interface CompiledRegistry extends Registry {
  readonly documents: RegistryDocuments
  readonly catalogue: Catalogue
  readonly memo: Memo
}

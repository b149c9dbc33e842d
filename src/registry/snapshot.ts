import { compileCatalogue } from '../contract/catalogue.ts'
import type { DocumentFault } from '../contract/violation.ts'
import { createUnitResolver } from '../model/administrative-unit.ts'
import type { Agreement } from '../model/agreement.ts'
import { workingDays } from '../model/calendar.ts'
import type { Violation } from '../model/errors.ts'
import type { CompiledAgreement, CompiledRegistry, Memo } from './compiled.ts'
import { digestDocument, digestEach } from './digest.ts'
import {
  documentPath,
  listDocuments,
  type NamedDocument,
  type RegistryDocument,
  type RegistryDocuments,
  withoutDocuments,
} from './documents.ts'
import { type Build, compileAgreement, compileServices, contractOf } from './index-agreements.ts'
import { compileReaders } from './readers.ts'
import {
  checkAgreementReferences,
  checkApproverReferences,
  checkClassReferences,
  checkIndexReferences,
  checkPartyReferences,
  checkReaderReferences,
  checkTaskReferences,
  type Directory,
} from './references.ts'
import { type Admission, checkAdmission, checkDocument } from './rules.ts'
import { createShapeCheck } from './shape.ts'

export type {
  CompiledAgreement,
  CompiledBasis,
  CompiledRegistry,
  CompiledService,
  Registry,
} from './compiled.ts'
export type { RegistryDocuments } from './documents.ts'
export type { CompiledGrant } from './grant.ts'

export interface CompileOptions {
  readonly version: number
  /** Whether personal ids that belong to nobody (prefix 099) are accepted. */
  readonly syntheticPersons: boolean
  /** The registry to take compiled contracts, agreements and digests over from. */
  readonly previous?: CompiledRegistry | undefined
  /** Given where documents are admitted; see `Admission`. */
  readonly admission?: Admission | undefined
  /** Paths of documents left out because they are faulty themselves; a reference to one is no further fault. */
  readonly declared?: ReadonlySet<string> | undefined
}

export type Compilation =
  | {
      readonly registry: CompiledRegistry
      /** Steps of a few milliseconds that compile what would be compiled at its first use. */
      readonly preparations: readonly (() => void)[]
    }
  | { readonly faults: readonly DocumentFault[] }

function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const member of Object.values(value)) freezeDeep(member)
}

/** All that a document breaks by itself, whenever it is looked at. */
function judgeDocument(document: RegistryDocument, memo: Memo): readonly Violation[] {
  if (memo.sound.has(document)) return []
  const shape = memo.checkShape(document.kind, document)
  const violations = shape.length > 0 ? shape : checkDocument(document)
  if (violations.length === 0) memo.sound.add(document)
  return violations
}

/** Documents looked at before others may have their turn: a few milliseconds. */
const STEP = 2000

function* checkEach(
  list: readonly NamedDocument[],
  memo: Memo,
  admission: Admission | undefined,
): Generator<void, DocumentFault[]> {
  const faults: DocumentFault[] = []
  let previousPath: string | undefined
  for (const [place, named] of list.entries()) {
    if (place % STEP === STEP - 1) yield
    const path = documentPath(named)
    if (path === previousPath && named.kind !== 'Schema') {
      const detail = { vi: 'Tài liệu bị lặp.', en: 'There are two documents of this name.' }
      faults.push({ path, pointer: '', rule: 'duplicate', detail })
    }
    previousPath = path
    if (named.kind === 'Schema') continue
    const { document } = named
    const violations = judgeDocument(document, memo)
    const admitted = violations.length === 0 && admission ? checkAdmission(document, admission) : []
    for (const violation of [...violations, ...admitted]) faults.push({ path, ...violation })
  }
  return faults
}

function* checkAgreements({ documents, directory, previous }: Build): Generator<void, DocumentFault[]> {
  const faults: DocumentFault[] = []
  for (const [place, agreement] of documents.agreements.entries()) {
    if (place % STEP === STEP - 1) yield
    const service = directory.services.get(agreement.service)
    const contract = service && contractOf(service, directory)
    // What an unchanged agreement says of an unchanged contract was found true before.
    const known =
      previous?.agreements.get(agreement.id)?.document === agreement &&
      previous.services.get(agreement.service)?.contract === contract
    faults.push(...checkAgreementReferences(agreement, directory, known ? undefined : contract))
  }
  return faults
}

/** As when it is admitted; nothing is remembered of it. */
function judgeAgreement(value: unknown, directory: Directory, memo: Memo): readonly Violation[] {
  const shape = memo.checkShape('Agreement', value)
  if (shape.length > 0) return shape
  const agreement = value as Agreement
  const service = directory.services.get(agreement.service)
  const contract = service && contractOf(service, directory)
  const references = checkAgreementReferences(agreement, directory, contract)
  return [
    ...checkDocument(agreement),
    ...references.map(({ pointer, rule, detail }) => ({ pointer, rule, detail })),
  ]
}

function indexBy<T>(list: readonly T[], name: (item: T) => string): Map<string, T> {
  return new Map(list.map((item) => [name(item), item]))
}

function createMemo(syntheticPersons: boolean): Memo {
  return { syntheticPersons, checkShape: createShapeCheck(), digests: new WeakMap(), sound: new WeakSet() }
}

function* finish(
  build: Build,
  list: readonly NamedDocument[],
  version: number,
): Generator<void, CompiledRegistry> {
  const { documents, directory, memo } = build
  for (const [place, { kind, document }] of list.entries()) {
    if (place % STEP === STEP - 1) yield
    if (kind !== 'Schema') freezeDeep(document)
  }
  const agreements = new Map<string, CompiledAgreement>()
  for (const [place, agreement] of documents.agreements
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .entries()) {
    if (place % STEP === STEP - 1) yield
    agreements.set(agreement.id, compileAgreement(agreement, build))
  }
  yield
  const entries = digestEach(list, memo).map(({ kind, id, digest }) => ({ kind, id, digest }))
  return Object.freeze({
    version,
    digest: digestDocument(entries),
    agencies: directory.agencies,
    subsystems: new Map(documents.subsystems.map((subsystem) => [subsystem.id, subsystem])),
    services: compileServices(build, agreements),
    readers: compileReaders(documents.readers, directory, memo),
    agreements,
    isWorkingDay: workingDays(documents.calendars),
    tasks: documents.tasks,
    serviceIndexes: documents.serviceIndexes,
    legalBases: directory.legalBases,
    resolveUnit: createUnitResolver(documents.provinces),
    applicationClasses: indexBy(documents.applicationClasses, ({ id }) => id),
    approvers: indexBy(documents.approvers, ({ id }) => id),
    judgeAgreement: (agreement: unknown) => judgeAgreement(agreement, directory, memo),
    documents,
    catalogue: directory.catalogue,
    memo,
  })
}

/**
 * Checks every document, by itself and against the others, and compiles them into one registry; or tells all
 * faults and compiles nothing. Pure: nothing is read, and the documents are frozen, not changed.
 */
export function compileRegistry(documents: RegistryDocuments, options: CompileOptions): Compilation {
  const steps = compileInSteps(documents, options)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** `compileRegistry` for a process that carries exchanges meanwhile: they may have their turn after each step. */
export function* compileInSteps(
  documents: RegistryDocuments,
  options: CompileOptions,
): Generator<void, Compilation> {
  const { syntheticPersons, declared = new Set() } = options
  const previous = options.previous?.memo.syntheticPersons === syntheticPersons ? options.previous : undefined
  const memo = previous?.memo ?? createMemo(syntheticPersons)
  const list = listDocuments(documents)
  yield
  const ownFaults = yield* checkEach(list, memo, options.admission)
  const compiled = compileCatalogue(documents.schemas, {
    syntheticPersons,
    check: options.admission ? 'full' : 'admission',
    ...(previous && { previous: previous.catalogue }),
  })
  const unsound = new Set(ownFaults.map(({ path }) => path))
  const sound = unsound.size === 0 ? documents : withoutDocuments(documents, unsound)
  const directory: Directory = {
    agencies: indexBy(sound.agencies, ({ code }) => code),
    subsystems: indexBy(sound.subsystems, ({ id }) => id),
    services: indexBy(sound.services, ({ id }) => id),
    legalBases: indexBy(sound.legalBases, ({ id }) => id),
    catalogue: compiled.catalogue,
    declared: new Set([...declared, ...unsound, ...documents.schemas.map(({ path }) => path)]),
  }
  yield
  const build: Build = { documents: sound, directory, memo, previous }
  const classes = indexBy(sound.applicationClasses, ({ id }) => id)
  const faults = [
    ...ownFaults,
    ...compiled.faults,
    ...checkPartyReferences(directory),
    ...(yield* checkAgreements(build)),
    ...sound.readers.flatMap((reader) => checkReaderReferences(reader, directory)),
    ...sound.tasks.flatMap((task) => checkTaskReferences(task, directory)),
    ...sound.applicationClasses.flatMap((each) => checkClassReferences(each, directory)),
    ...sound.approvers.flatMap((each) => checkApproverReferences(each, classes, directory)),
    ...sound.serviceIndexes.flatMap((each) => checkIndexReferences(each, sound.serviceIndexes, directory)),
  ]
  if (faults.length > 0) return { faults }
  const registry = yield* finish(build, list, options.version)
  return { registry, preparations: compiled.preparations }
}

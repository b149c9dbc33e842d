import type { SchemaDocument } from '../contract/catalogue.ts'
import type { Province } from '../model/administrative-unit.ts'
import type { Agreement, LegalBasis } from '../model/agreement.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Approver } from '../model/approver.ts'
import type { Calendar } from '../model/calendar.ts'
import type { Agency, Service, Subsystem } from '../model/party.ts'
import type { Reader } from '../model/reader.ts'
import type { ServiceIndex } from '../model/service-index.ts'
import type { Task } from '../model/task.ts'

/** A document an operator writes. */
export type RegistryDocument =
  | Agency
  | Subsystem
  | Service
  | LegalBasis
  | Agreement
  | Reader
  | Calendar
  | Task
  | ApplicationClass
  | Approver
  | Province
  | ServiceIndex

/** What a registry holds: the operator's documents, and the contracts and dictionary they stand on. */
export type DocumentKind = RegistryDocument['kind'] | 'Schema'

/** Everything that makes one registry; the order inside a list means nothing. */
export interface RegistryDocuments {
  readonly agencies: readonly Agency[]
  readonly subsystems: readonly Subsystem[]
  readonly services: readonly Service[]
  readonly legalBases: readonly LegalBasis[]
  readonly agreements: readonly Agreement[]
  readonly readers: readonly Reader[]
  readonly calendars: readonly Calendar[]
  readonly tasks: readonly Task[]
  readonly applicationClasses: readonly ApplicationClass[]
  readonly approvers: readonly Approver[]
  readonly provinces: readonly Province[]
  readonly serviceIndexes: readonly ServiceIndex[]
  readonly schemas: readonly SchemaDocument[]
}

/** Names one document: its kind and its code, id or (for a schema) path. */
export interface DocumentName {
  readonly kind: DocumentKind
  readonly id: string
}

/** A document with its name. `content` is the document; for a schema, what its file says. */
export type NamedDocument = DocumentName & { readonly content: unknown } & (
    | { readonly kind: 'Schema'; readonly document: SchemaDocument }
    | { readonly kind: RegistryDocument['kind']; readonly document: RegistryDocument }
  )

export const EMPTY_DOCUMENTS: RegistryDocuments = Object.freeze({
  agencies: [],
  subsystems: [],
  services: [],
  legalBases: [],
  agreements: [],
  readers: [],
  calendars: [],
  tasks: [],
  applicationClasses: [],
  approvers: [],
  provinces: [],
  serviceIndexes: [],
  schemas: [],
})

/** @returns the code or id that names `document` among its kind. */
export function documentId(document: RegistryDocument): string {
  return document.kind === 'Agency' ? document.code : document.id
}

/** @returns `kind/id`, by which faults and indexes name a document; a schema goes by its path alone. */
export function documentPath(name: DocumentName): string {
  return name.kind === 'Schema' ? name.id : `${name.kind}/${name.id}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Orders by kind, then id, by code units: the same on every machine. */
export function compareNames(a: DocumentName, b: DocumentName): number {
  return compareText(a.kind, b.kind) || compareText(a.id, b.id)
}

/** @returns all documents with their names, sorted by kind and id. */
export function listDocuments(documents: RegistryDocuments): NamedDocument[] {
  const { schemas, ...lists } = documents
  const named: NamedDocument[] = []
  for (const document of Object.values(lists).flat()) {
    named.push({ kind: document.kind, id: documentId(document), content: document, document })
  }
  for (const document of schemas) {
    named.push({ kind: 'Schema', id: document.path, content: document.content, document })
  }
  return named.sort(compareNames)
}

/** The opposite of `listDocuments`. */
export function collectDocuments(
  documents: Iterable<RegistryDocument>,
  schemas: readonly SchemaDocument[],
): RegistryDocuments {
  const agencies: Agency[] = []
  const subsystems: Subsystem[] = []
  const services: Service[] = []
  const legalBases: LegalBasis[] = []
  const agreements: Agreement[] = []
  const readers: Reader[] = []
  const calendars: Calendar[] = []
  const tasks: Task[] = []
  const applicationClasses: ApplicationClass[] = []
  const approvers: Approver[] = []
  const provinces: Province[] = []
  const serviceIndexes: ServiceIndex[] = []
  for (const document of documents) {
    switch (document.kind) {
      case 'Agency':
        agencies.push(document)
        break
      case 'Subsystem':
        subsystems.push(document)
        break
      case 'Service':
        services.push(document)
        break
      case 'LegalBasis':
        legalBases.push(document)
        break
      case 'Agreement':
        agreements.push(document)
        break
      case 'Reader':
        readers.push(document)
        break
      case 'Calendar':
        calendars.push(document)
        break
      case 'Task':
        tasks.push(document)
        break
      case 'ApplicationClass':
        applicationClasses.push(document)
        break
      case 'Approver':
        approvers.push(document)
        break
      case 'Province':
        provinces.push(document)
        break
      case 'ServiceIndex':
        serviceIndexes.push(document)
        break
    }
  }
  return {
    agencies,
    subsystems,
    services,
    legalBases,
    agreements,
    readers,
    calendars,
    tasks,
    applicationClasses,
    approvers,
    provinces,
    serviceIndexes,
    schemas,
  }
}

/**
 * Documents with others laid over them: one of the same name is replaced, a new one is added. A demo gives
 * a subsystem its own key and a service its own port this way.
 */
export function overlay(documents: RegistryDocuments, patch: Partial<RegistryDocuments>): RegistryDocuments {
  const lay = <T>(base: readonly T[], over: readonly T[] | undefined, name: (document: T) => string) => {
    const merged = new Map(base.map((document) => [name(document), document]))
    for (const document of over ?? []) merged.set(name(document), document)
    return [...merged.values()]
  }
  return {
    agencies: lay(documents.agencies, patch.agencies, documentId),
    subsystems: lay(documents.subsystems, patch.subsystems, documentId),
    services: lay(documents.services, patch.services, documentId),
    legalBases: lay(documents.legalBases, patch.legalBases, documentId),
    agreements: lay(documents.agreements, patch.agreements, documentId),
    readers: lay(documents.readers, patch.readers, documentId),
    calendars: lay(documents.calendars, patch.calendars, documentId),
    tasks: lay(documents.tasks, patch.tasks, documentId),
    applicationClasses: lay(documents.applicationClasses, patch.applicationClasses, documentId),
    approvers: lay(documents.approvers, patch.approvers, documentId),
    provinces: lay(documents.provinces, patch.provinces, documentId),
    serviceIndexes: lay(documents.serviceIndexes, patch.serviceIndexes, documentId),
    schemas: lay(documents.schemas, patch.schemas, (document) => document.path),
  }
}

/** @returns the documents but those at `paths` (see `documentPath`); schemas stay. */
export function withoutDocuments(
  documents: RegistryDocuments,
  paths: ReadonlySet<string>,
): RegistryDocuments {
  const isKept = (document: RegistryDocument) =>
    !paths.has(documentPath({ kind: document.kind, id: documentId(document) }))
  return {
    agencies: documents.agencies.filter(isKept),
    subsystems: documents.subsystems.filter(isKept),
    services: documents.services.filter(isKept),
    legalBases: documents.legalBases.filter(isKept),
    agreements: documents.agreements.filter(isKept),
    readers: documents.readers.filter(isKept),
    calendars: documents.calendars.filter(isKept),
    tasks: documents.tasks.filter(isKept),
    applicationClasses: documents.applicationClasses.filter(isKept),
    approvers: documents.approvers.filter(isKept),
    provinces: documents.provinces.filter(isKept),
    serviceIndexes: documents.serviceIndexes.filter(isKept),
    schemas: documents.schemas,
  }
}

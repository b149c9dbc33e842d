import type { Catalogue } from '../contract/catalogue.ts'
import type { Contract } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Agreement, LegalBasis } from '../model/agreement.ts'
import type { ApplicationClass } from '../model/application.ts'
import type { Approver } from '../model/approver.ts'
import type { Agency, Service, Subsystem, Validity } from '../model/party.ts'
import type { DelayedDisclosure, Reader } from '../model/reader.ts'
import type { ServiceIndex } from '../model/service-index.ts'
import type { Task } from '../model/task.ts'
import { checkAnonymity } from './anonymity-grants.ts'
import { type DocumentName, documentPath } from './documents.ts'
import { checkPlan } from './plan-rules.ts'
import { checkSoap } from './soap-rules.ts'
import { checkSql } from './sql-rules.ts'

/** What the documents of a registry say of each other. */

/** The documents by name, for looking references up. */
export interface Directory {
  readonly agencies: ReadonlyMap<string, Agency>
  readonly subsystems: ReadonlyMap<string, Subsystem>
  readonly services: ReadonlyMap<string, Service>
  readonly legalBases: ReadonlyMap<string, LegalBasis>
  readonly catalogue: Catalogue
  /** Paths of documents that exist but are faulty themselves: a reference to one is no further fault. */
  readonly declared: ReadonlySet<string>
}

const KINDS = {
  Agency: { vi: 'cơ quan', en: 'agency' },
  Subsystem: { vi: 'hệ thống', en: 'subsystem' },
  Service: { vi: 'dịch vụ', en: 'service' },
  LegalBasis: { vi: 'căn cứ pháp lý', en: 'legal basis' },
  Agreement: { vi: 'thỏa thuận', en: 'agreement' },
  Reader: { vi: 'quyền đọc sổ', en: 'reader' },
  Calendar: { vi: 'lịch', en: 'calendar' },
  Task: { vi: 'nhiệm vụ', en: 'task' },
  ApplicationClass: { vi: 'loại đề nghị', en: 'application class' },
  Approver: { vi: 'chức danh ký duyệt', en: 'approver' },
  Province: { vi: 'tỉnh', en: 'province' },
  ServiceIndex: { vi: 'bộ chỉ số', en: 'service index' },
  Schema: { vi: 'hợp đồng', en: 'contract' },
} as const

interface Place {
  readonly from: DocumentName
  readonly pointer: string
}

/** A reference to a document that does not exist. */
function dangling({ from, pointer }: Place, to: DocumentName): DocumentFault {
  const { vi, en } = KINDS[to.kind]
  return {
    path: documentPath(from),
    pointer,
    rule: 'reference',
    detail: { vi: `Không có ${vi} ${to.id}.`, en: `There is no ${en} ${to.id}.` },
  }
}

function agencyCodeOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

/** `G01/dan-cu` of `G01/dan-cu/cong-dan/v1`. */
export function providerIdOf(serviceId: string): string {
  return serviceId.split('/', 2).join('/')
}

type Check = (map: ReadonlyMap<string, unknown>, to: DocumentName, pointer: string) => void

/** Collects the dangling references of one document into `faults`. */
function createCheck(directory: Directory, from: DocumentName, faults: DocumentFault[]): Check {
  return (map, to, pointer) => {
    if (map.has(to.id) || directory.declared.has(documentPath(to))) return
    faults.push(dangling({ from, pointer }, to))
  }
}

function checkSuccessors(agency: Agency, directory: Directory, faults: DocumentFault[]): void {
  const from = { kind: 'Agency', id: agency.code } as const
  const { successor } = agency
  if (successor === undefined) return
  createCheck(directory, from, faults)(directory.agencies, { kind: 'Agency', id: successor }, '/successor')
  const seen = new Set<string>()
  let next: string | undefined = successor
  while (next !== undefined && !seen.has(next)) {
    if (next === agency.code) {
      const detail = { vi: 'Chuỗi kế thừa quay vòng.', en: 'The succession runs in a circle.' }
      faults.push({ path: documentPath(from), pointer: '/successor', rule: 'successor_circle', detail })
      return
    }
    seen.add(next)
    next = directory.agencies.get(next)?.successor
  }
}

/** A code means one agency only, under whatever form it circulates. */
function checkAgencyCodes(agencies: Iterable<Agency>, faults: DocumentFault[]): void {
  const owners = new Map<string, string>()
  const all = [...agencies]
  for (const { code } of all) owners.set(code, code)
  for (const { code, taxCode } of all) {
    if (taxCode === undefined) continue
    const owner = owners.get(taxCode)
    owners.set(taxCode, code)
    if (owner === undefined) continue
    const detail = {
      vi: `Mã này đã thuộc cơ quan ${owner}.`,
      en: `This code already means agency ${owner}.`,
    }
    const path = documentPath({ kind: 'Agency', id: code })
    faults.push({ path, pointer: '/taxCode', rule: 'alias_duplicate', detail })
  }
  for (const { code, aliases } of all) {
    for (const [index, alias] of (aliases ?? []).entries()) {
      const owner = owners.get(alias)
      if (owner === undefined) owners.set(alias, code)
      else {
        const detail = {
          vi: `Mã này đã thuộc cơ quan ${owner}.`,
          en: `This code already means agency ${owner}.`,
        }
        const path = documentPath({ kind: 'Agency', id: code })
        faults.push({ path, pointer: `/aliases/${index}`, rule: 'alias_duplicate', detail })
      }
    }
  }
}

/** A key or certificate stands for one subsystem: what it signs must not be deniable by pointing at another. */
function checkSharedKeys(subsystems: Iterable<Subsystem>, faults: DocumentFault[]): void {
  const owners = new Map<string, string>()
  for (const { id, credentials } of subsystems) {
    const claims = [
      ...(credentials?.jwks ?? []).map(
        (jwk, index) => [`/credentials/jwks/${index}`, jwk.n ?? jwk.x] as const,
      ),
      ...(credentials?.foreignClients ?? []).map(
        ({ issuer, clientId }, index) =>
          [`/credentials/foreignClients/${index}`, JSON.stringify([issuer, clientId])] as const,
      ),
      ...(credentials?.certificates ?? []).map(
        (mark, index) => [`/credentials/certificates/${index}`, mark] as const,
      ),
    ]
    for (const [pointer, mark] of claims) {
      const owner = mark === undefined ? undefined : owners.get(mark)
      if (mark !== undefined && owner === undefined) owners.set(mark, id)
      if (owner === undefined) continue
      const detail = {
        vi: `Khóa hoặc tên này đã đăng ký cho ${owner}.`,
        en: `This key or name is already registered for ${owner}.`,
      }
      faults.push({ path: documentPath({ kind: 'Subsystem', id }), pointer, rule: 'key_shared', detail })
    }
  }
}

function checkServiceReferences(service: Service, directory: Directory, faults: DocumentFault[]): void {
  const from = { kind: 'Service', id: service.id } as const
  const check = createCheck(directory, from, faults)
  check(directory.subsystems, { kind: 'Subsystem', id: providerIdOf(service.id) }, '/id')
  const { successor } = service.deprecation ?? {}
  if (successor !== undefined) {
    check(directory.services, { kind: 'Service', id: successor }, '/deprecation/successor')
  }
  if (service.contract === undefined) return
  const to = { kind: 'Schema', id: service.contract } as const
  if (directory.catalogue.contract(to.id) === undefined && !directory.declared.has(documentPath(to))) {
    faults.push(dangling({ from, pointer: '/contract' }, to))
  }
  faults.push(...checkResults(service, directory.catalogue.contract(to.id)))
  const ground = {
    serviceOf: (id: string) => directory.services.get(id),
    contractOf: (path: string) => directory.catalogue.contract(path),
    isFaulty: (id: string) => directory.declared.has(documentPath({ kind: 'Service', id })),
  }
  const contract = directory.catalogue.contract(to.id)
  faults.push(...checkPlan(service, ground), ...checkSoap(service, contract), ...checkSql(service, contract))
}

/** Each operation that is answered later has to say when, and no other may. */
function checkResults(
  { results = {}, ...service }: Service,
  contract: Contract | undefined,
): readonly DocumentFault[] {
  if (contract === undefined) return []
  const path = documentPath({ kind: 'Service', id: service.id })
  const later = [...contract.operations.values()].filter(({ kind }) => kind === 'request')
  const missing = later.flatMap(({ id }) => {
    const detail = { vi: `Chưa có hạn trả kết quả của ${id}.`, en: `When ${id} is due is not said.` }
    return results[id] === undefined
      ? [{ path, pointer: '/results', rule: 'result_terms_missing', detail }]
      : []
  })
  const unknown = Object.keys(results).flatMap((id) => {
    const detail = {
      vi: `${id} không phải thao tác kind request.`,
      en: `${id} is no operation of kind request.`,
    }
    const pointer = `/results/${id}`
    return later.some((operation) => operation.id === id)
      ? []
      : [{ path, pointer, rule: 'operation_unknown', detail }]
  })
  return [...missing, ...unknown]
}

function checkDelay(delay: DelayedDisclosure | undefined, directory: Directory, check: Check): void {
  if (delay === undefined) return
  check(directory.legalBases, { kind: 'LegalBasis', id: delay.legalBasis }, '/delayedDisclosure/legalBasis')
}

/** Operations and fields that the contract does not have. */
function checkGrants(agreement: Agreement, contract: Contract): DocumentFault[] {
  const path = documentPath(agreement)
  return agreement.operations.flatMap(({ operation: id, fields }, index) => {
    const operation = contract.operations.get(id)
    if (operation === undefined) {
      const detail = { vi: `Hợp đồng không có thao tác ${id}.`, en: `The contract has no operation ${id}.` }
      return [{ path, pointer: `/operations/${index}/operation`, rule: 'operation_unknown', detail }]
    }
    const detail = {
      vi: `Câu trả lời của ${id} không có trường này.`,
      en: `The answer of ${id} has no such field.`,
    }
    const unknown = fields.flatMap((field, place) =>
      operation.hasField(field)
        ? []
        : [{ path, pointer: `/operations/${index}/fields/${place}`, rule: 'field_unknown', detail }],
    )
    return [
      ...unknown,
      ...checkAnonymity(operation, fields, { path, pointer: `/operations/${index}/fields` }),
    ]
  })
}

/** A consent is one person's: what is opened under one has to say whom it is about. */
function checkConsent({ consent, ...agreement }: Agreement, contract: Contract): DocumentFault[] {
  if (consent === undefined) return []
  const detail = {
    vi: 'Thao tác dựa trên sự đồng ý phải có x-exchange.subject, hỏi từng người một.',
    en: 'An operation under consent needs x-exchange.subject, one person at a time.',
  }
  return agreement.operations.flatMap(({ operation: id }, index) => {
    const operation = contract.operations.get(id)
    const isOfOne = operation?.subjectPointer !== undefined && operation.kind !== 'event'
    if (operation === undefined || (isOfOne && operation.batch === undefined)) return []
    const path = documentPath(agreement)
    return [{ path, pointer: `/operations/${index}/operation`, rule: 'consent_subject_missing', detail }]
  })
}

/**
 * @param contract the contract of the agreement's service, where its operations and fields are to be checked.
 * @returns what an agreement names and the registry does not have.
 */
export function checkAgreementReferences(
  agreement: Agreement,
  directory: Directory,
  contract: Contract | undefined,
): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, agreement, faults)
  check(directory.subsystems, { kind: 'Subsystem', id: agreement.consumer }, '/consumer')
  check(directory.services, { kind: 'Service', id: agreement.service }, '/service')
  agreement.legalBases.forEach((id, index) => {
    check(directory.legalBases, { kind: 'LegalBasis', id }, `/legalBases/${index}`)
  })
  agreement.consent?.issuers.forEach((id, index) => {
    check(directory.subsystems, { kind: 'Subsystem', id }, `/consent/issuers/${index}`)
  })
  checkDelay(agreement.delayedDisclosure, directory, check)
  if (contract !== undefined) {
    faults.push(...checkGrants(agreement, contract), ...checkConsent(agreement, contract))
  }
  return faults
}

/** @returns what a reader's right names and the registry does not have. */
export function checkReaderReferences(reader: Reader, directory: Directory): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, reader, faults)
  check(directory.subsystems, { kind: 'Subsystem', id: reader.subsystem }, '/subsystem')
  reader.legalBases.forEach((id, index) => {
    check(directory.legalBases, { kind: 'LegalBasis', id }, `/legalBases/${index}`)
  })
  checkDelay(reader.delayedDisclosure, directory, check)
  return faults
}

/** A service or consumer that a task is measured by may still be to come: that is what the task is for. */
export function checkTaskReferences(task: Task, directory: Directory): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, task, faults)
  check(directory.agencies, { kind: 'Agency', id: task.agency }, '/agency')
  const { legalBasis } = task
  if (legalBasis !== undefined)
    check(directory.legalBases, { kind: 'LegalBasis', id: legalBasis }, '/legalBasis')
  return faults
}

/** @returns the texts that a class of applications stands on and the registry does not have. */
export function checkClassReferences(document: ApplicationClass, directory: Directory): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, document, faults)
  document.legalBases.forEach((id, index) => {
    check(directory.legalBases, { kind: 'LegalBasis', id }, `/legalBases/${index}`)
  })
  return faults
}

/** @returns what an approver's document names and the registry does not have. */
export function checkApproverReferences(
  document: Approver,
  classes: ReadonlyMap<string, ApplicationClass>,
  directory: Directory,
): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, document, faults)
  document.classes.forEach((id, index) => {
    check(classes, { kind: 'ApplicationClass', id }, `/classes/${index}`)
  })
  if (document.agencies !== 'all') {
    document.agencies.forEach((id, index) => {
      check(directory.agencies, { kind: 'Agency', id }, `/agencies/${index}`)
    })
  }
  document.legalBases.forEach((id, index) => {
    check(directory.legalBases, { kind: 'LegalBasis', id }, `/legalBases/${index}`)
  })
  return faults
}

const NO_END = '9999-12-31'

function meet(one: Validity, other: Validity): boolean {
  return one.from <= (other.until ?? NO_END) && other.from <= (one.until ?? NO_END)
}

/** @returns the text that an index names and the registry does not have, and days on which another one is in force too. */
export function checkIndexReferences(
  document: ServiceIndex,
  indexes: readonly ServiceIndex[],
  directory: Directory,
): DocumentFault[] {
  const faults: DocumentFault[] = []
  const check = createCheck(directory, document, faults)
  check(directory.legalBases, { kind: 'LegalBasis', id: document.legalBasis }, '/legalBasis')
  const other = indexes.find(({ id, validity }) => id !== document.id && meet(validity, document.validity))
  if (other !== undefined) {
    const detail = {
      vi: `Trùng ngày hiệu lực với bộ chỉ số ${other.id}.`,
      en: `The index ${other.id} is in force on some of these days.`,
    }
    faults.push({ path: documentPath(document), pointer: '/validity', rule: 'index_overlap', detail })
  }
  return faults
}

/** @returns every fault between agencies, subsystems and services. */
export function checkPartyReferences(directory: Directory): DocumentFault[] {
  const faults: DocumentFault[] = []
  checkAgencyCodes(directory.agencies.values(), faults)
  checkSharedKeys(directory.subsystems.values(), faults)
  for (const agency of directory.agencies.values()) checkSuccessors(agency, directory, faults)
  for (const { id } of directory.subsystems.values()) {
    const check = createCheck(directory, { kind: 'Subsystem', id }, faults)
    check(directory.agencies, { kind: 'Agency', id: agencyCodeOf(id) }, '/id')
  }
  for (const { id, replacedBy } of directory.legalBases.values()) {
    const check = createCheck(directory, { kind: 'LegalBasis', id }, faults)
    if (replacedBy) check(directory.legalBases, { kind: 'LegalBasis', id: replacedBy }, '/replacedBy')
  }
  for (const service of directory.services.values()) checkServiceReferences(service, directory, faults)
  return faults
}

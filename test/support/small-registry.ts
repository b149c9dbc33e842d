import type { Operation } from '../../src/contract/contract.ts'
import { createUnitResolver } from '../../src/model/administrative-unit.ts'
import { type Agreement, validSpan } from '../../src/model/agreement.ts'
import type { Service, Subsystem } from '../../src/model/party.ts'
import { compileGrant } from '../../src/registry/grant.ts'
import type { CompiledAgreement, CompiledService, Registry } from '../../src/registry/snapshot.ts'

const NAME = { vi: 'Thử', en: 'Test' }

export const AGREEMENT: Agreement = {
  kind: 'Agreement',
  id: 'TT-1',
  title: NAME,
  consumer: 'H29/mot-cua',
  service: 'G01/dan-cu/cong-dan/v1',
  operations: [{ operation: 'lookUp', fields: ['/name', '/born'] }],
  purposes: ['giai-quyet-thu-tuc'],
  legalBases: ['luat'],
  quota: { perSecond: 10, perDay: 100 },
  validity: { from: '2026-01-01', until: '2026-12-31' },
  state: 'active',
}

export function compileAgreement(
  change: Partial<Agreement> = {},
  basis = { from: '2020-01-01', until: '2030-12-31' },
): CompiledAgreement {
  const document = { ...AGREEMENT, ...change }
  return {
    document,
    digest: 'd'.repeat(64),
    span: validSpan(document.validity),
    bases: [
      {
        document: { kind: 'LegalBasis', id: 'luat', title: NAME, text: '1/2020/QH', validity: basis },
        span: validSpan(basis),
      },
    ],
    grants: new Map(document.operations.map((grant) => [grant.operation, compileGrant(grant)])),
  }
}

const OPERATION: Operation = {
  id: 'lookUp',
  method: 'POST',
  pathTemplate: '/tra-cuu',
  title: NAME,
  kind: 'lookup',
  durableBefore: false,
  idempotent: true,
  personalData: 'basic',
  subjectPointer: '/personalId',
  batch: undefined,
  checkRequest() {},
  judgeBody: () => undefined,
  checkResponse() {},
  keepDeclared: (_status, body) => body,
  hasField: () => true,
}

/** A registry of one service with these agreements. */
export function smallRegistry(
  agreements: readonly CompiledAgreement[],
  change: Partial<Operation> = {},
): Registry {
  const operation = { ...OPERATION, ...change }
  const provider = {
    kind: 'Subsystem',
    id: 'G01/dan-cu',
    name: NAME,
    state: 'active',
  } as unknown as Subsystem
  const document = {
    kind: 'Service',
    id: AGREEMENT.service,
    name: NAME,
    state: 'active',
    contract: 'services/x.yaml',
    binding: { baseUrl: 'http://127.0.0.1:1', timeoutMs: 1000 },
  } as Service
  const service: CompiledService = {
    document,
    provider,
    contract: {
      path: 'services/x.yaml',
      digest: 'c'.repeat(64),
      title: NAME,
      version: '1.0.0',
      operations: new Map([[operation.id, operation]]),
      bundle: () => ({ openapi: '3.1.1', paths: {}, components: { schemas: {} } }),
      match: (method, path) =>
        method === 'POST' && path === '/tra-cuu' ? { operation, pathParameters: {} } : undefined,
    },
    agreementsOf: (consumer) => (consumer === AGREEMENT.consumer ? agreements : []),
  }
  return {
    version: 1,
    digest: 'e'.repeat(64),
    agencies: new Map(),
    subsystems: new Map([[provider.id, provider]]),
    services: new Map([[document.id, service]]),
    readers: new Map(),
    isWorkingDay: () => true,
    tasks: [],
    serviceIndexes: [],
    legalBases: new Map(),
    resolveUnit: createUnitResolver([]),
    applicationClasses: new Map(),
    approvers: new Map(),
    judgeAgreement: () => [],
    agreements: new Map(agreements.map((agreement) => [agreement.document.id, agreement])),
  }
}

import type { Contract } from '../contract/contract.ts'
import { createOpaqueContract } from '../contract/opaque.ts'
import { type Agreement, basisSpan, validSpan } from '../model/agreement.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import type { CompiledAgreement, CompiledRegistry, CompiledService, Memo } from './compiled.ts'
import { digestWith } from './digest.ts'
import type { RegistryDocuments } from './documents.ts'
import { compileGrant } from './grant.ts'
import { type Directory, providerIdOf } from './references.ts'

/** What one compilation works on; the documents are sound. */
export interface Build {
  readonly documents: RegistryDocuments
  readonly directory: Directory
  readonly memo: Memo
  readonly previous: CompiledRegistry | undefined
}

/** Grants, span and bases stand as they were where neither the agreement nor its legal bases changed. */
export function compileAgreement(
  document: Agreement,
  { directory, memo, previous }: Build,
): CompiledAgreement {
  const digest = digestWith(memo, document)
  const known = previous?.agreements.get(document.id)
  const documents = document.legalBases.flatMap((id) => directory.legalBases.get(id) ?? [])
  const sameDocument = known?.digest === digest
  if (known && sameDocument && known.bases.every((basis, index) => basis.document === documents[index]))
    return known
  return Object.freeze({
    document,
    digest,
    span: validSpan(document.validity),
    bases: Object.freeze(documents.map((basis) => ({ document: basis, span: basisSpan(basis) }))),
    grants:
      known && sameDocument
        ? known.grants
        : new Map(document.operations.map((grant) => [grant.operation, compileGrant(grant)])),
  })
}

const NONE: readonly CompiledAgreement[] = Object.freeze([])

type ByConsumer = Map<SubsystemId, CompiledAgreement[]>

/** @returns what may be said to a service: by its document, or by its endpoints where messages are passed whole. */
export function contractOf(
  { contract, endpoints }: Service,
  { catalogue }: Pick<Directory, 'catalogue'>,
): Contract | undefined {
  if (contract !== undefined) return catalogue.contract(contract)
  return endpoints && createOpaqueContract(endpoints)
}

/** Services with their agreements by consumer: finding them costs the same however many there are. */
export function compileServices(
  { documents, directory }: Build,
  agreements: ReadonlyMap<string, CompiledAgreement>,
): Map<ServiceId, CompiledService> {
  const byService = new Map<ServiceId, ByConsumer>()
  for (const agreement of agreements.values()) {
    const { service, consumer } = agreement.document
    const byConsumer: ByConsumer = byService.get(service) ?? new Map()
    byService.set(service, byConsumer)
    const list = byConsumer.get(consumer)
    if (list) list.push(agreement)
    else byConsumer.set(consumer, [agreement])
  }
  const services = new Map<ServiceId, CompiledService>()
  for (const document of documents.services) {
    const provider = directory.subsystems.get(providerIdOf(document.id))
    const contract = contractOf(document, directory)
    if (provider === undefined || contract === undefined) continue
    const byConsumer = byService.get(document.id)
    const agreementsOf = (consumer: SubsystemId) => byConsumer?.get(consumer) ?? NONE
    services.set(document.id, Object.freeze({ document, provider, contract, agreementsOf }))
  }
  return services
}

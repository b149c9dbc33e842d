import type { LabelSource } from './metric-entry.ts'

/** Stands for a value the registry does not know: what a caller chose never becomes a label or a log field. */
export const UNKNOWN = '_unknown'

/** What telemetry reads of a registry; a compiled `Registry` is one. */
export interface RegistryView {
  readonly version: number
  readonly digest: string
  readonly subsystems: ReadonlyMap<string, unknown>
  readonly services: ReadonlyMap<string, ServiceView>
  readonly agreements: ReadonlyMap<string, AgreementView>
}

export interface ServiceView {
  readonly document: { readonly binding?: { readonly baseUrl: string } }
  readonly provider: { readonly id: string }
  readonly contract: { readonly operations: ReadonlyMap<string, OperationView> }
}

export interface OperationView {
  readonly method: string
  readonly pathTemplate: string
}

export interface AgreementView {
  readonly document: {
    readonly consumer: string
    readonly service: string
    readonly purposes: readonly string[]
  }
  readonly grants: ReadonlyMap<string, unknown>
}

/** Kinds of value that only a registry makes known. */
export type KnownKind =
  Extract<LabelSource, string> extends infer K
    ? Exclude<K, 'method' | 'status' | 'error' | 'given'> | 'agreement' | 'purpose'
    : never

interface Words {
  has(word: string): boolean
}

/** The words one registry admits into metrics and logs. */
export type Known = Readonly<Record<KnownKind, Words>>

/** @returns the host of a provider's address without port, as `server.address` of OpenTelemetry. */
export function addressOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).hostname : UNKNOWN
}

/** @returns the `http.route` of one operation behind the native door: a template, never a path. */
export function routeOf(service: string, pathTemplate: string): string {
  // An event type has no path of its own.
  return pathTemplate === '' ? `/events/${service}` : `/exchange/${service}${pathTemplate}`
}

/** Nothing is known: before the first registry is loaded. */
export function knownNothing(routes: Iterable<string> = []): Known {
  const none: Words = new Set()
  return {
    subsystem: none,
    service: none,
    operation: none,
    address: none,
    agreement: none,
    purpose: none,
    route: new Set(routes),
  }
}

/**
 * @param registry the snapshot that serves.
 * @param routes the gateway's own routes, e.g. `/oauth/token`.
 */
export function knownIn(registry: RegistryView, routes: Iterable<string> = []): Known {
  const operation = new Set<string>()
  const route = new Set(routes)
  const address = new Set<string>()
  const purpose = new Set<string>()
  for (const [service, { contract, document }] of registry.services) {
    if (document.binding) address.add(addressOf(document.binding.baseUrl))
    for (const [id, { pathTemplate }] of contract.operations) {
      operation.add(id)
      route.add(routeOf(service, pathTemplate))
    }
  }
  for (const { document } of registry.agreements.values()) {
    for (const each of document.purposes) purpose.add(each)
  }
  const { subsystems: subsystem, services: service, agreements: agreement } = registry
  return { subsystem, service, agreement, operation, route, address, purpose }
}

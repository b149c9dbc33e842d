import { isWithin } from '../model/agreement.ts'
import { GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { memberOf, serviceCodeOf, type XroadNames } from '../registry/xroad-names.ts'
import { bundleWithSetsApart } from './ordered-sets.ts'
import { escapeXml } from './xroad-errors.ts'

/** X-Road's questions about what may be asked: no right is needed for them. On the wire they are in snake_case. */

export const METASERVICES: ReadonlySet<string> = new Set(['listMethods', 'allowedMethods', 'getOpenAPI'])

export interface MetaAnswer {
  readonly contentType: string
  readonly body: Buffer
}

/** What an answer is made of. */
export interface MetaGround {
  readonly registry: Registry
  readonly names: XroadNames
  readonly instance: string
}

function json(content: unknown): MetaAnswer {
  return { contentType: 'application/json;charset=utf-8', body: Buffer.from(JSON.stringify(content)) }
}

/** @param isOpen whether an operation is shown. */
function describe(
  { names }: MetaGround,
  service: CompiledService,
  isOpen: (operation: string) => boolean,
): Record<string, unknown> | undefined {
  const name = names.nameOf(service.provider.id)
  const endpoints = [...service.contract.operations.values()]
    .filter(({ id, anonymised }) => anonymised === undefined && isOpen(id))
    .map(({ method, pathTemplate }) => ({ method, path: pathTemplate.replace(/\{[^}]*\}/g, '*') }))
  if (name === undefined || endpoints.length === 0) return undefined
  const [instance, memberClass, member, subsystem] = name
  return {
    object_type: 'SERVICE',
    service_type: service.contract.isOpaque === true ? 'REST' : 'OPENAPI',
    xroad_instance: instance,
    member_class: memberClass,
    member_code: member,
    subsystem_code: subsystem,
    service_code: serviceCodeOf(service.document.id),
    endpoint_list: endpoints,
  }
}

function servicesOf({ registry }: MetaGround, provider: SubsystemId | undefined): CompiledService[] {
  if (provider === undefined || !registry.subsystems.has(provider)) throw new GatewayError('service_unknown')
  return [...registry.services.values()].filter(
    (service) => service.provider.id === provider && service.document.state === 'active',
  )
}

export function listMethods(ground: MetaGround, provider: SubsystemId | undefined): MetaAnswer {
  const all = servicesOf(ground, provider)
  return json({ service: all.flatMap((service) => describe(ground, service, () => true) ?? []) })
}

/** Only what the consumer's agreements open at this moment. */
export function allowedMethods(
  ground: MetaGround,
  asked: {
    readonly provider: SubsystemId | undefined
    readonly consumer: SubsystemId | undefined
    readonly nowMs: number
  },
): MetaAnswer {
  const { provider, consumer, nowMs } = asked
  if (consumer === undefined) throw new GatewayError('client_unknown')
  const allowed = servicesOf(ground, provider).flatMap((service) => {
    const inForce = service
      .agreementsOf(consumer)
      .filter(
        ({ document, span, bases }) =>
          document.state === 'active' &&
          isWithin(span, nowMs) &&
          bases.every((basis) => isWithin(basis.span, nowMs)),
      )
    return describe(ground, service, (id) => inForce.some(({ grants }) => grants.has(id))) ?? []
  })
  return json({ service: allowed })
}

interface Client {
  readonly type: 'MEMBER' | 'SUBSYSTEM'
  readonly id: readonly string[]
  readonly name: string
  readonly subsystemName?: string
}

function clientsOf({ registry, names, instance }: MetaGround): Client[] {
  const members = [...registry.agencies.values()].map(
    (agency): Client => ({ type: 'MEMBER', id: [instance, ...memberOf(agency)], name: agency.name.vi }),
  )
  const subsystems = [...registry.subsystems.values()].flatMap(({ id, name, state }): Client[] => {
    const called = names.nameOf(id)
    const agency = registry.agencies.get(id.slice(0, id.indexOf('/')))
    if (called === undefined || agency === undefined || state !== 'active') return []
    return [{ type: 'SUBSYSTEM', id: called, name: agency.name.vi, subsystemName: name.vi }]
  })
  return [...members, ...subsystems]
}

const PARTS = ['xroad_instance', 'member_class', 'member_code', 'subsystem_code'] as const
const XML_PARTS = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode'] as const

function clientJson({ type, id, name, subsystemName }: Client): Record<string, unknown> {
  const parts = id.map((part, place) => [PARTS[place] ?? '', part] as const)
  return {
    id: { object_type: type, ...Object.fromEntries(parts) },
    name,
    ...(subsystemName !== undefined && { subsystem_name: subsystemName }),
  }
}

function clientXml({ type, id, name }: Client): string {
  const parts = id.map((part, place) => `<id:${XML_PARTS[place]}>${escapeXml(part)}</id:${XML_PARTS[place]}>`)
  return `<xroad:member><xroad:id id:objectType="${type}">${parts.join('')}</xroad:id><xroad:name>${escapeXml(name)}</xroad:name></xroad:member>`
}

/** @param accept XML unless it asks for JSON, as X-Road answers. */
export function listClients(ground: MetaGround, accept: string | undefined): MetaAnswer {
  const clients = clientsOf(ground)
  if (accept?.toLowerCase().includes('application/json') === true) {
    return json({ member: clients.map(clientJson) })
  }
  const list = clients.map(clientXml).join('')
  const xml = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><xroad:clientList xmlns:xroad="http://x-road.eu/xsd/xroad.xsd" xmlns:id="http://x-road.eu/xsd/identifiers">${list}</xroad:clientList>`
  return { contentType: 'text/xml;charset=utf-8', body: Buffer.from(xml) }
}

/** Words that collectors of descriptions compare by the letter, so they are the same in both languages. */
function undescribed(text: string): GatewayError {
  return new GatewayError('description_missing', { detail: { vi: text, en: text } })
}

/** Where a provider really is, is nobody's business: its path stays. */
function withoutHost(url: unknown): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).pathname : String(url)
}

/** @param query of the request, raw. */
export function getOpenApi(
  ground: MetaGround,
  provider: SubsystemId | undefined,
  query: string | undefined,
): MetaAnswer {
  if (provider === undefined) throw new GatewayError('service_unknown')
  const code = new URLSearchParams(query ?? '').get('serviceCode')
  if (!code) {
    const text = 'Missing serviceCode in message body'
    throw new GatewayError('service_code_missing', { detail: { vi: text, en: text } })
  }
  const id = ground.names.serviceId(provider, code)
  const service = id && servicesOf(ground, provider).find(({ document }) => document.id === id)
  const name = ground.names.nameOf(provider)
  if (!service) throw undescribed(`Service not found: SERVICE:${[...(name ?? [provider]), code].join('/')}`)
  if (service.contract.isOpaque === true) throw undescribed('Invalid service type: REST')
  const document: Record<string, unknown> = { ...bundleWithSetsApart(service) }
  const { servers } = document
  if (Array.isArray(servers)) {
    document['servers'] = servers.map((server: { readonly url?: unknown }) => ({
      ...server,
      url: withoutHost(server.url),
    }))
  }
  return json(document)
}

import { LOCAL_NAME, SERVICE_VERSION, type ServiceId, type SubsystemId } from '../model/identifier.ts'
import type { Agency } from '../model/party.ts'
import type { Registry } from './compiled.ts'

/** X-Road's identifier of a subsystem: instance, member class, member code, subsystem code. */
export type XroadSubsystem = readonly [
  instance: string,
  memberClass: string,
  member: string,
  subsystem: string,
]

/** How the registry's parties and services are called on X-Road, and back. Comparison is case-sensitive. */
export interface XroadNames {
  /** @returns the subsystem, by its agency's code, an older code or its tax code; registered or not yet looked at. */
  subsystemId(name: XroadSubsystem): SubsystemId | undefined
  /** @param code `name.vN`, or the name alone, which means its lowest version in use: it never moves under a consumer. */
  serviceId(provider: SubsystemId, code: string): ServiceId | undefined
  nameOf(subsystem: SubsystemId): XroadSubsystem | undefined
  /** @returns the agency that is called so. @param memberClass where absent, the code may be of any. */
  agencyOf(member: string, memberClass: string | undefined): string | undefined
}

/** `name.vN` of `agency/subsystem/name/vN`. */
export function serviceCodeOf(service: ServiceId): string {
  const [, , name, version] = service.split('/')
  return `${name}.${version}`
}

/** @returns class and code: a company's tax code where it has one, else the agency's own code. */
export function memberOf({ code, taxCode }: Agency): readonly [memberClass: 'GOV' | 'COM', member: string] {
  return taxCode === undefined ? ['GOV', code] : ['COM', taxCode]
}

interface Service {
  readonly version: number
  readonly id: ServiceId
  readonly isActive: boolean
}

/** @returns the service in use with the lowest version; where none is in use, the lowest of all, so that its notice is told. */
function oldest(services: readonly Service[]): ServiceId | undefined {
  const sorted = services.toSorted((one, other) => one.version - other.version)
  return (sorted.find(({ isActive }) => isActive) ?? sorted[0])?.id
}

function indexNames(instance: string, { agencies, services }: Registry): XroadNames {
  const byMember = new Map<string, string>()
  for (const agency of agencies.values()) {
    const { code, aliases = [] } = agency
    byMember.set(memberOf(agency).join('/'), code)
    for (const alias of aliases) byMember.set(`GOV/${alias}`, code)
  }
  const versions = new Map<string, Service[]>()
  for (const { document } of services.values()) {
    const [agency, subsystem, name, version = ''] = document.id.split('/')
    const key = `${agency}/${subsystem}/${name}`
    const known = versions.get(key) ?? []
    known.push({ version: Number(version.slice(1)), id: document.id, isActive: document.state === 'active' })
    versions.set(key, known)
  }
  const unversioned = new Map([...versions].map(([key, list]) => [key, oldest(list)]))
  return {
    subsystemId([ofInstance, memberClass, member, subsystem]) {
      const agency = ofInstance === instance ? byMember.get(`${memberClass}/${member}`) : undefined
      return agency !== undefined && LOCAL_NAME.test(subsystem) ? `${agency}/${subsystem}` : undefined
    },
    serviceId(provider, code) {
      const dot = code.indexOf('.')
      if (dot < 0) return unversioned.get(`${provider}/${code}`)
      const [name, version] = [code.slice(0, dot), code.slice(dot + 1)]
      return LOCAL_NAME.test(name) && SERVICE_VERSION.test(version)
        ? `${provider}/${name}/${version}`
        : undefined
    },
    agencyOf: (member, memberClass) =>
      memberClass === undefined
        ? (byMember.get(`GOV/${member}`) ?? byMember.get(`COM/${member}`))
        : byMember.get(`${memberClass}/${member}`),
    nameOf(id) {
      const [code = '', subsystem = ''] = id.split('/')
      const agency = agencies.get(code)
      return agency && [instance, ...memberOf(agency), subsystem]
    },
  }
}

/** @returns the names of a registry, indexed once for as long as it is the one in use. */
export function createXroadNames(instance: string): (registry: Registry) => XroadNames {
  let indexed: { readonly registry: Registry; readonly names: XroadNames } | undefined
  return (registry) => {
    if (indexed?.registry !== registry) indexed = { registry, names: indexNames(instance, registry) }
    return indexed.names
  }
}

import { createLandAgency } from './agencies/land.ts'
import { createPopulationAgency } from './agencies/population.ts'
import { createTaxAgency } from './agencies/tax.ts'
import type { Country } from './country.ts'
import type { SandboxOperation } from './operation.ts'

/** One agency's system in the sandbox. */
export interface AgencyEntry {
  /** The service of `config/registry` it answers. */
  readonly service: string
  /** Where it stands on loopback by default; `config/registry` binds its services to this. */
  readonly port: number
  readonly create: (country: Country, now: () => Date) => readonly SandboxOperation[]
}

/** Every system that the sandbox plays. */
export const AGENCIES = {
  population: { service: 'G01/dan-cu/cong-dan/v1', port: 9101, create: createPopulationAgency },
  land: { service: 'G10/dat-dai/thua-dat/v1', port: 9102, create: createLandAgency },
  tax: { service: 'G12/thue/nguoi-nop-thue/v1', port: 9103, create: createTaxAgency },
} as const satisfies Record<string, AgencyEntry>

export type AgencyName = keyof typeof AGENCIES

/** In the order of the table. */
export const AGENCY_NAMES = Object.keys(AGENCIES) as readonly AgencyName[]

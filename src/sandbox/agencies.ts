import type { Country } from './country.ts'
import { createLandAgency } from './land-agency.ts'
import type { SandboxOperation } from './operation.ts'
import { createPopulationAgency } from './population-agency.ts'
import { createTaxAgency } from './tax-agency.ts'

/** One agency's system in the sandbox. */
export interface AgencyEntry {
  /** The subsystem of `config/registry` it answers for. */
  readonly subsystem: string
  /** Where it stands on loopback by default; `config/registry` binds its services to this. */
  readonly port: number
  readonly create: (country: Country, now: () => Date) => readonly SandboxOperation[]
}

/** Every system that the sandbox plays. */
export const AGENCIES = {
  population: { subsystem: 'G01/dan-cu', port: 9101, create: createPopulationAgency },
  land: { subsystem: 'G10/dat-dai', port: 9102, create: createLandAgency },
  tax: { subsystem: 'G12/thue', port: 9103, create: createTaxAgency },
} as const satisfies Record<string, AgencyEntry>

export type AgencyName = keyof typeof AGENCIES

/** In the order of the table. */
export const AGENCY_NAMES = Object.keys(AGENCIES) as readonly AgencyName[]

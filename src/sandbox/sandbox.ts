import {
  type AgencyName,
  type SandboxAgency,
  type SandboxAgencyOptions,
  startSandboxAgency,
} from './agency.ts'
import { createCountry } from './country.ts'

/** Where the agencies stand by default; `config/registry` binds their services to these. */
export const SANDBOX_PORTS = { population: 9101, land: 9102, tax: 9103 } as const satisfies Record<
  AgencyName,
  number
>

export interface SandboxOptions extends Omit<SandboxAgencyOptions, 'agency' | 'port' | 'country'> {
  /** `default`: SANDBOX_PORTS, a free port instead of one that is taken. `free`: free ports. */
  readonly ports: 'default' | 'free'
  /** Another seed is another country. */
  readonly seed?: number
}

/** All agencies, in one country. */
export interface Sandbox {
  readonly agencies: Readonly<Record<AgencyName, SandboxAgency>>
  close(): Promise<void>
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

async function startNear(options: SandboxAgencyOptions): Promise<SandboxAgency> {
  try {
    return await startSandboxAgency(options)
  } catch (error) {
    if (!isAddressInUse(error)) throw error
    return startSandboxAgency({ ...options, port: 0 })
  }
}

/** Starts the three agencies on loopback; their data agree with each other. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { ports, seed, ...rest } = options
  const country = createCountry(seed)
  const start = (agency: AgencyName) =>
    startNear({ ...rest, agency, country, port: ports === 'default' ? SANDBOX_PORTS[agency] : 0 })
  const [population, land, tax] = await Promise.all([start('population'), start('land'), start('tax')])
  return {
    agencies: { population, land, tax },
    async close() {
      await Promise.all([population.close(), land.close(), tax.close()])
    },
  }
}

import type { SandboxTools } from '../http/sandbox.ts'
import { AGENCIES, AGENCY_NAMES, type AgencyName } from './agencies.ts'
import { type SandboxAgency, type SandboxAgencyOptions, startSandboxAgency } from './agency.ts'
import { createCountry } from './country.ts'

export interface SandboxOptions extends Omit<SandboxAgencyOptions, 'agency' | 'port' | 'country'> {
  /** `default`: those of AGENCIES, a free port instead of one that is taken. `free`: free ports. */
  readonly ports: 'default' | 'free'
  /** Another seed is another country. */
  readonly seed?: number
}

/** All agencies, in one country. */
export interface Sandbox {
  readonly agencies: Readonly<Record<AgencyName, SandboxAgency>>
  /** @returns the base URL of the agency that answers this service. */
  urlOf(service: string): string | undefined
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

/** Starts every agency on loopback; their data agree with each other. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { ports, seed, ...rest } = options
  const country = createCountry(seed)
  const start = async (agency: AgencyName) => {
    const port = ports === 'default' ? AGENCIES[agency].port : 0
    return [agency, await startNear({ ...rest, agency, country, port })] as const
  }
  const started = await Promise.all(AGENCY_NAMES.map(start))
  const byService = new Map(started.map(([name, { url }]) => [AGENCIES[name].service as string, url]))
  return {
    agencies: Object.fromEntries(started) as Record<AgencyName, SandboxAgency>,
    urlOf: (service) => byService.get(service),
    async close() {
      await Promise.all(started.map(([, agency]) => agency.close()))
    },
  }
}

/** @returns what the management listener changes the agencies by. */
export function controlsOf({ agencies }: Sandbox): SandboxTools['agencies'] {
  return new Map(
    Object.entries(agencies).map(([name, agency]) => [
      name,
      { mode: agency.mode, set: (mode) => (mode === 'works' ? agency.heal() : agency.break(mode)) },
    ]),
  )
}

import type { SandboxTools } from '../http/sandbox.ts'
import { repeat } from '../repeat.ts'
import { createCountry } from '../sandbox/country.ts'
import { sampleScenario } from '../sandbox/samples.ts'
import { SCENARIOS } from '../sandbox/scenarios.ts'
import { createTestData } from '../sandbox/test-data.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createSandboxClockStore } from '../storage/sandbox-clock.ts'

/** A gateway's clock, and what it offers where it is a sandbox. */
export interface SandboxSide {
  /** Unix milliseconds: the real time, or a sandbox's own. */
  readonly now: () => number
  /** Absent where the gateway is no sandbox. */
  readonly tools: SandboxTools | undefined
  close(): void
}

interface SandboxOutside {
  readonly database: Pick<Database, 'pool'>
  /** The real time, Unix milliseconds. */
  readonly now: () => number
  /** Agencies of the sandbox that run in this process. */
  readonly agencies?: SandboxTools['agencies'] | undefined
  readonly onError: (error: unknown) => void
}

/** Processes that did not advance the clock themselves follow this soon. */
const FOLLOW_MS = 1000

/** Opens a sandbox's tools. The clock only ever goes forward: nothing recorded becomes later than what follows it. */
export async function openSandboxTools(settings: Settings, outside: SandboxOutside): Promise<SandboxSide> {
  const { now, onError } = outside
  if (!settings.sandbox) return { now, tools: undefined, close: () => {} }
  const store = createSandboxClockStore(outside.database.pool)
  let advancedMs = await store.read()
  const sandboxNow = () => now() + advancedMs
  const follow = async () => {
    advancedMs = Math.max(advancedMs, await store.read())
  }
  const tools: SandboxTools = {
    scenarios: SCENARIOS.map((scenario) => ({ ...scenario, ...sampleScenario(scenario.ending) })),
    drawTestData: createTestData(createCountry()),
    now: sandboxNow,
    advancedMs: () => advancedMs,
    async advance(byMs) {
      advancedMs = Math.max(advancedMs, await store.advance(byMs))
    },
    agencies: outside.agencies ?? new Map(),
  }
  return { now: sandboxNow, tools, close: repeat({ everyMs: FOLLOW_MS, run: follow, onError }) }
}

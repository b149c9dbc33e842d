import type { ReadAuditBody } from '../contract/audit-requests.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Task } from '../repeat.ts'
import { type ApplicationDesk, createApplicationDesk } from '../reporting/application-desk.ts'
import { createApplicationStore } from '../storage/applications.ts'
import type { Database } from '../storage/database.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

interface ApplicationSideParts {
  readonly pool: Database['pool']
  readonly registry: () => Registry
  readonly readBody: ReadAuditBody
  readonly now: () => number
  readonly telemetry: Pick<Telemetry, 'applicationCounts' | 'databaseError'>
}

const COUNT_MS = 60_000

/** Part of the composition root: applications for connection, and what counts those that wait. */
export function createApplicationSide(parts: ApplicationSideParts): {
  readonly desk: ApplicationDesk
  /** For timers of the process that does jobs. */
  readonly tasks: readonly Task[]
} {
  const { telemetry } = parts
  const store = createApplicationStore(parts)
  const run = async () => telemetry.applicationCounts(await store.counts())
  return {
    desk: createApplicationDesk({ ...parts, store }),
    tasks: [{ everyMs: COUNT_MS, run, onError: telemetry.databaseError }],
  }
}

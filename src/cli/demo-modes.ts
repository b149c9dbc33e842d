import type { Bilingual } from '../model/identifier.ts'
import type { Mode, ModeParts, Told } from './demo-mode.ts'
import { CONSENT } from './demo-mode-consent.ts'
import { planFiles } from './demo-mode-files.ts'
import { LATER } from './demo-mode-later.ts'
import { OLD_SYSTEMS } from './demo-mode-old.ts'
import { PLANS } from './demo-mode-plans.ts'
import { ANONYMISED } from './demo-mode-set.ts'
import { SIGNED_DECISION } from './demo-mode-signed.ts'
import { SYNC } from './demo-mode-sync.ts'
import { asFault, EXIT } from './fault.ts'

/** How one of the gateway's other ways to move data did. */
export interface ModeReport {
  /** Stable, for `--json`. */
  readonly id: string
  readonly title: Bilingual
  /** What happened, in a line. */
  readonly told: Bilingual
  readonly ok: boolean
  readonly ms: number
  readonly isFirst: boolean
}

/** Beside a query and a submission, which the tour's exchanges are: every way that data move. */
export function planModes(): readonly Mode[] {
  const { bulk, handOver } = planFiles()
  return [SYNC, bulk, ...LATER, ...PLANS, CONSENT, handOver, ANONYMISED, ...OLD_SYSTEMS, SIGNED_DECISION]
}

/** Shows the modes, each checking itself. @throws CliFault where the operator asks for a stop. */
export async function showModes(
  modes: readonly Mode[],
  parts: ModeParts,
  onMode: (report: ModeReport) => void,
): Promise<readonly ModeReport[]> {
  const reports: ModeReport[] = []
  for (const { id, title, run } of modes) {
    const startedMs = performance.now()
    const { ok, told } = await run(parts).catch((thrown: unknown): Told => {
      const fault = asFault(thrown)
      if (fault.exit === EXIT.interrupted) throw fault
      return { ok: false, told: fault.particulars.detail ?? fault.particulars.title }
    })
    const report = { id, title, told, ok, ms: performance.now() - startedMs, isFirst: reports.length === 0 }
    reports.push(report)
    onMode(report)
  }
  return reports
}

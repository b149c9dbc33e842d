import { setTimeout as sleep } from 'node:timers/promises'
import type { Bilingual } from '../model/identifier.ts'

/** What one check found; `detail` says what is wrong, or what was looked at, without personal data. */
export interface CheckFinding {
  readonly ok: boolean
  /** Exchanges are carried all the same, yet somebody has to look. */
  readonly concern?: true
  readonly detail: Bilingual
}

/** One thing the gateway needs to be able to answer exchanges. */
export interface ReadinessCheck {
  readonly name: string
  readonly check: () => CheckFinding | Promise<CheckFinding>
}

export interface NamedFinding extends CheckFinding {
  readonly name: string
}

export interface Readiness {
  readonly ok: boolean
  readonly checks: readonly NamedFinding[]
}

const PATIENCE_MS = 2000

const THROWN: CheckFinding = {
  ok: false,
  detail: { vi: 'Không kiểm tra được.', en: 'The check itself failed.' },
}
const LATE: CheckFinding = {
  ok: false,
  detail: { vi: 'Kiểm tra quá lâu chưa xong.', en: 'The check did not end in time.' },
}

/**
 * Runs all checks side by side; one that throws or takes too long is not ok.
 * @param patience resolves when a check has waited long enough; after 2 s where absent.
 */
export async function assessReadiness(
  checks: readonly ReadinessCheck[],
  patience: (signal: AbortSignal) => Promise<unknown> = (signal) => sleep(PATIENCE_MS, undefined, { signal }),
): Promise<Readiness> {
  const ended = new AbortController()
  // A check that throws on the spot counts like one that rejects.
  const run = async ({ check }: ReadinessCheck) => check()
  const late = patience(ended.signal).then(
    () => LATE,
    () => LATE,
  )
  const findings = await Promise.all(
    checks.map(async (each): Promise<NamedFinding> => {
      const finding = await Promise.race([run(each).catch(() => THROWN), late])
      return { name: each.name, ...finding }
    }),
  )
  ended.abort()
  return { ok: findings.every(({ ok }) => ok), checks: findings }
}

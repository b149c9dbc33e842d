import type { Bilingual } from '../model/identifier.ts'
import type { Terminal } from './terminal.ts'

/** What one look at something found. */
export interface Finding {
  /** Stable, for programs. */
  readonly check: string
  /** `warning` needs somebody soon, `failed` now; `skipped` could not be looked at. */
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly detail: Bilingual
  /** What to do, where there is something to do. */
  readonly fix?: Bilingual
}

const MARKS = {
  ok: ['green', '✔'],
  warning: ['yellow', '!'],
  failed: ['red', '✘'],
  skipped: ['dim', '–'],
} as const

/** One line for each finding, and under it what to do. */
export function showFindings(findings: readonly Finding[], terminal: Terminal): void {
  const { pick, style } = terminal
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { check, state, detail, fix } of findings) {
    const [colour, mark] = MARKS[state]
    terminal.result(`${style(colour, mark, 'stdout')} ${check.padEnd(width)}  ${pick(detail)}`)
    if (fix !== undefined && state !== 'ok') terminal.result(`  ${' '.repeat(width)}  → ${pick(fix)}`)
  }
}

/** Findings in one language, for `--json`. */
export function findingsJson(findings: readonly Finding[], { pick }: Terminal): readonly object[] {
  return findings.map(({ check, state, detail, fix }) => ({
    check,
    state,
    detail: pick(detail),
    ...(fix !== undefined && { fix: pick(fix) }),
  }))
}

export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'failed')
}

/** The word of a system error, `ECONNREFUSED`; of another one its name. */
export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown'
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
}

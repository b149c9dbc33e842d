import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A test that a row of docs/security.md points to: every test of `file` whose full title has `title` in it. */
export interface TestReference {
  readonly file: string
  readonly title: string
}

/** A row of the threat tables. */
export interface ThreatRow {
  readonly id: string
  readonly threat: string
  readonly control: string
  readonly defaults: string
  readonly tests: readonly TestReference[]
}

/** What came of one test in this run. */
export interface TestOutcome {
  readonly file: string
  readonly fullTitle: string
  readonly state: 'passed' | 'failed' | 'pending'
}

/** @param page docs/security.md. @returns its rows in five columns, the first an id such as `E1`. */
export function readThreats(page: string): ThreatRow[] {
  return [...page.matchAll(/^\| ([A-Z]\d+) \| (.*) \| (.*) \| (.*) \| (.*) \|$/gm)].map(
    ([, id = '', threat = '', control = '', defaults = '', tests = '']) => ({
      id,
      threat,
      control,
      defaults,
      tests: [...tests.matchAll(/`(test\/[^`]+\.test\.ts)` “([^”]+)”/g)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    }),
  )
}

/**
 * Judges the rows by a run. Only files that were run are judged: a run of one says nothing of the others.
 * @param isStrict as in CI: a skipped or missing test is no passed one. Elsewhere `--grep` may leave tests out.
 * @returns a sentence for each row that is not held.
 */
export function faultsOfRun(
  rows: readonly ThreatRow[],
  outcomes: readonly TestOutcome[],
  isStrict: boolean,
): string[] {
  const run = new Set(outcomes.map(({ file }) => file))
  return rows.flatMap(({ id, tests }) =>
    tests
      .filter(({ file }) => run.has(file))
      .flatMap(({ file, title }) => {
        const named = outcomes.filter((outcome) => outcome.file === file && outcome.fullTitle.includes(title))
        const place = `${id}: ${file} “${title}”`
        if (named.length === 0) return isStrict ? [`${place} is no test`] : []
        if (named.some(({ state }) => state === 'failed')) return [`${place} failed`]
        const isPassed = named.some(({ state }) => state === 'passed')
        return isPassed || !isStrict ? [] : [`${place} was skipped`]
      }),
  )
}

/** @param test that has ended. */
export function outcomeOf(test: Mocha.Test): TestOutcome {
  const state = test.isPending() ? 'pending' : test.state === 'passed' ? 'passed' : 'failed'
  return { file: (test.file ?? '').slice(ROOT.length + 1), fullTitle: test.fullTitle(), state }
}

/** Pages whose tables are held by tests. */
const PAGES = ['docs/security.md', 'docs/systems.md'] as const

/** The last check of a run. @throws where a row's test is gone or did not pass. */
export function assertThreatsHeld(outcomes: readonly TestOutcome[]): void {
  for (const page of PAGES) {
    const rows = readThreats(readFileSync(join(ROOT, page), 'utf8'))
    const faults = faultsOfRun(rows, outcomes, process.env['CI'] === 'true')
    if (faults.length > 0) throw new Error(`${page} is not held by its tests:\n${faults.join('\n')}`)
  }
}

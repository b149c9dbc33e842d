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

/** What came of one test in this run; `undefined` where it did not run. */
export interface TestOutcome {
  readonly file: string
  readonly fullTitle: string
  readonly state: 'passed' | 'failed' | 'pending' | undefined
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
 * Judges the rows by a run. Only files that were loaded are judged, and none where tests were left out (`--grep`,
 * `.only`): a run of one file says nothing of the others.
 * @param isStrict as in CI: a skipped or missing test is no passed one.
 * @returns a sentence for each row that is not held.
 */
export function faultsOfRun(
  rows: readonly ThreatRow[],
  outcomes: readonly TestOutcome[],
  isStrict: boolean,
): string[] {
  if (outcomes.some(({ state }) => state === undefined)) return []
  const loaded = new Set(outcomes.map(({ file }) => file))
  return rows.flatMap(({ id, tests }) =>
    tests
      .filter(({ file }) => loaded.has(file))
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

function outcomesOf(suite: Mocha.Suite): TestOutcome[] {
  const own = suite.tests.map((test) => ({
    file: (test.file ?? '').slice(ROOT.length + 1),
    fullTitle: test.fullTitle(),
    state: test.isPending() ? 'pending' : test.state,
  }))
  return [...own, ...suite.suites.flatMap(outcomesOf)] as TestOutcome[]
}

/** Pages whose tables are held by tests. */
const PAGES = ['docs/security.md', 'docs/systems.md'] as const

/** The last check of a run. @throws where a row's test is gone or did not pass. */
export function assertThreatsHeld(root: Mocha.Suite): void {
  for (const page of PAGES) {
    const rows = readThreats(readFileSync(join(ROOT, page), 'utf8'))
    const faults = faultsOfRun(rows, outcomesOf(root), process.env['CI'] === 'true')
    if (faults.length > 0) throw new Error(`${page} is not held by its tests:\n${faults.join('\n')}`)
  }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AGENCIES } from './agencies.ts'
import { ALERTS } from './alerts.ts'
import { buildDashboard } from './build.ts'
import { LEDGER } from './ledger.ts'
import { OVERVIEW } from './overview.ts'
import { runbookPath, writeRules, writeRunbook } from './rules.ts'
import { SATURATION } from './saturation.ts'
import { SERVICES } from './services.ts'

/** The five, in the order operators use them. */
export const DASHBOARDS = [OVERVIEW, SERVICES, AGENCIES, SATURATION, LEDGER] as const

/** Every file that is written from this folder, by its path in the project. */
export function generateDashboards(): ReadonlyMap<string, string> {
  return new Map([
    ...DASHBOARDS.map((dashboard): [string, string] => [
      `config/grafana/dashboards/${dashboard.uid}.json`,
      `${JSON.stringify(buildDashboard(dashboard), null, 2)}\n`,
    ]),
    ['config/prometheus/rules.yaml', writeRules()],
    ...ALERTS.map((alert): [string, string] => [runbookPath(alert), writeRunbook(alert)]),
  ])
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..')
  for (const [path, text] of generateDashboards()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/**
 * Breaks a gateway in every way it has to withstand, in the long form: `npm run faults`, with `-- --help` for the
 * options. `npm test` runs the short forms. Ends with exit code 1 where anything was lost, or where the control,
 * which has to lose something, lost nothing: then the run has shown nothing.
 */
import { parseArgs } from 'node:util'
import { type KillReport, runKills, type Victim } from './kills.ts'
import { faultsOf } from './reckoning.ts'

const USAGE = `npm run faults -- [--kills <n>] [--only <part>]…
  --kills <n>    how often the gateway and PostgreSQL are killed (200 each; the control a tenth of it)
  --only <part>  gateway, database, control; may stand more than once`

const PARTS: Readonly<Record<string, Victim>> = {
  gateway: 'gateway',
  database: 'database',
  control: 'database-forgetful',
}

function quantile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b)
  return `${((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1000).toFixed(1)} s`
}

function tell(part: string, { kills, reckoning, recoveryMs, strange }: KillReport): boolean {
  const faults = faultsOf(reckoning)
  const holds =
    part === 'control' ? reckoning.lost > 0 : Object.keys(faults).length === 0 && strange.length === 0
  const { acknowledged, delivered, records, ...counts } = reckoning
  const shown = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  console.log(
    `${holds ? 'ok  ' : 'FAIL'} ${part}: killed ${kills} times; ${records} records, ${acknowledged} acknowledged, ${delivered} of them with data`,
  )
  console.log(`     ${shown.join(', ')}; strange answers ${strange.length}`)
  console.log(
    `     recovery p50 ${quantile(recoveryMs, 0.5)}, p95 ${quantile(recoveryMs, 0.95)}, longest ${quantile(recoveryMs, 1)}`,
  )
  for (const answer of strange.slice(0, 5)) console.log(`     ${answer}`)
  return holds
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
})
const parts = values.only ?? Object.keys(PARTS)
const kills = Number(values.kills)
if (values.help || !(kills >= 1) || parts.some((part) => !Object.hasOwn(PARTS, part))) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 2)
}
let holds = true
for (const part of parts) {
  const victim = PARTS[part] ?? 'gateway'
  const report = await runKills(victim, part === 'control' ? Math.max(3, Math.ceil(kills / 10)) : kills)
  holds = tell(part, report) && holds
}
process.exitCode = holds ? 0 : 1

/**
 * Breaks a gateway in every way it has to withstand, in the long form: `npm run faults`, with `-- --help` for the
 * options. `npm test` runs the short forms. Ends with exit code 1 where anything was lost, or where the control,
 * which has to lose something, lost nothing: then the run has shown nothing.
 */
import { parseArgs } from 'node:util'
import { stopTestServer } from '../support/postgres.ts'
import { createDrill } from './drill.ts'
import { type KillReport, runKills, type Victim } from './kills.ts'
import { faultsOf } from './reckoning.ts'

const USAGE = `npm run faults -- [--kills <n>] [--only <part>]…
  --kills <n>    how often the gateway and PostgreSQL are killed (200 each; the control a tenth of it)
  --records <n>  how many honest records the auditors must have nothing to say of (1000000)
  --only <part>  gateway, database, control, honest; may stand more than once`

const PARTS: Readonly<Record<string, Victim>> = {
  gateway: 'gateway',
  database: 'database',
  control: 'database-forgetful',
}

const HONEST = 'honest'

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

const BATCH = 5000

/** All who look for tampering, over a log that only grew: whatever one of them says is a false alarm. */
async function tellHonest(records: number): Promise<boolean> {
  const drill = await createDrill()
  const startedMs = performance.now()
  try {
    for (let made = 0; made < records; made += BATCH) await drill.grow(Math.min(BATCH, records - made))
    const grownMs = performance.now()
    const { audit, signer, witness, receipts } = await drill.look()
    const alarms = [...audit, signer, witness, receipts].filter((alarm) => alarm !== undefined)
    const seconds = (fromMs: number, untilMs: number) => ((untilMs - fromMs) / 1000).toFixed(0)
    console.log(
      `${alarms.length === 0 ? 'ok  ' : 'FAIL'} honest: ${records} records in ${seconds(startedMs, grownMs)} s, looked at in ${seconds(grownMs, performance.now())} s; alarms: ${alarms.join(', ') || 'none'}`,
    )
    return alarms.length === 0
  } finally {
    await drill.close()
  }
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    records: { type: 'string', default: '1000000' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
})
const parts = values.only ?? [...Object.keys(PARTS), HONEST]
const kills = Number(values.kills)
const records = Number(values.records)
if (
  values.help ||
  !(kills >= 1) ||
  !(records >= 1) ||
  parts.some((part) => part !== HONEST && !Object.hasOwn(PARTS, part))
) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 2)
}
let holds = true
for (const part of parts) {
  if (part === HONEST) {
    holds = (await tellHonest(records)) && holds
    continue
  }
  const victim = PARTS[part] ?? 'gateway'
  const report = await runKills(victim, part === 'control' ? Math.max(3, Math.ceil(kills / 10)) : kills)
  holds = tell(part, report) && holds
}
await stopTestServer()
process.exitCode = holds ? 0 : 1

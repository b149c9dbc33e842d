/**
 * Measures this gateway beside its peers: `npm run bench`, with `-- --help` for the options.
 *
 * Every row is asked the same: a POST of 120 bytes of JSON over keep-alive connections, passed on to a cheap
 * provider that answers 1,024 bytes. The subject has one core to itself; the load generator (this process),
 * the provider and the gateway's database share another. All subjects may keep equally many connections to the
 * provider open, and all Node processes get the same heap settings. Each answer is compared with what it has
 * to be: a row with one wrong answer fails. Rows that verify tokens are shown a forged one first.
 *
 * A round measures every row once, each in a fresh process: at least 10 s of load that is not counted, then the
 * timed window. The next round goes through them backwards, so that a machine that drifts treats all alike.
 * Figures are medians over the rounds; a ratio is the median of the ratios within each round.
 *
 * The columns: CPU µs is user and system time of the subject's processes per request, DB µs that of its
 * PostgreSQL; core is the share of its core that the subject used (well below 100 %, something else was the
 * limit, and the req/s are a lower bound); others is the largest share of the machine that went in a window to
 * programs outside the bench or was stolen by the machine's host (above a few per cent, measure again); RSS is
 * the subject's resident memory after the window without its database; p50 one the latency with a single
 * connection; p99 half the latency at half of the measured req/s, open loop, the provider's time included.
 *
 * The rows:
 * - `ceiling`: a bare node:http proxy over undici, verifying and recording nothing.
 * - `express-axios`: Express 5 and axios as usually written, verifying nothing.
 * - `fastify-jwt`: Fastify, @fastify/http-proxy, ES256 by fast-jwt with its token cache; no log.
 * - `nginx`: one worker, verifying nothing; no log.
 * - `haproxy-es256`: one thread, `jwt_verify` ES256 for each request; no log.
 * - `gateway`: this gateway, one worker, everything on, ledger durable on PostgreSQL; bearer tokens as the peers.
 * - `agreements-10`, `agreements-10000`, `services-10`, `services-1000` (with `--sizes`): `gateway` again, with registries
 *   of these sizes.
 * - `gateway-mtls`, `gateway-dpop`: the same with tokens bound to a client certificate, or to a DPoP key.
 * - `gateway-xroad`: the same question at the X-Road door, by client certificate; to be compared with `gateway-mtls`.
 */
import { writeFileSync } from 'node:fs'
import { arch, constants, cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { createHost, type Host } from './host.ts'
import { measure, type Reading } from './measure.ts'
import { type Options, readOptions, USAGE, UsageError } from './options.ts'
import { judgeTargets, type Readings, renderRows, renderTargets, summarise } from './report.ts'
import { type Row, type RowContext, RowUnavailable } from './row.ts'
import { ROWS, SIZED_ROWS } from './rows.ts'
import { announcedPort } from './subjects/node-peers.ts'
import { databasePids } from './usage.ts'

/** Why a row has no figures, by its name. */
type Reasons = Map<string, string>

/** What a whole run found out. */
interface Findings {
  readonly readings: Readings
  /** Rows that cannot run here. */
  readonly skipped: Reasons
  /** Rows that answered wrongly or broke. */
  readonly failed: Reasons
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(USAGE)
    return 0
  }
  const host = createHost()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      host.close().finally(() => process.exit(128 + constants.signals[signal]))
    })
  }
  try {
    if (!host.pinned) note(`Not pinned to cores: ${host.why}. Subjects share theirs with the load.`)
    const findings = await runRounds(host, options)
    report(host, options, findings)
    return findings.failed.size === 0 ? 0 : 1
  } finally {
    await host.close()
  }
}

async function runRounds(host: Host, options: Options): Promise<Findings> {
  const provider = host.launchNode(fileURLToPath(new URL('provider.ts', import.meta.url)), [], {
    core: 'load',
  })
  const providerUrl = `http://127.0.0.1:${await announcedPort(provider)}`
  const rows = [...ROWS, ...SIZED_ROWS].filter((row) => options.names.includes(row.name))
  const readings = new Map(rows.map((row): [string, Reading[]] => [row.name, []]))
  const skipped: Reasons = new Map()
  const failed: Reasons = new Map()

  for (let round = 1; round <= options.rounds; round += 1) {
    for (const row of round % 2 === 1 ? rows : rows.toReversed()) {
      if (skipped.has(row.name) || failed.has(row.name)) continue
      try {
        const reading = await measureFresh(row, { host, providerUrl }, options)
        readings.get(row.name)?.push(reading)
        note(`round ${round}/${options.rounds}  ${row.name.padEnd(14)}${describe(reading)}`)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        const reasons = error instanceof RowUnavailable ? skipped : failed
        reasons.set(row.name, reason)
        readings.delete(row.name)
        note(`round ${round}/${options.rounds}  ${row.name.padEnd(14)}${reason}`)
      } finally {
        await host.stopAllBut(provider)
      }
    }
  }
  return { readings, skipped, failed }
}

async function measureFresh(row: Row, context: RowContext, options: Options): Promise<Reading> {
  const subject = await row.start(context)
  try {
    context.host.move(databasePids(subject), 'load')
    return await measure(row, subject, options)
  } finally {
    await subject.close()
  }
}

function report(host: Host, options: Options, { readings, skipped, failed }: Findings): void {
  const rows = summarise(readings)
  const targets = judgeTargets(readings)
  if (rows.length > 0) console.log(`\n${renderRows(rows)}`)
  if (targets.length > 0) console.log(`\n${renderTargets(targets)}`)
  for (const [name, reason] of skipped) console.log(`\nleft out: ${name}: ${reason}`)
  for (const [name, reason] of failed) console.log(`\nFAILED: ${name}: ${reason}`)
  if (options.jsonFile === undefined) return
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: `${process.platform} ${release()} ${arch()}`,
    node: process.version,
    pinned: host.pinned,
  }
  const { rounds, seconds, connections } = options
  const document = {
    measuredAt: new Date().toISOString(),
    machine,
    rounds,
    seconds,
    connections,
    rows,
    targets,
    skipped: Object.fromEntries(skipped),
    failed: Object.fromEntries(failed),
  }
  writeFileSync(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`)
}

function describe({ rps, p50Ms, p99Ms }: Reading): string {
  return `${rps.toFixed(0).padStart(7)} req/s   p50 ${p50Ms.toFixed(2)} ms   p99 ${p99Ms.toFixed(2)} ms`
}

/** Progress goes to stderr, so that stdout holds the table alone. */
function note(line: string): void {
  console.error(line)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}

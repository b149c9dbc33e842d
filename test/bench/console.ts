import { readFileSync } from 'node:fs'
import { backfillHistory } from '../../src/cli/demo-history.ts'
import { readersOf } from '../../src/cli/demo-registry.ts'
import { overlay } from '../../src/registry/documents.ts'
import { createAuditStore } from '../../src/storage/reports.ts'
import { signInAs } from '../support/console-session.ts'
import { startWorld } from '../support/gateway-world.ts'
import { stopTestServer } from '../support/postgres.ts'
import { loadRecords } from '../support/record-load.ts'
import { listProcesses } from './procfs.ts'
import { measureSearches } from './searches.ts'

/**
 * How long searches of the log take and, over HTTP, the pages of the console, with two years of counts (60 million
 * exchanges) and records of the last four weeks; "first" is what a page took when nobody had asked for it before:
 *   node test/bench/console.ts [millions of records] [rounds]
 * The database is an embedded one that is removed afterwards. `CPU` is the processor time of the gateway (and of this
 * program, which asks it) and of its database for one page: what to compare where the machine has other work.
 */
const [millions = 0, rounds = 20] = process.argv.slice(2).map(Number)
const DAY_MS = 86_400_000
const SERVICE = 'G01/dan-cu/cong-dan/v1'

function isOf(pid: number, database: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(` ${database} `)
  } catch {
    // It has ended.
    return false
  }
}

function cpuOf(database: string): { readonly own: number; readonly database: number } {
  const { user, system } = process.cpuUsage()
  const backends = listProcesses().filter(({ pid, command }) => command === 'postgres' && isOf(pid, database))
  return {
    own: (user + system) / 1000,
    database: backends.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
  }
}

const world = await startWorld({
  change: (documents) => overlay(documents, readersOf(documents)),
  // The loaded records make no tree.
  overrides: { ledger: { auditShare: 0 } },
})
try {
  const { pool, documents, gateway, database } = world
  const name = new URL(database.url).pathname.slice(1)
  const nowMs = Date.now()
  await backfillHistory({ pool } as never, documents, nowMs)
  const weeks = { from: new Date(nowMs - 28 * DAY_MS), until: new Date(nowMs) }
  if (millions > 0) {
    const records = millions * 1_000_000
    await loadRecords(pool, { records, ...weeks, first: 1_000_000_000 }, (done) => {
      if (done % 1_000_000 === 0) console.error(`${done / 1_000_000} million`)
    })
  }
  await pool.query('VACUUM ANALYZE')
  const openVault = () => {
    throw new Error('no tag key is needed')
  }
  await measureSearches(createAuditStore({ pool, openVault }), weeks, rounds)
  const { get } = await signInAs(gateway.managementUrl, 'G22/thanh-tra')
  const year = new Date(nowMs).getUTCFullYear()
  const day = (before: number) => new Date(nowMs - before * DAY_MS).toISOString().slice(0, 10)
  const paths = [
    '/console/search',
    '/console/search?outcome=failed',
    `/console/search?consumer=${encodeURIComponent('H10/mot-cua')}&since=${day(7)}&until=${day(1)}`,
    `/console/search?service=${encodeURIComponent('G02/he-thong-1/dich-vu-1/v1')}`,
    '/console/statistics',
    `/console/statistics?period=${year}`,
    `/console/statistics?period=${year - 1}&map=growth`,
    `/console/quality?period=${year}`,
    '/console/agencies',
    `/console/agencies/H29?period=${year}`,
    '/console/services',
    `/console/services/${SERVICE}?period=${year}`,
    '/console/status',
    '/console/access',
  ]
  for (const path of paths) {
    const times: number[] = []
    let bytes = 0
    const firstMs = performance.now()
    await (await get(path)).arrayBuffer()
    const first = (performance.now() - firstMs).toFixed(0).padStart(5)
    const before = cpuOf(name)
    for (let turn = 0; turn < rounds; turn += 1) {
      const startedMs = performance.now()
      const page = await get(path)
      bytes = (await page.arrayBuffer()).byteLength
      times.push(performance.now() - startedMs)
      if (page.status !== 200) throw new Error(`${path}: ${page.status}`)
    }
    const after = cpuOf(name)
    const cpu = (part: 'own' | 'database') => ((after[part] - before[part]) / rounds).toFixed(0).padStart(4)
    times.sort((a, b) => a - b)
    const at = (share: number) => (times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(0).padStart(5)
    console.log(
      `${decodeURIComponent(path).padEnd(62)} first ${first} ms   p50 ${at(0.5)} ms   p95 ${at(0.95)} ms   CPU ${cpu('own')} + ${cpu('database')} ms   ${(bytes / 1000).toFixed(0).padStart(4)} kB`,
    )
  }
} finally {
  await world.close()
  await stopTestServer()
}

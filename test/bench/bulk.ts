/**
 * Bulk matching through a whole gateway, measured: `node test/bench/bulk.ts [records] [faulty, in percent] [workers]`.
 * The gateway is a process of its own, started as `npm start` does, with its ledger; with two workers or more the figures
 * are those of the process that does jobs. The sandbox's population and the consumer are this one. Processor time tells what a record costs, on a busy machine too; wall-clock time does not.
 * `BENCH_GATEWAY_OPTIONS` has further options for the gateway's node, say `--cpu-prof`.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type BulkClient, createBulkClient, makeKeys, ndjson, rightRecord } from '../support/bulk-world.ts'
import { createConsumer, prepareWorld } from '../support/gateway-world.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'
import { type Served, serve } from '../support/served.ts'
import { NODE_FLAGS } from './host.ts'
import { listProcesses, peakMb, residentMb } from './procfs.ts'
import { othersShare, readUsage } from './usage.ts'

const OFFICIALS = 'G09/can-bo'
const PIECE_RECORDS = 40_000
const LOOK_MS = 500

/** Every so many records one has a fault of the usual kinds. */
function recordAt(index: number, faultsInHundred: number): object {
  const record = rightRecord(index)
  if ((index * 61) % 100 >= faultsInHundred) return record
  if (index % 3 === 0) return { ...record, fullName: 'Nguyen Van Khac' }
  if (index % 3 === 1) return { ...record, birthDate: '' }
  return { ...record, personalId: '12' }
}

/** The process that does jobs: the gateway's only one, or that of several which says so in the log. */
function doerOf({ process: { pid }, lines }: Served): number {
  const [, doer] = /"worker_started".*?worker_role":"jobs".*?worker_pid":(\d+)/.exec(lines()) ?? []
  return Number(doer ?? pid)
}

async function startBench(workers: string) {
  const keys = await makeKeys([OFFICIALS])
  const database = await createTestDatabase()
  const world = await prepareWorld(database, {
    change: (documents) => ({
      ...keys.register(documents),
      agreements: documents.agreements.map((its) => ({
        ...its,
        quota: { perSecond: 10_000, perDay: 10_000_000 },
      })),
    }),
  })
  const options = [...NODE_FLAGS, ...(process.env['BENCH_GATEWAY_OPTIONS'] ?? '').split(' ')]
  const served = await serve(world, { LIENTHONG_WORKERS: workers }, options.filter(Boolean))
  const pair = keys.pairs.get(OFFICIALS)
  if (pair === undefined) throw new Error('no key')
  const { url } = served
  const client = createBulkClient(await createConsumer(url, OFFICIALS, pair, { resource: `${url}/jobs` }))
  const { rows } = await world.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const backend = listProcesses().find(({ pid }) => pid === rows[0]?.pid)
  return {
    client,
    rooted: { pid: doerOf(served), databasePid: backend?.parentPid ?? 0 },
    async close() {
      served.process.kill('SIGTERM')
      await new Promise((resolve) => served.process.once('exit', resolve))
      await world.sandbox.close()
      await world.pool.end()
      await database.drop()
      await stopTestServer()
    },
  }
}

function piecesOf(records: number, faultsInHundred: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(records / PIECE_RECORDS) }, (_, piece) => {
    const from = piece * PIECE_RECORDS
    const length = Math.min(PIECE_RECORDS, records - from)
    return Buffer.from(ndjson(Array.from({ length }, (_, at) => recordAt(from + at, faultsInHundred))))
  })
}

async function upload(client: BulkClient, id: string, pieces: readonly Buffer[], from = 0): Promise<number> {
  let offset = from
  for (const piece of pieces) {
    const { status } = await client.upload(id, offset, piece)
    if (status !== 204) throw new Error(`upload: ${status}`)
    offset += piece.length
  }
  return offset
}

type Bench = Awaited<ReturnType<typeof startBench>>

function look({ rooted }: Bench) {
  const usage = readUsage(rooted)
  if (usage === undefined) throw new Error('there is no /proc')
  const { user, system } = process.cpuUsage()
  return { ...usage, ms: performance.now(), sandboxCpuMs: (user + system) / 1000 }
}

type Look = ReturnType<typeof look>

function describeUse(before: Look, after: Look, records: number): string {
  const micros = (from: number, to: number) => (((to - from) * 1000) / records).toFixed(1)
  const perSecond = (ms: number) => Math.round((records * 1000) / ms)
  const ms = after.ms - before.ms
  return [
    `CPU µs a record: gateway ${micros(before.subjectCpuMs, after.subjectCpuMs)}, PostgreSQL ${micros(before.databaseCpuMs, after.databaseCpuMs)}, ` +
      `sandbox and consumer ${micros(before.sandboxCpuMs, after.sandboxCpuMs)}`,
    `records/s: ${perSecond(after.subjectCpuMs - before.subjectCpuMs)} of the gateway's CPU, ${perSecond(ms)} by the clock (${(ms / 1000).toFixed(1)} s), ` +
      `${Math.round(100 * othersShare(before, after))} % of the machine used by others`,
  ].join('\n')
}

async function measure(records: number, faultsInHundred: number, workers: string): Promise<void> {
  const bench = await startBench(workers)
  const { client, rooted } = bench
  const pieces = piecesOf(records, faultsInHundred)
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
  const { body } = await client.create('', { sizeBytes })
  const idle = look(bench)
  const offset = await upload(client, body.id, pieces.slice(0, -1))
  const before = look(bench)
  // The last piece starts the job.
  await upload(client, body.id, pieces.slice(-1), offset)
  const resident: number[] = []
  let told = await client.show(body.id)
  while (told.state === 'queued' || told.state === 'running') {
    await pause(LOOK_MS)
    resident.push(Math.round(residentMb(rooted.pid)))
    told = await client.show(body.id)
  }
  const after = look(bench)
  console.log(`${told.state}: ${told.records} records in ${told.exchanges} exchanges, ${sizeBytes} bytes`)
  console.log(describeUse(before, after, told.records))
  console.log(
    `upload: ${((1e6 * (before.subjectCpuMs - idle.subjectCpuMs)) / offset).toFixed(1)} ms of the gateway's CPU a MB`,
  )
  console.log(
    `gateway's MB: ${Math.round(idle.residentMb)} idle, ${Math.round(before.residentMb)} uploaded, then ${resident.join(' ')}; ` +
      `${Math.round(peakMb(rooted.pid))} at most`,
  )
  console.log(JSON.stringify((await client.report(body.id)).body.outcomes))
  await bench.close()
}

const [records = '1000000', faults = '5', workers = '1'] = process.argv.slice(2)
await measure(Number(records), Number(faults), workers)
process.exit(0)

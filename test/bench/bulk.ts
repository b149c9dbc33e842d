/**
 * Bulk matching through a whole gateway, measured: `node test/bench/bulk.ts [records] [share of faulty ones in percent]`.
 * The gateway is a process of its own with its ledger; the sandbox's population and the consumer are this one.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createBulkClient, makeKeys, ndjson, rightRecord } from '../support/bulk-world.ts'
import { createConsumer, prepareWorld } from '../support/gateway-world.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'
import { serve } from '../support/served.ts'

const OFFICIALS = 'G09/can-bo'
const TICKS_PER_SECOND = 100
const PIECE_RECORDS = 40_000

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function residentMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
}

/** Every so many records one has a fault of the usual kinds. */
function recordAt(index: number, faultsInHundred: number): object {
  const record = rightRecord(index)
  if ((index * 61) % 100 >= faultsInHundred) return record
  if (index % 3 === 0) return { ...record, fullName: 'Nguyen Van Khac' }
  if (index % 3 === 1) return { ...record, birthDate: '' }
  return { ...record, personalId: '12' }
}

async function measure(records: number, faultsInHundred: number): Promise<void> {
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
  const served = await serve(
    world,
    process.env['BENCH_PROF'] ? { NODE_OPTIONS: '--cpu-prof --cpu-prof-dir=/tmp/bulkprof' } : {},
  )
  const pid = served.process.pid ?? 0
  const { url } = served
  const pair = keys.pairs.get(OFFICIALS)
  if (pair === undefined) throw new Error('no key')
  const client = createBulkClient(await createConsumer(url, OFFICIALS, pair, { resource: `${url}/jobs` }))
  const pieces: Buffer[] = []
  for (let from = 0; from < records; from += PIECE_RECORDS) {
    const length = Math.min(PIECE_RECORDS, records - from)
    pieces.push(Buffer.from(ndjson(Array.from({ length }, (_, at) => recordAt(from + at, faultsInHundred)))))
  }
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
  const { body } = await client.create('', { sizeBytes })
  console.log(`resident before the upload ${Math.round(residentMb(pid, 'VmRSS'))} MB`)
  const uploadMs = performance.now()
  let offset = 0
  for (const piece of pieces) {
    // The last piece starts the job.
    const isLast = offset + piece.length === sizeBytes
    if (isLast) console.log(`uploaded ${sizeBytes} bytes in ${Math.round(performance.now() - uploadMs)} ms`)
    const before = { ms: performance.now(), cpu: cpuSeconds(pid), own: process.cpuUsage() }
    const { status } = await client.upload(body.id, offset, piece)
    if (status !== 204) throw new Error(`upload: ${status}`)
    offset += piece.length
    if (!isLast) continue
    const resident: number[] = []
    for (;;) {
      await pause(250)
      resident.push(Math.round(residentMb(pid, 'VmRSS')))
      const told = await client.show(body.id)
      if (told.state !== 'queued' && told.state !== 'running') {
        const seconds = (performance.now() - before.ms) / 1000
        const cpu = cpuSeconds(pid) - before.cpu
        const own = process.cpuUsage(before.own)
        const sandboxCpu = (own.user + own.system) / 1e6
        console.log(`${told.state}: ${told.records} records, ${told.exchanges} exchanges`)
        console.log(`wall ${seconds.toFixed(1)} s: ${Math.round(told.records / seconds)} records/s`)
        console.log(
          `gateway CPU ${cpu.toFixed(1)} s: ${Math.round(told.records / cpu)} records per CPU second`,
        )
        console.log(`sandbox CPU ${sandboxCpu.toFixed(1)} s`)
        console.log(`resident MB ${resident.join(' ')}; peak ${Math.round(residentMb(pid, 'VmHWM'))}`)
        break
      }
    }
  }
  console.log(JSON.stringify((await client.report(body.id)).body.outcomes))
  served.process.kill('SIGTERM')
  await new Promise((resolve) => served.process.once('exit', resolve))
  await world.sandbox.close()
  await world.pool.end()
  await database.drop()
  await stopTestServer()
}

const [records = '1000000', faults = '5'] = process.argv.slice(2)
await measure(Number(records), Number(faults))
process.exit(0)

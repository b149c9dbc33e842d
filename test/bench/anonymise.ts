import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anonymise, encodeRow } from '../../src/jobs/anonymised.ts'
import { type AnonymityRules, createGeneraliser } from '../../src/model/anonymity.ts'

/**
 * What it takes to let go of an anonymised set: the processor's seconds to count its classes and to write it once (a hand-over writes
 * it twice, first for its digest), and the process's memory. Rows come page by page from a file, as from the database.
 *   node test/bench/anonymise.ts [rows]
 */
const rows = Number(process.argv[2] ?? 1_000_000)
const PAGE = 1000

const RULES: AnonymityRules = {
  k: 10,
  l: 2,
  pageSize: PAGE,
  columns: {
    personalId: { is: 'identifier' },
    birthDate: { is: 'quasi', as: 'years', width: 5 },
    sex: { is: 'quasi' },
    residence: { is: 'quasi', as: 'province' },
    amount: { is: 'quasi', as: 'band', width: 250_000 },
    household: { is: 'sensitive' },
    score: { is: 'plain' },
  },
}

let state = 12_345
/** The same numbers on every machine. */
function draw(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return (state >> 8) % below
}

const generalise = createGeneraliser(RULES, {
  resolveUnit: (code, asOf) => ({
    code,
    asOf,
    scheme: '',
    resolution: 'exact',
    candidates: [{ code, name: '', province: code }],
  }),
  today: '2026-11-22',
})

function drawRow(): string {
  const row = {
    personalId: '099000000000',
    birthDate: `${1930 + draw(96)}-01-01`,
    sex: draw(2) === 0 ? 'male' : 'female',
    residence: String(10 + draw(34)),
    amount: draw(1_000_000),
    household: ['none', 'poor', 'near_poor'][draw(3)],
    score: draw(1_000_000),
  }
  return encodeRow(generalise(row))
}

const path = join(tmpdir(), `anonymise-${process.pid}.rows`)
const file = await open(path, 'wx+', 0o600)
const sizes: number[] = []
try {
  for (let done = 0; done < rows; done += PAGE) {
    const page = Buffer.from(Array.from({ length: Math.min(PAGE, rows - done) }, drawRow).join(''))
    await file.write(page)
    sizes.push(page.length)
  }
  async function* read(): AsyncIterable<Buffer> {
    let at = 0
    for (const size of sizes) {
      const { buffer } = await file.read(Buffer.alloc(size), 0, size, at)
      at += size
      yield buffer
    }
  }
  const megabytes = () => Math.round(process.memoryUsage.rss() / 1_048_576)
  const before = megabytes()
  let most = before
  const started = process.cpuUsage()
  const { facts, pieces } = await anonymise(RULES, read)
  const counted = process.cpuUsage(started)
  const writing = process.cpuUsage()
  let bytes = 0
  for await (const piece of pieces()) {
    bytes += piece.length
    most = Math.max(most, megabytes())
  }
  const written = process.cpuUsage(writing)
  const seconds = ({ user, system }: NodeJS.CpuUsage) => ((user + system) / 1e6).toFixed(1)
  console.log(
    `${rows} rows: ${facts.released} released in ${facts.classes} classes, ${facts.suppressed} left out, ${bytes} bytes`,
  )
  console.log(`CPU: ${seconds(counted)} s to count, ${seconds(written)} s to write`)
  console.log(`memory ${before} MB before, ${most} MB at most`)
} finally {
  await file.close()
  await rm(path)
}

/**
 * Coverage-guided fuzzing of the parsers of what strangers send: `npm run fuzz -- [target …] [--seconds N] [--seed N]`.
 * Inputs that reach new code are kept for the run and changed further. Ends with 1 where an input made a parser throw
 * anything but a refusal, broke a property, or took longer than a tenth of a second.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { readCorpus } from './corpus.ts'
import { type CoverageProbe, startCoverage } from './coverage.ts'
import { createDice, mutate } from './mutate.ts'
import type { FuzzTarget } from './targets.ts'

const STALL_MS = 100
/** Inputs run between two looks at the coverage, which costs more than most inputs. */
const BATCH = 256

interface Finding {
  readonly input: Buffer
  readonly reason: string
}

interface Outcome {
  readonly runs: number
  readonly kept: number
  readonly blocks: number
  readonly slowestMs: number
  readonly finding: Finding | undefined
}

async function timed(target: FuzzTarget, input: Buffer): Promise<number> {
  const startMs = performance.now()
  await target.run(input)
  return performance.now() - startMs
}

/** A stall counts where the input is slow each of three times: the machine may have been busy the first time. */
async function execute(target: FuzzTarget, input: Buffer): Promise<{ ms: number; finding?: Finding }> {
  try {
    let ms = await timed(target, input)
    for (let again = 0; again < 2 && ms > STALL_MS; again += 1) ms = Math.min(ms, await timed(target, input))
    return ms > STALL_MS ? { ms, finding: { input, reason: `took ${ms.toFixed(0)} ms` } } : { ms }
  } catch (thrown) {
    const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    return { ms: 0, finding: { input, reason } }
  }
}

/** Takes bytes away for as long as it stays a finding. */
async function shrink(target: FuzzTarget, finding: Finding): Promise<Finding> {
  let smallest = finding
  for (
    let size = Math.ceil(finding.input.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < smallest.input.length; ) {
      const input = Buffer.concat([smallest.input.subarray(0, at), smallest.input.subarray(at + size)])
      const { finding: found } = await execute(target, input)
      if (found) smallest = found
      else at += size
    }
  }
  return smallest
}

/**
 * Halves the batch until one input is left that reaches some of the fresh blocks.
 * @param fresh loses the blocks that the input found reaches.
 */
async function locate(
  target: FuzzTarget,
  batch: readonly Buffer[],
  coverage: CoverageProbe,
  fresh: Set<string>,
): Promise<Buffer | undefined> {
  let among = batch
  while (among.length > 0) {
    const half = among.slice(0, Math.ceil(among.length / 2))
    coverage.take()
    for (const input of half) await execute(target, input)
    const reached = coverage.take().filter((block) => fresh.has(block))
    if (reached.length > 0 && half.length === 1) {
      for (const block of reached) fresh.delete(block)
      return half[0]
    }
    if (among.length === 1) return undefined
    among = reached.length > 0 ? half : among.slice(half.length)
  }
  return undefined
}

interface Campaign {
  readonly target: FuzzTarget
  readonly seeds: readonly Buffer[]
  readonly coverage: CoverageProbe
  readonly seconds: number
  readonly seed: number
}

async function fuzz({ target, seeds, coverage, seconds, seed }: Campaign): Promise<Outcome> {
  const dice = createDice(seed)
  const known = new Set<string>()
  const kept: Buffer[] = []
  let runs = 0
  let slowestMs = 0

  /** @returns blocks that ran since the last look and never before. */
  const look = () => {
    const fresh = new Set(coverage.take().filter((block) => !known.has(block)))
    for (const block of fresh) known.add(block)
    return fresh
  }
  const attempt = async (input: Buffer) => {
    runs += 1
    const { ms, finding } = await execute(target, input)
    slowestMs = Math.max(slowestMs, ms)
    return finding && (await shrink(target, finding))
  }
  const end = (finding?: Finding): Outcome => ({
    runs,
    kept: kept.length,
    blocks: known.size,
    slowestMs,
    finding,
  })

  coverage.take()
  for (const input of [...seeds, Buffer.alloc(0)]) {
    const finding = await attempt(input)
    if (finding) return end(finding)
    look()
    kept.push(input)
  }
  const pick = () => kept[dice(kept.length)] ?? Buffer.alloc(0)
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs; ) {
    const batch = Array.from({ length: BATCH }, () => mutate(pick(), dice, pick(), target.words))
    for (const input of batch) {
      const finding = await attempt(input)
      if (finding) return end(finding)
    }
    for (const fresh = look(); fresh.size > 0; ) {
      const found = await locate(target, batch, coverage, fresh)
      // What does not come again came from elsewhere, e.g. from a cache that is full by now.
      if (found === undefined) break
      kept.push(found)
    }
  }
  return end()
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now()) },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed) >>> 0
if (!(seconds > 0)) throw new Error('--seconds wants a number above 0')
const coverage = startCoverage(pathToFileURL(join(import.meta.dirname, '../../src/')).href)
// Only code loaded from here on is seen block by block.
const { createTargets } = await import('./targets.ts')
const targets = await createTargets()
const names = positionals.length > 0 ? positionals : Object.keys(targets)
console.log(`seed ${seed}, ${seconds} s in all`)
for (const name of names) {
  const target = targets[name]
  if (target === undefined)
    throw new Error(`no such target: ${name}; there are ${Object.keys(targets).join(', ')}`)
  const campaign = { target, seeds: readCorpus(name), coverage, seconds: seconds / names.length, seed }
  const { runs, kept, blocks, slowestMs, finding } = await fuzz(campaign)
  console.log(
    `${name}: ${runs} runs, ${kept} inputs kept, ${blocks} blocks, slowest ${slowestMs.toFixed(1)} ms`,
  )
  if (finding === undefined) continue
  process.exitCode = 1
  console.log(`${name}: FINDING ${finding.reason}\ninput (base64): ${finding.input.toString('base64')}`)
  console.log(`Mend it and put the input into test/fuzz/corpus/${name}/.`)
}
coverage.close()

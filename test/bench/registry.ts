import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAdmission } from '../../src/identity/admission.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { type CompiledRegistry, compileInSteps } from '../../src/registry/snapshot.ts'
import { writeGatewayFiles } from './gateway-files.ts'

/**
 * What a registry of so many agreements holds of memory, and how long each step of taking over a new version of it
 * keeps everything else waiting, one agreement being another one:
 *   node test/bench/registry.ts [agreements]
 */
const agreements = Number(process.argv[2] ?? 10_000)
const VERSIONS = 15

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')
function heapMb(): number {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed / 1e6
}

async function read(count: number): Promise<CompiledRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'lienthong-registry-'))
  const credentials = { certificates: ['a'.repeat(43)] }
  const providerUrl = 'http://127.0.0.1:9'
  writeGatewayFiles({
    root,
    port: 1,
    managementPort: 2,
    providerUrl,
    credentials,
    agreements: count,
    services: 1,
  })
  const options = { syntheticPersons: true, admission: createAdmission(Date.now()) }
  const found = await readRegistryDirectory(join(root, 'config/registry'), join(root, 'schemas'), options)
  rmSync(root, { recursive: true })
  if (found.registry === undefined) throw new Error(found.faults[0]?.detail.en)
  return found.registry
}

/** @returns the milliseconds of each step. */
function takeOver(from: CompiledRegistry, version: number): { registry: CompiledRegistry; steps: number[] } {
  const [first, ...rest] = from.documents.agreements
  if (first === undefined) throw new Error('there is no agreement')
  const changed = { ...first, title: { vi: `Bản ${version}`, en: `Version ${version}` } }
  const documents = { ...from.documents, agreements: [changed, ...rest] }
  const work = compileInSteps(documents, { version, syntheticPersons: true, previous: from })
  const steps: number[] = []
  for (;;) {
    const startedMs = performance.now()
    const { done, value } = work.next()
    steps.push(performance.now() - startedMs)
    if (done !== true) continue
    if ('faults' in value) throw new Error(value.faults[0]?.detail.en)
    return { registry: value.registry, steps }
  }
}

await read(10)
const before = heapMb()
let registry = await read(agreements)
const heap = heapMb() - before
const longest: number[] = []
const whole: number[] = []
for (let version = 1; version <= VERSIONS; version += 1) {
  const { registry: next, steps } = takeOver(registry, version)
  registry = next
  longest.push(Math.max(...steps))
  whole.push(steps.reduce((sum, each) => sum + each, 0))
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[VERSIONS >> 1] ?? 0
console.log(`${agreements} agreements: ${heap.toFixed(0)} MB held`)
console.log(
  `a new version: ${median(whole).toFixed(0)} ms in all, its longest step ${median(longest).toFixed(0)} ms`,
)

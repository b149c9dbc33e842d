import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const CORPUS = join(import.meta.dirname, 'corpus')

/** The committed inputs of a target: seeds, and every input that was once a finding. */
export function readCorpus(target: string): Buffer[] {
  const folder = join(CORPUS, target)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)))
}

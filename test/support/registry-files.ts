import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Agreement } from '../../src/model/agreement.ts'

const REGISTRY = join(import.meta.dirname, '../../config/registry')

/** The agreements of `config/registry`, as they stand in its files. */
export function readRegistryFiles(): { readonly agreements: readonly Agreement[] } {
  const documents = globSync('agreements/*.yaml', { cwd: REGISTRY })
    .toSorted()
    .flatMap((path) => parseAllDocuments(readFileSync(join(REGISTRY, path), 'utf8')))
    .map((document) => document.toJS() as Agreement)
  return { agreements: documents.filter(({ state }) => state === 'active') }
}

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { Bilingual } from '../model/identifier.ts'
import { listDocuments, type NamedDocument } from './documents.ts'
import type { RegistryStore, StoredRegistry } from './store.ts'

export type ExportOutcome =
  | { readonly outcome: 'exported'; readonly version: number; readonly files: readonly string[] }
  | { readonly outcome: 'refused'; readonly detail: Bilingual }

const FOLDERS = {
  Agency: 'agencies',
  Subsystem: 'subsystems',
  Service: 'services',
  LegalBasis: 'legal-bases',
  Agreement: 'agreements',
  Reader: 'readers',
  Calendar: 'calendars',
  Task: 'tasks',
  ApplicationClass: 'application-classes',
  Approver: 'approvers',
  Province: 'provinces',
  ServiceIndex: 'service-indexes',
  Schema: 'schemas',
} as const

/** Where a document goes below the folder of an export. */
function fileOf({ kind, id }: NamedDocument): string {
  const name = kind === 'Schema' ? id : `${kind === 'Service' ? id.replace(/\/(?=[^/]*$)/, '.') : id}.yaml`
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new Error(`the name of a ${kind} leads out of its folder`)
  }
  return `${FOLDERS[kind]}/${name}`
}

/** One line a value, no anchors: the same documents give the same bytes. */
function toYaml(content: unknown): string {
  return stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
}

async function isEmptyFolder(dir: string): Promise<boolean> {
  await mkdir(dir, { recursive: true })
  return (await readdir(dir)).length === 0
}

/**
 * Writes a registry as YAML files, one a document, contracts and dictionary below `schemas/`. Applied again
 * they change nothing. The folder must be new or empty: what was left there would be applied too.
 */
export async function exportDocuments(stored: StoredRegistry, dir: string): Promise<ExportOutcome> {
  if (!(await isEmptyFolder(dir))) {
    return { outcome: 'refused', detail: { vi: 'Thư mục không trống.', en: 'The folder is not empty.' } }
  }
  const files: string[] = []
  for (const named of listDocuments(stored.documents)) {
    const file = fileOf(named)
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), toYaml(named.content))
    files.push(file)
  }
  return { outcome: 'exported', version: stored.version, files }
}

/** Exports what is in force now. */
export async function exportRegistry(store: RegistryStore, dir: string): Promise<ExportOutcome> {
  return exportDocuments(await store.current(), dir)
}

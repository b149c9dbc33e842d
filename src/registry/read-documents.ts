import { isUtf8 } from 'node:buffer'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SchemaDocument } from '../contract/catalogue.ts'
import type { DocumentFault } from '../contract/violation.ts'
import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { collectDocuments, documentPath, type RegistryDocument, type RegistryDocuments } from './documents.ts'
import type { Admission } from './rules.ts'
import { createShapeCheck, isRegistryKind } from './shape.ts'
import { type CompiledRegistry, compileRegistry } from './snapshot.ts'
import { type Position, parseYaml, type YamlSource } from './yaml-source.ts'

/** A fault and where its author finds it; line and column count from 1. */
export interface SourceFault extends Violation, Position {
  readonly file: string
}

export interface ReadRegistry {
  /** All documents that could be read; fit for use only where `faults` is empty. */
  readonly documents: RegistryDocuments
  readonly faults: readonly SourceFault[]
  /** The compiled documents, version 0, where there is no fault. */
  readonly registry: CompiledRegistry | undefined
}

export interface ReadOptions {
  readonly syntheticPersons: boolean
  readonly admission: Admission
}

/** A folder inside the registry's: an exported registry carries its schemas with it. */
const OWN_SCHEMAS = 'schemas'
const SCHEMA_FOLDERS = ['dictionary', 'services']
const MAX_DEPTH = 12

/** One YAML document and the file it stands in. */
interface Found {
  readonly file: string
  readonly source: YamlSource
}

/** What a reading gathers; `places` tells where a document path stands. */
interface Reading {
  readonly faults: SourceFault[]
  readonly places: Map<string, Found>
  /** Paths of documents that are there but too faulty to go on with. */
  readonly declared: Set<string>
}

const START: Position = { line: 1, column: 1 }

const FILE_DETAILS = {
  file_unreadable: { vi: 'Không đọc được tệp hoặc thư mục.', en: 'The file or folder cannot be read.' },
  file_encoding: { vi: 'Tệp không phải UTF-8.', en: 'The file is not UTF-8.' },
  file_name: { vi: 'Đuôi tệp phải là .yaml.', en: 'The name of the file must end in .yaml.' },
  registry_empty: { vi: 'Thư mục không có tài liệu nào.', en: 'There is no document in this folder.' },
  file_documents: { vi: 'Tệp phải có đúng một tài liệu.', en: 'The file must hold exactly one document.' },
} as const satisfies Record<string, Bilingual>

function fileFault(file: string, rule: keyof typeof FILE_DETAILS): SourceFault {
  return { file, ...START, pointer: '', rule, detail: FILE_DETAILS[rule] }
}

function faultAt({ file, source }: Found, { pointer, rule, detail }: Violation): SourceFault {
  const part = rule === 'additionalProperties' || rule === 'private_key' ? 'name' : 'value'
  return { file, ...source.locate(pointer, part), pointer, rule, detail }
}

/** Files below `folder`, as paths relative to it, sorted; links are followed (a mounted volume is made of them). */
async function listFiles(folder: string, depth = 0): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted()
  const files: string[] = []
  for (const name of names) {
    const found = await stat(join(folder, name))
    if (found.isFile()) files.push(name)
    else if (found.isDirectory() && depth < MAX_DEPTH) {
      for (const below of await listFiles(join(folder, name), depth + 1)) files.push(`${name}/${below}`)
    }
  }
  return files
}

async function listYaml(folder: string, faults: SourceFault[]): Promise<string[]> {
  try {
    const files = await listFiles(folder)
    for (const file of files)
      if (file.endsWith('.yml')) faults.push(fileFault(join(folder, file), 'file_name'))
    return files.filter((file) => file.endsWith('.yaml'))
  } catch {
    faults.push(fileFault(folder, 'file_unreadable'))
    return []
  }
}

async function readSources(file: string, faults: SourceFault[]): Promise<readonly YamlSource[]> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch {
    faults.push(fileFault(file, 'file_unreadable'))
    return []
  }
  if (!isUtf8(bytes)) {
    faults.push(fileFault(file, 'file_encoding'))
    return []
  }
  const sources = parseYaml(bytes.toString())
  for (const source of sources) for (const fault of source.faults) faults.push({ file, ...fault })
  return sources
}

/** The name a document gives itself, read even where the rest of it is broken. */
function pathOf(source: YamlSource): string | undefined {
  const kind = source.readText('kind')
  const id = source.readText(kind === 'Agency' ? 'code' : 'id')
  return isRegistryKind(kind) && id !== undefined ? documentPath({ kind, id }) : undefined
}

const UNKNOWN_KIND = {
  pointer: '/kind',
  rule: 'kind',
  detail: {
    vi: 'kind phải là Agency, Subsystem, Service, LegalBasis, Agreement, Reader, Calendar, Task, ApplicationClass, Approver, Province hoặc ServiceIndex.',
    en: 'The kind must be Agency, Subsystem, Service, LegalBasis, Agreement, Reader, Calendar, Task, ApplicationClass, Approver, Province or ServiceIndex.',
  },
}

async function readRegistryDocuments(dir: string, reading: Reading): Promise<RegistryDocument[]> {
  const { faults, places, declared } = reading
  const checkShape = createShapeCheck()
  const documents: RegistryDocument[] = []
  const take = (found: Found) => {
    const { source } = found
    const path = pathOf(source)
    if (path !== undefined) declared.add(path)
    if (source.faults.length > 0) return
    const kind = source.readText('kind')
    const violations = isRegistryKind(kind) ? checkShape(kind, source.value) : [UNKNOWN_KIND]
    for (const violation of violations) faults.push(faultAt(found, violation))
    if (violations.length > 0 || path === undefined) return
    const first = places.get(path.toLowerCase())
    if (first !== undefined) {
      const { line } = first.source.locate('', 'value')
      const at = `${first.file}:${line}`
      const detail = { vi: `Tài liệu này đã có ở ${at}.`, en: `This document stands already at ${at}.` }
      const pointer = kind === 'Agency' ? '/code' : '/id'
      faults.push(faultAt(found, { pointer, rule: 'duplicate', detail }))
      return
    }
    places.set(path.toLowerCase(), found)
    // The shape was checked against the schema of its kind.
    documents.push(source.value as RegistryDocument)
  }
  for (const name of await listYaml(dir, faults)) {
    if (name.startsWith(`${OWN_SCHEMAS}/`)) continue
    const file = join(dir, name)
    for (const source of await readSources(file, faults)) take({ file, source })
  }
  if (faults.length === 0 && documents.length === 0) faults.push(fileFault(dir, 'registry_empty'))
  return documents
}

async function readSchemas(dir: string, reading: Reading): Promise<SchemaDocument[]> {
  const { faults, places, declared } = reading
  const schemas: SchemaDocument[] = []
  for (const folder of SCHEMA_FOLDERS) {
    if (!(await isFolder(join(dir, folder)))) continue
    for (const name of await listYaml(join(dir, folder), faults)) {
      const path = `${folder}/${name}`
      const file = join(dir, path)
      declared.add(path)
      const before = faults.length
      const [source, ...more] = await readSources(file, faults)
      if (faults.length > before) continue
      if (source === undefined || more.length > 0) faults.push(fileFault(file, 'file_documents'))
      else {
        places.set(path.toLowerCase(), { file, source })
        schemas.push({ path, content: source.value })
      }
    }
  }
  return schemas
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function compareFaults(a: SourceFault, b: SourceFault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}

/** Gives the faults between documents their places. */
function placeFault(fault: DocumentFault, places: ReadonlyMap<string, Found>): SourceFault {
  const found = places.get(fault.path.toLowerCase())
  const { pointer, rule, detail } = fault
  return found ? faultAt(found, fault) : { file: fault.path, ...START, pointer, rule, detail }
}

/**
 * Reads and judges a whole registry: every `*.yaml` below `dir` (files may hold several documents; `kind` tells
 * which), and the contracts and dictionary below `schemasDir`, or below `dir/schemas` where that exists. All
 * faults are told at once, sorted by place; nothing is thrown for what an author can mend.
 */
export async function readRegistryDirectory(
  dir: string,
  schemasDir: string,
  options: ReadOptions,
): Promise<ReadRegistry> {
  const reading: Reading = { faults: [], places: new Map(), declared: new Set() }
  const registryDocuments = await readRegistryDocuments(dir, reading)
  const ownSchemas = join(dir, OWN_SCHEMAS)
  const schemas = await readSchemas((await isFolder(ownSchemas)) ? ownSchemas : schemasDir, reading)
  const documents = collectDocuments(registryDocuments, schemas)
  const compilation = compileRegistry(documents, { version: 0, declared: reading.declared, ...options })
  const between = 'faults' in compilation ? compilation.faults : []
  const faults = [...reading.faults, ...between.map((fault) => placeFault(fault, reading.places))]
  const registry = 'registry' in compilation && faults.length === 0 ? compilation.registry : undefined
  return { documents, faults: faults.toSorted(compareFaults), registry }
}

import { hash } from 'node:crypto'
import { createAdmission } from './admission.ts'
import { createChecks } from './checks.ts'
import { createCompileCheck } from './compile-check.ts'
import { type Contract, createContract } from './contract.ts'
import { closureOf, isDictionary, referredBy, type SchemaDocument } from './document.ts'
import { readDocument } from './document-rules.ts'
import { createFormats } from './formats.ts'
import type { ContractDescription } from './openapi.ts'
import { createOpenApiShapeCheck } from './openapi-shape.ts'
import type { DocumentFault } from './violation.ts'

export type { SchemaDocument } from './document.ts'

/** All contracts. */
export interface Catalogue {
  /** @param path of the contract's document, relative to `schemas/`. */
  contract(path: string): Contract | undefined
  /** Whether personal ids that belong to nobody were accepted when it was compiled. */
  readonly syntheticPersons?: boolean
}

export interface CompileOptions {
  readonly syntheticPersons: boolean
  /** Contracts whose documents are unchanged are taken from it as they are. */
  readonly previous?: Catalogue
  /**
   * `full` also compiles every schema (2–4 ms each) to see that ajv can: for documents that come from
   * outside. Documents that passed it once need only `admission`, and are compiled at their first use.
   */
  readonly check?: 'full' | 'admission'
}

export interface CompiledCatalogue {
  readonly catalogue: Catalogue
  /** All faults of all documents; a contract with one, or that uses a document with one, is left out. */
  readonly faults: readonly DocumentFault[]
  /** Steps of a few milliseconds that compile what would be compiled at its first use; for idle time. */
  readonly preparations: readonly (() => void)[]
}

interface Contents {
  /** Documents that can be looked at, by path. */
  readonly documents: Map<string, unknown>
  readonly canonical: Map<string, string>
  readonly faults: DocumentFault[]
}

function readDocuments(documents: readonly SchemaDocument[]): Contents {
  const contents: Contents = { documents: new Map(), canonical: new Map(), faults: [] }
  for (const document of documents) {
    const { path, content } = document
    const reading = readDocument(document)
    if ('fault' in reading) contents.faults.push(reading.fault)
    else if (contents.documents.has(path)) contents.faults.push(repeated(path))
    else {
      contents.documents.set(path, content)
      contents.canonical.set(path, reading.canonical)
    }
  }
  return contents
}

function repeated(path: string): DocumentFault {
  const detail = { vi: 'Có hai tài liệu cùng đường dẫn.', en: 'Two documents have this path.' }
  return { path, pointer: '', rule: 'path_repeated', detail }
}

/** @param closure paths in sorted order, which makes the text canonical. */
function digestOf(closure: readonly string[], canonical: ReadonlyMap<string, string>): string {
  const members = closure.map((path) => `${JSON.stringify(path)}:${canonical.get(path) ?? 'null'}`)
  return hash('sha256', `{${members.join(',')}}`, 'hex')
}

interface Planned {
  readonly path: string
  readonly closure: readonly string[]
  readonly digest: string
}

function planContracts({ documents, canonical }: Contents): readonly Planned[] {
  const referred = new Map<string, ReadonlySet<string>>()
  const referredFrom = (path: string): ReadonlySet<string> => {
    const known = referred.get(path) ?? referredBy(path, documents)
    referred.set(path, known)
    return known
  }
  return [...documents.keys()]
    .filter((path) => !isDictionary(path))
    .map((path) => {
      const closure = closureOf(path, referredFrom)
      return { path, closure, digest: digestOf(closure, canonical) }
    })
}

/** Takes what is unchanged from an earlier catalogue. */
function takeUnchanged(planned: readonly Planned[], options: CompileOptions): Map<string, Contract> {
  const { previous, syntheticPersons } = options
  const contracts = new Map<string, Contract>()
  if (previous?.syntheticPersons !== syntheticPersons) return contracts
  for (const { path, digest } of planned) {
    const earlier = previous.contract(path)
    if (earlier?.digest === digest) contracts.set(path, earlier)
  }
  return contracts
}

interface Admitted extends Planned {
  readonly description: ContractDescription
}

/** Judges the dictionary and the contracts that changed. */
function admit(
  contents: Contents,
  changed: readonly Planned[],
  options: CompileOptions,
): readonly Admitted[] {
  const { documents, faults } = contents
  const formats = new Map(Object.entries(createFormats(options)).map(([name, { type }]) => [name, type]))
  const admission = createAdmission(documents, { formats, checkShape: createOpenApiShapeCheck() })
  const checkCompiles =
    options.check === 'full' ? createCompileCheck(documents, options.syntheticPersons) : undefined
  const broken = new Set<string>()
  const note = (path: string, found: readonly DocumentFault[]): void => {
    faults.push(...found)
    if (found.length > 0) broken.add(path)
  }

  for (const path of documents.keys()) {
    if (!isDictionary(path)) continue
    const found = admission.admitDictionary(path)
    note(path, found)
    if (found.length === 0 && checkCompiles !== undefined) note(path, checkCompiles.ofDictionary(path))
  }
  return changed.flatMap((planned): Admitted[] => {
    const { description, faults: found } = admission.admitContract(planned.path)
    note(planned.path, found)
    const isSound = () => !planned.closure.some((path) => broken.has(path))
    if (description === undefined || !isSound()) return []
    if (checkCompiles !== undefined) note(planned.path, checkCompiles.ofContract(description))
    return isSound() ? [{ ...planned, description }] : []
  })
}

/** Several contracts may find the same fault in the dictionary. */
function unique(faults: readonly DocumentFault[]): readonly DocumentFault[] {
  return [
    ...new Map(
      faults.map((fault) => [`${fault.path}#${fault.pointer} ${fault.rule} ${fault.detail.en}`, fault]),
    ).values(),
  ]
}

/**
 * Compiles documents into a catalogue. It never throws for what a document says: every fault of every
 * document is returned, and what is sound is compiled.
 *
 * A schema takes ajv 1–4 ms to compile, a contract of three operations 10–20 ms; so each is compiled when it
 * is first used, and loading a thousand contracts takes seconds, not minutes.
 */
export function compileCatalogue(
  documents: readonly SchemaDocument[],
  options: CompileOptions,
): CompiledCatalogue {
  const { syntheticPersons } = options
  const contents = readDocuments(documents)
  const planned = planContracts(contents)
  const contracts = takeUnchanged(planned, options)
  const admitted = admit(
    contents,
    planned.filter(({ path }) => !contracts.has(path)),
    options,
  )

  // Only what the new contracts use is held: a contract that lives on must not hold documents it never used.
  const used = new Set(admitted.flatMap(({ closure }) => closure))
  const held = new Map([...contents.documents].filter(([path]) => used.has(path)))
  const preparations: (() => void)[] = []
  const parts = {
    documents: held,
    createCheck: createChecks(held, syntheticPersons),
    onLazy: (prepare: () => void) => preparations.push(prepare),
  }
  for (const { path, digest, description } of admitted)
    contracts.set(path, createContract(description, digest, parts))

  return {
    catalogue: Object.freeze({ contract: (path: string) => contracts.get(path), syntheticPersons }),
    faults: unique(contents.faults),
    preparations,
  }
}

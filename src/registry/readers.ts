import { basisSpan, isWithin, validSpan } from '../model/agreement.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Agency, Subsystem } from '../model/party.ts'
import { READER_RIGHTS, type Reader, type ReaderRights } from '../model/reader.ts'
import type { CompiledReader, Memo } from './compiled.ts'
import { digestWith } from './digest.ts'
import type { Directory } from './references.ts'

/** A subsystem's right to read the log now. */
export interface ReadingRight {
  readonly reader: CompiledReader
  readonly rights: ReaderRights
  /** The subsystems whose exchanges it may see; undefined: everybody's. */
  readonly parties: readonly SubsystemId[] | undefined
}

interface ReaderRegistry {
  readonly agencies: ReadonlyMap<string, Agency>
  readonly subsystems: ReadonlyMap<SubsystemId, Subsystem>
  readonly readers: ReadonlyMap<SubsystemId, readonly CompiledReader[]>
}

/** Readers by subsystem, each list sorted by id. */
export function compileReaders(
  readers: readonly Reader[],
  directory: Directory,
  memo: Memo,
): ReadonlyMap<SubsystemId, readonly CompiledReader[]> {
  const compiled = readers
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((document) => ({
      document,
      digest: digestWith(memo, document),
      span: validSpan(document.validity),
      bases: document.legalBases
        .flatMap((id) => directory.legalBases.get(id) ?? [])
        .map((basis) => ({ document: basis, span: basisSpan(basis) })),
    }))
  return Map.groupBy(compiled, ({ document }) => document.subsystem)
}

/** An agency and those it succeeds: what they exchanged is its to see now. */
function agencyFamily(agencies: ReadonlyMap<string, Agency>, code: string): ReadonlySet<string> {
  const family = new Set([code])
  for (let before = 0; before !== family.size; ) {
    before = family.size
    for (const { code: older, successor } of agencies.values()) {
      if (successor !== undefined && family.has(successor)) family.add(older)
    }
  }
  return family
}

function isInForce({ document, span, bases }: CompiledReader, nowMs: number): boolean {
  return (
    document.state === 'active' &&
    isWithin(span, nowMs) &&
    bases.every((basis) => isWithin(basis.span, nowMs))
  )
}

/**
 * The right under which a subsystem reads the log now, the first in force by id; whoever serves a part of the log
 * asks this and then `rights`.
 * @returns undefined where it has none: then nothing may be read.
 */
export function readingRightOf(
  registry: ReaderRegistry,
  subsystem: SubsystemId,
  nowMs: number,
): ReadingRight | undefined {
  const reader = registry.readers.get(subsystem)?.find((each) => isInForce(each, nowMs))
  if (reader === undefined) return undefined
  const rights = READER_RIGHTS[reader.document.role]
  if (rights.scope === 'all') return { reader, rights, parties: undefined }
  const [code = ''] = subsystem.split('/')
  const family = agencyFamily(registry.agencies, code)
  const parties = [...registry.subsystems.keys()].filter((id) => family.has(id.split('/')[0] ?? ''))
  return { reader, rights, parties }
}

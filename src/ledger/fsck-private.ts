import { hash } from 'node:crypto'
import { parseDisclosure } from './disclosure.ts'
import { ERASURE_SERVICE } from './own-service.ts'
import { digestOfSubjects, type SearchTags, searchTagsOf } from './private-part.ts'
import type { ExchangeRecord } from './record.ts'
import type { Tagger } from './tag.ts'

/**
 * Holds what is kept beside the log (disclosures, search tags) against the leaves, and what is gone against the log's
 * records of erasures: nobody can alter a private part or take one away unnoticed.
 */

/** A private part as the database has it. */
export interface StoredPart {
  readonly tags: SearchTags
  /** `unread`: this process has no key to it; `broken`: it does not open. */
  readonly disclosures: readonly string[] | 'unread' | 'broken' | undefined
  readonly erasedBy: string | undefined
  /** Of a batch: its subjects' tags, and which record of the log took the last person out of them. */
  readonly subjects: { readonly tags: Uint8Array; readonly erasedBy: string | undefined } | undefined
}

export interface PrivateStore {
  /** Makes tags of a month (`yyyy-mm`, UTC) anew; undefined where its key is not at hand, or destroyed. */
  taggerOf(month: string): Promise<Tagger | undefined>
  /** By exchange id; those there are. */
  readParts(ids: readonly string[]): Promise<ReadonlyMap<string, StoredPart>>
  /** The months (`yyyy-mm`, UTC) all of whose private parts were erased, each with the erasure's exchange id. */
  readErasedMonths(): Promise<ReadonlyMap<string, string>>
  leafIndexOf(exchange: string): Promise<number | undefined>
}

/** What one erasure is said to have taken. */
interface Taken {
  count: number
  readonly firstIndex: number
  readonly months: Set<string>
}

interface Erasure {
  readonly found: number
  /** Of an erasure of whole months. */
  readonly months: readonly string[] | undefined
}

export interface PlacedRecord {
  readonly index: number
  readonly record: ExchangeRecord
}

/** The month (`yyyy-mm`, UTC) an exchange was received in, by the first 48 bits of its UUIDv7. */
function monthOf(exchange: string): string {
  const receivedAtMs = Number.parseInt(exchange.slice(0, 13).replace('-', ''), 16)
  return new Date(receivedAtMs).toISOString().slice(0, 7)
}

/** What a look at some records needs, read before anything is concluded from them. */
interface ReadParts {
  readonly parts: ReadonlyMap<string, StoredPart>
  readonly erasedMonths: ReadonlyMap<string, string>
}

function erasureOf({ service, operation, outcome, reading }: ExchangeRecord): Erasure | undefined {
  if (service !== ERASURE_SERVICE || operation !== 'erase' || outcome !== 'delivered') return undefined
  const query = JSON.parse(reading?.query ?? '{}') as { months?: readonly string[] }
  return { found: reading?.found ?? 0, months: query.months }
}

/** Whether a batch's tags are those its record commits to; of what a person was erased from, the log's erasure tells. */
function areSubjects(subjects: StoredPart['subjects'], stated: string | undefined): boolean {
  if (subjects === undefined) return false
  return subjects.erasedBy !== undefined || digestOfSubjects(subjects.tags) === stated
}

/** @returns the name of what is not as the leaf says; undefined where all is. */
function differenceOf(
  record: ExchangeRecord,
  part: StoredPart,
  tagger: Tagger | undefined,
): string | undefined {
  const { disclosures, subjects } = part
  if (disclosures === 'unread') return undefined
  if (disclosures === 'broken' || disclosures === undefined) return 'sealed'
  const open = new Map(Object.entries(record.private ?? {}))
  for (const disclosure of disclosures) {
    const name = parseDisclosure(disclosure)?.name ?? ''
    if (open.get(name) !== hash('sha256', disclosure, 'base64url')) return name || 'sealed'
    open.delete(name)
    if (name === 'subjects' && !areSubjects(subjects, parseDisclosure(disclosure)?.value)) return name
  }
  if (open.size > 0) return 'sealed'
  if (tagger === undefined) return undefined
  const tags = searchTagsOf(disclosures, tagger)
  return (['subject', 'officer', 'dossier'] as const).find((kind) => tags[kind] !== part.tags[kind])
}

/** One pass's look at private parts; told of records in order of their index. */
export function createPrivateCheck(
  store: PrivateStore,
  note: (check: 'private' | 'erased', index: number, column?: string) => void,
) {
  const taken = new Map<string, Taken>()
  const erasures = new Map<string, Erasure>()
  const taggers = new Map<string, Tagger | undefined>()

  function take(by: string, { index, record }: PlacedRecord): void {
    const entry = taken.get(by) ?? { count: 0, firstIndex: index, months: new Set() }
    entry.count += 1
    entry.months.add(monthOf(record.exchange))
    taken.set(by, entry)
  }

  function lookAt(placed: PlacedRecord, { parts, erasedMonths }: ReadParts): void {
    const { index, record } = placed
    const part = parts.get(record.exchange)
    const month = monthOf(record.exchange)
    const erasedBy = part === undefined ? erasedMonths.get(month) : part.erasedBy
    const partly = part?.subjects?.erasedBy
    if (partly !== undefined && partly !== erasedBy) take(partly, placed)
    if (erasedBy !== undefined) take(erasedBy, placed)
    else if (part === undefined) note('private', index)
    else {
      const difference = differenceOf(record, part, taggers.get(month))
      if (difference !== undefined) note('private', index, difference)
    }
  }

  return {
    /** Rejects where the database fails; nothing is concluded then. */
    async read(exchanges: readonly string[]): Promise<ReadParts> {
      const parts = await store.readParts(exchanges)
      for (const month of new Set(exchanges.map(monthOf))) {
        if (!taggers.has(month)) taggers.set(month, await store.taggerOf(month))
      }
      // Asked for after the parts: what was erased meanwhile is not taken for missing.
      const isAll = parts.size === exchanges.length
      return { parts, erasedMonths: isAll ? new Map() : await store.readErasedMonths() }
    },
    look(records: readonly PlacedRecord[], read: ReadParts): void {
      for (const placed of records) {
        const { record } = placed
        const erasure = erasureOf(record)
        if (erasure !== undefined) erasures.set(record.exchange, erasure)
        if (record.private !== undefined) lookAt(placed, read)
      }
    },
    /** @param size of the log when the pass began: an erasure recorded later is for the next pass. */
    async conclude(size: number): Promise<void> {
      for (const [by, { count, firstIndex, months }] of taken) {
        const erasure = erasures.get(by)
        if (erasure === undefined) {
          const index = await store.leafIndexOf(by)
          if (index === undefined || index < size) note('erased', firstIndex)
        } else if (erasure.months !== undefined) {
          if (![...months].every((month) => erasure.months?.includes(month))) note('erased', firstIndex)
        } else if (count > erasure.found) note('erased', firstIndex)
      }
    },
  }
}

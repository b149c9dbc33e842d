import { isUtf8 } from 'node:buffer'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bilingual } from '../model/identifier.ts'
import { equalBytes } from './base64.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { createCountSums } from './count-sums.ts'
import { createPrivateCheck, type PlacedRecord, type PrivateStore } from './fsck-private.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from './merkle.ts'
import type { Crypto, NoteKey } from './note.ts'
import type { ExchangeRecord } from './record.ts'
import { createTileEdge, HASH_BYTES, type Tile, type TilePlace, widthOf } from './tile.ts'
import type { Finding } from './verify.ts'

/**
 * Holds everything the database says about the log against the leaves' bytes, and these against what was signed.
 * One pass reads the log once, in constant memory.
 */

/** The columns beside a leaf that searches use; their values derive from its bytes. */
export interface IndexColumns {
  readonly exchange_id: string
  /** Unix milliseconds. */
  readonly at: number
  readonly consumer: string
  readonly provider: string | null
  readonly service: string
  readonly operation: string | null
  readonly outcome: string
  readonly code: string | null
  readonly agreement: string | null
  readonly purpose: string | null
}

export interface StoredRecord {
  readonly index: number
  readonly leaf: Buffer
  readonly leafHash: Buffer
  readonly columns: IndexColumns
}

/** The counts' sums (see `count-sums.ts`), at one moment. */
export interface StoredCounts {
  /** Up to which record they count. */
  readonly counted: number
  readonly hours: bigint
  readonly days: bigint
  /** Whether the totals kept beside them are theirs. */
  readonly derivedHold: boolean
}

/** Where the database says the log stands, at one moment. */
export interface StoredHead {
  readonly size: number
  readonly root: Buffer
  /** The frontier's hashes, one behind the other. */
  readonly peaks: Buffer
  /** How many records stand outside of 0 … size. */
  readonly outside: number
  /** Size of the largest checkpoint. */
  readonly signed: number
}

/** What a pass reads; the implementation is in `storage/`. */
export interface FsckStore extends PrivateStore {
  readHead(): Promise<StoredHead>
  /** In order of their index; all that have one of the span. */
  readRecords(start: number, end: number): Promise<readonly StoredRecord[]>
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
  /** Notes of checkpoints, time-stamped ones too, over more than `after` and at most `upTo` records, smallest first. */
  readCheckpoints(after: number, upTo: number): Promise<readonly { size: number; note: string }[]>
  readCounts(key: string): Promise<StoredCounts>
}

/** Everything a pass can find, and how it is said. */
const CHECKS = {
  anchor: {
    vi: 'sổ không còn như điểm kiểm giữ ngoài cơ sở dữ liệu',
    en: 'the log is not what the checkpoint kept outside the database says',
  },
  head: {
    vi: 'gốc ở đầu sổ không phải gốc của các bản ghi',
    en: "the head's root is not that of the records",
  },
  outside: { vi: 'có bản ghi nằm ngoài sổ', en: 'a record stands outside the log' },
  missing: { vi: 'thiếu bản ghi', en: 'a record is missing' },
  doubled: { vi: 'một vị trí có hai bản ghi', en: 'two records stand at one place' },
  leaf: { vi: 'nội dung không khớp mã băm', en: 'the bytes do not have the hash beside them' },
  form: { vi: 'nội dung không ở dạng chuẩn', en: 'the bytes are no record in canonical form' },
  time: { vi: 'thời điểm đi ngược', en: 'its time goes back' },
  column: { vi: 'cột tra cứu không khớp nội dung', en: 'a search column is not what the bytes say' },
  private: {
    vi: 'phần riêng giữ bên ngoài sổ không phải phần mà bản ghi cam kết',
    en: 'the private part kept beside the log is not what the record commits to',
  },
  erased: {
    vi: 'phần riêng mất đi mà sổ không có bản ghi xóa nào cho nó',
    en: 'a private part is gone that no erasure recorded in the log accounts for',
  },
  tree: {
    vi: 'các bản ghi không cho ra gốc đã ký: có bản ghi bị sửa, thêm, bớt hoặc đổi chỗ',
    en: 'the records do not lead to the root that was signed: one was changed, added, taken away or moved',
  },
  checkpoint: { vi: 'điểm kiểm không do khóa của sổ ký', en: "a checkpoint is not signed by the log's key" },
  tiles: { vi: 'ô băm không khớp các bản ghi', en: 'a tile of hashes is not that of the records' },
  counts: { vi: 'số đếm không khớp các bản ghi', en: 'the counts are not those of the records' },
} as const satisfies Record<string, Bilingual>

export type FsckCheck = keyof typeof CHECKS
export const FSCK_CHECKS = Object.keys(CHECKS) as readonly FsckCheck[]

/** One difference. */
export interface LogFault {
  readonly check: FsckCheck
  /** Of the record where it was seen; for a checkpoint or the head, how many records it covers. */
  readonly index: number
  readonly column?: string | undefined
}

/** A difference as it is told. */
export function describeFault({ check, index, column }: LogFault): Finding {
  const { vi, en } = CHECKS[check]
  const of = column === undefined ? '' : ` (${column})`
  return { check, ok: false, detail: { vi: `${index}: ${vi}${of}.`, en: `${index}: ${en}${of}.` } }
}

/** @returns what the columns beside a record have to hold. */
export function columnsOf(record: ExchangeRecord): IndexColumns {
  return {
    exchange_id: record.exchange,
    at: record.at,
    consumer: record.consumer,
    provider: record.provider ?? null,
    service: record.service,
    operation: record.operation ?? null,
    outcome: record.outcome,
    code: record.code ?? null,
    agreement: record.agreement?.id ?? null,
    purpose: record.purpose ?? null,
  }
}

function parseLeaf(leaf: Buffer): ExchangeRecord | undefined {
  if (!isUtf8(leaf)) return undefined
  const text = leaf.toString('utf8')
  try {
    // A leaf of the one canonical form has been written by `encodeLeaf`.
    const record = JSON.parse(text) as ExchangeRecord
    const isWhole = typeof record.at === 'number' && typeof record.exchange === 'string'
    return isWhole && JSON.stringify(record) === text ? record : undefined
  } catch {
    return undefined
  }
}

interface FsckParts {
  readonly store: FsckStore
  /** The checkpoint kept outside the database, or one kept from before; undefined where there is none. */
  readonly anchor: () => Promise<string | undefined>
  readonly key: NoteKey
  readonly crypto: Crypto
  /** Random, of this pass alone: counts cannot be changed so that their sums stay. */
  readonly countKey: string
}

/** One reading of the whole log. */
export interface FsckPass {
  /** Looks at the next `most` records. Rejects where the database fails; then it can be called again. @returns whether there is more. */
  next(most: number): Promise<boolean>
  position(): number
  /** Records the log had when the pass began. */
  size(): number
  /** Of each kind at most the first ten. */
  faults(): readonly LogFault[]
}

/** Records looked at before others have their turn: exchanges wait for less than a millisecond. */
const SLICE = 25
/** Of one kind; a difference early on must not hide those of other kinds behind it. */
const MAX_FAULTS = 10

interface Target extends StoredHead {
  readonly anchor: Checkpoint | undefined
  readonly counts: StoredCounts
}

export function createFsckPass(parts: FsckParts): FsckPass {
  const { store, key, crypto } = parts
  const faults: LogFault[] = []
  const sums = createCountSums(parts.countKey)
  const edge = createTileEdge(0, () => Buffer.alloc(0))
  /** The unfinished tiles, by level. */
  const partial = new Map<number, Tile>()
  const privateCheck = createPrivateCheck(store, note)
  /** Records of the present piece. */
  let parsed: PlacedRecord[] = []
  let frontier = EMPTY_FRONTIER
  let target: Target | undefined
  let position = 0
  let lastAt = 0
  /** A leaf is missing or doubled: what comes behind it makes no tree. */
  let broken = false

  function note(check: FsckCheck, index: number, column?: string): void {
    if (faults.filter((fault) => fault.check === check).length < MAX_FAULTS)
      faults.push({ check, index, column })
  }

  async function begin(): Promise<Target> {
    const counts = await store.readCounts(parts.countKey)
    const text = await parts.anchor()
    const anchor = text === undefined ? undefined : await openCheckpoint(text, key, crypto)
    const head = await store.readHead()
    const { size, outside, signed } = head
    if (signed > size) note('missing', size)
    if (outside > 0) note('outside', size)
    if (text !== undefined && anchor === undefined) note('checkpoint', 0)
    if (anchor !== undefined && anchor.size > size) note('anchor', anchor.size)
    return { ...head, anchor, counts }
  }

  function checkRecord(stored: StoredRecord, counted: number): void {
    const { index, leaf, columns } = stored
    const record = parseLeaf(leaf)
    if (record === undefined) {
      note('form', index)
      return
    }
    parsed.push({ index, record })
    if (record.at < lastAt) note('time', index)
    lastAt = record.at
    for (const [name, value] of Object.entries(columnsOf(record))) {
      if (columns[name as keyof IndexColumns] !== value) note('column', index, name)
    }
    if (index < counted) sums.add(record)
  }

  /** @returns the leaves' hashes, one for each place of the span; undefined where one is missing or too many. */
  async function checkPiece(
    records: readonly StoredRecord[],
    end: number,
    counted: number,
  ): Promise<Buffer[] | undefined> {
    const hashes: Buffer[] = []
    let place = position
    for (const stored of records) {
      if (hashes.length % SLICE === SLICE - 1) await nextTurn()
      if (stored.index < place) {
        note('doubled', stored.index)
        broken = true
        continue
      }
      if (stored.index > place) {
        note('missing', place)
        broken = true
        place = stored.index
      }
      const leafHash = hashLeaf(stored.leaf)
      if (!leafHash.equals(stored.leafHash)) note('leaf', stored.index)
      checkRecord(stored, counted)
      hashes.push(leafHash)
      place += 1
    }
    if (place < end) {
      note('missing', place)
      broken = true
    }
    return broken ? undefined : hashes
  }

  async function checkTiles(tiles: readonly Tile[], size: number): Promise<void> {
    const signed = tiles.filter((tile) => widthOf(tile, size) > 0)
    if (signed.length === 0) return
    const stored = new Map(
      (await store.readTiles(signed)).map((tile) => [`${tile.level}/${tile.n}`, tile.hashes]),
    )
    for (const { level, n, hashes } of signed) {
      const bytes = widthOf({ level, n }, size) * HASH_BYTES
      const found = stored.get(`${level}/${n}`)?.subarray(0, bytes)
      if (found === undefined || !found.equals(hashes.subarray(0, bytes)))
        note('tiles', n * 256 ** (level + 1))
    }
  }

  function compareRoots(size: number, heads: readonly { check: FsckCheck; root: Uint8Array }[]): void {
    if (heads.length === 0) return
    const root = rootOf(frontier)
    for (const { check, root: claimed } of heads) if (!equalBytes(root, claimed)) note(check, size)
  }

  /** Grows the tree to each size that something was signed over, and compares. */
  async function growTree(hashes: readonly Buffer[], end: number, target: Target): Promise<void> {
    const { size, root, anchor, signed } = target
    const claims = new Map<number, { check: FsckCheck; root: Uint8Array }[]>()
    const claim = (at: number, check: FsckCheck, claimed: Uint8Array) => {
      if (at > position && at <= end) claims.set(at, [...(claims.get(at) ?? []), { check, root: claimed }])
    }
    for (const { size: at, note: text } of await store.readCheckpoints(position, end)) {
      const checkpoint = await openCheckpoint(text, key, crypto)
      if (checkpoint?.size === at) claim(at, 'tree', checkpoint.root)
      else note('checkpoint', at)
    }
    if (anchor) claim(anchor.size, 'anchor', anchor.root)
    claim(size, 'head', root)
    let from = position
    for (const at of [...claims.keys(), end].toSorted((one, other) => one - other)) {
      frontier = extend(frontier, hashes.slice(from - position, at - position))
      from = at
      compareRoots(at, claims.get(at) ?? [])
    }
    const grown = edge.append(Buffer.concat(hashes))
    for (const tile of grown) partial.set(tile.level, tile)
    const whole = grown.filter(({ hashes: all }) => all.length === 256 * HASH_BYTES)
    await checkTiles(whole, signed)
  }

  async function conclude({ size, peaks, signed, counts }: Target): Promise<void> {
    await privateCheck.conclude(size)
    if (!broken && !Buffer.concat(frontier.peaks).equals(peaks)) note('head', size)
    if (!broken) await checkTiles([...partial.values()], signed)
    // Counted from records that are not as they were, the sums say nothing more.
    const isWhole = !broken && !faults.some(({ check }) => check === 'form' || check === 'leaf')
    const areTrue = counts.hours === sums.hours() && counts.days === sums.days() && counts.derivedHold
    if (isWhole && !areTrue) note('counts', size)
  }

  return {
    async next(most) {
      target ??= await begin()
      const end = Math.min(target.size, position + most)
      const records = await store.readRecords(position, end)
      const read = await privateCheck.read(records.map(({ columns }) => columns.exchange_id))
      parsed = []
      const hashes = await checkPiece(records, end, target.counts.counted)
      privateCheck.look(parsed, read)
      if (hashes) await growTree(hashes, end, target)
      position = end
      if (position < target.size) return true
      await conclude(target)
      return false
    },
    position: () => position,
    size: () => target?.size ?? 0,
    faults: () => faults,
  }
}

import { EMPTY_FRONTIER, hashChildren, rootOf } from './merkle.ts'

/**
 * The tree cut into tiles (c2sp.org/tlog-tiles): 256 consecutive hashes of every eighth level. From them any
 * hash of the tree is computed again; this is another way to the root than `merkle.ts` goes.
 */

export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
export const HASH_BYTES = 32

/** Names a tile; its width says how many hashes it has. */
export interface TilePlace {
  readonly level: number
  readonly n: number
}

export interface Tile extends TilePlace {
  /** The hashes, one behind the other. */
  readonly hashes: Buffer
}

/** Gives a tile's hashes: at least those that a tree of the size asked about has. */
export type TileReader = (place: TilePlace) => Buffer

const tileSpan = (level: number) => TILE_WIDTH ** level

/** How many hashes tile `n` of a level has in a tree of `size` leaves; 0 where there is no such tile. */
export function widthOf({ level, n }: TilePlace, size: number): number {
  const hashes = Math.floor(size / tileSpan(level)) - n * TILE_WIDTH
  return Math.max(0, Math.min(TILE_WIDTH, hashes))
}

/** A span of leaves, `end` not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The perfect subtrees a span consists of, from left to right; the span starts at a multiple of its largest. */
function perfectParts({ start, end }: Span): readonly { readonly start: number; readonly height: number }[] {
  const parts: { start: number; height: number }[] = []
  let from = start
  while (from < end) {
    let height = 0
    while (from % 2 ** (height + 1) === 0 && from + 2 ** (height + 1) <= end) height += 1
    parts.push({ start: from, height })
    from += 2 ** height
  }
  return parts
}

/** Where the hashes stand that make up a perfect subtree: `count` of them in one tile. */
function locate({ start, height }: { readonly start: number; readonly height: number }) {
  const level = Math.floor(height / TILE_HEIGHT)
  const first = start / tileSpan(level)
  return {
    level,
    n: Math.floor(first / TILE_WIDTH),
    offset: first % TILE_WIDTH,
    count: 2 ** (height - level * TILE_HEIGHT),
  }
}

/** The hash over `count` hashes (a power of two) from the `offset`th on. */
function foldHashes(hashes: Buffer, offset: number, count: number): Buffer {
  const at = (place: number) => hashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES)
  let nodes = Array.from({ length: count }, (_, place) => at(offset + place))
  if (nodes.some(({ length }) => length !== HASH_BYTES)) throw new RangeError('a tile is too short')
  while (nodes.length > 1) {
    const above: Buffer[] = []
    for (let place = 0; place + 1 < nodes.length; place += 2) {
      const [left, right] = [nodes[place], nodes[place + 1]]
      if (left && right) above.push(hashChildren(left, right))
    }
    nodes = above
  }
  const [only] = nodes
  if (only === undefined) throw new RangeError('a tile is empty')
  return only
}

/** The tiles that hold what is needed to compute the spans' hashes. */
export function tilesOf(spans: readonly Span[]): readonly TilePlace[] {
  const places = new Map<string, TilePlace>()
  for (const span of spans)
    for (const part of perfectParts(span)) {
      const { level, n } = locate(part)
      places.set(`${level}/${n}`, { level, n })
    }
  return [...places.values()]
}

/** The hash of a span of leaves, MTH of RFC 6962 §2.1; the span is one that a tree or a proof has. */
export function hashOfSpan(span: Span, read: TileReader): Buffer {
  if (span.start === span.end) return rootOf(EMPTY_FRONTIER)
  const nodes = perfectParts(span).map((part) => {
    const { level, n, offset, count } = locate(part)
    return foldHashes(read({ level, n }), offset, count)
  })
  const last = nodes.pop()
  if (last === undefined) throw new RangeError('a span is empty')
  return nodes.reduceRight((right, left) => hashChildren(left, right), last)
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

/** The spans whose hashes are the inclusion proof PATH(index, D[size]) of RFC 6962 §2.1.1, in its order. */
export function inclusionSpans(index: number, size: number): readonly Span[] {
  const spans: Span[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      spans.push({ start: middle, end })
      end = middle
    } else {
      spans.push({ start, end: middle })
      start = middle
    }
  }
  return spans.toReversed()
}

/** The spans whose hashes are the consistency proof PROOF(from, D[size]) of RFC 6962 §2.1.2, in its order. */
export function consistencySpans(from: number, size: number): readonly Span[] {
  if (from === 0 || from === size) return []
  const spans: Span[] = []
  let start = 0
  let end = size
  while (end !== from) {
    const middle = start + splitOf(end - start)
    if (from <= middle) {
      spans.push({ start: middle, end })
      end = middle
    } else {
      spans.push({ start, end: middle })
      start = middle
    }
  }
  // The smaller tree itself is known to whoever asks; a part of it is not.
  if (start > 0) spans.push({ start, end })
  return spans.toReversed()
}

/** The tiles at a log's right edge as they fill; it knows all it needs to append. */
export interface TileEdge {
  readonly size: () => number
  /** @returns the tiles that changed, each with all its hashes. */
  readonly append: (leafHashes: Buffer) => readonly Tile[]
  readonly root: () => Buffer
}

/**
 * @param size of the log.
 * @param read gives the partial tiles at its edge.
 */
export function createTileEdge(size: number, read: TileReader): TileEdge {
  let leaves = size
  /** The unfinished tile of each level. */
  const edge: { n: number; hashes: Buffer[] }[] = []
  for (let level = 0; tileSpan(level) <= size; level += 1) {
    const n = Math.floor(size / tileSpan(level + 1))
    const width = widthOf({ level, n }, size)
    const hashes = width === 0 ? Buffer.alloc(0) : read({ level, n })
    edge.push({
      n,
      hashes: Array.from({ length: width }, (_, place) =>
        hashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES),
      ),
    })
  }

  function push(level: number, hash: Buffer, changed: Map<string, Tile>): void {
    const tile = edge[level] ?? { n: 0, hashes: [] }
    edge[level] = tile
    tile.hashes.push(hash)
    if (tile.hashes.length < TILE_WIDTH) return
    const hashes = Buffer.concat(tile.hashes)
    changed.set(`${level}/${tile.n}`, { level, n: tile.n, hashes })
    push(level + 1, foldHashes(hashes, 0, TILE_WIDTH), changed)
    tile.n += 1
    tile.hashes = []
  }

  const partial = ({ level, n }: TilePlace) => {
    const tile = edge[level]
    if (tile?.n !== n) throw new RangeError('not a tile at the edge')
    return Buffer.concat(tile.hashes)
  }

  return {
    size: () => leaves,
    append(leafHashes) {
      const changed = new Map<string, Tile>()
      for (let end = HASH_BYTES; end <= leafHashes.length; end += HASH_BYTES) {
        push(0, leafHashes.subarray(end - HASH_BYTES, end), changed)
        leaves += 1
      }
      edge.forEach(({ n, hashes }, level) => {
        if (hashes.length > 0) changed.set(`${level}/${n}`, { level, n, hashes: Buffer.concat(hashes) })
      })
      return [...changed.values()]
    },
    root: () => hashOfSpan({ start: 0, end: leaves }, partial),
  }
}

/** `1234067` → `x001/x234/067`. */
export function formatTileNumber(n: number): string {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0')
  return (digits.match(/\d{3}/g) ?? [])
    .map((part, place, all) => (place < all.length - 1 ? `x${part}` : part))
    .join('/')
}

/** What a path below `tile/` asks for; `entries` in place of the level are the leaves themselves. */
export interface TileRequest {
  readonly level: number | 'entries'
  readonly n: number
  /** 1 … 256. */
  readonly width: number
}

/** @returns undefined where the path is not the one form of a tile's path. */
export function parseTilePath(path: string): TileRequest | undefined {
  const match = /^(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path)
  if (match === null) return undefined
  const [, levelText = '', numberText = '', widthText] = match
  const level = levelText === 'entries' ? levelText : Number(levelText)
  const n = Number(numberText.replaceAll(/[x/]/g, ''))
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText)
  const isOne = Number.isSafeInteger(n) && formatTileNumber(n) === numberText
  if (!isOne || (level !== 'entries' && level > 63) || (widthText !== undefined && width >= TILE_WIDTH))
    return undefined
  return { level, n, width }
}

import { type Checkpoint, formatTreeHead, openCheckpoint, type TreeHead } from './checkpoint.ts'
import { type Crypto, formatNote, type NoteSigner, signNote } from './note.ts'
import { createTileEdge, HASH_BYTES, type Tile, type TileEdge, type TilePlace, tilesOf } from './tile.ts'

/** The leaves of a span as the database has them now. */
export interface StoredLeaves {
  /** Their hashes, computed anew from the leaves' bytes, one behind the other. */
  readonly hashes: Buffer
  /** The first leaf whose stored hash is not the hash of its bytes. */
  readonly changed: number | undefined
}

/** What the keeper reads and writes of the log; the implementation is in `storage/`. */
export interface LogStore {
  /** Whether this process is the one that signs; it stays so while its connection lives. */
  lead(): Promise<boolean>
  /** Size and root as the writers left them. */
  readHead(): Promise<{ readonly size: number; readonly root: Buffer }>
  /** @param end the first leaf that no longer belongs. */
  readLeaves(start: number, end: number): Promise<StoredLeaves>
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
  writeTiles(tiles: readonly Tile[]): Promise<void>
  /** The newest checkpoint the database knows, as it is served. */
  latestCheckpoint(): Promise<string | undefined>
  /** Puts a checkpoint where it is served from; cosignatures that it has there already stay. */
  publish(head: SignedHead): Promise<void>
}

/** The last checkpoint that was signed, kept outside the database. */
export interface Anchor {
  read(): Promise<string | undefined>
  /** Durable before it resolves; replaces what was there whole or not at all. */
  write(note: string): Promise<void>
}

/**
 * Why a log is not signed:
 * `rolled_back` it is shorter than what was signed; `forked` its root is not that of its leaves after what was
 * signed; `leaves_missing`, `leaf_changed`, `tiles_changed` say what is not as it was; `anchor_missing` the
 * database has a checkpoint but there is none outside it; `anchor_foreign` that one is not of this log and key.
 */
export type RefusalReason =
  | 'rolled_back'
  | 'forked'
  | 'leaves_missing'
  | 'leaf_changed'
  | 'tiles_changed'
  | 'anchor_missing'
  | 'anchor_foreign'

export const REFUSAL_REASONS = [
  'rolled_back',
  'forked',
  'leaves_missing',
  'leaf_changed',
  'tiles_changed',
  'anchor_missing',
  'anchor_foreign',
] as const satisfies readonly RefusalReason[]

/** The log may not be signed as it stands. */
export class SigningRefused extends Error {
  override readonly name = 'SigningRefused'
  readonly reason: RefusalReason
  /** Where the log was last known good, and what it says now; leaves, not names. */
  readonly signedSize: number
  readonly foundSize: number

  constructor(reason: RefusalReason, signedSize: number, foundSize: number) {
    super(`the log is not signed: ${reason} (signed ${signedSize}, found ${foundSize})`)
    this.reason = reason
    this.signedSize = signedSize
    this.foundSize = foundSize
  }
}

/** A checkpoint that the log's key has signed. */
export interface SignedHead extends TreeHead {
  readonly note: string
  /** Unix milliseconds. */
  readonly signedAtMs: number
}

interface KeeperParts {
  readonly store: LogStore
  readonly anchor: Anchor
  readonly signer: NoteSigner
  readonly crypto: Crypto
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onSigned: (head: SignedHead) => void
  readonly onRefused: (refusal: SigningRefused) => void
}

/** Signs the log's checkpoints; of all processes over one database one keeper does. */
export interface LogKeeper {
  /** Signs what the log has grown by since the last time. Rejects where the database or the key fails. */
  step(): Promise<void>
  refusal(): SigningRefused | undefined
  /** The newest checkpoint, while this process signs and nothing keeps it from that. */
  latest(): SignedHead | undefined
  /** Whether this process is the one that signs. */
  leads(): boolean
}

/** Leaves read and hashed at once: a longer log is caught up with in such pieces. */
const PIECE = 4096

export function createLogKeeper(parts: KeeperParts): LogKeeper {
  const { store, anchor, signer, crypto } = parts
  const origin = signer.key.name
  let edge: TileEdge | undefined
  let last: SignedHead | undefined
  let refused: SigningRefused | undefined
  let leading = false

  async function openAnchor(foundSize: number): Promise<Checkpoint | undefined> {
    const text = await anchor.read()
    if (text === undefined) {
      const known = await store.latestCheckpoint()
      if (known !== undefined) throw new SigningRefused('anchor_missing', 0, foundSize)
      return undefined
    }
    const checkpoint = await openCheckpoint(text, signer.key, crypto)
    if (checkpoint === undefined) throw new SigningRefused('anchor_foreign', 0, foundSize)
    return checkpoint
  }

  /** The edge of the tree that was signed last, from stored tiles that lead to the signed root. */
  async function openEdge(signed: Checkpoint | undefined): Promise<TileEdge> {
    if (signed === undefined) return createTileEdge(0, () => Buffer.alloc(0))
    const tiles = await store.readTiles(tilesOf([{ start: 0, end: signed.size }]))
    const stored = new Map(tiles.map(({ level, n, hashes }) => [`${level}/${n}`, hashes]))
    try {
      const opened = createTileEdge(
        signed.size,
        ({ level, n }) => stored.get(`${level}/${n}`) ?? Buffer.alloc(0),
      )
      if (opened.root().equals(signed.root)) return opened
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    throw new SigningRefused('tiles_changed', signed.size, signed.size)
  }

  async function growTo(edge: TileEdge, size: number): Promise<void> {
    while (edge.size() < size) {
      const start = edge.size()
      const end = Math.min(size, start + PIECE)
      const { hashes, changed } = await store.readLeaves(start, end)
      if (changed !== undefined) throw new SigningRefused('leaf_changed', start, changed)
      if (hashes.length !== (end - start) * HASH_BYTES) {
        throw new SigningRefused('leaves_missing', start, start + hashes.length / HASH_BYTES)
      }
      await store.writeTiles(edge.append(hashes))
    }
  }

  async function serve(head: SignedHead): Promise<void> {
    await store.publish(head)
    parts.onSigned(head)
  }

  async function sign(): Promise<void> {
    const head = await store.readHead()
    // Read each time: the comparison is with what is outside the database, not with what this process believes.
    const signed = await openAnchor(head.size)
    const signedSize = signed?.size ?? 0
    if (head.size < signedSize) throw new SigningRefused('rolled_back', signedSize, head.size)
    const isOurs = signed === undefined || last?.note === formatNote(signed.note)
    if (edge?.size() !== signedSize || !isOurs) edge = await openEdge(signed)
    if (head.size === signedSize) {
      if (signed && !head.root.equals(signed.root)) throw new SigningRefused('forked', signedSize, head.size)
      // The process that signed this may have died before it was served.
      if (signed && !isOurs) {
        last = {
          origin,
          size: signed.size,
          root: signed.root,
          note: formatNote(signed.note),
          signedAtMs: parts.now(),
        }
        await serve(last)
      }
      return
    }
    await growTo(edge, head.size)
    const root = edge.root()
    if (!root.equals(head.root)) throw new SigningRefused('forked', signedSize, head.size)
    const text = formatTreeHead({ origin, size: head.size, root })
    const note = formatNote({ text, signatures: [await signNote(text, signer)] })
    // A signature that nobody can verify must not become the last word.
    if ((await openCheckpoint(note, signer.key, crypto)) === undefined) {
      throw new Error('the log key made a signature that does not verify')
    }
    await anchor.write(note)
    last = { origin, size: head.size, root, note, signedAtMs: parts.now() }
    await serve(last)
  }

  return {
    async step() {
      leading = await store.lead()
      if (!leading) {
        edge = undefined
        last = undefined
        return
      }
      try {
        await sign()
        refused = undefined
      } catch (error) {
        edge = undefined
        last = undefined
        if (!(error instanceof SigningRefused)) throw error
        if (refused?.reason !== error.reason) parts.onRefused(error)
        refused = error
      }
    },
    refusal: () => refused,
    latest: () => last,
    leads: () => leading,
  }
}

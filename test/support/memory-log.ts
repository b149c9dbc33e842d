import { formatTreeHead } from '../../src/ledger/checkpoint.ts'
import { hashLeaf } from '../../src/ledger/merkle.ts'
import { formatNote, type NoteSigner, signNote } from '../../src/ledger/note.ts'
import {
  consistencySpans,
  createTileEdge,
  hashOfSpan,
  type Tile,
  type TilePlace,
} from '../../src/ledger/tile.ts'
import { formatWitnessRequest } from '../../src/ledger/witness-request.ts'

/** A log in memory whose operator signs whatever a test asks for. */
export interface MemoryLog {
  append(...leaves: readonly string[]): void
  size(): number
  /** A signed checkpoint over what the log has now. */
  checkpoint(): Promise<string>
  /** @returns the proof that the log begins with its first `from` leaves. */
  consistency(from: number): readonly Uint8Array[]
  readTiles(places: readonly TilePlace[]): readonly Tile[]
  /** A right `add-checkpoint` body for a witness that has cosigned `old`. */
  request(old: number): Promise<string>
}

export function createMemoryLog(signer: NoteSigner): MemoryLog {
  const tiles = new Map<string, Buffer>()
  const keyOf = ({ level, n }: TilePlace) => `${level}/${n}`
  const read = (place: TilePlace) => tiles.get(keyOf(place)) ?? Buffer.alloc(0)
  const edge = createTileEdge(0, read)
  const log: MemoryLog = {
    append(...leaves) {
      const hashes = Buffer.concat(leaves.map((leaf) => hashLeaf(Buffer.from(leaf))))
      for (const tile of edge.append(hashes)) tiles.set(keyOf(tile), tile.hashes)
    },
    size: () => edge.size(),
    async checkpoint() {
      const text = formatTreeHead({ origin: signer.key.name, size: edge.size(), root: edge.root() })
      return formatNote({ text, signatures: [await signNote(text, signer)] })
    },
    consistency: (from) => consistencySpans(from, edge.size()).map((span) => hashOfSpan(span, read)),
    readTiles: (places) => places.map((place) => ({ ...place, hashes: read(place) })),
    request: async (old) =>
      formatWitnessRequest({ oldSize: old, path: log.consistency(old), note: await log.checkpoint() }),
  }
  return log
}

import { formatProof } from '../ledger/proof.ts'
import { hashOfSpan, inclusionSpans, type Tile, type TilePlace, tilesOf } from '../ledger/tile.ts'
import { GatewayError } from '../model/errors.ts'

/** What a proof is put together from. */
export interface ProofSource {
  /** The checkpoint to prove a leaf against. */
  checkpointOver(leafIndex: number): Promise<{ readonly size: number; readonly note: string } | undefined>
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
  leafIndexOf(exchangeId: string): Promise<number | undefined>
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * @returns the proof that an exchange's record is in the log (c2sp.org/tlog-proof).
 * @throws GatewayError `record_unknown`, `checkpoint_pending` where no checkpoint covers it yet.
 */
export async function proveInclusion(source: ProofSource, exchangeId: string): Promise<string> {
  const index = UUID.test(exchangeId) ? await source.leafIndexOf(exchangeId) : undefined
  if (index === undefined) throw new GatewayError('record_unknown')
  const checkpoint = await source.checkpointOver(index)
  if (checkpoint === undefined) throw new GatewayError('checkpoint_pending', { retryAfterSeconds: 1 })
  const spans = inclusionSpans(index, checkpoint.size)
  const tiles = await source.readTiles(tilesOf(spans))
  const stored = new Map(tiles.map(({ level, n, hashes }) => [`${level}/${n}`, hashes]))
  const path = spans.map((span) =>
    hashOfSpan(span, ({ level, n }) => stored.get(`${level}/${n}`) ?? Buffer.alloc(0)),
  )
  return formatProof({ index, path, checkpoint: checkpoint.note })
}

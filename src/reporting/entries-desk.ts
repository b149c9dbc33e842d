import { encodeEntries } from '../ledger/entry-bundle.ts'
import { parseTilePath, TILE_WIDTH } from '../ledger/tile.ts'
import { GatewayError } from '../model/errors.ts'
import type { Answered, ReadingWork } from './reading.ts'

/** A bundle of the log's own bytes. */
export interface EntriesAnswer extends Answered {
  readonly bytes: Uint8Array
}

/** @returns a reading of the leaves that a path below `tile/` names; unknown where the log has not that many. */
export function createEntriesDesk(
  readEntries: (start: number, end: number) => Promise<readonly Buffer[]>,
): (path: string) => ReadingWork<EntriesAnswer> {
  return (path) => {
    const tile = parseTilePath(path)
    if (tile?.level !== 'entries') throw new GatewayError('path_unknown')
    const start = tile.n * TILE_WIDTH
    return {
      ask: () => ({ query: { first: start, count: tile.width }, identifier: undefined }),
      async answer() {
        const entries = await readEntries(start, start + tile.width)
        if (entries.length !== tile.width) throw new GatewayError('path_unknown')
        return { found: entries.length, json: undefined, bytes: encodeEntries(entries) }
      },
    }
  }
}

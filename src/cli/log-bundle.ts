import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { decodeEntries, encodeEntries } from '../ledger/entry-bundle.ts'
import { formatTileNumber, TILE_WIDTH, type Tile, type TilePlace, widthOf } from '../ledger/tile.ts'

/** A log as a folder of files that verifies without the gateway (`bundle/VERIFY.md`). */

/** What is read of a log to make a bundle. */
export interface BundleSource {
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
  readEntries(start: number, end: number): Promise<readonly Buffer[]>
}

const INSTRUCTIONS = ['VERIFY.md', 'verify.go']

function tilePath(level: number | 'entries', n: number, width: number): string {
  const partial = width < TILE_WIDTH ? `.p/${width}` : ''
  return join('tile', String(level), `${formatTileNumber(n)}${partial}`)
}

async function write(folder: string, path: string, content: string | Uint8Array): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, content, { flag: 'wx', mode: 0o600 })
}

/** Writes the instructions and the independent verifier. */
export async function writeInstructions(folder: string): Promise<void> {
  for (const name of INSTRUCTIONS)
    await copyFile(join(import.meta.dirname, 'bundle', name), join(folder, name))
}

/** Writes a bundle's single files; none that is there is written over. */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [path, content] of files) await write(folder, path, content)
}

/** Writes the records and hashes of a log of `size`. */
export async function writeTiles(
  folder: string,
  size: number,
  source: BundleSource,
  progress: (done: number) => void,
): Promise<void> {
  for (let start = 0; start < size; start += TILE_WIDTH) {
    const end = Math.min(size, start + TILE_WIDTH)
    const entries = await source.readEntries(start, end)
    await write(folder, tilePath('entries', start / TILE_WIDTH, end - start), encodeEntries(entries))
    progress(end)
  }
  for (let level = 0; TILE_WIDTH ** level <= size; level += 1) {
    for (let n = 0; widthOf({ level, n }, size) > 0; n += 1) {
      const width = widthOf({ level, n }, size)
      const [tile] = await source.readTiles([{ level, n }])
      await write(folder, tilePath(level, n, width), tile?.hashes.subarray(0, width * 32) ?? Buffer.alloc(0))
    }
  }
}

/** The records of a bundle, as many as its checkpoint covers. */
export async function* readBundle(folder: string, size: number): AsyncGenerator<readonly Buffer[]> {
  for (let start = 0; start < size; start += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - start)
    yield decodeEntries(await readFile(join(folder, tilePath('entries', start / TILE_WIDTH, width))))
  }
}

/** A file of the bundle as text; undefined where it has none. */
export async function readOptional(folder: string, path: string): Promise<string | undefined> {
  const names = await readdir(folder)
  return names.includes(path) ? readFile(join(folder, path), 'utf8') : undefined
}

import { decodeHash, encodeBase64, parseDecimal } from './base64.ts'
import { type Crypto, isSignedBy, type Note, type NoteKey, parseNote } from './note.ts'

/** What a checkpoint states (c2sp.org/tlog-checkpoint). */
export interface TreeHead {
  /** Names the log; also the name of its key. */
  readonly origin: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** A tree head as it was signed. */
export interface Checkpoint extends TreeHead {
  readonly note: Note
}

export function formatTreeHead({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/** @returns undefined where the text is no checkpoint; extension lines are let stand. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const note = parseNote(text)
  const [origin = '', sizeText = '', rootText = '', ...rest] = note?.text.split('\n') ?? []
  const size = parseDecimal(sizeText)
  const root = decodeHash(rootText)
  const extended = rest.slice(0, -1).some((line) => line === '')
  if (note === undefined || origin === '' || size === undefined || root === undefined || extended)
    return undefined
  return { origin, size, root, note }
}

/** @returns the checkpoint where the log's key signed it and it names that log; undefined otherwise. */
export async function openCheckpoint(
  text: string,
  key: NoteKey,
  crypto: Crypto,
): Promise<Checkpoint | undefined> {
  const checkpoint = parseCheckpoint(text)
  if (checkpoint === undefined || checkpoint.origin !== key.name || key.kind !== 'note') return undefined
  return (await isSignedBy(checkpoint.note, key, crypto)) ? checkpoint : undefined
}

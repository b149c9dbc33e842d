import { decodeHash, encodeBase64, parseDecimal } from './base64.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'

/** What a log asks of a witness: the body of `add-checkpoint` (c2sp.org/tlog-witness). */
export interface WitnessRequest {
  /** Size of the checkpoint that the witness has cosigned before; 0 where there is none. */
  readonly oldSize: number
  /** Consistency proof from there to the checkpoint (RFC 6962 §2.1.2). */
  readonly path: readonly Uint8Array[]
  /** As it was signed, with the signatures it came with. */
  readonly checkpoint: Checkpoint
}

const MAX_PATH = 63
/** Content type of the answer that names the size a witness has cosigned. */
export const SIZE_TYPE = 'text/x.tlog.size'

/** @param request with the checkpoint's note as it is. */
export function formatWitnessRequest(request: {
  readonly oldSize: number
  readonly path: readonly Uint8Array[]
  readonly note: string
}): string {
  const proof = request.path.map((node) => `${encodeBase64(node)}\n`).join('')
  return `old ${request.oldSize}\n${proof}\n${request.note}`
}

/** @returns undefined where the text is no such body. */
export function parseWitnessRequest(text: string): WitnessRequest | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const [first = '', ...lines] = text.slice(0, split).split('\n')
  const oldSize = parseDecimal(/^old (\d+)$/.exec(first)?.[1] ?? '')
  const path = lines.map(decodeHash).filter((node) => node !== undefined)
  const checkpoint = parseCheckpoint(text.slice(split + 2))
  if (oldSize === undefined || checkpoint === undefined) return undefined
  if (path.length !== lines.length || path.length > MAX_PATH) return undefined
  return { oldSize, path, checkpoint }
}

import { parseCheckpoint } from './checkpoint.ts'
import { openTimestamp, TimestampError } from './timestamp.ts'
import { type EarlierHead, type Finding, type Trust, verifyCheckpoint } from './verify.ts'

/** A time stamp as it is exported: the note that it is over, and the authority's answer. */
export interface TimestampEvidence {
  /** Name of the authority. */
  readonly authority: string
  readonly note: string
  readonly token: Uint8Array
}

/**
 * Checks one time stamp over a checkpoint of the log.
 * @param certificates whose stamps are believed, DER.
 * @returns what was found, and the head that the log must have passed through where it holds.
 */
export async function verifyTimestamp(
  { authority, note, token }: TimestampEvidence,
  certificates: readonly Uint8Array[],
  trust: Trust,
): Promise<{ readonly finding: Finding; readonly head?: EarlierHead }> {
  const [signed] = await verifyCheckpoint(note, { ...trust, policy: undefined })
  const head = parseCheckpoint(note)
  const fail = (vi: string, en: string) => ({
    finding: { check: 'timestamp', ok: false, detail: { vi, en } },
  })
  if (head === undefined || !signed?.ok)
    return fail(
      `Dấu thời gian của ${authority} không nằm trên điểm kiểm của sổ này.`,
      `The time stamp of ${authority} is not over a checkpoint of this log.`,
    )
  try {
    const data = new TextEncoder().encode(note)
    const { at, by } = await openTimestamp(token, data, {
      authorities: certificates,
      hash: trust.crypto.hash,
    })
    const iso = at.toISOString()
    return {
      head,
      finding: {
        check: 'timestamp',
        ok: true,
        detail: {
          vi: `${by} (${authority}) xác nhận ${head.size} bản ghi đã có trước ${iso}.`,
          en: `${by} (${authority}) says that ${head.size} records were there before ${iso}.`,
        },
      },
    }
  } catch (error) {
    if (!(error instanceof TimestampError)) throw error
    return fail(
      `Dấu thời gian của ${authority} trên ${head.size} bản ghi không đúng (${error.message}).`,
      `The time stamp of ${authority} over ${head.size} records does not hold (${error.message}).`,
    )
  }
}

import { createHmac, timingSafeEqual } from 'node:crypto'
import { decodeCanonical } from './compact.ts'

/** How long one nonce is handed out; it is accepted for as long again. */
export const NONCE_PERIOD_MS = 120_000

const TAG_BYTES = 16
const PERIOD_BYTES = 6

/**
 * Nonces a DPoP proof must carry (RFC 9449 §8), for consumers whose clocks can't be trusted. Nothing is
 * stored: a nonce is a period's number and its keyed tag, so all processes with one secret agree.
 */
export interface DpopNonces {
  /** The nonce to hand out now. */
  issue(): string
  /** @returns the first millisecond at which this nonce is no longer accepted, undefined if it isn't now. */
  expiryOf(nonce: unknown): number | undefined
}

/**
 * @param secret at least 32 bytes, shared by all processes.
 * @param now Unix milliseconds.
 */
export function createDpopNonces(secret: Uint8Array, now: () => number): DpopNonces {
  const make = (period: number): Buffer => {
    const number = Buffer.alloc(PERIOD_BYTES)
    number.writeUIntBE(period, 0, PERIOD_BYTES)
    const tag = createHmac('sha256', secret).update('dpop-nonce\n').update(number).digest()
    return Buffer.concat([number, tag.subarray(0, TAG_BYTES)])
  }
  const periodNow = () => Math.floor(now() / NONCE_PERIOD_MS)
  return {
    issue: () => make(periodNow()).toString('base64url'),
    expiryOf(nonce) {
      const bytes = typeof nonce === 'string' && nonce.length < 64 ? decodeCanonical(nonce) : undefined
      if (bytes?.length !== PERIOD_BYTES + TAG_BYTES) return undefined
      const period = bytes.readUIntBE(0, PERIOD_BYTES)
      const age = periodNow() - period
      if ((age !== 0 && age !== 1) || !timingSafeEqual(bytes, make(period))) return undefined
      return (period + 2) * NONCE_PERIOD_MS
    },
  }
}

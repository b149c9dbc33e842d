import { GatewayError } from '../model/errors.ts'

/** How far the log is attested: signed and, where there is a policy, cosigned by a quorum of witnesses. */
export interface Attestation {
  /** Since when it has been known that the log can't be signed as it stands. */
  readonly refusedSince: Date | undefined
  /** When the first record was made that no attested checkpoint covers. */
  readonly firstOpenAt: Date | undefined
}

interface LimitParts {
  readonly read: () => Promise<Attestation>
  /** How long exchanges go on over records that nobody attests; 0 for ever. */
  readonly stopAfterSeconds: number
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onChange: (stopped: boolean) => void
}

/** Stops exchanges where the log has gone unattested for too long, whoever it is that does not attest it. */
export interface AttestationLimit {
  /** Looks anew; the process calls it every so often. Rejects where the database is away: what was known stands. */
  look(): Promise<void>
  /** @throws `log_unattested` 503 */
  assertAttested(): void
}

const RETRY_SECONDS = 5

export function createAttestationLimit(parts: LimitParts): AttestationLimit {
  const { read, stopAfterSeconds, now, onChange } = parts
  let stopped = false
  return {
    async look() {
      if (stopAfterSeconds === 0) return
      const { refusedSince, firstOpenAt } = await read()
      const since = [refusedSince, firstOpenAt].flatMap((date) => date?.getTime() ?? [])
      const next = now() - Math.min(...since) > stopAfterSeconds * 1000
      if (next !== stopped) onChange(next)
      stopped = next
    },
    assertAttested() {
      if (stopped) throw new GatewayError('log_unattested', { retryAfterSeconds: RETRY_SECONDS })
    },
  }
}

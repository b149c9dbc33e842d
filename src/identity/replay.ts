/**
 * What is claimed once: a client assertion by (subsystem, jti), a DPoP proof by (key thumbprint, jti), a signed
 * request by (key thumbprint, nonce).
 */
export type ReplayKind = 'assertion' | 'dpop' | 'signature'

/**
 * Remembers what was used, shared by all processes and across restarts. Where it can't be asked it throws:
 * nothing is accepted that couldn't be claimed.
 */
export interface ReplayStore {
  /**
   * Claims a key for its whole lifetime.
   * @param expiresAtMs Unix milliseconds from which what carries the key is refused by its age anyway.
   * @returns false where the key was claimed before.
   * @throws GatewayError `ledger_unavailable` when the store can't answer.
   */
  claim(kind: ReplayKind, key: string, expiresAtMs: number): Promise<boolean>
}

/** Kept beyond the last moment of use: another process's clock may run behind ours by this much. */
export const REPLAY_MARGIN_MS = 60_000

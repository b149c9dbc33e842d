import type { Admission } from '../registry/rules.ts'
import { KEY_FAULTS, vetRegisteredJwk } from './key-vetting.ts'

/** What documents are judged by when they are admitted now: keys by identity's rules, certificates by date. */
export function createAdmission(nowMs: number): Admission {
  return {
    nowMs,
    vetKey(jwk) {
      const verdict = vetRegisteredJwk(jwk)
      return 'fault' in verdict
        ? { rule: `key_${verdict.fault}`, detail: KEY_FAULTS[verdict.fault] }
        : undefined
    },
  }
}

import type { PublicJwk, Subsystem } from '../model/party.ts'
import type { SignatureAlgorithm, VerificationKey } from './algorithm.ts'
import { vetRegisteredJwk } from './key-vetting.ts'

/** The part of a registry snapshot that identity reads; `Registry` is one. */
export interface SubsystemDirectory {
  readonly subsystems: ReadonlyMap<string, Subsystem>
}

/** Finds a subsystem's registered key, vetted and imported once per registry snapshot. */
export type FindRegisteredKey = (
  subsystem: Subsystem | undefined,
  kid: unknown,
  algorithm: SignatureAlgorithm,
) => VerificationKey | undefined

export function createRegisteredKeys(): FindRegisteredKey {
  // Keyed by the snapshot's own objects: a swapped-out snapshot takes its imported keys along.
  const imported = new WeakMap<
    PublicJwk,
    { readonly kid: string; readonly key: VerificationKey } | 'refused'
  >()

  const importKey = (jwk: PublicJwk) => {
    const known = imported.get(jwk)
    if (known !== undefined) return known
    const verdict = vetRegisteredJwk(jwk)
    const entry = 'fault' in verdict ? 'refused' : verdict
    imported.set(jwk, entry)
    return entry
  }

  return (subsystem, kid, algorithm) => {
    const candidates: VerificationKey[] = []
    for (const jwk of subsystem?.credentials?.jwks ?? []) {
      const entry = importKey(jwk)
      if (entry === 'refused' || entry.key.algorithm !== algorithm) continue
      if (kid === undefined || kid === entry.kid) candidates.push(entry.key)
    }
    // Two keys under one kid, or no kid among several keys: which is meant isn't ours to guess.
    return candidates.length === 1 ? candidates[0] : undefined
  }
}

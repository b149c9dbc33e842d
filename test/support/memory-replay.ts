import type { ReplayStore } from '../../src/identity/replay.ts'

/** The replay store's contract without a database, for tests whose subject is something else. */
export function createMemoryReplay(): ReplayStore & { readonly claims: Map<string, number> } {
  const claims = new Map<string, number>()
  return {
    claims,
    async claim(kind, key, expiresAtMs) {
      const name = `${kind}\n${key}`
      if (claims.has(name)) return false
      claims.set(name, expiresAtMs)
      return true
    },
  }
}

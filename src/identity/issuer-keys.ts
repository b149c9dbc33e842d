import { GatewayError } from '../model/errors.ts'
import type { VerificationKey } from './algorithm.ts'
import { vetPublicJwk } from './key-vetting.ts'
import { type Members, parseStrictObject } from './strict-json.ts'

/** Seconds after which a key set is read anew while the keys at hand serve on. */
export const REFRESH_AFTER_SECONDS = 300
/** At most one reading in so many seconds, whatever tokens name unknown keys. */
export const COOL_DOWN_SECONDS = 10
const MAX_KEYS = 32

/** The keys of one foreign issuer, read from its one configured address and kept for a bounded time. */
export interface IssuerKeys {
  /**
   * @returns the key of that name among those at hand, undefined where there is none or all are too old. A set
   * that is due is read anew in the background.
   */
  find(kid: string): VerificationKey | undefined
  /**
   * Reads the set anew, where the last reading is not too recent, and looks again.
   * @throws GatewayError `issuer_unavailable` where the set can't be read, so that nobody can tell.
   */
  ask(kid: string): Promise<VerificationKey | undefined>
}

export interface IssuerKeysParts {
  /** Reads the set: 200 and JSON, within size and time. Rejects with whatever kept it from doing so. */
  readonly read: () => Promise<Uint8Array>
  /** Unix milliseconds. */
  readonly now: () => number
  /** Keys older than this are not used: the issuer may have withdrawn them. */
  readonly maxStaleSeconds: number
  /** Told of each reading; `error` where it failed. */
  readonly onRead: (error: unknown) => void
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The usable keys of a JWKS document (RFC 7517 §5): those that are named, vetted as registered keys are, and for
 * signatures. Others (RS256, encryption) are the issuer's business with somebody else. Of two under one name
 * neither is taken.
 * @throws Error where it isn't a key set.
 */
export function readKeySet(bytes: Uint8Array): ReadonlyMap<string, VerificationKey> {
  const keys = parseStrictObject(bytes)?.['keys']
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new Error('not a JWKS document')
  const byKid = new Map<string, VerificationKey>()
  const seen = new Set<string>()
  for (const jwk of keys) {
    if (!isMembers(jwk) || typeof jwk['kid'] !== 'string') continue
    const { kid } = jwk
    const isRepeated = seen.has(kid)
    seen.add(kid)
    if (isRepeated) byKid.delete(kid)
    else if (jwk['use'] === undefined || jwk['use'] === 'sig') {
      const verdict = vetPublicJwk(jwk)
      if ('key' in verdict) byKid.set(kid, verdict.key)
    }
  }
  return byKid
}

/** Nothing is read before the first token of the issuer comes. */
export function createIssuerKeys(parts: IssuerKeysParts): IssuerKeys {
  const { read, now, maxStaleSeconds, onRead } = parts
  let keys: ReadonlyMap<string, VerificationKey> = new Map()
  let readAtMs = Number.NEGATIVE_INFINITY
  let triedAtMs = Number.NEGATIVE_INFINITY
  let failed = false
  let reading: Promise<void> | undefined

  const isOlderThan = (sinceMs: number, seconds: number) => now() - sinceMs >= seconds * 1000

  async function readAnew(): Promise<void> {
    triedAtMs = now()
    try {
      keys = readKeySet(await read())
      readAtMs = now()
      failed = false
      onRead(undefined)
    } catch (error) {
      failed = true
      onRead(error)
    } finally {
      reading = undefined
    }
  }

  /** Joins a reading under way; starts one where the last is not too recent. */
  async function refresh(): Promise<void> {
    if (reading === undefined && isOlderThan(triedAtMs, COOL_DOWN_SECONDS)) reading = readAnew()
    await reading
  }

  const held = (kid: string) => (isOlderThan(readAtMs, maxStaleSeconds) ? undefined : keys.get(kid))

  return {
    find(kid) {
      const key = held(kid)
      // Its failure is told by `onRead`; the keys at hand serve on.
      if (key !== undefined && isOlderThan(readAtMs, REFRESH_AFTER_SECONDS)) void refresh()
      return key
    },
    async ask(kid) {
      await refresh()
      const key = held(kid)
      if (key === undefined && failed) {
        throw new GatewayError('issuer_unavailable', { retryAfterSeconds: COOL_DOWN_SECONDS })
      }
      return key
    },
  }
}

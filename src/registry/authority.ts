import type { RegistryHolder } from './registry.ts'
import type { Registry } from './snapshot.ts'

/**
 * Authority is what exchanges are judged by: a version of the registry and the tokens that were revoked. It has a
 * number in the database that each revocation moves on, in the transaction that writes it; the log takes no
 * delivery that was judged under another number (docs/decisions/0005-revocation.md).
 */
export interface Authority {
  /** Undefined where this process could not take over what is in force: then nothing can be judged. */
  readonly number: number | undefined
  readonly registry: Registry
  /** @param tokenDigest see `Consumer`. */
  isRevoked(tokenDigest: string): boolean
}

/** Where authority stands in the database. */
export interface Standing {
  readonly number: number
  readonly registryVersion: number
}

export interface RevokedToken {
  readonly tokenDigest: string
  /** Unix milliseconds from which the token is refused by its age anyway. */
  readonly expiresAtMs: number
}

/** What the database keeps for one process about authority. */
export interface AuthorityStore {
  /** Makes this process known: from now on every revocation waits for it. */
  enrol(): Promise<void>
  /**
   * Says that this process releases nothing any more that was judged under less than `confirmed`.
   * @returns where authority stands; undefined where the process has to be enrolled (anew).
   */
  beat(confirmed: number): Promise<Standing | undefined>
  /** Tokens revoked by authorities above `number` that have not expired. */
  revokedSince(number: number): Promise<readonly RevokedToken[]>
  /** Takes this process off the list of those that revocations wait for. */
  withdraw(): Promise<void>
}

/**
 * How long answers judged under a number may leave after this process last read that this number is in force.
 * A revocation waits as long for a process that does not confirm it: one that hangs or lost its database.
 */
export const LEASE_MS = 5000

interface Lease {
  readonly clockMs: number
  readonly nowMs: number
}

interface AuthorityParts {
  readonly store: AuthorityStore
  readonly registry: Pick<RegistryHolder, 'current' | 'refresh' | 'lastError'>
  /** Resolves once every append has ended whose judgement came before now, and its answers have left. */
  readonly settled: () => Promise<void>
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

export interface AuthorityHolder {
  /** The same object for as long as nothing changed. */
  current(): Authority
  /** Takes over what is in force in the database now; never rejects. */
  refresh(): Promise<void>
  /** For a batch that was refused under this number: whoever cannot get beyond it can judge nothing. */
  catchUp(refused: number): Promise<void>
  /** Whether an answer judged under this number may leave at this moment. */
  mayRelease(number: number): boolean
  /** Told by whoever swaps the registry. */
  registryChanged(): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Holds what one process judges by, and what it may still release. */
export function createAuthorityHolder(parts: AuthorityParts): AuthorityHolder {
  const { store, registry, clock, now } = parts
  const revoked = new Map<string, number>()
  const isRevoked = (tokenDigest: string) => revoked.has(tokenDigest)
  /** When this process last asked and read that a number is in force. */
  const leases = new Map<number, Lease>()
  let number = 0
  let isBehind = true
  let confirmed = 0
  let current: Authority | undefined
  let wanted = false
  let running: Promise<void> | undefined
  let stopped = false

  function publish(): void {
    current = Object.freeze({
      number: isBehind ? undefined : number,
      registry: registry.current(),
      isRevoked,
    })
  }

  function isValid({ clockMs, nowMs }: Lease): boolean {
    // A suspended machine stops one of the clocks; whichever says that it is over is believed.
    return clock() - clockMs < LEASE_MS && Math.abs(now() - nowMs) < LEASE_MS
  }

  function forgetExpired(): void {
    for (const [known, lease] of leases) if (known !== number && !isValid(lease)) leases.delete(known)
    for (const [digest, expiresAtMs] of revoked) if (expiresAtMs <= now()) revoked.delete(digest)
  }

  /** A database put back from a copy: what was known of the numbers above holds no more. */
  function startAnew(): void {
    leases.clear()
    revoked.clear()
    number = 0
    confirmed = 0
  }

  /** What was revoked counts from the first moment it is known; the number follows once all of it is. */
  async function adopt(standing: Standing): Promise<void> {
    if (standing.number < number) startAnew()
    for (const { tokenDigest, expiresAtMs } of await store.revokedSince(number)) {
      revoked.set(tokenDigest, expiresAtMs)
    }
    if (registry.current().version !== standing.registryVersion) {
      await registry.refresh()
      if (registry.lastError() !== undefined) {
        isBehind = true
        publish()
        return
      }
    }
    number = standing.number
    isBehind = false
    publish()
    void confirm(standing.number)
  }

  /** Answers under the numbers before have left, or are held back from now on. */
  async function confirm(next: number): Promise<void> {
    await parts.settled()
    if (next !== number || stopped) return
    confirmed = next
    void refresh()
  }

  async function look(): Promise<void> {
    const lease: Lease = { clockMs: clock(), nowMs: now() }
    const standing = await store.beat(confirmed)
    if (standing === undefined) {
      await store.enrol()
      wanted = !stopped
      return
    }
    if (isBehind || standing.number !== number) await adopt(standing)
    if (!isBehind && number === standing.number) leases.set(number, lease)
    forgetExpired()
  }

  async function lookWhileWanted(): Promise<void> {
    while (wanted) {
      wanted = false
      await look().catch(parts.onError)
    }
    running = undefined
  }

  /** One look at a time; what is asked for during it is looked at after it. */
  function refresh(): Promise<void> {
    wanted = !stopped
    running ??= lookWhileWanted()
    return running
  }

  return {
    current() {
      if (current === undefined) throw new Error('authority is used before it was read')
      return current
    },
    refresh,
    async catchUp(refused) {
      await refresh()
      if (number !== refused) return
      isBehind = true
      publish()
    },
    mayRelease(judged) {
      const lease = leases.get(judged)
      return judged >= confirmed && lease !== undefined && isValid(lease)
    },
    registryChanged() {
      if (current !== undefined) publish()
    },
    async start() {
      await refresh()
      if (current === undefined) throw new Error('the authority in force cannot be read')
    },
    async stop() {
      stopped = true
      await running
      leases.clear()
      await store.withdraw().catch(parts.onError)
    },
  }
}

import { isDeepStrictEqual } from 'node:util'

/** A claim as the agency took it down. */
export interface Entry<T> {
  readonly number: string
  /** RFC 3339, UTC. */
  readonly receivedAt: string
  readonly claim: T
}

/** The entry that now stands, or that another one contradicts it. */
export type Submission<T> = { readonly entry: Entry<T> } | { readonly conflict: 'key' | 'content' }

/** What was submitted in this run; it is gone when the process ends. */
export interface Register<T> {
  /**
   * The same claim again, with the same key or another, gets the entry it got before.
   * @returns a conflict where the key came with another claim, or where another claim stands for the same matter.
   */
  submit(claim: T, idempotencyKey: string | undefined): Submission<T>
  find(number: string): Entry<T> | undefined
  findByMatter(matter: string): Entry<T> | undefined
  /** Takes an entry out, so that its matter can be entered anew; entered as it was, it gets its number back. */
  remove(number: string): void
}

export interface RegisterOptions<T> {
  /** The time of receipt. */
  readonly now: () => Date
  /** What its numbers begin with. */
  readonly prefix: string
  /** What a claim is about; one entry stands for each matter. */
  readonly matterOf: (claim: T) => string
  /** Whether a later claim about a matter takes the place of the standing one instead of contradicting it. */
  readonly supersedes?: boolean
  readonly capacity?: number
  /** Called once for each new entry. */
  readonly onEntry?: (entry: Entry<T>) => void
}

/** How many are kept: the oldest give way, so that a load test cannot fill the memory. */
const CAPACITY = 100_000

/** Sets an entry of a map that forgets its oldest one rather than grow past `capacity`. */
function keep<T>(map: Map<string, T>, capacity: number, entry: readonly [key: string, value: T]): void {
  const [key, value] = entry
  if (map.size >= capacity && !map.has(key)) {
    const oldest = map.keys().next()
    if (oldest.done !== true) map.delete(oldest.value)
  }
  map.set(key, value)
}

/** @returns an empty register. */
export function createRegister<T>(options: RegisterOptions<T>): Register<T> {
  const { now, prefix, matterOf, supersedes = false, capacity = CAPACITY, onEntry } = options
  const byNumber = new Map<string, Entry<T>>()
  const byKey = new Map<string, Entry<T>>()
  const byMatter = new Map<string, Entry<T>>()
  const removed = new Map<string, Entry<T>>()
  let issued = 0

  function enter(claim: T): Entry<T> {
    issued += 1
    const receivedAt = now().toISOString()
    const number = `${prefix}-${receivedAt.slice(0, 4)}-${String(issued).padStart(7, '0')}`
    return { number, receivedAt, claim }
  }

  function takeBack(matter: string, claim: T): Entry<T> | undefined {
    const entry = removed.get(matter)
    removed.delete(matter)
    return isDeepStrictEqual(entry?.claim, claim) ? entry : undefined
  }

  return {
    submit(claim, idempotencyKey) {
      const sent = idempotencyKey === undefined ? undefined : byKey.get(idempotencyKey)
      if (sent !== undefined) {
        return isDeepStrictEqual(sent.claim, claim) ? { entry: sent } : { conflict: 'key' }
      }
      const matter = matterOf(claim)
      const standing = byMatter.get(matter)
      const isSame = standing !== undefined && isDeepStrictEqual(standing.claim, claim)
      if (standing !== undefined && !isSame && !supersedes) return { conflict: 'content' }
      const entry = isSame ? standing : (takeBack(matter, claim) ?? enter(claim))
      keep(byMatter, capacity, [matter, entry])
      keep(byNumber, capacity, [entry.number, entry])
      if (!isSame) onEntry?.(entry)
      if (idempotencyKey !== undefined) keep(byKey, capacity, [idempotencyKey, entry])
      return { entry }
    },
    find: (number) => byNumber.get(number),
    findByMatter: (matter) => byMatter.get(matter),
    remove(number) {
      const entry = byNumber.get(number)
      if (entry === undefined) return
      byNumber.delete(number)
      const matter = matterOf(entry.claim)
      if (byMatter.get(matter) === entry) byMatter.delete(matter)
      keep(removed, capacity, [matter, entry])
    },
  }
}

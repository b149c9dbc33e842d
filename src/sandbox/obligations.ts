/** A financial obligation about land, as an agency submits it. */
export interface ObligationClaim {
  readonly dossierCode: string
  readonly parcelKey: string
  readonly taxCode: string
  readonly kind: string
  readonly amountVnd: number
  readonly dueDate: string
}

export interface Obligation extends ObligationClaim {
  readonly obligationNumber: string
  /** RFC 3339, UTC. */
  readonly receivedAt: string
}

/** The obligation that now stands, or that another one contradicts it. */
export type Submission = { readonly obligation: Obligation } | { readonly conflict: 'key' | 'content' }

/** What was submitted in this run; it is gone when the process ends. */
export interface Obligations {
  /**
   * The same claim again, with the same key or another, gets the obligation it got before.
   * @returns a conflict where the key came with another claim, or where the same kind of obligation stands for
   * the same dossier and parcel with other particulars.
   */
  submit(claim: ObligationClaim, idempotencyKey: string | undefined): Submission
  find(obligationNumber: string): Obligation | undefined
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

function isSame(left: ObligationClaim, right: ObligationClaim): boolean {
  return (
    left.dossierCode === right.dossierCode &&
    left.parcelKey === right.parcelKey &&
    left.taxCode === right.taxCode &&
    left.kind === right.kind &&
    left.amountVnd === right.amountVnd &&
    left.dueDate === right.dueDate
  )
}

/**
 * @param now the time of receipt.
 * @param capacity how many obligations are kept.
 */
export function createObligations(now: () => Date, capacity = CAPACITY): Obligations {
  const byNumber = new Map<string, Obligation>()
  const byKey = new Map<string, Obligation>()
  const byMatter = new Map<string, Obligation>()
  let issued = 0

  function issue(claim: ObligationClaim): Obligation {
    issued += 1
    const receivedAt = now().toISOString()
    const obligationNumber = `NVTC-${receivedAt.slice(0, 4)}-${String(issued).padStart(7, '0')}`
    return { obligationNumber, receivedAt, ...claim }
  }

  return {
    submit(claim, idempotencyKey) {
      const sent = idempotencyKey === undefined ? undefined : byKey.get(idempotencyKey)
      if (sent !== undefined) return isSame(sent, claim) ? { obligation: sent } : { conflict: 'key' }
      const matter = `${claim.dossierCode} ${claim.parcelKey} ${claim.kind}`
      const standing = byMatter.get(matter)
      if (standing !== undefined && !isSame(standing, claim)) return { conflict: 'content' }
      const obligation = standing ?? issue(claim)
      keep(byMatter, capacity, [matter, obligation])
      keep(byNumber, capacity, [obligation.obligationNumber, obligation])
      if (idempotencyKey !== undefined) keep(byKey, capacity, [idempotencyKey, obligation])
      return { obligation }
    },
    find: (obligationNumber) => byNumber.get(obligationNumber),
  }
}

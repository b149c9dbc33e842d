/** By which hub a service was reached from a version of the registry on. */
export interface HubVersion {
  readonly service: string
  /** `null`: without a hub. */
  readonly hub: string | null
  readonly appliedAt: Date
  readonly by: string
}

/** When a service last came from one hub to another, or to none. */
export interface HubMove {
  readonly from: string | null
  readonly at: Date
  readonly by: string
}

/** @param versions of each service oldest first. @returns the last move of those that have moved. */
export function lastMoves(versions: readonly HubVersion[]): ReadonlyMap<string, HubMove> {
  const known = new Map<string, string | null>()
  const moves = new Map<string, HubMove>()
  for (const { service, hub, appliedAt, by } of versions) {
    const before = known.get(service)
    if (before !== undefined && before !== hub) moves.set(service, { from: before, at: appliedAt, by })
    known.set(service, hub)
  }
  return moves
}

/** What one timed window saw. */
export interface Sample {
  readonly answered: number
  readonly wrong: number
  /** The first wrong answer, for people. */
  readonly firstFault: string | undefined
  /** From the first request to the last answer. */
  readonly seconds: number
  /** Latency in ms that `share` (0 … 1) of the answers did not exceed. */
  percentileMs(share: number): number
}

/** Counts answers while a window lasts. */
export interface Tally {
  readonly answered: number
  add(latencyMs: number, fault: string | undefined): void
  close(elapsedMs: number): Sample
}

/** An empty tally; it keeps every latency, so percentiles are exact. */
export function createTally(): Tally {
  let latenciesMs = new Float64Array(1 << 16)
  let answered = 0
  let wrong = 0
  let firstFault: string | undefined

  function add(latencyMs: number, fault: string | undefined): void {
    if (answered === latenciesMs.length) {
      const longer = new Float64Array(2 * answered)
      longer.set(latenciesMs)
      latenciesMs = longer
    }
    latenciesMs[answered] = latencyMs
    answered += 1
    if (fault === undefined) return
    wrong += 1
    firstFault ??= fault
  }

  function close(elapsedMs: number): Sample {
    const sorted = latenciesMs.slice(0, answered).sort()
    const percentileMs = (share: number) => sorted[Math.max(0, Math.ceil(share * answered) - 1)] ?? Number.NaN
    return { answered, wrong, firstFault, seconds: elapsedMs / 1000, percentileMs }
  }

  return {
    get answered() {
      return answered
    },
    add,
    close,
  }
}

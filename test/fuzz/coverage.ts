import { Session } from 'node:inspector'

/** Which blocks of the gateway's code ran: V8's own precise coverage. */
export interface CoverageProbe {
  /** @returns the blocks that ran since the last call. */
  take(): string[]
  close(): void
}

interface CoverageReport {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number
        readonly endOffset: number
        readonly count: number
      }[]
    }[]
  }[]
}

/** @param under the URL prefix of the code that counts. Code loaded before this is called is not seen by block. */
export function startCoverage(under: string): CoverageProbe {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

  function take(): string[] {
    let report: CoverageReport = { result: [] }
    // Within one thread the answer comes before `post` returns.
    session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error) throw error
      report = taken
    })
    return report.result
      .filter(({ url }) => url.startsWith(under))
      .flatMap(({ url, functions }) =>
        functions.flatMap(({ ranges }) =>
          ranges
            .filter(({ count }) => count > 0)
            .map(({ startOffset, endOffset }) => `${url}:${startOffset}-${endOffset}`),
        ),
      )
  }

  return {
    take,
    close() {
      session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

import { expect } from 'chai'
import { createExchangeMetrics } from '../../src/telemetry/exchange-metrics.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { exchangeEvent } from '../support/exchange-event.ts'
import { meteredRegistry } from '../support/metered-registry.ts'

/** `CARDINALITY=1000000` for the long form. */
const TURNS = Number(process.env['CARDINALITY'] ?? 100_000)

function seriesOf(metrics: Metrics): number {
  return metrics.collect().reduce((total, family) => total + [...family.series()].length, 0)
}

/** A small generator of its own: the same words in each run, and none of them known. */
function createWords(seed: number): () => string {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return `x${state.toString(36)}`
  }
}

describe('the number of series', () => {
  it('stays the same under any number of paths, purposes, agencies and methods that callers make up', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 10_000 })
    const exchanges = createExchangeMetrics({ metrics, now: () => 0, routes: ['/exchange', '/oauth/token'] })
    exchanges.useRegistry(meteredRegistry())
    const word = createWords(7)

    function observeMadeUp(): void {
      const [agency, name, path] = [word(), word(), word()]
      exchanges.observeExchange(
        exchangeEvent({
          consumer: `${agency}/${name}`,
          provider: `${agency}/${path}`,
          service: `${agency}/${name}/${path}/v1`,
          operation: path,
          agreement: name,
          purpose: path,
          outcome: 'refused',
          code: 'service_unknown',
          method: agency,
          status: 404,
        }),
      )
      // A service that is known, and all else made up.
      exchanges.observeExchange(
        exchangeEvent({ operation: path, agreement: name, purpose: agency, method: name }),
      )
      exchanges.observeRequest({
        method: agency,
        route: `/${path}/${name}`,
        status: 404,
        code: 'path_unknown',
        totalMs: 1,
      })
      exchanges.inFlight(`${agency}/${name}/${path}/v2`).inc()
    }

    observeMadeUp()
    const before = seriesOf(metrics)
    for (let turn = 0; turn < TURNS; turn += 1) observeMadeUp()
    expect(seriesOf(metrics)).to.equal(before)
    expect([...metrics.counter('lienthong_metrics_series_overflow_total').series()]).to.deep.equal([])
  }).timeout(120_000)
})

import { expect } from 'chai'
import { knownIn } from '../../src/telemetry/known.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createProviderMetrics } from '../../src/telemetry/provider-metrics.ts'
import { meteredRegistry, PROVIDER } from '../support/metered-registry.ts'

function createWorld() {
  const metrics = createMetrics()
  metrics.useKnown(knownIn(meteredRegistry()))
  const connect = () => createProviderMetrics(metrics, { provider: PROVIDER, address: 'dan-cu.gov.test' })
  const states = () =>
    (['closed', 'open', 'half_open'] as const).map(
      (state) => metrics.gauge('lienthong_breaker_state').child({ provider: PROVIDER, state }).value,
    )
  const attempts = () =>
    Array.from(metrics.histogram('http_client_request_duration_seconds').series(), ({ labels, count }) => [
      labels['server_address'],
      labels['http_response_status_code'],
      labels['error_type'],
      count,
    ])
  return { metrics, connect, states, attempts }
}

describe('metrics of providers', () => {
  it('counts each attempt by address, status and error type', () => {
    const { connect, attempts } = createWorld()
    const provider = connect()
    provider.attempt({ method: 'POST', status: 200, seconds: 0.01 })
    provider.attempt({ method: 'POST', status: 200, seconds: 0.02 })
    provider.attempt({ method: 'POST', status: 404, seconds: 0.02 })
    provider.attempt({ method: 'POST', error: 'provider_timeout', seconds: 3 })
    provider.attempt({ method: 'POST', error: 'getaddrinfo 099300012345', seconds: 3 })
    expect(attempts()).to.deep.equal([
      ['dan-cu.gov.test', '200', '', 2],
      ['dan-cu.gov.test', '404', '404', 1],
      ['dan-cu.gov.test', '', 'provider_timeout', 1],
      ['dan-cu.gov.test', '', '_OTHER', 1],
    ])
  })

  it('tells how many breakers of a provider are in each state', () => {
    const { connect, states } = createWorld()
    const [one, two] = [connect(), connect()]
    expect(states()).to.deep.equal([2, 0, 0])
    one.breaker('open')
    expect(states()).to.deep.equal([1, 1, 0])
    one.breaker('half_open')
    two.close()
    expect(states()).to.deep.equal([0, 0, 1])
    two.breaker('open')
    two.close()
    expect(states()).to.deep.equal([0, 0, 1])
  })

  it('counts changes of state, not repetitions, and starts them at zero', () => {
    const { metrics, connect } = createWorld()
    const provider = connect()
    const transitions = () =>
      Array.from(metrics.counter('lienthong_breaker_transitions_total').series(), ({ value }) => value)
    expect(transitions()).to.deep.equal([0, 0, 0])
    provider.breaker('open')
    provider.breaker('open')
    provider.breaker('half_open')
    provider.breaker('closed')
    expect(transitions()).to.deep.equal([1, 1, 1])
  })

  it('counts further tries', () => {
    const { metrics, connect } = createWorld()
    connect().retry()
    expect(metrics.counter('lienthong_provider_retries_total').child({ provider: PROVIDER }).value).to.equal(
      1,
    )
  })
})

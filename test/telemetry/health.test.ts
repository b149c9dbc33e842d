import { expect } from 'chai'
import { assessReadiness } from '../../src/telemetry/health.ts'
import { jobsCheck, workersCheck } from '../../src/telemetry/readiness.ts'

const detail = { vi: 'Sổ không ghi được.', en: 'The ledger takes no records.' }
const never = () => new Promise<never>(() => {})

describe('readiness', () => {
  it('needs every check to be in order', async () => {
    const good = { name: 'registry', check: () => ({ ok: true, detail }) }
    const bad = { name: 'ledger', check: async () => ({ ok: false, detail }) }
    expect((await assessReadiness([good])).ok).to.equal(true)
    expect((await assessReadiness([])).ok).to.equal(true)
    expect(await assessReadiness([good, bad])).to.deep.equal({
      ok: false,
      checks: [
        { name: 'registry', ok: true, detail },
        { name: 'ledger', ok: false, detail },
      ],
    })
  })

  it('takes a check that throws or rejects for a failure, and tells nothing of what it threw', async () => {
    const throws = {
      name: 'throws',
      check() {
        throw new Error('099300012345')
      },
    }
    const rejects = { name: 'rejects', check: () => Promise.reject(new Error('099300012345')) }
    const readiness = await assessReadiness([throws, rejects])
    expect(readiness.checks.map(({ ok }) => ok)).to.deep.equal([false, false])
    expect(JSON.stringify(readiness)).to.not.contain('0993')
  })

  it('does not wait for a check for ever', async () => {
    const quick = { name: 'quick', check: () => ({ ok: true, detail }) }
    const { ok, checks } = await assessReadiness(
      [{ name: 'stuck', check: never }, quick],
      () => new Promise((resolve) => setImmediate(resolve)),
    )
    expect(ok).to.equal(false)
    expect(checks.map((check) => [check.name, check.ok])).to.deep.equal([
      ['stuck', false],
      ['quick', true],
    ])
  })

  it('lets its patience go once all checks have ended', async () => {
    let signal: AbortSignal | undefined
    await assessReadiness([], (given) => {
      signal = given
      return never()
    })
    expect(signal?.aborted).to.equal(true)
  })

  it('of several processes needs one that carries exchanges, and names jobs that wait as a concern', async () => {
    const assess = (exchanging: number, doing: boolean) =>
      assessReadiness([workersCheck(() => exchanging, 4), jobsCheck(() => doing)])
    const none = await assess(0, true)
    expect([none.ok, none.checks[0]?.detail.en]).to.deep.equal([
      false,
      '0 of 4 processes that carry exchanges run.',
    ])
    const { ok, checks } = await assess(1, false)
    expect([ok, checks[1]?.ok, checks[1]?.concern]).to.deep.equal([true, true, true])
    expect((await assess(4, true)).checks[1]?.concern).to.equal(undefined)
  })
})

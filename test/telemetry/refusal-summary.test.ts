import { expect } from 'chai'
import type { LogEvent } from '../../src/telemetry/log-events.ts'
import { createRefusalSummary } from '../../src/telemetry/refusal-summary.ts'

describe('the summary of refused authentications', () => {
  it('is one line for many refusals, and none where nothing was refused', () => {
    const events: LogEvent[] = []
    const summary = createRefusalSummary((event) => events.push(event), 60)
    summary.tell()
    for (let count = 0; count < 1000; count += 1) summary.note('credential_invalid')
    summary.note('dpop_proof_invalid')
    summary.tell()
    summary.tell()
    expect(events).to.deep.equal([
      {
        action: 'authentication_refused',
        counts: { credential_invalid: 1000, dpop_proof_invalid: 1 },
        windowSeconds: 60,
      },
    ])
  })
})

import { expect } from 'chai'
import { createAuditPace } from '../../src/ledger/audit-pace.ts'

describe('the pace of the running audit', () => {
  let cpuMs = 0
  let busy = 0
  const create = (share: number) =>
    createAuditPace({ share, everyMs: 100, cpuMs: () => cpuMs, busy: () => busy })

  /** Steps in which each record costs so much; @returns what the last one might have read. */
  function run(pace: ReturnType<typeof create>, steps: number, costMs: number): number {
    let most = 0
    for (let turn = 0; turn < steps; turn += 1) {
      most = pace.most()
      cpuMs += most * costMs
      pace.ended()
    }
    return most
  }

  beforeEach(() => {
    cpuMs = 0
    busy = 0
  })

  it('settles where its steps use the share of a core it is given', () => {
    for (const costMs of [0.02, 0.25]) {
      const pace = create(0.25)
      expect(run(pace, 60, costMs) * costMs, `${costMs}`).to.be.within(24, 26)
    }
  })

  it('leaves a busy process alone but for a tenth of it, and takes its work for no cost of a record', () => {
    const pace = create(0.25)
    const idle = run(pace, 60, 0.05)
    busy = 1
    expect(run(pace, 1, 5)).to.equal(Math.ceil(idle / 10))
    expect(run(pace, 20, 5)).to.equal(Math.ceil(idle / 10))
    busy = 0
    expect(run(pace, 1, 0.05)).to.be.closeTo(idle, 1)
  })

  it('reads one record at least and never more than fit into one reading', () => {
    expect(run(create(1e-6), 5, 0.05)).to.equal(1)
    expect(run(create(1), 60, 1e-6)).to.equal(5000)
  })

  it('measures nothing in a step that read nothing', () => {
    const pace = create(0.25)
    const before = run(pace, 60, 0.05)
    cpuMs += 1000
    pace.ended()
    expect(pace.most()).to.be.closeTo(before, 1)
  })
})

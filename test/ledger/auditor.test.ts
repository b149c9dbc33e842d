import { expect } from 'chai'
import { createLogAuditor } from '../../src/ledger/auditor.ts'
import type { FsckPass } from '../../src/ledger/fsck.ts'

/** An auditor whose passes take two steps, the first of them so long. */
function startAuditor(beginningMs: number) {
  let nowMs = 0
  let passes = 0
  const newPass = (): FsckPass => {
    passes += 1
    let steps = 0
    return {
      next: () => {
        steps += 1
        if (steps === 1) nowMs += beginningMs
        return Promise.resolve(steps < 2)
      },
      position: () => steps,
      size: () => 2,
      faults: () => [],
    }
  }
  const auditor = createLogAuditor({
    newPass,
    leads: () => true,
    most: () => 1,
    now: () => nowMs,
    onFault: () => {},
    onMoved: () => {},
    onPassed: () => {},
  })
  return {
    passes: () => passes,
    async passOnce() {
      await auditor.step()
      await auditor.step()
    },
    async stepAfter(ms: number) {
      nowMs += ms
      await auditor.step()
    },
  }
}

describe('the running audit', () => {
  it('rests for three seconds between passes', async () => {
    const auditor = startAuditor(1)
    await auditor.passOnce()
    await auditor.stepAfter(2999)
    expect(auditor.passes()).to.equal(1)
    await auditor.stepAfter(1)
    expect(auditor.passes()).to.equal(2)
  })

  it('rests longer where adding up the counts keeps the database busy, so that it has no more than a quarter of a core', async () => {
    const auditor = startAuditor(5000)
    await auditor.passOnce()
    await auditor.stepAfter(14_999)
    expect(auditor.passes()).to.equal(1)
    await auditor.stepAfter(1)
    expect(auditor.passes()).to.equal(2)
  })
})

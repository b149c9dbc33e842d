import { expect } from 'chai'
import { runKills } from './kills.ts'
import { faultsOf } from './reckoning.ts'

describe('kill -9 under load', function () {
  this.timeout(180_000)

  for (const [victim, kills] of [
    ['gateway', 10],
    ['database', 5],
  ] as const) {
    it(`of the ${victim}: what was acknowledged is in the log, where its receipt says`, async () => {
      const { reckoning, recoveryMs, strange } = await runKills(victim, kills)
      expect(faultsOf(reckoning), JSON.stringify(reckoning)).to.deep.equal({})
      expect(strange).to.deep.equal([])
      expect(recoveryMs).to.have.length(kills)
      expect(reckoning.delivered).to.be.greaterThan(kills * 20)
    })
  }

  it('of a database that acknowledges before it has written loses records: the reckoning sees it', async () => {
    const { reckoning } = await runKills('database-forgetful', 3)
    expect(reckoning.lost).to.be.greaterThan(0)
  })
})

import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const LOOK_UP = 'G01/dan-cu/cong-dan/v1/tra-cuu'

/** What is awaited comes of itself; mocha's limit ends a wait for what does not. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('a difference between the log and its search columns', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld()
  })

  after(async () => {
    await world.close()
  })

  it('is told by an alarm, a line of the log and the readiness page, and taken back once it is mended', async () => {
    for (const number of [3, 4, 5]) {
      const answer = await world.consumer.call(LOOK_UP, { body: samplePerson(number).lookUp })
      expect(answer.status).to.equal(200)
    }
    const alarm = 'lienthong_log_audit_fault{check="column"}'
    const passed = 'lienthong_log_audit_last_pass_timestamp_seconds'
    await until(
      async () =>
        (await world.metric(passed)) > 0 && (await world.metric('lienthong_log_audit_position')) > 0,
    )
    expect(await world.metric(alarm)).to.equal(0)
    expect(world.log()).not.to.include('log_audit_fault')

    await world.pool.query("UPDATE exchange_record SET purpose = 'other' WHERE leaf_index = 1")
    await until(async () => (await world.metric(alarm)) === 1)
    expect(world.log())
      .to.include('"event.action":"log_audit_fault"')
      .and.include('"lienthong.log.check":"column"')
    const ready = await fetch(`${world.gateway.managementUrl}/readyz?verbose`)
    expect(ready.status, 'exchanges go on').to.equal(200)
    expect(await ready.text()).to.include('a search column is not what the bytes say (purpose)')

    const { rows } = await world.pool.query('SELECT leaf FROM exchange_record WHERE leaf_index = 1')
    const { purpose } = JSON.parse(rows[0].leaf.toString())
    await world.pool.query('UPDATE exchange_record SET purpose = $1 WHERE leaf_index = 1', [purpose])
    await until(async () => (await world.metric(alarm)) === 0)
  })
})

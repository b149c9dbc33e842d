import { Axios, CanceledError } from 'axios'
import { expect } from 'chai'
import { createCanceller } from '../../src/model/cancellation.ts'
import { createPoolAdapter, type PoolRequestConfig } from '../../src/provider/pool-adapter.ts'

describe('axios over the connection pool', () => {
  it('gives a call up while its connection is still being made', async () => {
    // A name that is never resolved: without the cancellation nothing would end this call.
    const connect = { lookup: () => {}, timeout: 0 }
    const pool = createPoolAdapter('http://provider.test', { maxBytes: 1000, connect })
    const signal = createCanceller()
    const config: PoolRequestConfig = { method: 'GET', url: '/', fields: [], signal }
    const call = new Axios({ adapter: pool.adapter, allowAbsoluteUrls: false }).request(config)
    setImmediate(() => signal.abort('deadline'))
    const thrown = await call.catch((error: unknown) => error)
    expect(thrown).to.be.instanceOf(CanceledError)
  })
})

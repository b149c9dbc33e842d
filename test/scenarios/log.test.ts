import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { openCheckpoint } from '../../src/ledger/checkpoint.ts'
import { parseVerifierKey } from '../../src/ledger/note.ts'
import { leafHashOf, parseProof, rootOfInclusion } from '../../src/ledger/proof.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'

describe('the log as others check it', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld({ overrides: { ledger: { origin: 'gateway.example/log' } } })
  })

  after(() => world.close())

  const get = (path: string, base = world.gateway.publicUrl) => fetch(`${base}${path}`)

  /** Asks until there is an answer: a checkpoint is signed each second. */
  async function getProof(exchangeId: string): Promise<string> {
    for (;;) {
      const response = await get(`/log/proof/${exchangeId}`)
      if (response.status === 200) return response.text()
      expect(response.status, await response.text()).to.equal(503)
      await breathe()
    }
  }

  async function exchange(): Promise<{ id: string; receipt: string }> {
    const answer = await world.consumer.call(`${CITIZEN}/xac-thuc`, { body: samplePerson(17).verify })
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    return {
      id: answer.headers.get('exchange-id') ?? '',
      receipt: answer.headers.get('exchange-receipt') ?? '',
    }
  }

  it('proves to whoever knows the exchange id that the record is in the signed log', async () => {
    const { id, receipt } = await exchange()
    const vkey = (await (await get('/log/vkey')).text()).trim()
    const key = await parseVerifierKey(vkey, NODE_CRYPTO.hash)
    if (key === undefined) throw new Error(vkey)
    expect(key.name).to.equal('gateway.example/log')
    const proof = parseProof(await getProof(id))
    const { rows } = await world.pool.query('SELECT leaf FROM exchange_record WHERE exchange_id = $1', [id])
    const leafHash = await leafHashOf(rows[0].leaf, NODE_CRYPTO.hash)
    expect(receipt).to.include(`index=${proof?.index}, leaf=:${Buffer.from(leafHash).toString('base64')}:`)
    if (proof === undefined) throw new Error('no proof')
    const { index, path, checkpoint } = proof
    const root = await rootOfInclusion({ index, size: checkpoint.size, leafHash, path }, NODE_CRYPTO.hash)
    expect(root).to.deep.equal(checkpoint.root)
    const checkpointText = await (await get('/log/checkpoint', world.gateway.managementUrl)).text()
    expect(await openCheckpoint(checkpointText, key, NODE_CRYPTO)).to.not.equal(undefined)
    expect(await world.metric('lienthong_log_signed_size')).to.be.at.least(index + 1)
  })

  it('tells nobody of exchanges that the log has not', async () => {
    for (const id of ['0192f3a4-0000-7000-8000-000000000000', 'x']) {
      const response = await get(`/log/proof/${id}`)
      expect(response.status).to.equal(404)
      expect(await response.json()).to.include({ code: 'record_unknown' })
    }
  })

  it('keeps checkpoint and tiles from the exchange listener unless the settings open them, entries always', async () => {
    const { id } = await exchange()
    await getProof(id)
    for (const path of ['/log/checkpoint', '/log/tile/0/000.p/1', '/log/tile/entries/000.p/1'])
      expect((await get(path)).status, path).to.equal(404)
    const inside = world.gateway.managementUrl
    const tile = await get('/log/tile/0/000.p/1', inside)
    expect(tile.status).to.equal(200)
    expect(tile.headers.get('cache-control')).to.include('immutable')
    expect(Buffer.from(await tile.arrayBuffer())).to.have.length(32)
    expect((await get('/log/tile/0/000', inside)).status).to.equal(404)
    expect((await get('/log/tile/entries/000.p/1', inside)).status).to.equal(401)
  })

  it('is unready and says why where the log is no longer what was signed', async () => {
    await getProof((await exchange()).id)
    await rm(join(world.dataDir, 'log/anchor'))
    await exchange()
    const inside = world.gateway.managementUrl
    let ready = await get('/readyz?verbose', inside)
    while (ready.status !== 503) ready = await get('/readyz?verbose', inside)
    expect(JSON.stringify(await ready.json())).to.include('anchor_missing')
    expect(world.log()).to.include('log_signing_refused')
    expect(await world.metric('lienthong_log_signing_refused{reason="anchor_missing"}')).to.equal(1)
  })
})

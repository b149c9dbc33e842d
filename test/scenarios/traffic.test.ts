import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { DEMO_CONSUMER, DEMO_PARTIES } from '../../src/cli/demo-registry.ts'
import { makeKeys } from '../support/bulk-world.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

describe('traffic for a running demo', () => {
  let world: GatewayWorld
  let folder: string

  before(async () => {
    folder = await createTestFolder()
    const parties = [DEMO_CONSUMER, ...DEMO_PARTIES]
    const keys = await makeKeys(parties)
    world = await startWorld({ change: (documents) => keys.register(documents) })
    const jwks = parties.map(async (party) => {
      const pair = keys.pairs.get(party)
      if (pair === undefined) throw new Error(`no key of ${party}`)
      const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
      return [party, { ...jwk, kid: 'main', alg: 'ES256' }] as const
    })
    const { managementUrl: management, publicUrl: gateway } = world.gateway
    await mkdir(join(folder, 'demo'))
    const files = {
      'control.json': { management, gateway },
      'parties.json': Object.fromEntries(await Promise.all(jwks)),
    }
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, 'demo', name), JSON.stringify(content), { mode: 0o600 })
  })
  after(() => world?.close())

  const demo = (...words: readonly string[]) =>
    runCli(['demo', ...words], {
      environment: { LANG: 'en', LIENTHONG_DATADIR: folder },
      newId: () => crypto.randomUUID(),
    })

  it('is exchanges of the real kind, each in the ledger, and what was submitted is found again', async () => {
    const before = (await world.records()).length
    const run = await demo('traffic', '--rate', '30', '--for', '3s', '--seed', '7', '--json')
    expect(run.exit, run.err).to.equal(0)
    const { count, outcomes } = JSON.parse(run.out)
    expect(outcomes).not.to.have.any.keys('lost', 'unreachable', 'agreement_missing', 'purpose_missing')
    expect(outcomes.delivered).to.be.above(count / 2)
    // The submissions that were looked up are exchanges too.
    expect((await world.records()).length - before).to.be.at.least(count)
  }).timeout(30_000)

  it('is events of the agencies, published by themselves', async () => {
    const run = await demo('events', '--rate', '20', '--for', '2s', '--json')
    expect(run.exit, run.err).to.equal(0)
    const { count, outcomes } = JSON.parse(run.out)
    expect(count).to.be.above(0)
    const known = ['citizenDied', 'residenceChanged', 'birthRegistered', 'deathRegistered', 'parcelChanged']
    const types = [...known, 'declarationCleared', 'enterpriseStateChanged', 'held_back']
    expect(Object.keys(outcomes).filter((outcome) => !types.includes(outcome))).to.deep.equal([])
    const { rows } = await world.pool.query('SELECT count(*)::int AS n FROM event WHERE sequence IS NOT NULL')
    expect(rows[0].n).to.equal(count)
  }).timeout(30_000)

  it('says what a run cannot be like, and where no demo runs', async () => {
    for (const words of [
      ['--rate', '0'],
      ['--rate', '201'],
      ['--for', '2h'],
      ['--shape', 'round'],
      ['--seed', '-1'],
    ])
      expect((await demo('traffic', ...words)).exit, words.join(' ')).to.equal(2)
    const elsewhere = await runCli(['demo', 'traffic'], {
      environment: { LANG: 'en', LIENTHONG_DATADIR: '/nowhere' },
    })
    expect([elsewhere.exit, elsewhere.err.includes('No demo is running')]).to.deep.equal([5, true])
  })
})

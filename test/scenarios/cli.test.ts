import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { PublicJwk } from '../../src/model/party.ts'
import { overlay } from '../../src/registry/documents.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { runCli } from '../support/cli.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const CONSUMER = 'H29/mot-cua'

describe('a consumer with nothing but the command line', () => {
  let world: GatewayWorld
  let folder: string

  before(async () => {
    folder = await createTestFolder()
    world = await startWorld({ overrides: { dataDir: join(folder, 'data') } })
  })

  after(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const cli = (words: readonly string[], stdin?: string) =>
    runCli(words, {
      workingDirectory: folder,
      environment: {
        LANG: 'en',
        DATABASE_URL: world.database.url,
        LIENTHONG_DATADIR: join(folder, 'data'),
        LIENTHONG_SANDBOX: 'true',
      },
      newId: () => crypto.randomUUID(),
      ...(stdin !== undefined && { stdin }),
    })

  /** The operator registers the key; the gateway takes the change up while it runs. */
  async function register(publicJwk: PublicJwk): Promise<void> {
    const subsystems = world.documents.subsystems
      .filter(({ id }) => id === CONSUMER)
      .map((subsystem) => ({ ...subsystem, credentials: { jwks: [publicJwk] } }))
    await world.apply(overlay(world.documents, { subsystems }))
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await cli(['token'])).exit === 0) return
    }
  }

  it('makes a key, gets an answer, and finds the record of it', async () => {
    const made = await cli(['keys', 'new', '--json'])
    const profile = { gateway: world.gateway.publicUrl, consumer: CONSUMER, key: 'consumer.jwk' }
    writeFileSync(join(folder, '.lienthong/consumer.json'), JSON.stringify(profile))
    await register(JSON.parse(made.out).publicJwk)
    const person = samplePerson(23)
    const words = ['call', SERVICE, 'verifyCitizen', '@-', '--json']
    const particulars = [
      '--purpose',
      'giai-quyet-thu-tuc-hanh-chinh',
      '--officer',
      'cb-9',
      '--dossier',
      'H29-9',
    ]
    const called = await cli([...words, ...particulars], JSON.stringify(person.verify))
    expect(called.exit, called.err + called.out).to.equal(0)
    const answer = JSON.parse(called.out)
    expect(answer.body).to.include({ matched: true })
    const searched = await cli(['records', '--subject-stdin', '--json'], person.verify.personalId)
    const { records } = JSON.parse(searched.out)
    expect(records).to.have.length(1)
    expect(records[0].record).to.include({
      exchange: answer.exchangeId,
      outcome: 'delivered',
      binding: 'dpop',
    })
    expect(searched.out).not.to.include(person.verify.personalId)
    const reading = (await world.records()).at(-1)
    expect(reading).to.deep.include({
      consumer: 'local/operator',
      service: 'audit',
      binding: 'local',
      reading: { found: 1, query: '{"by":"subject","limit":50}' },
    })
  })

  it('is told why it is refused, and the refusal is in the log', async () => {
    const person = samplePerson(24)
    const words = ['call', SERVICE, '/xac-thuc', '@-', '--purpose', 'muc-dich-khac']
    const { exit, out, err } = await cli(words, JSON.stringify(person.verify))
    expect({ exit, out }).to.deep.equal({ exit: 1, out: '' })
    expect(err).to.include('The purpose is outside the agreement').and.include('Whose side: the consumer')
    const { records } = JSON.parse((await cli(['records', '--code', 'purpose_not_agreed', '--json'])).out)
    expect(records).to.have.length(1)
    expect(err).to.include(records[0].record.exchange)
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { expect } from 'chai'
import { overlay } from '../../src/registry/documents.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { runCli } from '../support/cli.ts'
import { createTestFolder } from '../support/postgres.ts'
import { unzip } from '../support/unzip.ts'
import {
  CITIZENS,
  CLIENT,
  certificateFor,
  startXroadWorld,
  type XroadAnswer,
  type XroadWorld,
} from '../support/xroad-world.ts'

const VERIFY = {
  method: 'POST',
  headers: [
    ['X-Road-Client', CLIENT],
    ['Content-Type', 'application/json'],
  ] as const,
  body: JSON.stringify(samplePerson(17).verify),
}
const ASKER = 'xRoadInstance=VN&memberClass=GOV&memberCode=H29&subsystemCode=mot-cua'

describe('the evidence of an X-Road message', () => {
  const other = certificateFor('H26/mot-cua')
  let world: XroadWorld
  let folder: string
  let sent: XroadAnswer
  let id: string

  /** Asked until a checkpoint covers the record. */
  async function evidence(query: string, certificate = world.client): Promise<XroadAnswer> {
    let answer = await world.ask(`/asic?${query}`, { headers: [], certificate })
    while (answer.status === 503) {
      expect(answer.headers).to.include.keys('retry-after')
      await breathe()
      answer = await world.ask(`/asic?${query}`, { headers: [], certificate })
    }
    return answer
  }

  before(async () => {
    world = await startXroadWorld({
      subsystem: { xroad: { errors: 'camel' } },
      change: (documents) =>
        overlay(documents, {
          subsystems: documents.subsystems
            .filter((subsystem) => subsystem.id === 'H26/mot-cua')
            .map((subsystem) => ({ ...subsystem, credentials: { certificates: [other.thumbprint] } })),
        }),
    })
    folder = await createTestFolder()
    sent = await world.ask(`${CITIZENS}/xac-thuc`, VERIFY)
    id = String(sent.headers['x-road-request-id'])
  })

  after(async () => {
    await world.close()
    await rm(folder, { recursive: true })
  })

  it('is an archive that verifies without the gateway, with the receipt and the bodies of whoever holds them', async () => {
    const answer = await evidence(`queryId=${id}&${ASKER}`)
    expect(answer.status, answer.body.toString()).to.equal(200)
    expect(answer.headers['content-type']).to.equal('application/zip')
    const files = unzip(answer.body)
    expect([...files.keys()]).to.deep.equal([
      'record.json',
      'proof.tlog-proof',
      'checkpoint',
      'vkey',
      'digests.txt',
      'VERIFY.md',
    ])
    for (const [name, content] of files) writeFileSync(join(folder, name), content)
    expect(JSON.parse(String(files.get('record.json')))).to.include({ exchange: id, outcome: 'delivered' })
    expect(String(files.get('checkpoint'))).to.equal(
      String(files.get('proof.tlog-proof')).split('\n\n').slice(1).join('\n\n'),
    )
    const { request } = JSON.parse(String(files.get('record.json')))
    expect(String(files.get('digests.txt'))).to.include(`request ${request.bytes} ${request.digest}\n`)
    writeFileSync(join(folder, 'receipt.txt'), String(sent.headers['exchange-receipt']))
    writeFileSync(join(folder, 'request.json'), VERIFY.body)
    writeFileSync(join(folder, 'answer.json'), sent.body)
    // The commands are those of the archive's own instructions.
    const commands = [...readFileSync(join(folder, 'VERIFY.md'), 'utf8').matchAll(/^ {4}lienthong (.*)$/gm)]
    expect(commands).to.have.length(2)
    for (const [, command = ''] of commands) {
      const { exit, out, err } = await runCli(command.split(' '), { workingDirectory: folder })
      expect([exit, out], err).to.deep.equal([0, out])
    }
    writeFileSync(join(folder, 'record.json'), String(files.get('record.json')).replace('H29', 'H28'))
    const changed = await runCli((commands[0]?.[1] ?? '').split(' '), { workingDirectory: folder })
    expect(changed.exit).to.equal(3)
  })

  it('is found by the id the gateway made of it too, and its being read is recorded', async () => {
    const answer = await evidence(`queryId=VN-${id}&${ASKER}&unique`)
    expect(answer.status).to.equal(200)
    expect((await world.records()).at(-1)).to.include({
      service: 'xroad',
      operation: 'asic',
      consumer: 'H29/mot-cua',
      outcome: 'delivered',
    })
  })

  it('is told by 400 what is missing, by 401 who is not known, by 404 what is not theirs, in every style', async () => {
    const unknown = '019a0000-0000-7000-8000-000000000001'
    for (const [query, status] of [
      [ASKER, 400],
      [`queryId=${id}&xRoadInstance=VN&memberClass=GOV&memberCode=H29`, 400],
      [`queryId=${id}&${ASKER.replace('H29', 'H98')}`, 401],
      // Registered, but the certificate is another's.
      [`queryId=${id}&${ASKER.replace('H29', 'H26')}`, 401],
      [`queryId=${unknown}&${ASKER}`, 404],
      [`queryId=EE-${id}&${ASKER}`, 404],
      [`queryId=x&${ASKER}`, 404],
    ] as const) {
      const answer = await evidence(query)
      expect([query, answer.status, typeof answer.headers['x-road-error']]).to.deep.equal([
        query,
        status,
        'string',
      ])
    }
  })

  it('is nobody’s but the two parties’', async () => {
    const answer = await evidence(`queryId=${id}&${ASKER.replace('H29', 'H26')}`, other)
    expect([answer.status, answer.headers['x-road-error']]).to.deep.equal([
      404,
      'server.clientproxy.internal_error',
    ])
  })
})

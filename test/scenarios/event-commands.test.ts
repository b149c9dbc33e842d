import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createDeliveryStore } from '../../src/storage/deliveries.ts'
import { createVault } from '../../src/storage/vault.ts'
import { makeKeys } from '../support/bulk-world.ts'
import { type CliRun, runCli } from '../support/cli.ts'
import { cloudEvent, type Receiver, startReceiver } from '../support/event-world.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const PERSON = '099188010001'
const PARTIES = ['G01/dan-cu', 'H29/mot-cua'] as const

describe('events by the command line', () => {
  let world: GatewayWorld
  let receiver: Receiver
  let folder: string

  before(async () => {
    receiver = await startReceiver()
    folder = await createTestFolder()
    const keys = await makeKeys(PARTIES)
    const hosts = { hosts: [receiver.host], allowPrivateAddress: true }
    world = await startWorld({
      change(documents): RegistryDocuments {
        const registered = keys.register(documents)
        const subsystems = registered.subsystems.map((its) =>
          its.id === 'H29/mot-cua' ? { ...its, webhooks: hosts } : its,
        )
        return { ...registered, subsystems }
      },
    })
    for (const [index, id] of PARTIES.entries()) {
      const pair = keys.pairs.get(id)
      if (pair === undefined) throw new Error(`no key of ${id}`)
      const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
      const own = { ...jwk, kid: 'main', alg: 'ES256' }
      await writeFile(join(folder, `${index}.jwk`), JSON.stringify(own), { mode: 0o600 })
    }
  })
  after(async () => {
    await world?.close()
    await receiver?.close()
  })

  const cli = (party: (typeof PARTIES)[number], argv: readonly string[], stdin?: string): Promise<CliRun> => {
    const who = [
      '--gateway',
      world.gateway.publicUrl,
      '--consumer',
      party,
      '--key',
      `${PARTIES.indexOf(party)}.jwk`,
    ]
    return runCli([...argv, ...who], {
      workingDirectory: folder,
      newId: () => crypto.randomUUID(),
      ...(stdin !== undefined && { stdin }),
    })
  }
  const oneStop = (...argv: readonly string[]) => cli('H29/mot-cua', argv)
  const json = (run: CliRun) => {
    expect(run.exit, run.err).to.equal(0)
    return JSON.parse(run.out) as Record<string, unknown>
  }
  const died = (id: string, personalId = PERSON) =>
    `${JSON.stringify(cloudEvent('citizenDied', id, { personalId, diedOn: '2026-11-20' }))}\n`
  const publish = (lines: string, ...more: readonly string[]) =>
    cli('G01/dan-cu', ['events', 'publish', '-', '--service', CITIZENS, ...more], lines)
  const subscribe = (...more: readonly string[]) =>
    oneStop(
      'subscriptions',
      'create',
      '--json',
      '--service',
      CITIZENS,
      '--type',
      'citizenDied',
      '--purpose',
      'cap-nhat-bien-dong',
      ...more,
    )
  const pull = async () => String(json(await subscribe())['id'])
  const push = async () =>
    String(json(await subscribe('--url', receiver.url, '--secret-file', 'webhook.secret'))['id'])
  const sweep = () =>
    createDeliveryStore({
      pool: world.pool,
      vault: createVault(Buffer.alloc(32)),
      processNumber: 1,
      keepDays: 30,
    }).sweep()
  /** Waits no longer than the database: what is due later is due now. */
  async function until(id: string, wanted: Readonly<Record<string, number>>): Promise<void> {
    for (;;) {
      await world.pool.query('UPDATE event_delivery SET due_at = now() WHERE subscription = $1', [id])
      await world.pool.query('UPDATE subscription SET due_at = now() WHERE id = $1', [id])
      const told = json(await oneStop('subscriptions', 'show', id, '--json'))
      if (Object.entries(wanted).every(([name, count]) => told[name] === count)) return
    }
  }

  it('are published from a file, known again when sent twice, and told what their contract refuses', async () => {
    const bad = JSON.stringify(cloudEvent('citizenDied', 'lenh-x', { personalId: '12' }))
    await writeFile(join(folder, 'khai-tu.ndjson'), `${died('lenh-1')}\n${died('lenh-2')}${bad}\n`)
    const first = await cli('G01/dan-cu', [
      'events',
      'publish',
      'khai-tu.ndjson',
      '--service',
      CITIZENS,
      '--json',
    ])
    expect(first.exit).to.equal(1)
    const told = JSON.parse(first.out)
    expect(told).to.include({ published: 2, repeated: 0, refused: 1 })
    expect(told.events[2]).to.deep.include({ id: 'lenh-x', outcome: 'refused', code: 'request_invalid' })
    expect(told.events[2].errors.map(({ pointer }: { pointer: string }) => pointer)).to.include(
      '/data/personalId',
    )
    expect(first.out).not.to.contain('"12"')
    const again = await publish(died('lenh-1'))
    expect(again.exit).to.equal(1)
    expect(again.out).to.contain('event_id_reused')
    const text = await readFile(join(folder, 'khai-tu.ndjson'), 'utf8')
    expect((await publish(text.split('\n')[0] ?? '')).out).to.match(/^= {2}lenh-1 {2}citizenDied {2}#\d+\n$/)
    expect((await publish('{"id": broken\n')).exit).to.equal(2)
    const foreign = await cli(
      'H29/mot-cua',
      ['events', 'publish', '-', '--service', CITIZENS],
      died('lenh-3'),
    )
    expect([foreign.exit, foreign.err]).to.satisfy(
      ([exit, err]: [number, string]) => exit === 1 && err.includes('Only the provider publishes'),
    )
  })

  it('are read from where the cursor file says, and from a time on', async () => {
    const id = await pull()
    const since = new Date().toISOString()
    expect((await publish(died('doc-1') + died('doc-2') + died('doc-3'))).exit).to.equal(0)
    const read = async (...more: readonly string[]) => {
      const { out, exit, err } = await oneStop('events', 'pull', id, ...more)
      expect(exit, err).to.equal(0)
      return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).id as string]))
    }
    expect(await read('--cursor-file', 'con-tro', '--limit', '2')).to.deep.equal(['doc-1', 'doc-2'])
    expect(await read('--cursor-file', 'con-tro')).to.deep.equal(['doc-3'])
    expect(await read('--cursor-file', 'con-tro')).to.deep.equal([])
    expect(await read('--from', since)).to.deep.equal(['doc-1', 'doc-2', 'doc-3'])
    expect((await oneStop('events', 'pull', id, '--after', '0', '--from', since)).exit).to.equal(2)
    expect((await oneStop('events', 'replay', id, '--from', since)).err).to.contain('mode')
  })

  it('whose cursor is older than what is kept are answered 410, and read on from a time', async () => {
    const id = await pull()
    expect((await publish(died('cu-1') + died('cu-2') + died('cu-3'))).exit).to.equal(0)
    const first = await oneStop('events', 'pull', id, '--limit', '1', '--cursor-file', 'cu')
    expect(first.exit, first.err).to.equal(0)
    const cursor = (await readFile(join(folder, 'cu'), 'utf8')).trim()
    // What the reader has is gone: nothing is missed.
    await world.pool.query(
      `UPDATE event SET received_at = now() - interval '400 days' WHERE sequence <= $1`,
      [cursor],
    )
    await sweep()
    const good = await oneStop('events', 'pull', id, '--after', cursor, '--json')
    expect(good.exit, good.err).to.equal(0)
    expect(good.out.trim().split('\n')).to.have.length(2)
    // What it has not read is gone too.
    await world.pool.query(
      `UPDATE event SET received_at = now() - interval '400 days' WHERE sequence = $1::bigint + 1`,
      [cursor],
    )
    await sweep()
    const late = await oneStop('events', 'pull', id, '--after', cursor, '--json')
    expect(late.exit).to.equal(1)
    expect(JSON.parse(late.err).error).to.include({ code: 'cursor_expired', side: 'consumer' })
    expect((await oneStop('events', 'pull', id, '--from', '1h')).out)
      .to.contain('cu-3')
      .and.not.to.contain('cu-2')
  })

  it('that a receiver rejects are dead letters, listed and sent again', async () => {
    const id = await push()
    expect(statSync(join(folder, 'webhook.secret')).mode & 0o777).to.equal(0o600)
    receiver.answer = ({ event }) => (event['id'] === 'hong-1' ? 422 : 204)
    expect((await publish(died('hong-1') + died('hong-2'))).exit).to.equal(0)
    await until(id, { waiting: 0, dead: 1 })
    expect(receiver.pushes.filter(({ event }) => event['id'] === 'hong-1')).to.have.length(6)
    // The successor on the same person goes on once the one before is given up.
    expect(receiver.pushes.at(-1)?.event['id']).to.equal('hong-2')
    const [letter] = json(await oneStop('events', 'dead-letters', id, '--json'))['deadLetters'] as {
      sequence: string
    }[]
    expect(letter).to.include({ type: 'citizenDied', attempts: 6, code: 'http_422' })
    expect((await oneStop('events', 'dead-letters', id)).out).to.contain('http_422')
    receiver.answer = () => 204
    expect(json(await oneStop('events', 'resend', id, '999999', '--json'))).to.deep.equal({ count: 0 })
    expect(json(await oneStop('events', 'resend', id, letter?.sequence ?? '', '--json'))).to.deep.equal({
      count: 1,
    })
    await until(id, { waiting: 0, dead: 0 })
    expect(receiver.pushes.at(-1)?.event['id']).to.equal('hong-1')
    expect(json(await oneStop('events', 'replay', id, '--from', '1h', '--json'))['count']).to.be.above(1)
    await until(id, { waiting: 0, dead: 0 })
    receiver.pushes.length = 0
    expect((await oneStop('events', 'secret', id, '--out', 'moi.secret')).exit).to.equal(0)
    expect(await readFile(join(folder, 'moi.secret'), 'utf8')).to.match(/^whsec_\S+\n$/)
    expect((await oneStop('events', 'resend', id, 'một')).exit).to.equal(2)
  })

  it('are subscribed to, paused, resumed and no longer subscribed to', async () => {
    const id = await pull()
    const paused = json(await oneStop('subscriptions', 'pause', id, '--json'))
    expect(paused).to.include({ id, state: 'paused' })
    expect((await oneStop('events', 'pull', id)).exit).to.equal(1)
    expect(json(await oneStop('subscriptions', 'resume', id, '--json'))).to.include({ state: 'active' })
    const table = (await oneStop('subscriptions', 'list')).out
    expect(table)
      .to.contain(id)
      .and.to.match(/^Id +State +Mode/)
    expect((await subscribe('--url', 'https://noi-khac.example/x')).exit).to.equal(1)
    expect(json(await oneStop('subscriptions', 'delete', id, '--json'))).to.deep.equal({ id, deleted: true })
    expect((await oneStop('subscriptions', 'show', id)).exit).to.equal(1)
    expect(existsSync(join(folder, 'con-tro'))).to.equal(true)
  })
})

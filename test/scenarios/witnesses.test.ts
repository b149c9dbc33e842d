import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { expect } from 'chai'
import { NODE_CRYPTO, openEd25519File } from '../../src/identity/log-key.ts'
import { createNoteKey, formatVerifierKey } from '../../src/ledger/note.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { runCli } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { startWitness, type WitnessProgram } from '../support/witness-program.ts'

const VERIFY = 'G01/dan-cu/cong-dan/v1/xac-thuc'
const ORIGIN = 'gateway.example/log'
const NAMES = ['population', 'tax', 'audit'] as const
type Name = (typeof NAMES)[number]

describe('a log with three witnesses, two of whom make a quorum', () => {
  let folder: string
  let vkey: string
  let world: GatewayWorld
  let liar: Server
  /** What the third witness's line does to its answers. */
  let distort: (body: string) => string = (body) => body
  const ports = {} as Record<Name, number>
  const witnesses = {} as Record<Name, WitnessProgram>

  const startOne = async (name: Name) => {
    witnesses[name] = await startWitness({
      name: `${name}.example/witness`,
      state: join(folder, name),
      logs: [vkey],
      port: ports[name],
    })
  }

  before(async () => {
    folder = await createTestFolder()
    const { publicKey } = openEd25519File(join(folder, 'gateway/keys/log.key'))
    const key = await createNoteKey({ name: ORIGIN, kind: 'note', publicKey }, NODE_CRYPTO.hash)
    vkey = formatVerifierKey(key)
    writeFileSync(join(folder, 'vkey'), vkey)
    for (const name of NAMES) ports[name] = await freePort()
    await Promise.all(NAMES.map(startOne))
    liar = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray())
      const answer = await fetch(`${witnesses.audit.url}${request.url}`, { method: 'POST', body })
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(distort(await answer.text()))
    })
    const liarPort = await freePort()
    await new Promise<void>((resolve) => liar.listen(liarPort, '127.0.0.1', resolve))
    const address = (name: Name) => `http://127.0.0.1:${name === 'audit' ? liarPort : ports[name]}`
    const lines = NAMES.map((name) => `witness ${name} ${witnesses[name].vkey} ${address(name)}`)
    writeFileSync(
      join(folder, 'policy'),
      [`log ${vkey}`, ...lines, 'group two 2 population tax audit', 'quorum two', ''].join('\n'),
    )
    world = await startWorld({
      overrides: {
        dataDir: join(folder, 'gateway'),
        ledger: {
          origin: ORIGIN,
          witnesses: { policyFile: join(folder, 'policy'), timeoutMs: 1000, alarmAfterSeconds: 1 },
        },
      },
    })
  })

  after(async () => {
    await world?.close()
    for (const witness of Object.values(witnesses)) await witness.stop()
    liar?.close()
    liar?.closeAllConnections()
    await rm(folder, { recursive: true })
  })

  async function exchange(): Promise<string> {
    const answer = await world.consumer.call(VERIFY, { body: samplePerson(17).verify })
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    return answer.headers.get('exchange-id') ?? ''
  }

  const readyz = () => fetch(`${world.gateway.managementUrl}/readyz?verbose`)
  async function until(what: () => Promise<boolean>): Promise<void> {
    while (!(await what())) await breathe()
  }
  const isCosigned = async (size: number) => (await world.metric('lienthong_log_cosigned_size')) >= size
  const logSize = async () => {
    const { rows } = await world.pool.query('SELECT size FROM ledger_head')
    return Number(rows[0].size)
  }
  const stateOf = (name: Name, state: string) =>
    world.metric(`lienthong_log_witness_state{witness="${name}",state="${state}"}`)

  /** Whether a proof of the exchange holds for somebody who asks for the quorum. */
  async function verify(id: string) {
    const proof = await fetch(`${world.gateway.publicUrl}/log/proof/${id}`)
    writeFileSync(join(folder, 'proof'), await proof.text())
    const { rows } = await world.pool.query('SELECT leaf FROM exchange_record WHERE exchange_id = $1', [id])
    writeFileSync(join(folder, 'record'), rows[0].leaf)
    return runCli(['verify', 'record', 'record', '--proof', 'proof', '--key', 'vkey', '--policy', 'policy'], {
      workingDirectory: folder,
    })
  }

  it('serves checkpoints and proofs that a quorum has cosigned', async () => {
    const id = await exchange()
    await until(async () => isCosigned(await logSize()))
    const { exit, out } = await verify(id)
    expect(exit, out).to.equal(0)
    const checkpoint = await (await fetch(`${world.gateway.managementUrl}/log/checkpoint`)).text()
    expect(checkpoint.match(/^— .*$/gm)?.length).to.be.at.least(3)
    expect((await readyz()).status).to.equal(200)
  })

  it('goes on with two while one is down', async () => {
    await witnesses.tax.stop('SIGKILL')
    const id = await exchange()
    await until(async () => isCosigned(await logSize()))
    expect((await verify(id)).exit).to.equal(0)
    await until(async () => (await stateOf('tax', 'unreachable')) === 1)
    expect(world.log()).to.include('log_witness_away')
    expect((await readyz()).status).to.equal(200)
  })

  it('carries exchanges and raises the alarm where another one lies, and has a quorum again when the first is back', async () => {
    distort = (body) => body.replace(/.(?=\n$)/, (last) => (last === 'A' ? 'B' : 'A'))
    const id = await exchange()
    await until(async () => (await readyz()).status === 503)
    const told = JSON.stringify(await (await readyz()).json())
    expect(told).to.include('tax: unreachable').and.to.include('audit: invalid')
    expect((await verify(id)).exit, 'no quorum has cosigned it').to.equal(3)
    await exchange()
    await startOne('tax')
    await until(async () => isCosigned(await logSize()))
    await until(async () => (await readyz()).status === 200)
    expect((await verify(id)).exit).to.equal(0)
    expect(world.log()).to.include('log_witness_recovered')
  })

  it('finds out from them that the database was put back to an earlier state, the anchor with it', async () => {
    distort = (body) => body
    const anchor = join(folder, 'gateway/log/anchor')
    const tables = ['ledger_head', 'log_tile', 'log_checkpoint', 'log_standing', 'log_witness']
    await until(async () => isCosigned(await logSize()))
    const size = await logSize()
    const savedAnchor = readFileSync(anchor)
    for (const table of tables) await world.pool.query(`CREATE TABLE saved_${table} AS TABLE ${table}`)
    await Promise.all([exchange(), exchange(), exchange()])
    await until(async () => isCosigned(size + 3))

    const client = await world.pool.connect()
    await client.query('BEGIN')
    await client.query('DELETE FROM exchange_record WHERE leaf_index >= $1', [size])
    for (const table of tables)
      await client.query(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved_${table}`)
    writeFileSync(anchor, savedAnchor)
    await client.query('COMMIT')
    client.release()

    await exchange()
    await until(async () => {
      const found = await Promise.all(
        NAMES.flatMap((name) => [stateOf(name, 'ahead'), stateOf(name, 'forked')]),
      )
      return found.reduce((sum, each) => sum + each, 0) >= 2
    })
    expect(await world.metric('lienthong_log_signing_refused{reason="rolled_back"}')).to.equal(0)
    expect(world.log()).to.include('log_witness_conflict')
    await until(async () => (await readyz()).status === 503)
    const said = NAMES.map((name) => witnesses[name].said()).join('')
    expect(said).to.match(/"lienthong.witness.reason":"(?:behind|forked)"/)
  })
})

describe('a log that is not attested for longer than the settings allow', () => {
  it('stops exchanges, records the refusals, and lets them go on once it is signed again', async () => {
    const world = await startWorld({ overrides: { ledger: { origin: ORIGIN, stopAfterSeconds: 1 } } })
    try {
      const call = () => world.consumer.call(VERIFY, { body: samplePerson(17).verify })
      const anchor = join(world.dataDir, 'log/anchor')
      const untilStopped = async (stopped: number) => {
        while ((await world.metric('lienthong_log_stopped')) !== stopped) await breathe()
      }
      expect((await call()).status).to.equal(200)
      while ((await world.metric('lienthong_log_signed_size')) === 0) await breathe()
      const saved = readFileSync(anchor)
      await rm(anchor)
      await untilStopped(1)
      const answer = await call()
      expect(answer.status).to.equal(503)
      expect(answer.json).to.include({ code: 'log_unattested' })
      expect(answer.headers.get('exchange-id')).to.be.a('string')
      expect((await world.records()).at(-1)).to.include({ outcome: 'failed', code: 'log_unattested' })
      expect(world.log()).to.include('log_unattested')
      // Only a file put back from the signing machine ends it; here nothing was signed meanwhile.
      writeFileSync(anchor, saved)
      await untilStopped(0)
      expect((await call()).status).to.equal(200)
    } finally {
      await world.close()
    }
  })
})

import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatVerifierKey, type NoteSigner } from '../../src/ledger/note.ts'
import { runCli } from '../support/cli.ts'
import { createTestSigner } from '../support/log-signer.ts'
import { createMemoryLog, type MemoryLog } from '../support/memory-log.ts'
import { createTestFolder } from '../support/postgres.ts'
import { startWitness, type WitnessProgram } from '../support/witness-program.ts'

const NAME = 'audit.example/witness'

describe('lienthong witness', () => {
  let folder: string
  let signer: NoteSigner
  let log: MemoryLog
  const running: WitnessProgram[] = []

  beforeEach(async () => {
    folder = await createTestFolder()
    signer = await createTestSigner('gateway.example/log')
    log = createMemoryLog(signer)
  })

  afterEach(async () => {
    for (const witness of running.splice(0)) await witness.stop()
    await rm(folder, { recursive: true })
  })

  async function start(): Promise<WitnessProgram> {
    const logs = [formatVerifierKey(signer.key)]
    const witness = await startWitness({ name: NAME, state: join(folder, 'state'), logs })
    running.push(witness)
    return witness
  }

  const add = ({ url }: WitnessProgram, body: string) =>
    fetch(`${url}/add-checkpoint`, { method: 'POST', body })

  it('remembers across a crash what it has cosigned', async () => {
    log.append('a', 'b')
    const first = await start()
    expect((await add(first, await log.request(0))).status).to.equal(200)
    await first.stop('SIGKILL')
    const second = await start()
    expect(second.vkey).to.equal(first.vkey)
    const forked = createMemoryLog(signer)
    forked.append('x', 'y', 'z')
    const refused = await add(second, await forked.request(0))
    expect([refused.status, await refused.text()]).to.deep.equal([409, '2\n'])
    expect((await add(second, await forked.request(2))).status).to.equal(422)
    expect(second.said()).to.include('"lienthong.witness.reason":"forked"')
    const page = await (await fetch(`${second.url}/metrics`)).text()
    expect(page).to.include('lienthong_witness_cosigned_size{log="gateway.example/log"} 2')
    expect(page).to.include('lienthong_witness_conflicts{log="gateway.example/log"} 1')
    expect(page).not.to.include('lienthong_exchanges')
    expect(await readdir(join(folder, 'state/conflicts'))).to.have.length(1)
  })

  it('keeps its key for its owner alone', async () => {
    await start()
    for (const [name, mode] of [
      ['state', 0o700],
      ['state/key', 0o600],
    ] as const)
      expect((await stat(join(folder, name))).mode & 0o777, name).to.equal(mode)
  })

  it('is one over its folder', async () => {
    await start()
    const { exit, err } = await runCli([
      ...['witness', '--name', NAME, '--state', join(folder, 'state'), '--log'],
      formatVerifierKey(signer.key),
    ])
    expect(exit).to.equal(1)
    expect(err).to.include('Another witness is using this folder')
  })

  it('takes no body beyond 64 KiB and nothing else than it says', async () => {
    const witness = await start()
    expect((await add(witness, 'x'.repeat(70_000))).status).to.equal(400)
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).to.equal(404)
    expect((await fetch(`${witness.url}/livez`)).status).to.equal(200)
  })

  it('prints its key for policies, and reads the keys of several logs from a file', async () => {
    const other = await createTestSigner('other.example/log')
    const keys = [signer, other].map(({ key }) => formatVerifierKey(key))
    await writeFile(join(folder, 'keys'), `# two logs\n${keys.join('\n')}\n`)
    const words = ['witness', '--name', NAME, '--state', join(folder, 'state')]
    const printed = await runCli([...words, '--print'])
    expect(printed.exit, printed.err).to.equal(0)
    const witness = await startWitness({
      name: NAME,
      state: join(folder, 'state'),
      logs: [join(folder, 'keys')],
    })
    running.push(witness)
    expect(printed.out.trim()).to.equal(witness.vkey)
    const otherLog = createMemoryLog(other)
    otherLog.append('a')
    expect((await add(witness, await otherLog.request(0))).status).to.equal(200)
  })

  it('says what is wrong on its command line', async () => {
    for (const words of [
      ['--log', 'no key'],
      ['--log', 'audit.example/w+aaaaaaaa+AAAA'],
      ['--log', formatVerifierKey(signer.key), '--port', 'x'],
      [],
    ]) {
      const { exit } = await runCli(['witness', '--name', NAME, '--state', join(folder, 'state'), ...words])
      expect(exit, words.join(' ')).to.equal(2)
    }
  })
})

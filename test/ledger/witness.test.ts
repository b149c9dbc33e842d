import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import type { Anchor } from '../../src/ledger/keeper.ts'
import { isSignedBy, type NoteSigner, parseNote, timeOfCosignature } from '../../src/ledger/note.ts'
import { createWitness, type Witness, type WitnessRefusal } from '../../src/ledger/witness.ts'
import { createTestSigner } from '../support/log-signer.ts'
import { createMemoryLog, type MemoryLog } from '../support/memory-log.ts'

const NOW = Date.UTC(2026, 10, 22, 1, 2, 3, 456)

describe('a witness', () => {
  let logSigner: NoteSigner
  let signer: NoteSigner
  let log: MemoryLog
  let witness: Witness
  let states: Map<string, string>
  let evidence: string[]
  let refusals: WitnessRefusal[]
  let writing: () => Promise<void>

  const stateOf = (origin: string): Anchor => ({
    read: async () => states.get(origin),
    async write(note) {
      await writing()
      states.set(origin, note)
    },
  })

  beforeEach(async () => {
    logSigner = await createTestSigner('gateway.example/log')
    signer = await createTestSigner('audit.example/witness', 'cosignature')
    log = createMemoryLog(logSigner)
    states = new Map()
    evidence = []
    refusals = []
    writing = async () => {}
    witness = createWitness({
      logs: [logSigner.key],
      stateOf,
      keepEvidence: async (_origin, request) => void evidence.push(request),
      signer,
      crypto: NODE_CRYPTO,
      now: () => NOW,
      onCosigned: () => {},
      onRefused: (reason) => refusals.push(reason),
    })
  })

  it('cosigns a log that grows, at any size, with its key and the time', async () => {
    let old = 0
    for (const count of [1, 2, 1, 300, 7, 256]) {
      log.append(...Array.from({ length: count }, (_, place) => `leaf ${log.size() + place}`))
      const { status, body } = await witness.addCheckpoint(await log.request(old))
      expect(status, body).to.equal(200)
      const note = parseNote((await log.checkpoint()) + body)
      if (note === undefined) throw new Error(body)
      expect(await isSignedBy(note, signer.key, NODE_CRYPTO)).to.equal(true)
      const line = note.signatures.at(-1)
      expect(line && timeOfCosignature(line.signature)).to.equal(Math.floor(NOW / 1000))
      old = log.size()
    }
    expect(await witness.cosigned()).to.deep.equal([{ origin: 'gateway.example/log', size: 567 }])
    expect(evidence).to.deep.equal([])
  })

  it('cosigns the same checkpoint again, and an empty log', async () => {
    expect((await witness.addCheckpoint(await log.request(0))).status).to.equal(200)
    log.append('a', 'b')
    expect((await witness.addCheckpoint(await log.request(0))).status).to.equal(200)
    expect((await witness.addCheckpoint(await log.request(2))).status).to.equal(200)
  })

  it('keeps what it cosigned before it gives it away', async () => {
    log.append('a')
    writing = () => Promise.reject(new Error('disk full'))
    const failed = await witness.addCheckpoint(await log.request(0)).catch((error) => error.message)
    expect(failed).to.equal('disk full')
    writing = async () => {}
    expect((await witness.addCheckpoint(await log.request(0))).status).to.equal(200)
  })

  it('answers 400 to what is no request, and to an old size beyond the checkpoint', async () => {
    log.append('a', 'b')
    const good = await log.request(0)
    for (const body of [
      '',
      'old 0\n',
      good.replace('old 0', 'old 00'),
      good.replace('old 0', 'old -1'),
      good.replace('old 0', 'new 0'),
      good.replace('old 0\n', 'old 0\nAAAA\n'),
      good.replace('old 0\n', `old 0\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}`),
      good.replace('old 0', 'old 3'),
    ]) {
      expect((await witness.addCheckpoint(body)).status, body).to.equal(400)
    }
    expect(states.size).to.equal(0)
  })

  it('answers 404 to a log it does not know', async () => {
    const other = createMemoryLog(await createTestSigner('other.example/log'))
    other.append('a')
    expect((await witness.addCheckpoint(await other.request(0))).status).to.equal(404)
  })

  it('answers 403 where the log’s key has not signed', async () => {
    const other = createMemoryLog(await createTestSigner('gateway.example/log'))
    other.append('a')
    expect((await witness.addCheckpoint(await other.request(0))).status).to.equal(403)
    log.append('a')
    const changed = (await log.request(0)).replace('\n1\n', '\n2\n')
    expect((await witness.addCheckpoint(changed)).status).to.equal(403)
    expect(states.size).to.equal(0)
  })

  it('answers 409 and the size it cosigned where the old size is another', async () => {
    log.append('a', 'b', 'c')
    await witness.addCheckpoint(await log.request(0))
    log.append('d')
    for (const old of [0, 2]) {
      const { status, type, body } = await witness.addCheckpoint(await log.request(old))
      expect([status, type, body]).to.deep.equal([409, 'text/x.tlog.size', '3\n'])
    }
    expect(refusals).to.deep.equal(['stale', 'stale'])
    expect(evidence).to.deep.equal([])
  })

  it('answers 409 to a log that was rolled back, and says so', async () => {
    log.append('a', 'b', 'c')
    await witness.addCheckpoint(await log.request(0))
    const restored = createMemoryLog(logSigner)
    restored.append('a', 'b')
    const { status, body } = await witness.addCheckpoint(await restored.request(0))
    expect([status, body]).to.deep.equal([409, '3\n'])
    expect(refusals).to.deep.equal(['behind'])
  })

  it('answers 409 to another log of the same size, and keeps it as evidence', async () => {
    log.append('a', 'b', 'c')
    await witness.addCheckpoint(await log.request(0))
    const forked = createMemoryLog(logSigner)
    forked.append('a', 'b', 'x')
    const request = await forked.request(3)
    expect((await witness.addCheckpoint(request)).status).to.equal(409)
    expect(refusals).to.deep.equal(['forked'])
    expect(evidence).to.deep.equal([request])
  })

  it('answers 422 to a larger log that does not begin with what was cosigned, and keeps it as evidence', async () => {
    log.append('a', 'b', 'c')
    await witness.addCheckpoint(await log.request(0))
    const forked = createMemoryLog(logSigner)
    forked.append('a', 'x', 'c', 'd', 'e')
    const request = await forked.request(3)
    expect((await witness.addCheckpoint(request)).status).to.equal(422)
    expect(evidence).to.deep.equal([request])
    const right = createMemoryLog(logSigner)
    right.append('a', 'b', 'c', 'd')
    const padded = (await right.request(3)).replace('\n\n', `\n${Buffer.alloc(32).toString('base64')}\n\n`)
    expect((await witness.addCheckpoint(padded)).status, 'a proof that is too long').to.equal(422)
    expect((await witness.addCheckpoint(await right.request(3))).status, 'the honest log goes on').to.equal(
      200,
    )
  })

  it('decides one request of a log after the other: of two futures of a log only one is cosigned', async () => {
    log.append('a')
    await witness.addCheckpoint(await log.request(0))
    const [left, right] = [createMemoryLog(logSigner), createMemoryLog(logSigner)]
    left.append('a', 'l')
    right.append('a', 'r')
    const answers = await Promise.all(
      [await left.request(1), await right.request(1)].map((request) => witness.addCheckpoint(request)),
    )
    expect(answers.map(({ status }) => status)).to.have.members([200, 409])
  })

  it('cosigns nothing more where its state is not what it wrote', async () => {
    log.append('a')
    states.set('gateway.example/log', 'garbage')
    const failed = await witness.addCheckpoint(await log.request(0)).catch((error) => error.message)
    expect(failed).to.include('cannot be read')
  })
})

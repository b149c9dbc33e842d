import { expect } from 'chai'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts'
import type { SignedHead } from '../../src/ledger/keeper.ts'
import { formatVerifierKey, type NoteSigner, parseNote } from '../../src/ledger/note.ts'
import { parsePolicy } from '../../src/ledger/policy.ts'
import { createWitness } from '../../src/ledger/witness.ts'
import {
  createWitnessing,
  type SubmissionAnswer,
  type Witnessing,
  type WitnessState,
} from '../../src/ledger/witnessing.ts'
import { createTestSigner } from '../support/log-signer.ts'
import { createMemoryLog, type MemoryLog } from '../support/memory-log.ts'

const OK = 'text/plain'
const NAMES = ['a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]

describe('asking witnesses', () => {
  let log: MemoryLog
  let witnessing: Witnessing
  let nowMs: number
  let asked: Name[]
  let quorums: number[]
  let stored: { size: number; note: string; cosigned: boolean }[]
  let sizes: Map<string, number>
  let changes: [string, WitnessState][]
  let answers: Record<Name, (body: string) => Promise<SubmissionAnswer>>
  let logSigner: NoteSigner
  let start: () => Promise<Witnessing>

  beforeEach(async () => {
    logSigner = await createTestSigner('gateway.example/log')
    log = createMemoryLog(logSigner)
    nowMs = 1_000_000
    asked = []
    quorums = []
    stored = []
    sizes = new Map()
    changes = []
    const signers = await Promise.all(
      NAMES.map((name) => createTestSigner(`${name}.example/w`, 'cosignature')),
    )
    const made = signers.map((signer) => {
      const states = new Map<string, string>()
      return createWitness({
        logs: [logSigner.key],
        stateOf: (origin) => ({
          read: async () => states.get(origin),
          write: async (note) => void states.set(origin, note),
        }),
        keepEvidence: async () => {},
        signer,
        crypto: NODE_CRYPTO,
        now: () => nowMs,
        onCosigned: () => {},
        onRefused: () => {},
      })
    })
    const honest = (place: number) => async (body: string) => {
      const witness = made[place]
      if (witness === undefined) throw new Error('no such witness')
      return witness.addCheckpoint(body)
    }
    answers = { a: honest(0), b: honest(1), c: honest(2) }
    const lines = signers.map(
      ({ key }, place) => `witness ${NAMES[place]} ${formatVerifierKey(key)} http://${NAMES[place]}`,
    )
    const policy = await parsePolicy([...lines, 'group g 2 a b c', 'quorum g'].join('\n'), NODE_CRYPTO.hash)
    start = async () =>
      createWitnessing({
        policy,
        store: {
          witnessSizes: async () => sizes,
          addCosignatures: async (checkpoint) => void stored.push(checkpoint),
          noteWitness: async (key, size) => void sizes.set(key, size),
          readTiles: async (places) => log.readTiles(places),
        },
        submit: (prefix, body) => {
          const name = prefix.slice('http://'.length) as Name
          asked.push(name)
          return answers[name](body)
        },
        crypto: NODE_CRYPTO,
        now: () => nowMs,
        onQuorum: async ({ size }) => void quorums.push(size),
        onStanding: ({ name, state }, before) => {
          if (state !== before) changes.push([name, state])
        },
        onError: (error) => {
          throw error
        },
      })
    witnessing = await start()
  })

  async function head(): Promise<SignedHead> {
    const note = await log.checkpoint()
    const checkpoint = parseCheckpoint(note)
    if (checkpoint === undefined) throw new Error(note)
    const { origin, size, root } = checkpoint
    return { origin, size, root, note, signedAtMs: nowMs }
  }

  async function grow(count: number): Promise<SignedHead> {
    log.append(...Array.from({ length: count }, (_, place) => `leaf ${log.size() + place}`))
    return head()
  }

  const states = () => witnessing.standings().map(({ state }) => state)
  /** Everything that goes on by itself has gone on. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

  it('has each checkpoint cosigned by all, from wherever each of them stands', async () => {
    for (const count of [3, 300, 1]) {
      await witnessing.offer(await grow(count))
      await settle()
    }
    expect(quorums).to.deep.equal([3, 303, 304])
    const last = stored.at(-1)
    const note = parseNote(last?.note ?? '')
    expect(note?.signatures).to.have.length(4)
    expect(last?.cosigned).to.equal(true)
    expect(witnessing.waitingSinceMs()).to.equal(undefined)
  })

  it('is content with the quorum where one witness is away, and asks that one ever more rarely', async () => {
    answers.c = () => Promise.reject(new Error('connection refused'))
    for (let second = 0; second < 20; second += 1) {
      nowMs += 1000
      await witnessing.offer(await grow(1))
      await settle()
    }
    expect(quorums).to.have.length(20)
    expect(states()).to.deep.equal(['cosigned', 'cosigned', 'unreachable'])
    expect(asked.filter((name) => name === 'c')).to.have.length(5)
    expect(changes.filter(([name]) => name === 'c')).to.deep.equal([['c', 'unreachable']])
  })

  it('does not wait for a slow witness, and takes its cosignature when it comes', async () => {
    let release = () => {}
    const slow = answers.c
    answers.c = async (body) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return slow(body)
    }
    const first = await grow(2)
    await witnessing.offer(first)
    expect(quorums).to.deep.equal([2])
    await witnessing.offer(await grow(2))
    expect(
      asked.filter((name) => name === 'c'),
      'asked once at a time',
    ).to.have.length(1)
    release()
    await settle()
    await settle()
    const kept = stored.filter(({ size }) => size === 2).at(-1)
    expect(parseNote(kept?.note ?? '')?.signatures).to.have.length(4)
  })

  it('has no quorum where two are away, and tells since when', async () => {
    answers.b = async () => ({ status: 503, type: OK, body: '' })
    answers.c = () => Promise.reject(new Error('timed out'))
    await witnessing.offer(await grow(2))
    const since = nowMs
    nowMs += 30_000
    await witnessing.offer(await grow(2))
    expect(quorums).to.deep.equal([])
    expect(witnessing.waitingSinceMs()).to.equal(since)
    expect(stored.every(({ cosigned }) => !cosigned)).to.equal(true)
  })

  it('counts no witness that answers with what is not its cosignature', async () => {
    const right = answers.b
    for (const lie of [
      async () => ({ status: 200, type: OK, body: '' }),
      async () => ({ status: 200, type: OK, body: '— b.example/w AAAAAAAA\n' }),
      // Another witness's line.
      answers.a,
      async (body: string) => {
        const { body: line, ...rest } = await right(body)
        return { ...rest, body: line.replace(/.(?=\n)/, (last) => (last === 'A' ? 'B' : 'A')) }
      },
      async () => ({ status: 409, type: 'text/plain', body: '1\n' }),
      async () => ({ status: 409, type: 'text/x.tlog.size', body: 'many\n' }),
    ]) {
      answers.b = lie
      answers.c = () => Promise.reject(new Error('away'))
      nowMs += 100_000
      const before = quorums.length
      await witnessing.offer(await grow(1))
      await settle()
      expect(states()[1], String(lie)).to.equal('invalid')
      expect(quorums.length).to.equal(before)
    }
  })

  it('starts from the size that a witness names where its own memory is another', async () => {
    await witnessing.offer(await grow(5))
    await settle()
    sizes.clear()
    witnessing = await start()
    asked = []
    await witnessing.offer(await grow(5))
    await settle()
    expect(states()).to.deep.equal(['cosigned', 'cosigned', 'cosigned'])
    expect(asked).to.have.length(6)
  })

  it('finds out from the witnesses that the log was rolled back, also where all of its own memory was', async () => {
    await witnessing.offer(await grow(5))
    await settle()
    sizes.clear()
    log = createMemoryLog(logSigner)
    witnessing = await start()
    quorums = []
    await witnessing.offer(await grow(4))
    await settle()
    expect(states()).to.deep.equal(['ahead', 'ahead', 'ahead'])
    expect(witnessing.standings().map(({ size }) => size)).to.deep.equal([5, 5, 5])
    expect(quorums).to.deep.equal([])
  })

  for (const size of [5, 9]) {
    it(`finds out from the witnesses that the log was written anew, ${size} records after 5`, async () => {
      await witnessing.offer(await grow(5))
      await settle()
      log = createMemoryLog(logSigner)
      log.append('another')
      witnessing = await start()
      quorums = []
      await witnessing.offer(await grow(size - 1))
      await settle()
      expect(states()).to.deep.equal(['forked', 'forked', 'forked'])
      expect(quorums).to.deep.equal([])
    })
  }

  it('serves the cosignatures behind the log’s own signature, in the order of the policy', async () => {
    answers.a = () => Promise.reject(new Error('away'))
    await witnessing.offer(await grow(3))
    await settle()
    const names = parseNote(stored.at(-1)?.note ?? '')?.signatures.map(({ name }) => name)
    expect(names).to.deep.equal(['gateway.example/log', 'b.example/w', 'c.example/w'])
  })
})

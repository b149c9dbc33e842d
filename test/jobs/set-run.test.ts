import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import type { Conclusion } from '../../src/exchange/conduct.ts'
import { type BulkState, type BulkStep, type ClaimedBulkJob, emptyCounts } from '../../src/jobs/bulk.ts'
import { gatherSet } from '../../src/jobs/set-run.ts'
import type { AnonymityRules } from '../../src/model/anonymity.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { InboundRequest } from '../../src/model/exchange.ts'
import type { Registry } from '../../src/registry/snapshot.ts'

const RULES: AnonymityRules = {
  k: 2,
  pageSize: 10,
  columns: { personalId: { is: 'identifier' }, sex: { is: 'quasi' } },
}
const SET = { scope: { edition: '2026' }, rules: RULES }
const ROWS = Array.from({ length: 25 }, (_, index) => ({
  personalId: `ID-${index}`,
  sex: 'male',
  number: index,
}))

interface Played {
  readonly asked: InboundRequest[]
  readonly steps: BulkStep[]
  readonly waits: number[]
  /** Rows that were told to be done. */
  readonly done: number[]
}

/** Gathers a set of 25 rows in pages of ten. */
async function gather(
  from: number,
  behave: {
    readonly answer?: (request: InboundRequest, turn: number) => unknown
    readonly state?: (turn: number) => BulkState | undefined
    /** Of the contract in force; undefined where the operation leaves no set any more. */
    readonly rules?: AnonymityRules | undefined
    /** What the contract in force calls the operation. */
    readonly name?: string
    readonly signal?: AbortSignal
  } = {},
): Promise<Played & { readonly held: boolean | GatewayError }> {
  const played: Played = { asked: [], steps: [], waits: [], done: [] }
  const { rules, name = 'export', signal = new AbortController().signal } = { rules: RULES, ...behave }
  const page = ({ json }: InboundRequest) => {
    const { from: first, most } = json as { from: number; most: number }
    return { rows: ROWS.slice(first, first + most) }
  }
  const operation = { id: name, method: 'POST', pathTemplate: '/tap', anonymised: rules }
  const service = { contract: { operations: new Map([[name, operation]]) } }
  const job = {
    id: 'job',
    records: from,
    ask: { consumer: {}, service: 's', operation: 'export', purpose: 'thong-ke', set: SET },
  }
  const held = await gatherSet(
    {
      conduct: async (request) => {
        played.asked.push(request)
        const content = (behave.answer ?? page)(request, played.asked.length)
        const ended = content instanceof Error ? content : { status: 200, content }
        return { release: () => ended } as unknown as Conclusion
      },
      store: {
        commit: async (step) => {
          played.steps.push(step)
          return behave.state === undefined ? 'running' : behave.state(played.steps.length)
        },
      },
      registry: () => ({ services: new Map([['s', service]]) }) as unknown as Registry,
      wait: async (ms) => void played.waits.push(ms),
      now: () => Date.parse('2026-11-22T00:00:00Z'),
      newExchangeId: () => 'exchange',
      newSalt: () => new Uint8Array(16),
      randomHex: () => '00',
    },
    { job, epoch: 3, counts: emptyCounts() } as unknown as ClaimedBulkJob,
    { set: SET, signal, onDone: (records) => void played.done.push(records) },
  ).catch((thrown: unknown) => {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  })
  return { ...played, held }
}

const asked = ({ asked: requests }: Played) => requests.map(({ json }) => json)

describe('gathering a set from its provider', () => {
  it('asks page after page until one is empty, each made durable, and keeps no identifier', async () => {
    const played = await gather(0)
    expect(played.held).to.equal(true)
    expect(asked(played)).to.deep.equal([0, 10, 20, 25].map((from) => ({ edition: '2026', from, most: 10 })))
    expect(played.steps.map(({ from, to, epoch, exchanges }) => [from, to, epoch, exchanges])).to.deep.equal([
      [0, 10, 3, 1],
      [10, 20, 3, 1],
      [20, 25, 3, 1],
    ])
    expect(played.done).to.deep.equal([10, 20, 25])
    expect(played.asked.every(({ forPackage, parent }) => forPackage === true && parent === 'job')).to.equal(
      true,
    )
    expect(Buffer.concat(played.steps.map(({ results }) => results)).toString()).to.not.contain('ID-')
  })

  it('goes on behind what was made durable before, and asks for nothing of that again', async () => {
    const played = await gather(20)
    expect(asked(played).map((json) => (json as { from: number }).from)).to.deep.equal([20, 25])
  })

  it('lets go where it was paused, or somebody else has taken the job over', async () => {
    for (const state of ['paused', undefined] as const) {
      const played = await gather(0, { state: (turn) => (turn === 2 ? state : 'running') })
      expect([played.held, played.steps.length, played.asked.length]).to.deep.equal([false, 2, 2])
    }
  })

  it('waits for a quota that is soon free again, and asks for the same page', async () => {
    const full = new GatewayError('quota_exceeded', { retryAfterSeconds: 1 })
    const played = await gather(20, {
      answer: ({ json }, turn) => (turn === 1 ? full : { rows: turn === 2 ? [{}] : [], json }),
    })
    expect([played.held, played.waits]).to.deep.equal([true, [1000]])
    expect(asked(played).map((json) => (json as { from: number }).from)).to.deep.equal([20, 20, 21])
  })

  it('keeps nothing of an answer without rows, or with more than were asked for', async () => {
    for (const answer of [{}, null, 'rows', { rows: ROWS }, { rows: ['x'] }, { rows: [null] }]) {
      const played = await gather(0, { answer: () => answer })
      expect(played.held, JSON.stringify(answer)).to.include({ code: 'response_invalid' })
      expect(played.steps).to.deep.equal([])
    }
  })

  it('gives up the page under way where it is to stop, and asks for none after what is durable', async () => {
    const cut = new AbortController()
    const told: (boolean | undefined)[] = []
    const wasCut = await gather(0, {
      signal: cut.signal,
      answer({ signal }) {
        told.push(signal?.aborted)
        cut.abort()
        told.push(signal?.aborted)
        return { rows: [] }
      },
    })
    expect([wasCut.asked.length, told]).to.deep.equal([1, [false, true]])
    const stop = new AbortController()
    const reason = new GatewayError('quota_exceeded')
    const stopped = await gather(0, {
      signal: stop.signal,
      state() {
        stop.abort(reason)
        return 'running'
      },
    })
    expect([stopped.held, stopped.done, stopped.asked.length]).to.deep.equal([reason, [10], 1])
    const never = new AbortController()
    await gather(20, { signal: never.signal })
    expect(getEventListeners(never.signal, 'abort')).to.deep.equal([])
  })

  it('stops where the operation is there no more, or leaves no set', async () => {
    for (const behave of [{ rules: undefined }, { name: 'another' }]) {
      const played = await gather(0, behave)
      expect(played.held).to.include({ code: 'operation_unknown' })
      expect(played.asked).to.deep.equal([])
    }
  })

  it('stops where the contract’s rules are no longer those of the order', async () => {
    const played = await gather(0, { rules: { ...RULES, k: 3 } })
    expect(played.held).to.include({ code: 'anonymity_unmet' })
    expect(played.asked).to.deep.equal([])
  })
})

import { expect } from 'chai'
import { fillRequest, partSalt, runParts, type ToldPart } from '../../src/exchange/composite.ts'
import type { PlannedPart } from '../../src/model/plan.ts'

const ask = (request: PlannedPart['request'], when?: string): PlannedPart => ({
  service: 'G01/a/b/v1',
  operation: 'lookUp',
  request,
  ...(when !== undefined && { when }),
})
const answer = (content: unknown, status = 200): ToldPart => ({
  outcome: 'delivered',
  exchange: 'e',
  status,
  answer: content,
})

describe('a planned request', () => {
  it('takes its members from the request, earlier answers and fixed values', () => {
    const filled = fillRequest(
      { '/id': '/request/person/id', '/land/key': '/parts/parcel/key', '/kind': { value: 'sale' } },
      { request: { person: { id: '1' } }, parts: { parcel: { key: 'k' } } },
    )
    expect(filled).to.deep.equal({ id: '1', land: { key: 'k' }, kind: 'sale' })
  })

  it('leaves out what its sources do not have', () => {
    const filled = fillRequest({ '/id': '/request/id', '/a/b': '/parts/x/y' }, { request: {}, parts: {} })
    expect(filled).to.deep.equal({})
  })

  it('shares nothing with what it was filled from', () => {
    const request = { address: { ward: '1' } }
    const filled = fillRequest(
      { '/address': '/request/address', '/address/ward': { value: '2' } },
      {
        request,
        parts: {},
      },
    )
    expect(filled).to.deep.equal({ address: { ward: '2' } })
    expect(request.address.ward).to.equal('1')
  })
})

describe('a plan', () => {
  it('asks parts side by side, and a part that needs another only after it', async () => {
    const events: string[] = []
    const first = Promise.withResolvers<void>()
    const both = Promise.withResolvers<void>()
    const parts = {
      a: ask({ '/n': { value: 'a' } }),
      b: ask({ '/n': { value: 'b' } }),
      c: ask({ '/n': '/parts/a/n' }),
    }
    const running = runParts({ parts }, {}, async (_, { n }) => {
      events.push(`ask ${n}`)
      if (events.length === 2) both.resolve()
      if (n === 'a') await first.promise
      return () => answer({ n: `${n}'` })
    })
    await both.promise
    expect(events).to.deep.equal(['ask a', 'ask b'])
    first.resolve()
    const told = (await running)()
    expect(events).to.deep.equal(['ask a', 'ask b', "ask a'"])
    expect(told.complete).to.equal(true)
    expect(Object.keys(told.parts)).to.deep.equal(['a', 'b', 'c'])
  })

  it('skips what needs a part that said no, failed or had nothing, down the whole line', async () => {
    const parts = {
      a: ask({ '/n': { value: 'a' } }),
      b: ask({ '/n': '/parts/a/n' }),
      c: ask({ '/n': '/parts/b/n' }),
    }
    for (const told of [
      answer(undefined, 404),
      { outcome: 'refused', exchange: 'e', code: 'agreement_missing' } as const,
    ]) {
      const asked: unknown[] = []
      const tell = await runParts({ parts }, {}, async (_, body) => {
        asked.push(body)
        return () => told
      })
      expect(asked).to.have.length(1)
      expect(tell()).to.deep.equal({
        complete: false,
        parts: {
          a: told,
          b: { outcome: 'skipped', waitsFor: ['a'] },
          c: { outcome: 'skipped', waitsFor: ['b'] },
        },
      })
    }
  })

  it('tells of its parts what may be told at that moment', async () => {
    let revoked = false
    const tell = await runParts(
      { parts: { a: ask({ '/n': { value: 1 } }) } },
      {},
      async () => () =>
        revoked ? { outcome: 'refused', exchange: 'e', code: 'agreement_missing' } : answer('secret'),
    )
    expect(tell().complete).to.equal(true)
    revoked = true
    expect(JSON.stringify(tell())).not.to.include('secret')
    expect(tell().complete).to.equal(false)
  })

  it('does not speak of a part that was not wanted', async () => {
    const parts = { a: ask({ '/n': { value: 'a' } }, '/request/wanted') }
    const run = (request: unknown) => runParts({ parts }, request, async () => () => answer({}))
    expect((await run({}))()).to.deep.equal({ complete: true, parts: {} })
    expect(Object.keys((await run({ wanted: 1 }))().parts)).to.deep.equal(['a'])
  })
})

describe("a part's salt", () => {
  it("differs from part to part and from the whole's, and is made of both", () => {
    const parent = Buffer.alloc(16, 7)
    const salts = ['x', 'y'].map((id) => Buffer.from(partSalt(parent, id)).toString('hex'))
    expect(new Set([...salts, parent.toString('hex')]).size).to.equal(3)
    expect(salts[0]).to.have.length(32)
    expect(partSalt(Buffer.alloc(16, 8), 'x')).not.to.deep.equal(partSalt(parent, 'x'))
  })
})

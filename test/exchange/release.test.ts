import { expect } from 'chai'
import fc from 'fast-check'
import { compileCatalogue } from '../../src/contract/catalogue.ts'
import type { Operation } from '../../src/contract/contract.ts'
import { parsePointer, pointerTo } from '../../src/contract/minimise.ts'
import { createConduct } from '../../src/exchange/conduct.ts'
import type { InboundRequest } from '../../src/model/exchange.ts'
import { CONTRACT_PATH, documents, put } from '../contract/documents.ts'
import { SAMPLE_PROMISE } from '../support/log-signer.ts'
import { NO_CONSENTS } from '../support/no-consents.ts'
import { NO_PROCEDURES, NO_REQUESTS } from '../support/no-procedures.ts'
import { AGREEMENT, compileAgreement, smallRegistry } from '../support/small-registry.ts'

/** What a contract declares of a place. */
type Declared =
  | { readonly form: 'text' }
  | { readonly form: 'object'; readonly open: boolean; readonly members: Readonly<Record<string, Declared>> }
  | { readonly form: 'list'; readonly item: Declared }
  | { readonly form: 'choice'; readonly one: Declared; readonly other: Declared }

const name = fc.constantFrom('a', 'b', 'c', 'a/b', '~', 'toString', 'ngày', '0', '__proto')
const { object } = fc.letrec<{ declared: Declared; object: Declared }>((tie) => ({
  object: fc.record({
    form: fc.constant('object' as const),
    open: fc.boolean(),
    members: fc.dictionary(name, tie('declared'), { maxKeys: 3, noNullPrototype: true }),
  }),
  declared: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant({ form: 'text' as const }),
    tie('object'),
    fc.record({ form: fc.constant('list' as const), item: tie('declared') }),
    fc.record({ form: fc.constant('choice' as const), one: tie('object'), other: tie('object') }),
  ),
}))

function schemaOf(place: Declared): object {
  switch (place.form) {
    case 'text':
      return { type: ['string', 'null'], maxLength: 20 }
    case 'list':
      return { type: 'array', maxItems: 4, items: schemaOf(place.item) }
    case 'choice':
      return { anyOf: [schemaOf(place.one), schemaOf(place.other)] }
    case 'object': {
      const properties = Object.fromEntries(
        Object.entries(place.members).map(([member, below]) => [member, schemaOf(below)]),
      )
      return { type: 'object', properties, ...(!place.open && { additionalProperties: false }) }
    }
  }
}

/** JSON text of an answer that keeps the contract, with members nobody declared wherever that is allowed. */
function answerOf(place: Declared): fc.Arbitrary<string> {
  switch (place.form) {
    case 'text':
      return fc.constantFrom('"v"', 'null', '"Trần"')
    case 'list':
      return fc.array(answerOf(place.item), { maxLength: 3 }).map((items) => `[${items.join()}]`)
    case 'choice':
      return fc.oneof(answerOf(place.one), answerOf(place.other))
    case 'object': {
      const members = Object.entries(place.members).map(([member, below]) =>
        fc.option(answerOf(below).map((text) => `${JSON.stringify(member)}:${text}`)),
      )
      const extra = fc.option(
        fc.constantFrom(
          '"religion":"secret"',
          '"__proto__":{"a":"secret"}',
          '"constructor":{"prototype":{"a":"secret"}}',
          '"more":[{"a":"secret"}]',
        ),
      )
      return fc
        .tuple(fc.tuple(...members), place.open ? extra : fc.constant(null))
        .map(([kept, added]) => `{${[...kept, added].filter((text) => text !== null).join()}}`)
    }
  }
}

/** Pointers of all that is declared, arrays passed through. */
function pointersOf(place: Declared, at = ''): string[] {
  switch (place.form) {
    case 'text':
      return []
    case 'list':
      return pointersOf(place.item, at)
    case 'choice':
      return [...new Set([...pointersOf(place.one, at), ...pointersOf(place.other, at)])]
    case 'object':
      return Object.entries(place.members).flatMap(([member, below]) => {
        const pointer = pointerTo(at, member)
        return [pointer, ...pointersOf(below, pointer)]
      })
  }
}

/** Every member of a value with its pointer, arrays passed through. */
function membersIn(value: unknown, at = ''): { pointer: string; leaf: boolean }[] {
  if (Array.isArray(value)) return value.flatMap((item) => membersIn(item, at))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([member, below]) => {
    const pointer = pointerTo(at, member)
    return [{ pointer, leaf: typeof below !== 'object' || below === null }, ...membersIn(below, pointer)]
  })
}

function isBelow(pointer: string, field: string): boolean {
  const tokens = parsePointer(pointer)
  return parsePointer(field).every((token, index) => tokens[index] === token)
}

const REQUEST: InboundRequest = {
  exchangeId: '01a20000-0000-7000-8000-000000000000',
  receivedAtMs: 0,
  credentials: { method: 'POST', url: 'https://gw.test/exchange' },
  service: AGREEMENT.service,
  method: 'POST',
  path: '/tra-cuu',
  query: undefined,
  purpose: 'giai-quyet-thu-tuc',
  dossier: undefined,
  procedure: undefined,
  officer: undefined,
  idempotencyKey: undefined,
  fields: undefined,
  trace: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false },
  salt: Buffer.alloc(16, 9),
  body: Buffer.from('{"personalId":"099090000017"}'),
  json: { personalId: '099090000017' },
  signal: undefined,
}

function compileOperation(place: Declared): Operation {
  const given = documents((contract) => {
    put(contract, ['components', 'schemas', 'Person'], schemaOf(place))
    put(contract, ['components', 'schemas', 'Reason'], schemaOf(place))
  })
  const { catalogue, faults } = compileCatalogue(given, { syntheticPersons: true })
  expect(faults).to.deep.equal([])
  const operation = catalogue.contract(CONTRACT_PATH)?.operations.get('lookUp')
  if (operation === undefined) throw new Error('the contract has lost its operation')
  return operation
}

/** The answer was refused as a whole. */
const REFUSED = Symbol('refused')
/** Names that no answer may hold: programs take them for more than names. */
const UNSAFE = /__proto__|constructor/

interface Asked {
  readonly status: number
  readonly text: string
  readonly agreed: readonly string[]
  readonly requested: readonly string[] | undefined
}

/** The real pipeline over a contract, an agreement and a provider that answers with a text. */
async function release(operation: Operation, asked: Asked): Promise<unknown> {
  const agreement = compileAgreement({ operations: [{ operation: 'lookUp', fields: [...asked.agreed] }] })
  const registry = smallRegistry([agreement], operation)
  const authority = { number: 1, registry, isRevoked: () => false }
  const { conduct } = createConduct({
    authority: () => authority,
    checkStanding() {},
    mayRelease: () => true,
    onWithheld() {},
    consents: NO_CONSENTS,
    checkSignature: async () => undefined,
    signAnswer: async () => {
      throw new Error('nothing is signed here')
    },
    authenticate: () => ({
      id: AGREEMENT.consumer,
      binding: 'dpop',
      tokenDigest: 't',
      audience: 'https://gw.test/exchange',
    }),
    ledger: {
      async ensureRecorded() {},
      assertAvailable() {},
      async begin() {},
      async complete(_facts, verdict) {
        if (typeof verdict === 'function') verdict()
        return { leafIndex: 0, leafHash: 'h', promise: SAMPLE_PROMISE }
      },
    },
    takeQuota: () => ({ policy: 'TT-1', perSecond: 1, perDay: 1, remainingToday: 0, secondsToReset: 1 }),
    submissions: { claim: async () => ({ state: 'first' }), async release() {} },
    openSink: () => expect.fail('nothing is passed whole here'),
    callOf: () => async () => ({
      status: asked.status,
      contentType: 'application/json',
      retryAfter: undefined,
      body: Buffer.from(asked.text),
      attempts: 1,
    }),
    now: () => Date.parse('2026-11-22T03:00:00Z'),
    clock: () => 0,
    observe() {},
    procedures: NO_PROCEDURES,
    requests: NO_REQUESTS,
    newPart: () => ({ exchangeId: 'part', receivedAtMs: 0, spanId: '1'.repeat(16) }),
  })
  const conclusion = await conduct({ ...REQUEST, ...(asked.requested && { fields: asked.requested }) })
  const ended = conclusion.release()
  if (ended instanceof Error) {
    expect(ended.code).to.equal('response_invalid')
    return REFUSED
  }
  return ended.body.length === 0 ? undefined : JSON.parse(ended.body.toString())
}

const scene = object.chain((place) => {
  const pointers = pointersOf(place)
  const some = pointers.length === 0 ? fc.constant<string[]>([]) : fc.subarray(pointers)
  return fc.record({
    place: fc.constant(place),
    text: answerOf(place),
    agreed: some,
    chosen: some,
    narrow: fc.boolean(),
  })
})

describe('what leaves the gateway', () => {
  it('holds no field outside the agreement, whatever agreement, contract, request and answer', async () => {
    let released = 0
    await fc.assert(
      fc.asyncProperty(scene, async ({ place, text, agreed, chosen, narrow }) => {
        const requested = chosen.filter((pointer) => agreed.some((field) => isBelow(pointer, field)))
        const asked = narrow && requested.length > 0 ? requested : undefined
        const body = await release(compileOperation(place), { status: 200, text, agreed, requested: asked })
        const isUnsafe = UNSAFE.test(text)
        expect(body === REFUSED).to.equal(isUnsafe)
        if (isUnsafe) return
        const allowed = asked ?? agreed
        const left = membersIn(body)
        released += left.length
        const known = new Set(pointersOf(place))
        for (const { pointer } of left) {
          expect(known.has(pointer), `${pointer} is declared`).to.equal(true)
          const fits = allowed.some((field) => isBelow(pointer, field) || isBelow(field, pointer))
          expect(fits, `${pointer} is agreed`).to.equal(true)
        }
        for (const { pointer, leaf } of left.filter((one) => one.leaf)) {
          expect(leaf && allowed.some((field) => isBelow(pointer, field)), pointer).to.equal(true)
        }
        // And nothing that was agreed, declared and answered is kept back.
        const expected = membersIn(JSON.parse(text)).filter(
          ({ pointer, leaf }) =>
            leaf && known.has(pointer) && allowed.some((field) => isBelow(pointer, field)),
        )
        expect(
          left
            .filter(({ leaf }) => leaf)
            .map(({ pointer }) => pointer)
            .sort(),
        ).to.deep.equal(expected.map(({ pointer }) => pointer).sort())
        expect(JSON.stringify(body)).to.not.include('secret')
      }),
      { numRuns: 120 },
    )
    expect(released).to.be.greaterThan(30)
  })

  it('holds of a provider’s refusal what the contract declares and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async ({ place, text, agreed }) => {
        const body = await release(compileOperation(place), {
          status: 404,
          text,
          agreed,
          requested: undefined,
        })
        expect(body === REFUSED).to.equal(UNSAFE.test(text))
        if (body === REFUSED) return
        const known = new Set(pointersOf(place))
        expect(membersIn(body).filter(({ pointer }) => !known.has(pointer))).to.deep.equal([])
        const leaves = (value: unknown) =>
          membersIn(value)
            .filter(({ leaf }) => leaf)
            .map(({ pointer }) => pointer)
        expect(leaves(body)).to.have.members(leaves(JSON.parse(text)).filter((pointer) => known.has(pointer)))
        expect(JSON.stringify(body)).to.not.include('secret')
      }),
      { numRuns: 80 },
    )
  })

  it('is data only: no member of an answer reaches a prototype', async () => {
    const place: Declared = {
      form: 'object',
      open: true,
      members: { a: { form: 'object', open: true, members: {} } },
    }
    const text =
      '{"a":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    const operation = compileOperation(place)
    const asked = { status: 200, text, agreed: ['/a'], requested: undefined }
    expect(await release(operation, asked)).to.equal(REFUSED)
    // And were it not refused, it would be left out.
    expect(operation.keepDeclared(200, JSON.parse(text))).to.deep.equal({ a: {} })
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined)
  })
})

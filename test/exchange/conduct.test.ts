import { expect } from 'chai'
import { type Conclusion, type ConductParts, createConduct } from '../../src/exchange/conduct.ts'
import type { EndedExchange } from '../../src/exchange/passage.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { ExchangeFacts, InboundRequest, Outcome } from '../../src/model/exchange.ts'
import type { ProviderReply } from '../../src/provider/call.ts'
import type { Authority } from '../../src/registry/authority.ts'
import type { Registry } from '../../src/registry/snapshot.ts'
import { SAMPLE_PROMISE } from '../support/log-signer.ts'
import { NO_CONSENTS } from '../support/no-consents.ts'
import { NO_PROCEDURES, NO_REQUESTS } from '../support/no-procedures.ts'
import { AGREEMENT, compileAgreement, smallRegistry } from '../support/small-registry.ts'

const BODY = Buffer.from('{"personalId":"099090000017"}')
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
  body: BODY,
  json: JSON.parse(BODY.toString()),
  signal: undefined,
}
const SIGNATURE = { base: 'b', key: 'k', signature: 's' }
const MESSAGE = { method: 'POST', targetUri: 'https://gw.test/exchange', fields: new Map() }
const PERSON = { name: 'Trần Thị Thử', born: '1990', religion: 'không' }

interface Bench {
  readonly steps: string[]
  readonly recorded: { facts: ExchangeFacts; outcome: Outcome }[]
  readonly observed: EndedExchange[]
  run(request?: Partial<InboundRequest>): Promise<Conclusion>
}

function authorityOf(registry: Registry, number = 1): Authority {
  return { number, registry, isRevoked: () => false }
}

/** A conduct over parts that note what happens, in order; `change` replaces some of them. */
function bench(
  change: Partial<ConductParts> = {},
  answer: () => Promise<Partial<ProviderReply>> = async () => ({}),
): Bench {
  const steps: string[] = []
  const recorded: Bench['recorded'] = []
  const observed: EndedExchange[] = []
  const authority = authorityOf(smallRegistry([compileAgreement()]))
  const { conduct } = createConduct({
    authority: () => authority,
    checkStanding: () => {},
    mayRelease: () => true,
    onWithheld: () => steps.push('withheld'),
    authenticate: () => {
      steps.push('authenticate')
      return { id: 'H29/mot-cua', binding: 'dpop', tokenDigest: 't', audience: 'https://gw.test/exchange' }
    },
    consents: NO_CONSENTS,
    async checkSignature() {
      steps.push('check signature')
      return SIGNATURE
    },
    async signAnswer(answer) {
      steps.push('sign answer')
      return { fields: { signature: `gateway=:${answer.status}:` }, facts: { ...SIGNATURE, key: 'gateway' } }
    },
    ledger: {
      async ensureRecorded() {},
      assertAvailable: () => {},
      async begin() {
        steps.push('begin')
      },
      async complete(facts, verdict) {
        const outcome = typeof verdict === 'function' ? verdict().outcome : verdict
        steps.push('record')
        recorded.push({ facts: structuredClone(facts), outcome })
        return { leafIndex: 0, leafHash: 'h', promise: SAMPLE_PROMISE }
      },
    },
    takeQuota: () => {
      steps.push('quota')
      return { policy: 'TT-1', perSecond: 1, perDay: 1, remainingToday: 0, secondsToReset: 1 }
    },
    submissions: { claim: async () => ({ state: 'first' }), async release() {} },
    openSink: () => expect.fail('nothing is passed whole here'),
    callOf: () => async () => {
      steps.push('call')
      const body = Buffer.from(JSON.stringify(PERSON))
      const reply = { status: 200, contentType: 'application/json', retryAfter: undefined, body, attempts: 1 }
      return { ...reply, ...(await answer()) }
    },
    now: () => Date.parse('2026-11-22T03:00:00Z'),
    clock: () => 0,
    observe: (ended) => observed.push(ended),
    procedures: NO_PROCEDURES,
    requests: NO_REQUESTS,
    newPart: () => ({ exchangeId: 'part', receivedAtMs: 0, spanId: '1'.repeat(16) }),
    ...change,
  })
  return { steps, recorded, observed, run: (request = {}) => conduct({ ...REQUEST, ...request }) }
}

function bodyOf(conclusion: Conclusion): unknown {
  const ended = conclusion.release()
  if (ended instanceof Error) throw ended
  return JSON.parse(ended.body.toString())
}

function codeOf(conclusion: Conclusion): string {
  const ended = conclusion.release()
  return ended instanceof GatewayError ? ended.code : 'answered'
}

describe('conduct', () => {
  it('goes through its steps in their order and releases only agreed fields', async () => {
    const { steps, recorded, run } = bench()
    expect(bodyOf(await run())).to.deep.equal({ name: 'Trần Thị Thử', born: '1990' })
    expect(steps).to.deep.equal(['authenticate', 'quota', 'call', 'record'])
    expect(recorded).to.have.length(1)
    expect(recorded[0]?.outcome).to.equal('delivered')
    expect(recorded[0]?.facts).to.include({ subject: '099090000017', agreement: 'TT-1', operation: 'lookUp' })
  })

  it('asks no one and records nothing for whom it does not know', async () => {
    const authenticate = () => {
      throw new GatewayError('credential_invalid')
    }
    const { steps, recorded, run } = bench({ authenticate })
    expect(await run().catch(({ code }) => code)).to.equal('credential_invalid')
    expect(steps).to.deep.equal([])
    expect(recorded).to.deep.equal([])
  })

  it('records a refusal before it is told, without asking the provider', async () => {
    const { steps, recorded, run } = bench()
    expect(codeOf(await run({ purpose: 'quang-cao' }))).to.equal('purpose_not_agreed')
    expect(steps).to.deep.equal(['authenticate', 'record'])
    expect(recorded[0]?.outcome).to.equal('refused')
    // Questions about a person count, refused ones too.
    expect(recorded[0]?.facts.subject).to.equal('099090000017')
  })

  it('checks a signature first, and answers it with one that is recorded', async () => {
    const { steps, recorded, run } = bench()
    const conclusion = await run({ message: MESSAGE })
    expect(conclusion.release()).to.deep.include({ status: 200, signature: { signature: 'gateway=:200:' } })
    expect(steps).to.deep.equal(['authenticate', 'check signature', 'quota', 'call', 'sign answer', 'record'])
    expect(recorded[0]?.facts).to.deep.include({
      requestSignature: SIGNATURE,
      answerSignature: { ...SIGNATURE, key: 'gateway' },
    })
  })

  it('records a wrong signature as refused, even where none was demanded, and asks no provider', async () => {
    const checkSignature = async () => {
      throw new GatewayError('signature_invalid')
    }
    const { steps, recorded, run } = bench({ checkSignature })
    expect(codeOf(await run({ message: MESSAGE }))).to.equal('signature_invalid')
    expect(steps).to.deep.equal(['authenticate', 'record'])
    expect(recorded[0]).to.deep.include({ outcome: 'refused' })
    expect(recorded[0]?.facts).to.include({ code: 'signature_invalid' })
  })

  it('holds a signed request to the standing of the key that signed it', async () => {
    const asked: unknown[] = []
    const { run } = bench({ checkStanding: ({ clientKey }) => asked.push(clientKey) })
    await run({ message: MESSAGE })
    expect(asked).to.include(SIGNATURE.key)
  })

  it('releases nothing to a signed request that it cannot sign', async () => {
    const signAnswer = async () => {
      throw new Error('the signer is away')
    }
    const { recorded, run } = bench({ signAnswer })
    expect(codeOf(await run({ message: MESSAGE }))).to.equal('internal_error')
    expect(recorded[0]?.outcome).to.equal('failed')
  })

  it('asks no provider while the ledger takes no records', async () => {
    const { steps, run } = bench({
      ledger: {
        async ensureRecorded() {},
        assertAvailable() {
          throw new GatewayError('ledger_unavailable')
        },
        async begin() {},
        complete: () => Promise.reject(new GatewayError('ledger_unavailable')),
      },
    })
    const conclusion = await run()
    expect(codeOf(conclusion)).to.equal('ledger_unavailable')
    expect(conclusion.receipt).to.equal(undefined)
    expect(steps).to.deep.equal(['authenticate'])
  })

  it('withholds an answer whose record did not become durable', async () => {
    const complete = () => Promise.reject(new GatewayError('ledger_unavailable'))
    const { observed, run } = bench({
      ledger: { assertAvailable() {}, async begin() {}, async ensureRecorded() {}, complete },
    })
    expect(codeOf(await run())).to.equal('ledger_unavailable')
    expect(observed[0]).to.include({ outcome: 'failed', status: 503 })
  })

  it('makes a submission durable before the provider is asked', async () => {
    const registry = smallRegistry([compileAgreement()], {
      kind: 'submit',
      durableBefore: true,
      idempotent: false,
    })
    const authority = authorityOf(registry)
    const { steps, run } = bench({ authority: () => authority })
    expect(codeOf(await run({ idempotencyKey: 'k' }))).to.equal('answered')
    expect(steps).to.deep.equal(['authenticate', 'quota', 'begin', 'call', 'record'])
  })

  it('keeps an error of its own private and still records the exchange', async () => {
    const { recorded, run } = bench({
      takeQuota() {
        throw new TypeError('a bug')
      },
    })
    const conclusion = await run()
    expect(conclusion.release()).to.include({ code: 'internal_error' })
    expect(recorded[0]).to.include({ outcome: 'failed' })
  })

  describe('when the registry changes while the provider answers', () => {
    function changing(next: Registry): Bench {
      const authorities = [authorityOf(smallRegistry([compileAgreement()]))]
      return bench({ authority: () => authorities.at(-1) ?? authorityOf(next) }, async () => {
        authorities.push(authorityOf(next, 2))
        return {}
      })
    }

    it('releases nothing that was revoked', async () => {
      const { recorded, run } = changing(smallRegistry([compileAgreement({ state: 'revoked' })]))
      expect(codeOf(await run())).to.equal('agreement_not_in_force')
      expect(recorded[0]).to.include({ outcome: 'refused' })
    })

    it('judges anew what the log refused as judged by something no longer in force', async () => {
      const authorities = [authorityOf(smallRegistry([compileAgreement()]))]
      const recorded: { facts: ExchangeFacts; outcome: Outcome }[] = []
      const { run } = bench({
        authority: () => authorities.at(-1) as Authority,
        ledger: {
          async ensureRecorded() {},
          assertAvailable() {},
          async begin() {},
          async complete(facts, judge) {
            if (typeof judge !== 'function') throw new Error('an answer has to be judged')
            expect(judge()).to.include({ outcome: 'delivered', authority: 1 })
            authorities.push(authorityOf(smallRegistry([compileAgreement({ state: 'revoked' })]), 2))
            recorded.push({ facts, outcome: judge().outcome })
            return { leafIndex: 0, leafHash: 'h', promise: SAMPLE_PROMISE }
          },
        },
      })
      expect(codeOf(await run())).to.equal('agreement_not_in_force')
      expect(recorded[0]).to.include({ outcome: 'refused' })
      expect(recorded[0]?.facts).to.include({ code: 'agreement_not_in_force' })
      expect(recorded[0]?.facts).to.have.property('answer', undefined)
    })

    it('asks no provider for whom it cannot be sure of', async () => {
      const behind = { ...authorityOf(smallRegistry([compileAgreement()])), number: undefined }
      const { steps, run } = bench({ authority: () => behind })
      expect(codeOf(await run())).to.equal('authority_unconfirmed')
      expect(steps).to.deep.equal(['authenticate', 'record'])
    })

    it('asks no provider once the consumer lost its standing on the way', async () => {
      const authorities = [authorityOf(smallRegistry([compileAgreement()]))]
      const { steps, run } = bench({
        authority: () => authorities.at(-1) as Authority,
        checkStanding: (_consumer, { number }) => {
          if (number === 2) throw new GatewayError('subsystem_suspended')
        },
        takeQuota: async () => {
          authorities.push(authorityOf(smallRegistry([compileAgreement()]), 2))
          return { policy: 'TT-1', perSecond: 1, perDay: 1, remainingToday: 0, secondsToReset: 1 }
        },
      })
      expect(codeOf(await run())).to.equal('subsystem_suspended')
      expect(steps).to.deep.equal(['authenticate', 'record'])
    })

    it('holds back a recorded answer that may not leave any more when it is written', async () => {
      let mayRelease = true
      const { steps, recorded, run } = bench({ mayRelease: () => mayRelease })
      const conclusion = await run()
      mayRelease = false
      expect(codeOf(conclusion)).to.equal('authority_unconfirmed')
      expect(recorded[0]).to.include({ outcome: 'delivered' })
      expect(steps.at(-1)).to.equal('withheld')
    })

    it('releases only what is agreed now, and records the registry it was judged by', async () => {
      const narrowed = compileAgreement({ operations: [{ operation: 'lookUp', fields: ['/born'] }] })
      const { recorded, run } = changing({ ...smallRegistry([narrowed]), digest: 'f'.repeat(64) })
      expect(bodyOf(await run())).to.deep.equal({ born: '1990' })
      expect(recorded[0]?.facts).to.deep.include({ fields: ['/born'], registryDigest: 'f'.repeat(64) })
    })
  })
})

import { expect } from 'chai'
import { createConduct } from '../../src/exchange/conduct.ts'
import type { ExchangeFacts } from '../../src/model/exchange.ts'
import type { ServiceId } from '../../src/model/identifier.ts'
import type { Service } from '../../src/model/party.ts'
import type { Authority } from '../../src/registry/authority.ts'
import type { CompiledService, Registry } from '../../src/registry/snapshot.ts'
import { SAMPLE_PROMISE } from '../support/log-signer.ts'
import { NO_CONSENTS } from '../support/no-consents.ts'
import { NO_PROCEDURES, NO_REQUESTS } from '../support/no-procedures.ts'
import { AGREEMENT, compileAgreement, smallRegistry } from '../support/small-registry.ts'

const COMPOSITE: ServiceId = 'G06/lien-thong/hoi/v1'
const PERSON = { name: 'Trần Thị Thử', born: '1990', religion: 'không' }
const BODY = Buffer.from('{"personalId":"099090000017"}')

/** The small registry with a composite service whose one part asks the small service. */
function withComposite(registry: Registry): Registry {
  const part = registry.services.get(AGREEMENT.service)
  if (part === undefined) throw new Error('no service')
  const request = { '/personalId': '/request/personalId' }
  const parts = { person: { service: AGREEMENT.service, operation: 'lookUp', request } }
  const document: Service = {
    kind: 'Service',
    id: COMPOSITE,
    name: part.document.name,
    state: 'active',
    contract: 'services/x.yaml',
    plan: { timeoutMs: 1000, operations: { lookUp: { parts } } },
  }
  const operations = [{ operation: 'lookUp', fields: ['/complete', '/parts'] }]
  const agreement = compileAgreement({ id: 'TT-2', service: COMPOSITE, operations })
  const service: CompiledService = { ...part, document, agreementsOf: () => [agreement] }
  return { ...registry, services: new Map([...registry.services, [COMPOSITE, service]]) }
}

const ALLOWED = withComposite(smallRegistry([compileAgreement()]))
/** The whole may still be asked, the part not any more. */
const PART_REVOKED = withComposite(smallRegistry([]))

describe('a composite exchange whose part is revoked meanwhile', () => {
  /** Asks the whole; from `at` on the part's agreement is gone. */
  async function ask(at: 'part recorded' | 'whole recorded' | 'never') {
    let authority: Authority = { number: 1, registry: ALLOWED, isRevoked: () => false }
    const recorded: ExchangeFacts[] = []
    const revoke = () => {
      authority = { number: 2, registry: PART_REVOKED, isRevoked: () => false }
    }
    let parts = 0
    const { conduct } = createConduct({
      authority: () => authority,
      checkStanding: () => {},
      mayRelease: () => true,
      onWithheld: () => {},
      authenticate: () => ({
        id: 'H29/mot-cua',
        binding: 'dpop',
        tokenDigest: 't',
        audience: 'https://gw.test/exchange',
      }),
      consents: NO_CONSENTS,
      checkSignature: async () => undefined,
      signAnswer: () => Promise.reject(new Error('nothing is signed')),
      ledger: {
        assertAvailable: () => {},
        async begin() {},
        async ensureRecorded() {},
        async complete(facts, verdict) {
          if (facts.parent === undefined && at === 'whole recorded') revoke()
          if (typeof verdict === 'function') verdict()
          recorded.push(structuredClone(facts))
          if (facts.parent !== undefined && at === 'part recorded') revoke()
          return { leafIndex: 0, leafHash: 'h', promise: SAMPLE_PROMISE }
        },
      },
      takeQuota: () => ({ policy: 'TT', perSecond: 1, perDay: 1, remainingToday: 0, secondsToReset: 1 }),
      submissions: { claim: async () => ({ state: 'first' }), async release() {} },
      openSink: () => {
        throw new Error('nothing is passed whole')
      },
      callOf: () => async () => ({
        status: 200,
        contentType: 'application/json',
        retryAfter: undefined,
        body: Buffer.from(JSON.stringify(PERSON)),
        attempts: 1,
      }),
      procedures: NO_PROCEDURES,
      requests: NO_REQUESTS,
      newPart: () => ({ exchangeId: `part-${parts++}`, receivedAtMs: 0, spanId: '1'.repeat(16) }),
      now: () => Date.parse('2026-11-22T03:00:00Z'),
      clock: () => 0,
      observe: () => {},
    })
    const conclusion = await conduct({
      exchangeId: 'whole',
      receivedAtMs: 0,
      credentials: { method: 'POST', url: `https://gw.test/exchange/${COMPOSITE}/tra-cuu` },
      service: COMPOSITE,
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
    })
    const ended = conclusion.release()
    if (ended instanceof Error) throw ended
    return { told: JSON.parse(ended.body.toString()), recorded }
  }

  it('tells what the part’s own agreement lets out while it is in force', async () => {
    const { told, recorded } = await ask('never')
    const answer = { name: 'Trần Thị Thử', born: '1990' }
    const person = { outcome: 'delivered', exchange: 'part-0', status: 200, answer }
    expect(told).to.deep.equal({ complete: true, parts: { person } })
    expect(recorded.map(({ exchangeId, parent }) => [exchangeId, parent])).to.deep.equal([
      ['part-0', 'whole'],
      ['whole', undefined],
    ])
  })

  for (const at of ['part recorded', 'whole recorded'] as const) {
    it(`releases nothing of the part where that comes after: ${at}`, async () => {
      const { told } = await ask(at)
      const person = { outcome: 'refused', exchange: 'part-0', code: 'agreement_missing' }
      expect(told).to.deep.equal({ complete: false, parts: { person } })
    })
  }
})

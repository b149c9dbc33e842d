import { expect } from 'chai'
import fc from 'fast-check'
import { type Ask, authorise } from '../../src/exchange/authorise.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { DataExchangeDetail } from '../../src/model/exchange.ts'
import { compileAgreement } from '../support/small-registry.ts'

const NOW = Date.parse('2026-11-22T03:00:00Z')
const ASK: Ask = {
  service: 'G01/dan-cu/cong-dan/v1',
  operation: 'lookUp',
  purpose: 'giai-quyet-thu-tuc',
  fields: undefined,
  officer: undefined,
  dossier: undefined,
  procedure: undefined,
  isSigned: false,
}

function judge(change: Partial<Agreement>, ask: Partial<Ask> = {}, nowMs = NOW): string {
  try {
    return authorise([compileAgreement(change)], { ...ASK, ...ask }, nowMs).agreement.document.id
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

describe('authorise', () => {
  it('allows what an agreement in force names, with all its fields or those asked for', () => {
    expect(judge({})).to.equal('TT-1')
    expect(authorise([compileAgreement()], ASK, NOW).fields).to.deep.equal(['/name', '/born'])
    const few = authorise([compileAgreement()], { ...ASK, fields: ['/name'] }, NOW)
    expect(few.fields).to.deep.equal(['/name'])
  })

  const refusals: readonly [name: string, change: Partial<Agreement>, ask: Partial<Ask>, code: string][] = [
    ['an operation it does not open', {}, { operation: 'verify' }, 'agreement_missing'],
    ['a suspended agreement', { state: 'suspended' }, {}, 'agreement_not_in_force'],
    ['a revoked agreement', { state: 'revoked' }, {}, 'agreement_not_in_force'],
    ['another purpose', {}, { purpose: 'quang-cao' }, 'purpose_not_agreed'],
    ['a missing officer', { requires: { officer: true } }, {}, 'particulars_missing'],
    ['a missing dossier', { requires: { dossier: true } }, { officer: 'a' }, 'particulars_missing'],
    ['a missing procedure', { requires: { procedure: true } }, {}, 'particulars_missing'],
    [
      'a request without the signature it demands',
      { requires: { signature: true } },
      {},
      'signature_missing',
    ],
    ['a field it does not name', {}, { fields: ['/name', '/religion'] }, 'field_not_agreed'],
    ['a field above one it names', {}, { fields: ['/'] }, 'field_not_agreed'],
    ['everything at once', {}, { fields: [''] }, 'field_not_agreed'],
  ]
  for (const [name, change, ask, code] of refusals) {
    it(`refuses ${name}`, () => expect(judge(change, ask)).to.equal(code))
  }

  it('takes a signed request where a signature is demanded', () => {
    expect(judge({ requires: { signature: true } }, { isSigned: true })).to.equal('TT-1')
  })

  it('counts both days of a validity as whole days in Vietnam', () => {
    expect(judge({}, {}, Date.parse('2025-12-31T16:59:59Z'))).to.equal('agreement_not_in_force')
    expect(judge({}, {}, Date.parse('2025-12-31T17:00:00Z'))).to.equal('TT-1')
    expect(judge({}, {}, Date.parse('2026-12-31T16:59:59Z'))).to.equal('TT-1')
    expect(judge({}, {}, Date.parse('2026-12-31T17:00:00Z'))).to.equal('agreement_not_in_force')
  })

  it('refuses an agreement whose legal basis was repealed, and names the text', () => {
    const repealed = compileAgreement({}, { from: '2020-01-01', until: '2025-10-21' })
    expect(() => authorise([repealed], ASK, NOW)).to.throw(GatewayError, /1\/2020\/QH/)
  })

  it('takes the agreement that allows, whichever place it has', () => {
    const candidates = [
      compileAgreement({ id: 'TT-0', state: 'revoked' }),
      compileAgreement(),
      compileAgreement({ id: 'TT-2' }),
    ]
    expect(authorise(candidates, ASK, NOW).agreement.document.id).to.equal('TT-1')
  })

  it('tells the objection of the agreement that came nearest', () => {
    const candidates = [
      compileAgreement({ id: 'TT-0', purposes: ['khac'] }),
      compileAgreement({ id: 'TT-2', state: 'revoked' }),
    ]
    expect(() => authorise(candidates, ASK, NOW)).to.throw(GatewayError, /TT-0/)
    expect(() => authorise([], ASK, NOW)).to.throw(GatewayError, /no agreement/)
  })
})

describe('authorise, a token narrowed by authorization_details', () => {
  const details = (...list: readonly Omit<DataExchangeDetail, 'type'>[]) =>
    list.map((detail): DataExchangeDetail => ({ type: 'data_exchange', ...detail }))
  const TABLE: readonly [
    name: string,
    details: readonly DataExchangeDetail[],
    ask: Partial<Ask>,
    expected: readonly string[] | 'token_too_narrow' | 'field_not_agreed' | 'purpose_not_agreed',
  ][] = [
    ['an empty detail takes nothing away', details({}), {}, ['/name', '/born']],
    ['the service asked for', details({ service: ASK.service }), {}, ['/name', '/born']],
    ['another service', details({ service: 'G01/dan-cu/cong-dan/v2' }), {}, 'token_too_narrow'],
    ['the operation asked for', details({ operations: ['verify', 'lookUp'] }), {}, ['/name', '/born']],
    ['another operation', details({ operations: ['verify'] }), {}, 'token_too_narrow'],
    ['the purpose asked for', details({ purpose: 'giai-quyet-thu-tuc' }), {}, ['/name', '/born']],
    ['another purpose', details({ purpose: 'thong-ke' }), {}, 'token_too_narrow'],
    [
      'a purpose that only the token names',
      details({ purpose: 'x' }),
      { purpose: 'x' },
      'purpose_not_agreed',
    ],
    ["the agreement's legal basis", details({ legal_basis: 'luat' }), {}, ['/name', '/born']],
    ['another legal basis', details({ legal_basis: 'nghi-dinh' }), {}, 'token_too_narrow'],
    ['the agreement', details({ agreement: 'TT-1' }), {}, ['/name', '/born']],
    ['another agreement', details({ agreement: 'TT-2' }), {}, 'token_too_narrow'],
    ['one of the agreed fields', details({ fields: ['/born'] }), {}, ['/born']],
    ['a field below an agreed one', details({ fields: ['/name/first'] }), {}, ['/name/first']],
    ['an agreed field and one that is not', details({ fields: ['/name', '/religion'] }), {}, ['/name']],
    ['no agreed field', details({ fields: ['/religion'] }), {}, 'token_too_narrow'],
    ['a field asked for', details({ fields: ['/name'] }), { fields: ['/name'] }, ['/name']],
    [
      'a field below one it names',
      details({ fields: ['/name'] }),
      { fields: ['/name/last'] },
      ['/name/last'],
    ],
    ['a field it does not name', details({ fields: ['/name'] }), { fields: ['/born'] }, 'token_too_narrow'],
    [
      'a field above the one it names',
      details({ fields: ['/name/x'] }),
      { fields: ['/name'] },
      'token_too_narrow',
    ],
    [
      'a field that only the token names',
      details({ fields: ['/x'] }),
      { fields: ['/x'] },
      'field_not_agreed',
    ],
    ['two details together', details({ fields: ['/name'] }, { fields: ['/born'] }), {}, ['/name', '/born']],
    [
      'fields that belong to another purpose',
      details({ fields: ['/name'] }, { purpose: 'thong-ke', fields: ['/born'] }),
      { fields: ['/born'] },
      'token_too_narrow',
    ],
    ['a detail without fields beside one with', details({ fields: ['/name'] }, {}), {}, ['/name', '/born']],
    ['no detail at all', [], {}, 'token_too_narrow'],
  ]
  for (const [name, list, ask, expected] of TABLE) {
    it(`${Array.isArray(expected) ? 'allows' : 'refuses'}: ${name}`, () => {
      const run = () => authorise([compileAgreement()], { ...ASK, ...ask, details: list }, NOW)
      if (typeof expected === 'string') {
        expect(run).to.throw(GatewayError).with.property('code', expected)
      } else expect(run().fields).to.deep.equal(expected)
    })
  }

  it('goes to a later agreement where the token is good for that one only', () => {
    const candidates = [compileAgreement(), compileAgreement({ id: 'TT-2' })]
    const ask = { ...ASK, details: details({ agreement: 'TT-2' }) }
    expect(authorise(candidates, ask, NOW).agreement.document.id).to.equal('TT-2')
  })

  it('never allows what the agreement alone would not, whatever the details', () => {
    const pointer = fc.constantFrom('/name', '/born', '/name/a', '/born/b', '/religion', '/x/y')
    const list = fc.array(fc.record({ fields: fc.array(pointer, { minLength: 1 }) }, { requiredKeys: [] }))
    const asked = fc.option(fc.array(pointer, { minLength: 1 }), { nil: undefined })
    const agreed = compileAgreement().grants.get('lookUp')
    fc.assert(
      fc.property(list, asked, (parts, fields) => {
        try {
          const ask = { ...ASK, fields, details: details(...parts) }
          const allowed = authorise([compileAgreement()], ask, NOW).fields
          return (
            allowed.every((each) => agreed?.covers(each)) &&
            allowed.every((each) =>
              parts.some(
                ({ fields: named }) =>
                  named === undefined || named.some((above) => `${each}/`.startsWith(`${above}/`)),
              ),
            )
          )
        } catch (error) {
          return error instanceof GatewayError
        }
      }),
    )
  })
})

import { expect } from 'chai'
import { type Ask, authorise } from '../../src/exchange/authorise.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { compileAgreement } from '../support/small-registry.ts'

const NOW = Date.parse('2026-11-22T03:00:00Z')
const ASK: Ask = {
  operation: 'lookUp',
  purpose: 'giai-quyet-thu-tuc',
  fields: undefined,
  officer: undefined,
  dossier: undefined,
  procedure: undefined,
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
    ['a field it does not name', {}, { fields: ['/name', '/religion'] }, 'field_not_agreed'],
    ['a field above one it names', {}, { fields: ['/'] }, 'field_not_agreed'],
    ['everything at once', {}, { fields: [''] }, 'field_not_agreed'],
  ]
  for (const [name, change, ask, code] of refusals) {
    it(`refuses ${name}`, () => expect(judge(change, ask)).to.equal(code))
  }

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

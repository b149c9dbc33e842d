import { expect } from 'chai'
import { type ConsentAsk, objectionToConsent } from '../../src/exchange/consent.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import type { JudgedConsent } from '../../src/model/consent.ts'
import { AGREEMENT } from '../support/small-registry.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-22T03:00:00Z')

const UNDER_CONSENT: Agreement = { ...AGREEMENT, consent: { issuers: ['G01/vneid'] } }

const CONSENT: JudgedConsent = {
  id: 'consent-0000000001',
  issuer: 'G01/vneid',
  consumer: AGREEMENT.consumer,
  service: AGREEMENT.service,
  purposes: ['kham-benh', 'cap-thuoc'],
  fields: ['/fullName', '/history'],
  issuedAtMs: NOW - DAY_MS,
  notBeforeMs: NOW - DAY_MS,
  expiresAtMs: NOW + DAY_MS,
  standing: 'stands',
  isAboutSubject: true,
}

const ASK: ConsentAsk = {
  service: AGREEMENT.service,
  purpose: 'cap-thuoc',
  fields: ['/fullName', '/history/2026'],
  consent: CONSENT,
}

/** What is objected to a consent that differs in this, asked for at this time. */
function objection(change: Partial<JudgedConsent> = {}, nowMs = NOW, agreement = UNDER_CONSENT) {
  const found = objectionToConsent(agreement, { ...ASK, consent: { ...CONSENT, ...change } }, nowMs)
  return found && [found.code, found.detail.en]
}

describe('a consent held against what is asked under it', () => {
  it('stands where all of it fits, whichever fields were left to the agreement', () => {
    expect(objection()).to.equal(undefined)
    expect(objectionToConsent(UNDER_CONSENT, { ...ASK, fields: undefined }, NOW)).to.equal(undefined)
  })

  it('is looked at only where the agreement demands one, and then has to be there', () => {
    const without = { ...ASK, consent: undefined }
    expect(objectionToConsent(AGREEMENT, without, NOW)).to.equal(undefined)
    expect(
      objectionToConsent(AGREEMENT, { ...ASK, consent: { ...CONSENT, standing: 'withdrawn' } }, NOW),
    ).to.equal(undefined)
    expect(objectionToConsent(UNDER_CONSENT, without, NOW)).to.include({ code: 'consent_required' })
  })

  const wrong: readonly (readonly [
    what: string,
    change: Partial<JudgedConsent>,
    code: string,
    why: RegExp,
  ])[] = [
    ['of an issuer the agreement does not take', { issuer: 'G03/hoc-ba' }, 'consent_invalid', /this issuer/],
    ['whose issuer is gone', { standing: 'issuer_gone' }, 'consent_invalid', /registered no more/],
    ['that was withdrawn', { standing: 'withdrawn' }, 'consent_withdrawn', /withdrawn/],
    ['of another person', { isAboutSubject: false }, 'consent_mismatch', /another person/],
    ['for another consumer', { consumer: 'H26/mot-cua' }, 'consent_mismatch', /another subsystem/],
    ['for another service', { service: 'G18/khac/v1' }, 'consent_mismatch', /another service/],
    ['for other purposes', { purposes: ['kham-benh'] }, 'consent_mismatch', /another purpose/],
    ['to fewer fields', { fields: ['/fullName'] }, 'consent_mismatch', /does not cover \/history\/2026/],
  ]
  for (const [what, change, code, why] of wrong) {
    it(`is objected to where it is one ${what}`, () => {
      const [told, detail] = objection(change) ?? []
      expect(told).to.equal(code)
      expect(detail).to.match(why)
    })
  }

  it('counts from its beginning, a clock ten seconds ahead forgiven, until the moment it ends', () => {
    const code = (nowMs: number, change: Partial<JudgedConsent> = {}) => objection(change, nowMs)?.[0]
    expect(code(CONSENT.notBeforeMs - 10_000)).to.equal(undefined)
    expect(code(CONSENT.notBeforeMs - 10_001)).to.equal('consent_expired')
    expect(code(CONSENT.expiresAtMs - 1)).to.equal(undefined)
    expect(code(CONSENT.expiresAtMs)).to.equal('consent_expired')
  })

  it('counts for as many days as the agreement says, a year and a day where it says nothing', () => {
    const long = { expiresAtMs: NOW + 1000 * DAY_MS }
    const week: Agreement = { ...UNDER_CONSENT, consent: { issuers: ['G01/vneid'], maxDays: 7 } }
    const until = (days: number, agreement: Agreement) => [
      objection(long, CONSENT.issuedAtMs + days * DAY_MS - 1, agreement),
      objection(long, CONSENT.issuedAtMs + days * DAY_MS, agreement)?.[0],
    ]
    expect(until(7, week)).to.deep.equal([undefined, 'consent_expired'])
    expect(until(366, UNDER_CONSENT)).to.deep.equal([undefined, 'consent_expired'])
  })
})

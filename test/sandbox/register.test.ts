import { expect } from 'chai'
import type { ObligationClaim } from '../../src/sandbox/agencies/tax.ts'
import { createRegister, type RegisterOptions, type Submission } from '../../src/sandbox/register.ts'
import { sampleTaxpayer } from '../../src/sandbox/samples.ts'

const now = () => new Date('2026-11-22T01:30:00.000Z')

function createObligations(more: Partial<RegisterOptions<ObligationClaim>> = {}) {
  return createRegister<ObligationClaim>({
    now,
    prefix: 'NVTC',
    matterOf: ({ dossierCode }) => dossierCode,
    ...more,
  })
}

function numberOf(submission: Submission<ObligationClaim>): string {
  if ('conflict' in submission) throw new Error(submission.conflict)
  return submission.entry.number
}

describe('a register of the sandbox', () => {
  it('numbers what it receives, and finds it again', () => {
    const obligations = createObligations()
    const { submit } = sampleTaxpayer(1)
    const number = numberOf(obligations.submit(submit, undefined))
    expect(number).to.equal('NVTC-2026-0000001')
    expect(obligations.find(number)).to.deep.equal({
      number,
      receivedAt: '2026-11-22T01:30:00.000Z',
      claim: submit,
    })
    expect(obligations.find('NVTC-2026-0000002')).to.equal(undefined)
  })

  it('tells a key used again from a claim that contradicts another', () => {
    const obligations = createObligations()
    const { submit } = sampleTaxpayer(1)
    obligations.submit(submit, 'k')
    const elsewhere = { ...submit, dossierCode: 'H08.12-261122-9998' }
    expect(obligations.submit(elsewhere, 'k')).to.deep.equal({ conflict: 'key' })
    for (const change of [
      { amountVnd: 1 },
      { dueDate: '2027-01-01' },
      { taxCode: sampleTaxpayer(9).lookUp.taxCode },
    ]) {
      expect(obligations.submit({ ...submit, ...change }, undefined)).to.deep.equal({ conflict: 'content' })
    }
  })

  it('forgets the oldest when they are too many', () => {
    const obligations = createObligations({ capacity: 2 })
    const numbers = [1, 2, 3].map((index) =>
      numberOf(obligations.submit(sampleTaxpayer(index).submit, `k-${index}`)),
    )
    // A claim that is known takes nobody's place.
    numberOf(obligations.submit(sampleTaxpayer(3).submit, undefined))
    expect(numbers.map((number) => obligations.find(number) !== undefined)).to.deep.equal([false, true, true])
  })

  it('takes a later claim in place of the standing one where told so', () => {
    const obligations = createObligations({ supersedes: true })
    const { submit } = sampleTaxpayer(1)
    const first = numberOf(obligations.submit(submit, undefined))
    const second = numberOf(obligations.submit({ ...submit, amountVnd: 1 }, undefined))
    expect(second).not.to.equal(first)
    expect(obligations.findByMatter(submit.dossierCode)?.number).to.equal(second)
  })

  it('forgets what was cancelled, and knows it again when it is entered as it was', () => {
    const obligations = createObligations()
    const { submit } = sampleTaxpayer(7)
    const number = numberOf(obligations.submit(submit, 'k'))
    obligations.remove(number)
    expect(obligations.find(number)).to.equal(undefined)
    expect(numberOf(obligations.submit({ ...submit, amountVnd: 1 }, undefined))).not.to.equal(number)
    obligations.remove('other')
    const again = numberOf(obligations.submit({ ...submit, amountVnd: 1 }, undefined))
    obligations.remove(again)
    expect(numberOf(obligations.submit({ ...submit, amountVnd: 1 }, undefined))).to.equal(again)
  })
})

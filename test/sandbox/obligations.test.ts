import { expect } from 'chai'
import { createObligations, type Submission } from '../../src/sandbox/obligations.ts'
import { sampleTaxpayer } from '../../src/sandbox/samples.ts'

const now = () => new Date('2026-11-22T01:30:00.000Z')

function numberOf(submission: Submission): string {
  if ('conflict' in submission) throw new Error(submission.conflict)
  return submission.obligation.obligationNumber
}

describe('obligations', () => {
  it('number what they receive, and find it again', () => {
    const obligations = createObligations(now)
    const { submit } = sampleTaxpayer(1)
    const number = numberOf(obligations.submit(submit, undefined))
    expect(number).to.equal('NVTC-2026-0000001')
    expect(obligations.find(number)).to.deep.equal({
      obligationNumber: number,
      receivedAt: '2026-11-22T01:30:00.000Z',
      ...submit,
    })
    expect(obligations.find('NVTC-2026-0000002')).to.equal(undefined)
  })

  it('tell a key used again from a claim that contradicts another', () => {
    const obligations = createObligations(now)
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

  it('forget the oldest when they are too many', () => {
    const obligations = createObligations(now, 2)
    const numbers = [1, 2, 3].map((index) =>
      numberOf(obligations.submit(sampleTaxpayer(index).submit, `k-${index}`)),
    )
    // A claim that is known takes nobody's place.
    numberOf(obligations.submit(sampleTaxpayer(3).submit, undefined))
    expect(numbers.map((number) => obligations.find(number) !== undefined)).to.deep.equal([false, true, true])
  })
})

import { expect } from 'chai'
import type { EndedExchange } from '../../src/exchange/passage.ts'
import { type ContractFault, createFaultCounter, fieldOf } from '../../src/jobs/contract-faults.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import { GatewayError, type Violation } from '../../src/model/errors.ts'

const DETAIL = { vi: 'Sai.', en: 'Wrong.' }
const broken = (pointer: string, rule: string, member?: string): Violation => ({
  pointer,
  rule,
  detail: DETAIL,
  ...(member !== undefined && { member }),
})

function ended(
  code: ErrorCode | undefined,
  errors: readonly Violation[] = [],
  facts: object = {},
): EndedExchange {
  return {
    facts: {
      receivedAtMs: Date.parse('2026-11-21T17:30:00Z'),
      consumer: 'H29/mot-cua',
      service: 'G01/dan-cu/cong-dan/v1',
      provider: 'G01/dan-cu',
      operation: 'lookUpCitizen',
      ...facts,
    },
    error: code === undefined ? undefined : new GatewayError(code, { errors }),
  } as unknown as EndedExchange
}

describe('counting what goes against the contracts', () => {
  const writer = () => {
    const written: ContractFault[] = []
    const counter = createFaultCounter(async (faults) => {
      written.push(...faults)
    })
    return { counter, written }
  }

  it('names the field, a missing member by its own name, and no place in a list', () => {
    expect(fieldOf(broken('/members/12/sex', 'enum'))).to.equal('/members/*/sex')
    expect(fieldOf(broken('/members/0', 'required', 'fullName'))).to.equal('/members/*/fullName')
    expect(fieldOf(broken('', 'required', 'fullName'))).to.equal('/fullName')
    expect(fieldOf(broken('/line2', 'format'))).to.equal('/line2')
  })

  it('counts each rule once an exchange, on the day of receipt in Vietnam, as the fault of whose document it is', async () => {
    const { counter, written } = writer()
    const twice = [broken('/members/0/sex', 'enum'), broken('/members/1/sex', 'enum')]
    counter.note(ended('response_invalid', twice))
    counter.note(ended('response_invalid', twice))
    counter.note(ended('request_invalid', [broken('/personalId', 'format')]))
    await counter.flush()
    const shared = { day: '2026-11-22', service: 'G01/dan-cu/cong-dan/v1', operation: 'lookUpCitizen' }
    expect(written).to.deep.equal([
      {
        ...shared,
        direction: 'answer',
        party: 'G01/dan-cu',
        field: '/members/*/sex',
        rule: 'enum',
        count: 2,
      },
      {
        ...shared,
        direction: 'request',
        party: 'H29/mot-cua',
        field: '/personalId',
        rule: 'format',
        count: 1,
      },
    ])
    await counter.flush()
    expect(written).to.have.length(2)
  })

  it('counts an answer that could not be read at all, and nothing of other ends or of what nobody registered', async () => {
    const { counter, written } = writer()
    counter.note(ended('response_invalid'))
    counter.note(ended(undefined))
    counter.note(ended('provider_timeout'))
    counter.note(ended('request_invalid', [broken('', 'type')], { provider: undefined }))
    counter.note(ended('request_invalid', [broken('', 'type')], { operation: undefined }))
    await counter.flush()
    expect(written.map(({ field, rule }) => [field, rule])).to.deep.equal([['', 'json']])
  })

  it('keeps what could not be written for the next time, once', async () => {
    const written: ContractFault[] = []
    let isAway = true
    const counter = createFaultCounter(async (faults) => {
      if (isAway) throw new Error('the database is away')
      written.push(...faults)
    })
    counter.note(ended('response_invalid', [broken('/sex', 'enum')]))
    const failed = await counter.flush().catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(Error)
    counter.note(ended('response_invalid', [broken('/sex', 'enum')]))
    isAway = false
    await counter.flush()
    await counter.flush()
    expect(written.map(({ count }) => count)).to.deep.equal([2])
  })

  it('holds no more kinds than it may, however many fields somebody breaks', async () => {
    const { counter, written } = writer()
    for (let place = 0; place < 5000; place += 1)
      counter.note(ended('request_invalid', [broken(`/f${place}`, 'type')]))
    await counter.flush()
    expect(written).to.have.length(2001)
    expect(written.find(({ field }) => field === '/_other')?.count).to.equal(3000)
    expect(written.reduce((sum, { count }) => sum + count, 0)).to.equal(5000)
  })
})

import type { Country } from './country.ts'
import { createObligations, type ObligationClaim } from './obligations.ts'
import {
  notFound,
  refuse,
  type SandboxAnswer,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from './operation.ts'

const CONFLICTS = {
  key: 'Idempotency-Key đã dùng cho nội dung khác.',
  content: 'Hồ sơ này đã có nghĩa vụ cùng loại cho thửa đất với nội dung khác.',
} as const

/**
 * The operations of `services/G12/thue/nguoi-nop-thue.v1.yaml`. What is submitted is kept while the agency
 * runs and can be looked up.
 * @param now the time of the data in each answer, and of receipt.
 */
export function createTaxAgency(country: Country, now: () => Date): readonly SandboxOperation[] {
  const { taxpayers } = country
  const obligations = createObligations(now)

  function lookUp(request: SandboxRequest): SandboxAnswer {
    const taxpayer = taxpayers.find(textOf(request, 'taxCode'))
    if (taxpayer === undefined) return notFound()
    return { status: 200, body: { ...taxpayers.recordOf(taxpayer), dataAsOf: now().toISOString() } }
  }

  function claimOf(request: SandboxRequest): ObligationClaim | undefined {
    const amountVnd = request.body['amountVnd']
    if (typeof amountVnd !== 'number' || !Number.isSafeInteger(amountVnd)) return undefined
    const texts = {
      dossierCode: textOf(request, 'dossierCode'),
      parcelKey: textOf(request, 'parcelKey'),
      taxCode: textOf(request, 'taxCode'),
      kind: textOf(request, 'kind'),
      dueDate: textOf(request, 'dueDate'),
    }
    return Object.values(texts).includes('') ? undefined : { ...texts, amountVnd }
  }

  function submit(request: SandboxRequest): SandboxAnswer {
    const claim = claimOf(request)
    if (claim === undefined) return refuse(422, 'request_invalid', 'Thiếu thông tin của nghĩa vụ tài chính.')
    if (taxpayers.find(claim.taxCode) === undefined) return notFound()
    const submission = obligations.submit(claim, request.idempotencyKey)
    if ('conflict' in submission) return refuse(409, 'conflict', CONFLICTS[submission.conflict])
    const { obligationNumber, receivedAt } = submission.obligation
    return { status: 200, body: { obligationNumber, receivedAt } }
  }

  /** The tax code must be the obligation's: a number alone shows nothing of anybody. */
  function findObligation(request: SandboxRequest): SandboxAnswer {
    const obligation = obligations.find(textOf(request, 'obligationNumber'))
    const isOwn = obligation !== undefined && obligation.taxCode === textOf(request, 'taxCode')
    return isOwn ? { status: 200, body: obligation } : notFound()
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['taxCode'], answer: lookUp },
    { path: '/nghia-vu-dat-dai', kind: 'submit', identifiers: ['taxCode', 'parcelKey'], answer: submit },
    { path: '/nghia-vu-dat-dai/tra-cuu', kind: 'lookup', identifiers: ['taxCode'], answer: findObligation },
  ]
}

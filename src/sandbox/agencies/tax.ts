import type { Country } from '../country.ts'
import {
  answer,
  enter,
  notFound,
  refuse,
  type SandboxAnswer,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from '../operation.ts'
import { createRegister } from '../register.ts'

/** A financial obligation about land, as an agency submits it. */
export interface ObligationClaim {
  readonly dossierCode: string
  readonly parcelKey: string
  readonly taxCode: string
  readonly kind: string
  readonly amountVnd: number
  readonly dueDate: string
}

/**
 * The operations of `services/G12/thue/nguoi-nop-thue.v1.yaml`. What is submitted is kept while the agency
 * runs and can be looked up.
 * @param now the time of the data in each answer, and of receipt.
 */
export function createTaxAgency({ taxpayers }: Country, now: () => Date): readonly SandboxOperation[] {
  const obligations = createRegister<ObligationClaim>({
    now,
    prefix: 'NVTC',
    matterOf: ({ dossierCode, parcelKey, kind }) => `${dossierCode} ${parcelKey} ${kind}`,
  })

  function lookUp(request: SandboxRequest): SandboxAnswer {
    const taxpayer = taxpayers.find(textOf(request, 'taxCode'))
    return answer(taxpayer && taxpayers.recordOf(taxpayer), now)
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
    return enter(obligations, claim, request, ({ number: obligationNumber, receivedAt }) => ({
      obligationNumber,
      receivedAt,
    }))
  }

  /** The tax code must be the obligation's: a number alone shows nothing of anybody. */
  function findObligation(request: SandboxRequest): SandboxAnswer {
    const entry = obligations.find(textOf(request, 'obligationNumber'))
    if (entry === undefined || entry.claim.taxCode !== textOf(request, 'taxCode')) return notFound()
    const { number: obligationNumber, receivedAt, claim } = entry
    return { status: 200, body: { obligationNumber, receivedAt, ...claim } }
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['taxCode'], answer: lookUp },
    { path: '/nghia-vu-dat-dai', kind: 'submit', identifiers: ['taxCode', 'parcelKey'], answer: submit },
    { path: '/nghia-vu-dat-dai/tra-cuu', kind: 'lookup', identifiers: ['taxCode'], answer: findObligation },
  ]
}

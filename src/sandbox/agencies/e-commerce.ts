import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { entryLookUp, filing } from '../declare.ts'
import { pick } from '../draw.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import { createRegister } from '../register.ts'

/** Topics of draws; 730–739 belong to this file. */
const TOPIC = { shops: 730 } as const

const FLOORS = ['san-a.example', 'san-b.example', 'san-c.example', 'san-d.example', 'san-e.example'] as const

/** The operations of `services/G02/thuong-mai-dien-tu/vu-viec.v1.yaml`: sellers, and cases that ministries share. */
export function createECommerceAgency(
  { draw, taxpayers }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const cases = {
    register: createRegister<Claim>({
      now,
      prefix: 'VV',
      matterOf: ({ sellerTaxCode, kind, openedOn }) => `${sellerTaxCode} ${kind} ${openedOn}`,
    }),
    numberName: 'caseNumber',
    subject: 'sellerTaxCode',
  }

  function lookUpSeller(request: SandboxRequest) {
    const sellerTaxCode = textOf(request, 'sellerTaxCode')
    const taxpayer = taxpayers.find(sellerTaxCode)
    if (taxpayer === undefined) return answer(undefined, now)
    const { name, statusCode } = taxpayers.recordOf(taxpayer)
    const drawn = draw(TOPIC.shops, Number(sellerTaxCode.slice(2, 9)))
    const shops = Array.from({ length: drawn % 3 }, (_, index) => ({
      floor: pick(FLOORS, (drawn >>> 4) + index),
      shopId: `S${(drawn >>> 3) + index}`,
    }))
    return answer({ sellerTaxCode, name, statusCode, shops }, now)
  }

  return [
    { path: '/nguoi-ban/tra-cuu', kind: 'lookup', identifiers: ['sellerTaxCode'], answer: lookUpSeller },
    filing('/vu-viec', {
      ...cases,
      members: { sellerTaxCode: 'text', kind: 'text', openedOn: 'text', summary: 'text' },
      isKnown: (taxCode) => taxpayers.find(taxCode) !== undefined,
    }),
    entryLookUp('/vu-viec/tra-cuu', cases),
  ]
}

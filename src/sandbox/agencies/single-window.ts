import type { Claim } from '../claim.ts'
import type { Country } from '../country.ts'
import { entryLookUp, filing } from '../declare.ts'
import type { SandboxOperation } from '../operation.ts'
import { createRegister } from '../register.ts'

/** The operations of `services/G12/mot-cua-quoc-gia/giay-phep.v1.yaml`: permits that ministries send to customs. */
export function createSingleWindowAgency(
  { taxpayers }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  const permits = {
    register: createRegister<Claim>({
      now,
      prefix: 'NSW',
      matterOf: ({ permitNumber, agency }) => `${agency} ${permitNumber}`,
    }),
    numberName: 'windowNumber',
    subject: 'traderTaxCode',
  }
  return [
    filing('/giay-phep', {
      ...permits,
      members: {
        permitNumber: 'text',
        agency: 'text',
        procedureCode: 'text',
        traderTaxCode: 'text',
        hsCode: 'text',
        issuedOn: 'text',
        validUntil: 'text',
      },
      isKnown: (taxCode) => taxpayers.find(taxCode) !== undefined,
    }),
    entryLookUp('/giay-phep/tra-cuu', permits),
  ]
}

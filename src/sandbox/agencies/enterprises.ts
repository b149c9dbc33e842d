import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import { answer, type SandboxOperation, type SandboxRequest, textOf } from '../operation.ts'
import type { TaxpayerRecord } from '../taxpayer.ts'

/** Tax codes that closed mean enterprises that closed. */
const STATES: Readonly<Record<string, string>> = {
  '00': 'active',
  '01': 'dissolved',
  '03': 'dissolving',
  '05': 'suspended',
  '07': 'bankruptcy',
}

/** The operations of `services/G12/dang-ky-kinh-doanh/doanh-nghiep.v1.yaml`; the tax register's enterprises. */
export function createEnterprisesAgency(
  { taxpayers }: Country,
  now: () => Date,
): readonly SandboxOperation[] {
  function find(request: SandboxRequest): TaxpayerRecord | undefined {
    const taxpayer = taxpayers.find(textOf(request, 'enterpriseCode'))
    if (taxpayer === undefined || 'person' in taxpayer || taxpayer.enterprise.branch !== 0) return undefined
    return taxpayers.recordOf(taxpayer)
  }

  function lookUp(request: SandboxRequest) {
    const record = find(request)
    return answer(
      record && {
        enterpriseCode: record.taxCode,
        name: record.name,
        state: STATES[record.statusCode] ?? 'unverified',
        registeredOn: record.registeredOn,
        headOffice: record.address,
        representative: record.representative,
      },
      now,
    )
  }

  function verify(request: SandboxRequest) {
    const record = find(request)
    if (record === undefined) return answer(undefined, now)
    const name = compareNames(textOf(request, 'name'), record.name)
    return answer({ matched: isNameMatch(name), name, isActive: record.statusCode === '00' }, now)
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['enterpriseCode'], answer: lookUp },
    { path: '/xac-thuc', kind: 'verify', identifiers: ['enterpriseCode'], answer: verify },
  ]
}

import { compareNames, isNameMatch } from '../../model/name-match.ts'
import type { Country } from '../country.ts'
import {
  answer,
  notFound,
  type SandboxAnswer,
  type SandboxOperation,
  type SandboxRequest,
  textOf,
} from '../operation.ts'
import type { ParcelPlace } from '../parcel-place.ts'
import { personalIdOf } from '../person-number.ts'

/**
 * The operations of `services/G10/dat-dai/thua-dat.v1.yaml`.
 * @param now the time of the data in each answer.
 */
export function createLandAgency(country: Country, now: () => Date): readonly SandboxOperation[] {
  const { names, parcels } = country

  /** Parcels are numbered in the communes in force since 01/07/2025 only. */
  function find(request: SandboxRequest): ParcelPlace | undefined {
    if (textOf(request, 'scheme') === 'DVHC-pre-2025-07') return undefined
    const serial = textOf(request, 'certificateSerial')
    return serial === '' ? parcels.find(textOf(request, 'parcelKey')) : parcels.findBySerial(serial)
  }

  function lookUp(request: SandboxRequest): SandboxAnswer {
    const place = find(request)
    return answer(place && parcels.recordOf(place), now)
  }

  function verifyOwner(request: SandboxRequest): SandboxAnswer {
    const place = find(request)
    if (place === undefined) return notFound()
    const owners = parcels.ownersOf(place)
    const owner = owners.find((known) => personalIdOf(known) === textOf(request, 'personalId'))
    const dataAsOf = now().toISOString()
    if (owner === undefined) return { status: 200, body: { matched: false, ownership: 'none', dataAsOf } }
    const ownership = owners.length === 1 ? 'sole' : 'joint'
    const fullName = textOf(request, 'fullName')
    if (fullName === '') return { status: 200, body: { matched: true, ownership, dataAsOf } }
    const rung = compareNames(fullName, names.fullNameOf(owner))
    return { status: 200, body: { matched: isNameMatch(rung), ownership, fullName: rung, dataAsOf } }
  }

  return [
    { path: '/tra-cuu', kind: 'lookup', identifiers: ['parcelKey'], answer: lookUp },
    {
      path: '/xac-thuc-chu-su-dung',
      kind: 'verify',
      identifiers: ['parcelKey', 'personalId'],
      answer: verifyOwner,
    },
  ]
}

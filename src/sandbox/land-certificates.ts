import type { LandCertificate } from '../storage/sample-land-registry.ts'
import type { Country } from './country.ts'
import { parcelAt, parcelKeyOf } from './parcel-place.ts'

/** @returns what a branch of the land registry office holds: the first certificates of a country, each once. */
export function landCertificates({ parcels }: Country, count: number): readonly LandCertificate[] {
  return Array.from({ length: count }, (_, index) => {
    const place = parcelAt(index)
    const { certificate, mapSheet, parcelNumber, areaSquareMetres, owners } = parcels.recordOf(place)
    const [ward = ''] = parcelKeyOf(place).split('_')
    const { serial, issuedOn } = certificate
    return { serial, issuedOn, ward, mapSheet, parcelNumber, areaSquareMetres, owners }
  })
}

import type { ObligationClaim } from './agencies/tax.ts'
import { createCountry } from './country.ts'
import { enterpriseAt, enterpriseEnding, taxCodeOf } from './enterprise.ts'
import { parcelAt, parcelKeyOf } from './parcel-place.ts'
import { personAt, personalIdOf } from './person-number.ts'

/** Request bodies about one synthetic person, for `G01/dan-cu/cong-dan/v1`. */
export interface PersonSample {
  /** Body of `lookUpCitizen`. */
  readonly lookUp: { readonly personalId: string }
  /** Body of `verifyCitizen`; it matches. */
  readonly verify: {
    readonly personalId: string
    readonly fullName: string
    readonly birthDate: string
    readonly sex: string
  }
}

/** Request bodies about one synthetic parcel, for `G10/dat-dai/thua-dat/v1`. */
export interface ParcelSample {
  /** Body of `lookUpParcel`. */
  readonly lookUp: { readonly parcelKey: string }
  /** Another body of `lookUpParcel` for the same parcel. */
  readonly lookUpBySerial: { readonly certificateSerial: string }
  /** Body of `verifyOwner`; it matches. */
  readonly verify: { readonly parcelKey: string; readonly personalId: string; readonly fullName: string }
}

/** Request bodies about one synthetic taxpayer, for `G12/thue/nguoi-nop-thue/v1`. */
export interface TaxpayerSample {
  /** Body of `lookUpTaxpayer`. */
  readonly lookUp: { readonly taxCode: string }
  /** Body of `submitLandObligation`. */
  readonly submit: ObligationClaim
}

/**
 * @param index any integer from 0 up; another one is another person, for 100 million.
 * @param country the default one where absent.
 */
export function samplePerson(index: number, country = createCountry()): PersonSample {
  const person = personAt(index)
  const personalId = personalIdOf(person)
  return {
    lookUp: { personalId },
    verify: {
      personalId,
      fullName: country.names.fullNameOf(person),
      birthDate: country.citizens.birthDateOf(person),
      sex: person.sex,
    },
  }
}

/**
 * @param index any integer from 0 up; another one is another parcel, for 67 million.
 * @param country the default one where absent.
 */
export function sampleParcel(index: number, country = createCountry()): ParcelSample {
  // A prime stride, so that neighbouring samples lie in different communes.
  const place = parcelAt(index * 399_989)
  const parcelKey = parcelKeyOf(place)
  const { owners, certificate } = country.parcels.recordOf(place)
  const [owner] = owners
  if (owner === undefined) throw new RangeError('every parcel has an owner')
  return {
    lookUp: { parcelKey },
    lookUpBySerial: { certificateSerial: certificate.serial },
    verify: { parcelKey, personalId: owner.personalId, fullName: owner.fullName },
  }
}

function claimFor(taxCode: string, index: number): ObligationClaim {
  return {
    dossierCode: `H08.12-261122-${String(index % 10_000).padStart(4, '0')}`,
    parcelKey: parcelKeyOf(parcelAt(index * 399_989)),
    taxCode,
    kind: 'land_use_fee',
    amountVnd: 1_000_000 + (index % 1_000) * 50_000,
    dueDate: '2026-12-31',
  }
}

/**
 * @param index any integer from 0 up; every third one is an individual where that is an adult, the others are
 *   enterprises.
 */
export function sampleTaxpayer(index: number): TaxpayerSample {
  const person = personAt(index)
  const isIndividual = index % 3 === 2 && person.year <= 2000
  const taxCode = isIndividual ? personalIdOf(person) : taxCodeOf(enterpriseAt(index))
  return { lookUp: { taxCode }, submit: claimFor(taxCode, index) }
}

/** Identifiers that provoke the fault of a scenario (`SCENARIOS`). */
export interface ScenarioSample {
  readonly personalId: string
  readonly parcelKey: string
  readonly taxCode: string
}

/** @param ending one of SCENARIOS. */
export function sampleScenario(ending: string): ScenarioSample {
  return {
    // A woman born in 1990.
    personalId: `099190${ending}`,
    parcelKey: `21583_12_${Number(ending)}`,
    taxCode: taxCodeOf(enterpriseEnding(ending)),
  }
}

import { type Citizens, createCitizens } from './citizen.ts'
import { createDeaths } from './death.ts'
import { createDraw, type Draw } from './draw.ts'
import { createFamilies, type Families } from './family.ts'
import { createNames, type Names } from './names.ts'
import { createParcels, type Parcels } from './parcel.ts'
import type { Person } from './person-number.ts'
import { createTaxpayers, type Taxpayers } from './taxpayer.ts'

/** Registers that agree with each other: owners and directors are people of the population register. */
export interface Country {
  /** For registers that are drawn from these alone. */
  readonly draw: Draw
  readonly families: Families
  readonly names: Names
  /** The day on which a person died, where the register holds that. */
  readonly deaths: (person: Person) => string | undefined
  readonly citizens: Citizens
  readonly parcels: Parcels
  readonly taxpayers: Taxpayers
}

/** The seed of the sandbox in which the contracts' examples hold. */
export const DEFAULT_SEED = 2026

/**
 * One seed, one country, the same on every machine. Nothing is stored: 100 million people cost no memory.
 * @param seed any 32-bit integer.
 */
export function createCountry(seed: number = DEFAULT_SEED): Country {
  const draw = createDraw(seed)
  const families = createFamilies(draw)
  const names = createNames(draw, families)
  const citizens = createCitizens(draw, families, names)
  return {
    draw,
    families,
    names,
    deaths: createDeaths(draw, families),
    citizens,
    parcels: createParcels(draw, families, names),
    taxpayers: createTaxpayers(draw, names, citizens.permanentResidenceOf),
  }
}

/**
 * Administrative units. Provinces and communes were merged on 01/07/2025 and their codes were used again: 00004 was one
 * commune and is another, so a code means nothing without a day, and from old to new is not a function.
 */

/** How much of a former commune went into one of today. `land`: land on which nobody lives; `people`: some land, all people. */
export const COMMUNE_PARTS = ['whole', 'some', 'land', 'people'] as const

export type CommunePart = (typeof COMMUNE_PARTS)[number]

export interface FormerCommune {
  readonly code: string
  readonly name: string
  readonly district: string
  readonly province: string
  readonly part: CommunePart
}

export interface Commune {
  readonly code: string
  readonly name: string
  readonly formerly: readonly FormerCommune[]
}

/** A province of the list in force since a day, with what it and its communes were made of. */
export interface Province {
  readonly kind: 'Province'
  /** Its code, two digits. */
  readonly id: string
  readonly name: string
  /** First day of the list, `yyyy-mm-dd`. */
  readonly from: string
  /** Codes of the list before whose land is in it now. */
  readonly formerly: readonly string[]
  /** As far as they are known here. */
  readonly communes?: readonly Commune[]
  /** Taken from a source that nobody has held against the text itself. */
  readonly unverified?: boolean
}

/** A unit of today that a code may mean. */
export interface UnitCandidate {
  readonly code: string
  readonly name: string
  readonly province: string
  /** How much of the unit that was asked about is in it; of a commune of the list before. */
  readonly part?: CommunePart
}

export interface UnitResolution {
  readonly code: string
  /** The day at which the code is read. */
  readonly asOf: string
  /** Which list that is. */
  readonly scheme: string
  /** `none`: not in the data that is here. */
  readonly resolution: 'exact' | 'several' | 'none'
  readonly candidates: readonly UnitCandidate[]
  readonly unverified?: boolean
}

/**
 * @param code of a province (two digits) or commune (five).
 * @param asOf `yyyy-mm-dd`: the day on which the code was right.
 */
export type ResolveUnit = (code: string, asOf: string) => UnitResolution

interface Found {
  readonly candidate: UnitCandidate
  readonly unverified: boolean
}

type Index = Map<string, Found[]>

function note(index: Index, code: string, found: Found): void {
  const known = index.get(code)
  if (known === undefined) index.set(code, [found])
  else known.push(found)
}

/** Of several, the one in which everybody is who lived there: the others are land alone. */
function resolutionOf(candidates: readonly UnitCandidate[]): UnitResolution['resolution'] {
  if (candidates.length === 0) return 'none'
  const inhabited = candidates.filter(({ part }) => part !== 'land')
  return inhabited.length === 1 ? 'exact' : 'several'
}

/** @returns what a code of either list means today. */
export function createUnitResolver(provinces: readonly Province[]): ResolveUnit {
  const present: Index = new Map()
  const former: Index = new Map()
  const [{ from } = { from: '2025-07-01' }] = provinces
  for (const { id, name, formerly, communes = [], unverified = false } of provinces) {
    const province = { code: id, name, province: id }
    note(present, id, { candidate: province, unverified })
    for (const code of formerly) note(former, code, { candidate: province, unverified })
    for (const commune of communes) {
      const candidate = { code: commune.code, name: commune.name, province: id }
      note(present, commune.code, { candidate, unverified })
      for (const { code, part } of commune.formerly) {
        note(former, code, { candidate: { ...candidate, part }, unverified })
      }
    }
  }
  return (code, asOf) => {
    const isFormer = asOf < from
    const found = (isFormer ? former : present).get(code) ?? []
    const candidates = found.map(({ candidate }) => candidate)
    return {
      code,
      asOf,
      scheme: `DVHC-${isFormer ? 'pre-' : ''}${from.slice(0, 7)}`,
      resolution: resolutionOf(candidates),
      candidates,
      ...(found.some(({ unverified }) => unverified) && { unverified: true }),
    }
  }
}

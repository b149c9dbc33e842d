import type { Bilingual } from './identifier.ts'
import type { Validity } from './party.ts'

/** One input of an index of service: the group of the index it belongs to, and what measures it. */
export interface IndexInput {
  readonly title: Bilingual
  readonly group: Bilingual
  /** Most points the group can give. */
  readonly points: number
  /** Purposes whose exchanges count; none where a gateway measures nothing of it. */
  readonly purposes: readonly string[]
  /** Nobody has confirmed how it enters the index; shown with (?). */
  readonly unverified?: boolean
}

/** An index by which agencies are judged (QĐ 766/QĐ-TTg), and what a gateway can tell for it: an operator's to edit. */
export interface ServiceIndex {
  readonly kind: 'ServiceIndex'
  readonly id: string
  readonly title: Bilingual
  /** The legal basis that sets it. */
  readonly legalBasis: string
  readonly validity: Validity
  readonly inputs: readonly IndexInput[]
}

/** @param day `yyyy-mm-dd`, Vietnam's time. @returns the index in force on that day; there is one at most. */
export function indexOn(indexes: readonly ServiceIndex[], day: string): ServiceIndex | undefined {
  return indexes.find(({ validity: { from, until } }) => from <= day && (until === undefined || day <= until))
}

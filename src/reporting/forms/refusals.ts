import { ERRORS } from '../../model/error-table.ts'
import type { Bilingual } from '../../model/identifier.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { Refusal } from '../figures.ts'
import type { Column, Form } from '../form.ts'
import type { Names } from '../names.ts'

/** A refusal with the legal bases of the agreement that was held against the request. */
export interface GroundedRefusal extends Refusal {
  readonly bases: readonly Bilingual[]
}

export function groundRefusals(
  { agreements }: Pick<Registry, 'agreements'>,
  refusals: readonly Refusal[],
): readonly GroundedRefusal[] {
  return refusals.map((each) => ({
    ...each,
    bases: (agreements.get(each.agreement)?.bases ?? []).map(({ document }) => document.title),
  }))
}

/** @returns what a code means; the code itself where this version no longer has it. */
export function codeTitle(code: string): Bilingual {
  const known: Readonly<Record<string, { readonly title: Bilingual }>> = ERRORS
  return known[code]?.title ?? { vi: code, en: code }
}

const NO_GROUND: Bilingual = { vi: 'chưa tới thỏa thuận nào', en: 'no agreement reached' }

const COLUMNS: readonly Column[] = [
  { id: 'provider', title: { vi: 'Bên cung cấp', en: 'Provider' }, kind: 'name' },
  { id: 'reason', title: { vi: 'Lý do', en: 'Reason' }, kind: 'text' },
  { id: 'code', title: { vi: 'Mã lý do', en: 'Code' }, kind: 'code' },
  { id: 'ground', title: { vi: 'Căn cứ', en: 'Legal ground' }, kind: 'text' },
  { id: 'agreement', title: { vi: 'Thỏa thuận', en: 'Agreement' }, kind: 'code' },
  { id: 'count', title: { vi: 'Số lần', en: 'Times' }, kind: 'count' },
  { id: 'days', title: { vi: 'Số ngày', en: 'Days' }, kind: 'whole' },
  { id: 'last', title: { vi: 'Gần nhất', en: 'Last' }, kind: 'day' },
]

/** Who refuses, why, on what ground, and on how many days. */
export function refusalForm(refusals: readonly GroundedRefusal[], names: Names): Omit<Form, 'facts'> {
  const total = refusals.reduce((sum, { count }) => sum + count, 0)
  const join = (bases: readonly Bilingual[], language: 'vi' | 'en') =>
    bases.map((base) => base[language]).join('; ')
  return {
    id: 'refusals',
    columns: COLUMNS,
    rows: refusals.map(({ provider, code, bases, agreement, count, days, last }) => [
      provider === '' ? undefined : names.subsystem(provider),
      codeTitle(code),
      code,
      bases.length === 0 ? NO_GROUND : { vi: join(bases, 'vi'), en: join(bases, 'en') },
      agreement === '' ? undefined : agreement,
      count,
      days,
      last,
    ]),
    total: [{ vi: 'Tổng số', en: 'Total' }, ...Array(4).fill(undefined), total, undefined, undefined],
    notes: [],
    suppressed: false,
  }
}

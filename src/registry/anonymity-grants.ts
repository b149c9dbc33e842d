import type { Operation } from '../contract/contract.ts'
import type { DocumentFault } from '../contract/violation.ts'

/**
 * Of a set that leaves anonymised an agreement opens no identifier, and all that anonymity is judged by: so the same
 * rows leave to everybody, and nothing is learnt by holding two packages together.
 */
export function checkAnonymity(
  { anonymised }: Operation,
  fields: readonly string[],
  at: Pick<DocumentFault, 'path' | 'pointer'>,
): DocumentFault[] {
  if (anonymised === undefined) return []
  const columns = new Set(fields.map((field) => /^\/rows\/([^/]+)/.exec(field)?.[1]))
  const isWhole = fields.some((field) => field === '' || field === '/rows')
  const rules = Object.entries(anonymised.columns)
  const opened = isWhole || rules.some(([name, { is }]) => is === 'identifier' && columns.has(name))
  const missing = rules.filter(([name, { is }]) => is === 'quasi' && !columns.has(name)).map(([name]) => name)
  return [
    ...(opened
      ? [
          {
            ...at,
            rule: 'identifier_agreed',
            detail: {
              vi: 'Tập ẩn danh: nêu từng trường của /rows, không có trường định danh.',
              en: 'Of an anonymised set name the fields of /rows one by one, no identifier among them.',
            },
          },
        ]
      : []),
    ...(missing.length > 0
      ? [
          {
            ...at,
            rule: 'quasi_identifier_missing',
            detail: {
              vi: `Tập ẩn danh được xét theo mọi trường gián tiếp; thiếu: ${missing.join(', ')}.`,
              en: `Anonymity is judged by every quasi-identifier; missing: ${missing.join(', ')}.`,
            },
          },
        ]
      : []),
  ]
}

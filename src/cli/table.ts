const SEGMENTER = new Intl.Segmenter('vi')

/** Columns a text takes: Vietnamese letters with stacked marks take one. */
export function widthOf(text: string): number {
  let width = 0
  for (const _ of SEGMENTER.segment(text)) width += 1
  return width
}

/** Fills a text up with spaces to so many columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - widthOf(text), 0))
}

/** Lines of a table with its columns aligned, two spaces apart; nothing follows the last column. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))))
  return all.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** `2026-11-22 10:20:31`, Vietnam's time, for people; machines get RFC 3339 in UTC. */
export function formatInstant(at: Date | number): string {
  const local = new Date(Number(at) + 7 * 3_600_000)
  return local.toISOString().slice(0, 19).replace('T', ' ')
}

/** Counts smaller than this could point at somebody: outside the roles they are not shown. */
export const MIN_CELL = 10

/**
 * Small-cell suppression for whoever has no role: counts under `MIN_CELL` are left out; where that leaves one
 * count alone, which the total would give away, the next smallest goes with it.
 * @returns undefined in place of what is not told.
 */
export function suppressSmall(counts: readonly number[]): readonly (number | undefined)[] {
  const hidden = new Set(counts.flatMap((count, place) => (count > 0 && count < MIN_CELL ? [place] : [])))
  if (hidden.size === 1) {
    const rest = counts
      .map((count, place) => ({ count, place }))
      .filter(({ count, place }) => count > 0 && !hidden.has(place))
      .toSorted((a, b) => a.count - b.count)
    if (rest[0]) hidden.add(rest[0].place)
  }
  return counts.map((count, place) => (hidden.has(place) ? undefined : count))
}

/**
 * `suppressSmall` for a table: each column by itself, and no row may give away by its sum what a column hides.
 * @param whole the column that holds the sum of the others, where there is one.
 */
export function suppressTable(
  rows: readonly (readonly number[])[],
  whole: number | undefined,
): readonly (readonly (number | undefined)[])[] {
  const width = rows[0]?.length ?? 0
  const hidden = rows.map(() => new Set<number>())
  const column = (place: number) => {
    const counts = rows.map((row) => row[place] ?? 0)
    const isHidden = (line: number) => hidden[line]?.has(place) === true
    const shown = suppressSmall(counts)
    for (const [line, count] of shown.entries()) if (count === undefined) hidden[line]?.add(place)
    const alone = counts.flatMap((_, line) => (isHidden(line) ? [line] : []))
    if (alone.length !== 1) return
    const [next] = counts
      .flatMap((count, line) => (count > 0 && !isHidden(line) ? [{ count, line }] : []))
      .toSorted((a, b) => a.count - b.count)
    if (next) hidden[next.line]?.add(place)
  }
  const row = (line: number) => {
    const counts = rows[line] ?? []
    const own = hidden[line]
    // What is left of a sum tells the one part that is hidden.
    if (own === undefined || own.size !== 1) return
    const [next] = counts
      .flatMap((count, place) => (count > 0 && !own.has(place) && place !== whole ? [{ count, place }] : []))
      .toSorted((a, b) => a.count - b.count)
    if (next) own.add(next.place)
    else if (whole !== undefined) own.add(whole)
  }
  const size = () => hidden.reduce((sum, { size: own }) => sum + own, 0)
  for (let before = -1; before !== size(); ) {
    before = size()
    for (let place = 0; place < width; place += 1) column(place)
    if (whole !== undefined) for (let line = 0; line < rows.length; line += 1) row(line)
  }
  return rows.map((counts, line) =>
    counts.map((count, place) => (hidden[line]?.has(place) ? undefined : count)),
  )
}

/** Edit distance with neighbouring letters swapped counting once (optimal string alignment). */
function distance(left: string, right: string): number {
  const rows = Array.from({ length: left.length + 1 }, (_, row) => [row])
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0
  for (let column = 1; column <= right.length; column += 1) rows[0]?.push(column)
  for (let row = 1; row <= left.length; row += 1) {
    for (let column = 1; column <= right.length; column += 1) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1
      let best = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + cost)
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (row > 1 && column > 1 && isSwap) best = Math.min(best, at(row - 2, column - 2) + 1)
      rows[row]?.push(best)
    }
  }
  return at(left.length, right.length)
}

/** @returns the known word nearest to what was typed, undefined where none is near. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined
  for (const word of known) {
    const found = distance(typed.toLowerCase(), word.toLowerCase())
    if (found <= Math.max(1, Math.floor(word.length / 3)) && found < (best?.distance ?? Infinity)) {
      best = { word, distance: found }
    }
  }
  return best?.word
}

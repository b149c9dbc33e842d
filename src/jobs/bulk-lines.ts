import { isUtf8 } from 'node:buffer'

export type BulkFormat = 'ndjson' | 'csv'

/** A row of a file as its format gives it: an object, or undefined where it is none. */
export type Row = Readonly<Record<string, unknown>> | undefined

/** Longer lines are no record of anybody. */
const MAX_LINE_BYTES = 65_536
const NEWLINE = 0x0a
/** So much is decoded at a time: V8 keeps longer what has more than 128 KB, and a record should not wait for many others. */
const PART_BYTES = 49_152
const NOTHING = Buffer.alloc(0)

function isTooLong(line: string): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  return line.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(line) > MAX_LINE_BYTES
}

/** Whole lines, read at once: where all is UTF-8 a line costs next to nothing. */
function readLines(bytes: Buffer): (string | undefined)[] {
  if (isUtf8(bytes)) {
    const lines: (string | undefined)[] = bytes.toString('utf8').split('\n')
    for (const [place, line] of lines.entries()) {
      if (line !== undefined && isTooLong(line)) lines[place] = undefined
    }
    return lines
  }
  const lines: (string | undefined)[] = []
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    lines.push(line.length <= MAX_LINE_BYTES && isUtf8(line) ? line.toString('utf8') : undefined)
    start = end + 1
  }
  return lines
}

/** @returns where the next whole lines end, some at a time; -1 where there is none. */
function partEnd(bytes: Buffer, start: number): number {
  const end = bytes.lastIndexOf(NEWLINE, start + PART_BYTES)
  return end >= start ? end : bytes.indexOf(NEWLINE, start)
}

/** Lines of a file that comes in pieces; one that is too long or not UTF-8 is undefined. */
async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncIterable<readonly (string | undefined)[]> {
  let rest: Buffer = NOTHING
  /** Whether the line begun is longer than any that is read: its bytes are not kept. */
  let isLost = false
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let start = 0
    for (let end = partEnd(bytes, start); end >= 0; end = partEnd(bytes, start)) {
      const lines = readLines(bytes.subarray(start, end))
      if (isLost) lines[0] = undefined
      isLost = false
      yield lines
      start = end + 1
    }
    // A copy: the piece itself is let go of.
    rest = Buffer.from(bytes.subarray(start))
    if (rest.length <= MAX_LINE_BYTES) continue
    isLost = true
    rest = NOTHING
  }
  if (isLost) yield [undefined]
  else if (rest.length > 0) yield readLines(rest)
}

const withoutMark = (line: string) => (line.startsWith('\ufeff') ? line.slice(1) : line)

function isRow(value: unknown): value is NonNullable<Row> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseRow(line: string | undefined): Row {
  if (line === undefined) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isRow(value) ? value : undefined
  } catch {
    return undefined
  }
}

async function* ndjsonRows(pieces: AsyncIterable<Buffer>): AsyncIterable<readonly Row[]> {
  let isFirst = true
  for await (const lines of linesOf(pieces)) {
    const rows: Row[] = []
    for (const line of lines) {
      const text = isFirst && line !== undefined ? withoutMark(line) : line
      isFirst = false
      // An empty line, say at the end, is no record.
      if (text !== undefined && !text.startsWith('{') && text.trim() === '') continue
      rows.push(parseRow(text))
    }
    yield rows
  }
}

/** Cells of one record (RFC 4180); undefined while a quoted cell goes on on the next line. */
export function splitCsv(record: string, separator: string): readonly string[] | undefined {
  if (!record.includes('"')) return record.split(separator)
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (record[at] !== '"') {
      const end = record.indexOf(separator, at)
      cells.push(record.slice(at, end < 0 ? undefined : end))
      if (end < 0) return cells
      at = end + 1
      continue
    }
    let end = at + 1
    for (;;) {
      end = record.indexOf('"', end)
      if (end < 0) return undefined
      if (record[end + 1] !== '"') break
      end += 2
    }
    cells.push(record.slice(at + 1, end).replaceAll('""', '"'))
    if (end + 1 >= record.length) return cells
    at = end + 2
  }
}

function separatorOf(head: string): string {
  return [',', ';', '\t'].toSorted((a, b) => head.split(b).length - head.split(a).length)[0] ?? ','
}

function rowOf(names: readonly string[], cells: readonly string[]): Row {
  if (cells.length > names.length) return undefined
  const row: Record<string, unknown> = {}
  for (const [place, name] of names.entries()) row[name] = cells[place] ?? ''
  return row
}

/** The first line names the members; `,`, `;` or a tab divides, whichever the first line has most of. */
async function* csvRows(pieces: AsyncIterable<Buffer>): AsyncIterable<readonly Row[]> {
  let names: readonly string[] | undefined
  let separator = ','
  let open = ''
  for await (const lines of linesOf(pieces)) {
    const rows: Row[] = []
    for (const raw of lines) {
      const line = raw?.endsWith('\r') ? raw.slice(0, -1) : raw
      if (names === undefined) {
        const head = withoutMark(line ?? '')
        separator = separatorOf(head)
        names = (splitCsv(head, separator) ?? []).map((name) => name.trim())
        continue
      }
      if (line === undefined) {
        rows.push(undefined)
        continue
      }
      const record = open === '' ? line : `${open}\n${line}`
      if (record.trim() === '') continue
      const cells = splitCsv(record, separator)
      open = cells === undefined ? record : ''
      if (cells !== undefined) rows.push(rowOf(names, cells))
      else if (record.length > MAX_LINE_BYTES) {
        rows.push(undefined)
        open = ''
      }
    }
    yield rows
  }
  if (open !== '') yield [undefined]
}

/** The rows of a file in its order, some at a time; the same file gives the same rows however it is cut. */
export function readRows(format: BulkFormat, pieces: AsyncIterable<Buffer>): AsyncIterable<readonly Row[]> {
  return format === 'csv' ? csvRows(pieces) : ndjsonRows(pieces)
}

import type { Bilingual } from '../model/identifier.ts'
import type { SqlDialect } from '../model/sql.ts'

/**
 * Reading the text of a query as far as it takes to know that it is one statement that reads, and where its parameters
 * stand. What guards the data is the role that the agency gives and the session that only reads; this keeps mistakes out.
 */

/** A piece of a query: text that goes as it is, or a parameter by name. */
export type SqlPiece = { readonly text: string } | { readonly parameter: string }

export type ReadQuery =
  | { readonly pieces: readonly SqlPiece[]; readonly parameters: ReadonlySet<string> }
  | { readonly rule: string; readonly detail: Bilingual }

const NOT_ONE: Bilingual = {
  vi: 'Chỉ một câu SELECT hoặc WITH … SELECT, không có ; và chú thích.',
  en: 'One SELECT or WITH … SELECT, without ; and comments.',
}
const WRITES: Bilingual = {
  vi: 'Câu truy vấn chỉ được đọc.',
  en: 'The query may only read.',
}
const UNCLEAR: Bilingual = {
  vi: 'Không dùng \\, $, ? ngoài chuỗi, hay chữ có dấu ngoài dấu ngoặc kép; tham số viết :ten.',
  en: 'No backslash, no $ or ? outside texts, no letters beyond ASCII outside quotes; a parameter is :name.',
}

/** Words that write, lock or run something, wherever they stand as a word of the query. */
const FORBIDDEN = new Set(
  'insert update delete merge into call do execute prepare copy lock grant revoke create alter drop truncate uescape handler load outfile dumpfile'.split(
    ' ',
  ),
)
/** Functions that do more than compute, by the beginnings of their names. */
const ACTING =
  /^(?:pg_(?:sleep|read|write|ls_|stat_file|terminate|cancel|advisory|try_advisory|notify|reload|rotate|logical|replication|create|drop|switch|promote|export)|set_config|nextval|setval|lo_|lowrite|dblink|query_to_xml|database_to_xml|schema_to_xml|table_to_xml|cursor_to_xml|sleep$|benchmark$|load_file$|get_lock$|release_|master_|sys_exec|sys_eval)/

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y

interface Scan {
  readonly query: string
  readonly dialect: SqlDialect
  at: number
  readonly pieces: SqlPiece[]
  text: string
}

function nameAt(query: string, at: number): string | undefined {
  NAME.lastIndex = at
  return NAME.exec(query)?.[0]
}

/** @returns where quoted text ends, its quotes doubled inside; undefined where it does not. */
function endOfQuoted(query: string, at: number): number | undefined {
  const quote = query[at] ?? ''
  for (let end = query.indexOf(quote, at + 1); end >= 0; end = query.indexOf(quote, end + 2)) {
    if (query[end + 1] !== quote) return end + 1
  }
  return undefined
}

function isCall(query: string, from: number): boolean {
  return /^\s*\(/.test(query.slice(from, from + 50))
}

/** @returns the rule that a word of the query breaks. */
function judgeWord(word: string, query: string, end: number): Bilingual | undefined {
  const lower = word.toLowerCase()
  if (FORBIDDEN.has(lower)) return WRITES
  return ACTING.test(lower) && isCall(query, end) ? WRITES : undefined
}

function take(scan: Scan, end: number): void {
  scan.text += scan.query.slice(scan.at, end)
  scan.at = end
}

/** Takes what stands at the place. @returns what is wrong with it. */
function step(scan: Scan): Bilingual | undefined {
  const { query, at, dialect } = scan
  const character = query[at] ?? ''
  const two = query.slice(at, at + 2)
  if (character === "'" || character === '"' || character === '`') {
    const end = endOfQuoted(query, at)
    if (end === undefined) return UNCLEAR
    const inner = query.slice(at + 1, end - 1)
    if (character !== "'" && ACTING.test(inner.toLowerCase()) && isCall(query, end)) return WRITES
    return void take(scan, end)
  }
  if (character === ';' || two === '--' || two === '/*') return NOT_ONE
  if (dialect === 'mariadb' && (character === '#' || character === '@')) return NOT_ONE
  // A cast; bounds of a slice.
  if (two === '::' || /^:\d$/.test(two)) return void take(scan, at + 2)
  if (character === ':') {
    const name = nameAt(query, at + 1)
    if (name === undefined) return UNCLEAR
    scan.pieces.push({ text: scan.text }, { parameter: name })
    scan.text = ''
    scan.at = at + 1 + name.length
    return undefined
  }
  if (character === '\\' || character === '$' || character === '?' || !/^[\t\n\r -~]$/.test(character))
    return UNCLEAR
  const word = nameAt(query, at)
  if (word === undefined) return void take(scan, at + 1)
  take(scan, at + word.length)
  return judgeWord(word, query, scan.at)
}

/** @returns the pieces of a query, or why it is not taken. */
export function readQuery(query: string, dialect: SqlDialect): ReadQuery {
  const first = /^\s*([A-Za-z]+)/.exec(query)?.[1]?.toLowerCase()
  if (first !== 'select' && first !== 'with') return { rule: 'sql_statement', detail: NOT_ONE }
  if (query.includes('\\') || query.includes('\0')) return { rule: 'sql_text', detail: UNCLEAR }
  const scan: Scan = { query, dialect, at: 0, pieces: [], text: '' }
  while (scan.at < query.length) {
    const detail = step(scan)
    if (detail !== undefined) {
      const rule = detail === NOT_ONE ? 'sql_statement' : detail === WRITES ? 'sql_writes' : 'sql_text'
      return { rule, detail }
    }
  }
  const pieces = [...scan.pieces, { text: scan.text }]
  return {
    pieces,
    parameters: new Set(pieces.flatMap((piece) => ('parameter' in piece ? [piece.parameter] : []))),
  }
}

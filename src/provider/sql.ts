import { GatewayError, type Violation } from '../model/errors.ts'
import { memberAt, namesIn, setMember } from '../model/mapped-json.ts'
import {
  dialectOf,
  type SqlDialect,
  type SqlMapping,
  type SqlOperation,
  type SqlParameter,
} from '../model/sql.ts'
import { createTextCodec } from '../model/text-form.ts'
import { readQuery } from '../registry/sql-text.ts'
import type { AbortReason, Attempt, ProviderCall, ProviderReply, ProviderRequest } from './call.ts'
import { aborted } from './http.ts'
import { factsOf } from './soap.ts'
import { type SqlDatabase, SqlFault, type SqlRow, type SqlValue } from './sql-database.ts'

/** Answering a contract from an agency's database: one query that reads, its rows as JSON. */

const DEFAULT_MAX_ROWS = 100

interface Statement {
  readonly text: string
  /** Parameters in the order of the placeholders. */
  readonly names: readonly string[]
}

/** @returns the query with the dialect's placeholders. @throws RangeError where it never passed admission. */
export function compileStatement(query: string, dialect: SqlDialect): Statement {
  const read = readQuery(query, dialect)
  if ('rule' in read) throw new RangeError(`a query that is not admitted: ${read.rule}`)
  const names: string[] = []
  const text = read.pieces.map((piece) => {
    if ('text' in piece) return piece.text
    const { parameter } = piece
    if (dialect === 'mariadb') {
      names.push(parameter)
      return '?'
    }
    if (!names.includes(parameter)) names.push(parameter)
    return `$${names.indexOf(parameter) + 1}`
  })
  return { text: text.join(''), names }
}

function cannotSay(pointer: string): GatewayError {
  const error: Violation = {
    pointer,
    rule: 'provider_form',
    detail: {
      vi: 'Bên cung cấp không có cách ghi giá trị này.',
      en: 'The provider has no way to write this value.',
    },
  }
  return new GatewayError('request_invalid', { errors: [error] })
}

type Bind = (document: unknown, request: ProviderRequest) => SqlValue

function compileParameter(parameter: SqlParameter): Bind {
  const { pointer, exchange, value: fixed } = parameter
  const codec = createTextCodec(parameter)
  const hasForm = parameter.date !== undefined || parameter.codes !== undefined
  if (fixed !== undefined) return () => fixed
  if (exchange !== undefined) return (_, { headers }) => factsOf(headers)[exchange] ?? null
  return (document) => {
    const value = memberAt(document, pointer ?? '')
    if (value === undefined || value === null) return null
    const said = hasForm ? codec.write(value) : value
    if (typeof said === 'number' || typeof said === 'boolean') return said
    // No database takes a NUL in a text, and half a character it would take for another one.
    if (typeof said === 'string' && !said.includes('\0') && said.isWellFormed()) return said
    throw cannotSay(pointer ?? '')
  }
}

function unreadable(column: string): GatewayError {
  return new GatewayError('response_invalid', {
    detail: { vi: `Không đọc được cột ${column}.`, en: `Column ${column} cannot be read.` },
  })
}

type ReadRow = (row: SqlRow) => Record<string, unknown>

function compileRow({ columns }: SqlOperation): ReadRow {
  const readers = Object.entries(columns).map(([column, form]) => ({
    column,
    pointer: form.pointer,
    codec: createTextCodec(form),
  }))
  return (row) => {
    const document: Record<string, unknown> = {}
    for (const { column, pointer, codec } of readers) {
      if (!Object.hasOwn(row, column)) throw unreadable(column)
      const text = row[column]
      if (text === null || text === undefined) continue
      const read = codec.read(text)
      if (read === undefined) throw unreadable(column)
      if (read !== 'nothing' && !setMember(document, pointer, read.value)) throw unreadable(column)
    }
    return document
  }
}

interface Compiled {
  readonly operation: SqlOperation
  readonly statement: Statement
  readonly bind: ReadonlyMap<string, Bind>
  readonly readRow: ReadRow
}

function compile(operation: SqlOperation, dialect: SqlDialect): Compiled {
  const { query, parameters = {} } = operation
  return {
    operation,
    statement: compileStatement(query, dialect),
    bind: new Map(Object.entries(parameters).map(([name, parameter]) => [name, compileParameter(parameter)])),
    readRow: compileRow(operation),
  }
}

function toAnswer(
  rows: readonly SqlRow[],
  { operation, readRow }: Compiled,
): { status: number; body: unknown } {
  const { into, none, constants = {} } = operation
  const [first, second] = rows
  if (first === undefined && none !== undefined) return none
  let document: Record<string, unknown> = {}
  if (into !== undefined) setMember(document, into, rows.map(readRow))
  else {
    // Which of two rows is meant nobody can tell.
    if (first === undefined || second !== undefined) throw unreadable('*')
    document = readRow(first)
  }
  for (const [pointer, value] of Object.entries(constants)) {
    const parent = namesIn(pointer).slice(0, -1)
    if (parent.length === 0 || memberAt(document, `/${parent.join('/')}`) !== undefined) {
      setMember(document, pointer, value)
    }
  }
  return { status: 200, body: document }
}

function translate(thrown: unknown, { deadline }: ProviderRequest): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  if (deadline.aborted) return aborted(deadline.reason as AbortReason)
  const kind = thrown instanceof SqlFault ? thrown.kind : 'failed'
  if (kind === 'slow') return new GatewayError('provider_timeout', { cause: thrown })
  if (kind === 'failed') return new GatewayError('provider_failed', { cause: thrown })
  if (kind === 'gone')
    return new GatewayError('provider_unavailable', { cause: thrown, retryAfterSeconds: 5 })
  return new GatewayError('response_invalid', {
    cause: thrown,
    detail: { vi: 'Câu trả lời quá lớn.', en: 'The answer is too large.' },
  })
}

export interface SqlOptions {
  readonly baseUrl: string
  readonly maxResponseBytes: number
  readonly database: SqlDatabase
  readonly onAttempt: (attempt: Attempt) => void
}

/**
 * Answers each request by its query. Rejects with `request_invalid` where a value cannot be bound, `response_invalid`
 * where rows, columns or sizes are not as the mapping says, `provider_failed` where the database refuses.
 */
export function createSqlCall(mapping: SqlMapping, options: SqlOptions): ProviderCall {
  const { database, maxResponseBytes: maxBytes, onAttempt } = options
  const dialect = dialectOf(options.baseUrl)
  if (dialect === undefined) throw new RangeError('no database that is known')
  const compiled = new Map(
    Object.entries(mapping.operations).map(([id, each]) => [id, compile(each, dialect)]),
  )

  async function answer(request: ProviderRequest): Promise<ProviderReply> {
    const known = compiled.get(request.operation ?? '')
    if (known === undefined) throw new GatewayError('internal_error')
    const { operation, statement, bind } = known
    const document: unknown =
      request.body === undefined ? {} : JSON.parse(Buffer.from(request.body).toString('utf8'))
    const values = statement.names.map((name) => bind.get(name)?.(document, request) ?? null)
    const maxRows = operation.into === undefined ? 1 : (operation.maxRows ?? DEFAULT_MAX_ROWS)
    const rows = await database.ask({
      text: statement.text,
      values,
      maxRows,
      maxBytes,
      deadline: request.deadline,
    })
    const { status, body } = toAnswer(rows, known)
    const bytes = Buffer.from(JSON.stringify(body))
    return { status, contentType: 'application/json', retryAfter: undefined, body: bytes, attempts: 1 }
  }

  return async (request) => {
    if (request.deadline.aborted) throw aborted(request.deadline.reason as AbortReason)
    const { method } = request
    const startedMs = performance.now()
    const seconds = () => (performance.now() - startedMs) / 1000
    try {
      const reply = await answer(request)
      onAttempt({ method, seconds: seconds(), status: reply.status })
      return reply
    } catch (thrown) {
      const error = translate(thrown, request)
      onAttempt({ method, seconds: seconds(), error: error.code })
      throw error
    }
  }
}

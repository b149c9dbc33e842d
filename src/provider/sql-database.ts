import type { Cancellation } from '../model/cancellation.ts'
import type { SqlDialect } from '../model/sql.ts'
import type { Lookup } from './address.ts'

/** What the gateway needs of an agency's database; the drivers stand in `storage/`. */

export type SqlValue = string | number | boolean | null

/** Each column as the database writes it in text; times in UTC where it knows an offset, else as they stand there. */
export type SqlRow = Readonly<Record<string, string | null>>

export interface SqlQuestion {
  /** With the dialect's own placeholders: `$1`, or `?`. */
  readonly text: string
  readonly values: readonly SqlValue[]
  readonly maxRows: number
  /** Of the whole result; looked at while it comes. */
  readonly maxBytes: number
  /** Ends the query; the database itself gives up at the connection's `timeoutMs`. */
  readonly deadline: Cancellation
}

/** Connections to one database, each in a session that can only read. */
export interface SqlDatabase {
  /** @throws SqlFault */
  ask(question: SqlQuestion): Promise<readonly SqlRow[]>
  close(): Promise<void>
}

export interface SqlConnection {
  readonly dialect: SqlDialect
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  /** Of connecting, and of each statement. */
  readonly timeoutMs: number
  readonly connections: number
  /** Absent: plain text. */
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly key?: string }
  /** Resolves the host; each address is judged as it is used. */
  readonly lookup: Lookup
  /** Throws where the host is an address that may not be reached. */
  readonly assertReachable: () => void
}

/** Loads the dialect's driver, at the first call, and opens no connection yet. */
export type OpenSqlDatabase = (connection: SqlConnection) => Promise<SqlDatabase>

/** `gone`: no connection; `slow`: the database gave up; `excess`: too many rows or bytes; `failed`: it refused. */
export type SqlFaultKind = 'gone' | 'slow' | 'excess' | 'failed'

/** Why a database gave no result; its own words stay in the cause. */
export class SqlFault extends Error {
  override readonly name = 'SqlFault'
  readonly kind: SqlFaultKind

  constructor(kind: SqlFaultKind, cause?: unknown) {
    super(kind, { cause })
    this.kind = kind
  }
}

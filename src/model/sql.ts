import type { SecretReference } from './secret.ts'
import type { ExchangeFact, FixedAnswer } from './soap.ts'
import type { TextForm } from './text-form.ts'

/** How a JSON contract is answered by a query on an agency's own database: data, never code. */

/** What is bound to a named parameter: a member of the request, something the exchange knows, or a fixed value. */
export interface SqlParameter extends TextForm {
  readonly pointer?: string
  readonly exchange?: ExchangeFact
  readonly value?: string | number | boolean
}

/** A column of the result and the member it is; in many rows the pointer starts at the item. */
export interface SqlColumn extends TextForm {
  readonly pointer: string
}

export interface SqlOperation {
  /** One SELECT or WITH statement; `:name` stands for a parameter. */
  readonly query: string
  readonly parameters?: Readonly<Record<string, SqlParameter>>
  /** Members of the request that the query does not look at, on purpose. */
  readonly unsent?: readonly string[]
  /** The array that the rows are the items of; where absent, one row is the answer. */
  readonly into?: string
  /** Rows at most; more are refused, never cut off. */
  readonly maxRows?: number
  /** By column name. */
  readonly columns: Readonly<Record<string, SqlColumn>>
  readonly constants?: Readonly<Record<string, string | number | boolean>>
  /** What no row means; where absent, an empty array. */
  readonly none?: FixedAnswer
}

export interface SqlMapping {
  readonly user: string
  readonly password: SecretReference
  /** Without TLS; where absent, the database must have a certificate that is trusted. */
  readonly allowPlaintext?: boolean
  /** Connections at most that each process holds. */
  readonly connections?: number
  /** By operation id of the contract. */
  readonly operations: Readonly<Record<string, SqlOperation>>
}

/** The databases that are spoken to, by the scheme of the binding's base URL. */
export type SqlDialect = 'postgresql' | 'mariadb'

/** @returns the dialect of a base URL; undefined where it names no database. */
export function dialectOf(baseUrl: string): SqlDialect | undefined {
  const scheme = /^(postgresql|mariadb):\/\//.exec(baseUrl)?.[1]
  return scheme === 'postgresql' || scheme === 'mariadb' ? scheme : undefined
}

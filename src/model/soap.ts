import type { ErrorCode } from './error-table.ts'
import type { SecretReference } from './secret.ts'
import type { TextForm } from './text-form.ts'

/** How a JSON contract is said to a provider that speaks SOAP, and its answers back: data, never code. */

/** What the exchange itself knows and a message may have to name. */
export type ExchangeFact = 'id' | 'consumer' | 'agency' | 'officer' | 'dossier' | 'procedure' | 'purpose'

/**
 * One element or attribute and what it means. Pointers start at the JSON document, below `each` at the item. Exactly one
 * of `pointer`, `each`, `value`, `exchange`, `secret` and `children` alone says where the content comes from.
 */
export interface SoapNode extends TextForm {
  /** `prefix:name`, or `name` of an element in no namespace; in answers `*:name` is of any namespace. */
  readonly element?: string
  readonly attribute?: string
  /** The member whose value it is. */
  readonly pointer?: string
  /** The array whose items it repeats for; with `children` objects, else the items themselves. */
  readonly each?: string
  /** In answers: where there is one item, its members may stand in the parent itself. */
  readonly collapsed?: boolean
  /** In answers, of `each`: what none is. */
  readonly none?: 'absent' | 'empty'
  /** In order. */
  readonly children?: readonly SoapNode[]
  /** Elements in which the words of one text stand: the first, those between, the last. */
  readonly words?: { readonly first: string; readonly middle: string; readonly last: string }
  readonly value?: string
  readonly exchange?: ExchangeFact
  readonly secret?: SecretReference
  /** What is written where there is no value. */
  readonly whenAbsent?: 'omit' | 'empty' | 'nil'
  /** What `xsi:nil` stands for. */
  readonly nil?: 'absent' | 'null'
  /** What an empty element stands for. */
  readonly empty?: 'absent' | 'text'
}

/** An answer of the contract, below 500. */
export interface FixedAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** What an answer says of its own success. The first whose condition holds decides. */
export interface SoapVerdict {
  /** Local names of fault codes (of SOAP 1.2 of subcodes too); `*` is any. */
  readonly fault?: readonly string[]
  /** Names from the answer's element downwards; a last one with `@` is an attribute. */
  readonly at?: readonly string[]
  readonly in?: readonly string[]
  readonly notIn?: readonly string[]
  readonly absent?: boolean
  readonly answer?: FixedAnswer
  readonly error?: Extract<ErrorCode, 'provider_failed' | 'provider_unavailable' | 'provider_maintenance'>
}

export interface SoapOperation {
  /** Below the base URL. */
  readonly path: string
  readonly action?: string
  /** The body's one child. */
  readonly request: SoapNode
  /** Members of the request that the provider has no place for, on purpose. */
  readonly unsent?: readonly string[]
  readonly response: SoapNode
  /** Members of the answer that are always the same; set where the object they belong to is there. */
  readonly constants?: Readonly<Record<string, string | number | boolean>>
  readonly verdicts?: readonly SoapVerdict[]
}

export interface SoapMapping {
  readonly version: '1.1' | '1.2'
  readonly namespaces: Readonly<Record<string, string>>
  /** Of the envelope's header, e.g. WS-Security; what they say is the same for each operation. */
  readonly header?: readonly SoapNode[]
  /** For each operation, after its own. */
  readonly verdicts?: readonly SoapVerdict[]
  /** By operation id of the contract. */
  readonly operations: Readonly<Record<string, SoapOperation>>
}

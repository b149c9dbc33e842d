import { GatewayError, type Violation } from '../model/errors.ts'
import { contentAt, type Documents, isMembers, type Location } from './document.ts'
import { referenceOf } from './schema.ts'
import { MAX_VIOLATIONS, quoteName } from './violation.ts'

/** Parameters in the path and the query: text that the contract gives a type. */

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean'

export function isParameterType(type: unknown): type is ParameterType {
  return type === 'string' || type === 'integer' || type === 'number' || type === 'boolean'
}

/** References are followed this far; the schemas of contracts never refer to themselves. */
const MAX_REFERENCES = 20

/** @returns the `type` of a parameter's schema, references followed. */
export function parameterTypeOf(documents: Documents, schema: Location): unknown {
  let at: Location | undefined = schema
  for (let step = 0; at !== undefined && step < MAX_REFERENCES; step += 1) {
    const content = contentAt(documents, at)
    if (!isMembers(content)) return undefined
    if (content['type'] !== undefined) return content['type']
    at = referenceOf(content, at)
  }
  return undefined
}

const INTEGER = /^-?(?:0|[1-9]\d{0,15})$/
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/

/** @returns the text as a value of the type; `undefined` where it isn't one. */
export function coerce(text: string, type: ParameterType): string | number | boolean | undefined {
  switch (type) {
    case 'string':
      return text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'integer':
      return INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
    case 'number':
      return NUMBER.test(text) ? Number(text) : undefined
  }
}

/** One parameter, ready to be checked. */
export interface CompiledParameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly type: ParameterType
  /** @returns what the value breaks; pointers start at the value. */
  readonly check: (value: string | number | boolean) => readonly Violation[]
}

/** Parameters of one request, as text. */
export interface GivenParameters {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams | undefined
}

/**
 * Where a parameter stands. It is not in the body, so this is no JSON Pointer (it has no slash in front):
 * `query/limit`, `path/id`.
 */
function placeOf(parameter: CompiledParameter): string {
  return `${parameter.in}/${parameter.name}`
}

function violationsOfParameter(parameter: CompiledParameter, given: GivenParameters): readonly Violation[] {
  const pointer = placeOf(parameter)
  const { name } = parameter
  const own = Object.hasOwn(given.path, name) ? given.path[name] : undefined
  const texts =
    parameter.in === 'path' ? [own].filter((text) => text !== undefined) : (given.query?.getAll(name) ?? [])
  const [text] = texts
  if (text === undefined) {
    const detail = { vi: `Thiếu tham số "${name}".`, en: `The parameter "${name}" is missing.` }
    return parameter.required ? [{ pointer, rule: 'required', detail }] : []
  }
  if (texts.length > 1) {
    const detail = { vi: `Tham số "${name}" bị lặp.`, en: `The parameter "${name}" is repeated.` }
    return [{ pointer, rule: 'parameter_repeated', detail }]
  }
  const value = coerce(text, parameter.type)
  if (value === undefined) {
    const detail = { vi: `Phải có kiểu ${parameter.type}.`, en: `Must be of type ${parameter.type}.` }
    return [{ pointer, rule: 'type', detail }]
  }
  return parameter.check(value).map((violation) => ({ ...violation, pointer }))
}

function unknownParameter(name: string): Violation {
  return {
    pointer: 'query',
    rule: 'parameter_unknown',
    detail: {
      vi: `Tham số${quoteName(name)} không có trong hợp đồng.`,
      en: `A parameter${quoteName(name)} is not in the contract.`,
    },
  }
}

/**
 * @returns a check of all parameters of a request.
 * @throws GatewayError `request_invalid` from the check.
 */
export function createParameterCheck(
  parameters: readonly CompiledParameter[],
): (given: GivenParameters) => void {
  const inQuery = new Set(parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name))
  return (given) => {
    // The common case: an operation without parameters, asked without a query.
    if (parameters.length === 0 && (given.query === undefined || given.query.size === 0)) return
    const unknown = [...new Set(given.query?.keys())].filter((name) => !inQuery.has(name))
    const errors = [
      ...parameters.flatMap((parameter) => violationsOfParameter(parameter, given)),
      ...unknown.map(unknownParameter),
    ]
    if (errors.length > 0)
      throw new GatewayError('request_invalid', { errors: errors.slice(0, MAX_VIOLATIONS) })
  }
}

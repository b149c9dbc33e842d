import type { BundledDocument } from './bundle.ts'
import { isMembers, type Members, membersOf } from './document.ts'

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const

/** A TypeScript string literal. Line ends that only some parsers know are escaped as well. */
function quote(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`
}

function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
}

/** A doc comment that its text cannot leave. */
function comment(text: unknown, indent: string): string {
  if (typeof text !== 'string' || text === '') return ''
  const line = text.replaceAll(/\s+/gu, ' ').replaceAll('*/', '* /').trim()
  return `${indent}/** ${line} */\n`
}

function follow(document: BundledDocument, value: unknown): Members {
  if (!isMembers(value)) return {}
  const reference = value['$ref']
  if (typeof reference !== 'string') return value
  const target = reference
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, token) => (isMembers(at) ? at[token] : undefined), document)
  return follow(document, target)
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  return value === null || ['number', 'boolean'].includes(typeof value) ? String(value) : 'unknown'
}

/** Each alternative in brackets where it is more than a word. */
function join(types: readonly string[], operator: '|' | '&'): string {
  const distinct = [...new Set(types)]
  if (distinct.length < 2) return distinct[0] ?? 'unknown'
  return distinct.map((type) => (/[|&]/.test(type) ? `(${type})` : type)).join(` ${operator} `)
}

function objectType(schema: Members, indent: string): string {
  const { properties, additionalProperties: rest } = schema
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const inner = `${indent}  `
  const lines = membersOf(properties).map(
    ([name, member]) =>
      comment(isMembers(member) ? member['description'] : undefined, inner) +
      `${inner}${memberName(name)}${required.has(name) ? '' : '?'}: ${typeOf(member, inner)}\n`,
  )
  const isOpen = rest === true || isMembers(rest) || (lines.length === 0 && rest === undefined)
  if (isOpen) lines.push(`${inner}[name: string]: ${lines.length > 0 ? 'unknown' : typeOf(rest, inner)}\n`)
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('')}${indent}}`
}

function typeNamed(type: unknown, schema: Members, indent: string): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const item = typeOf(schema['items'], indent)
      return /[|&]/.test(item.replaceAll(/\{[\s\S]*\}/g, '')) ? `(${item})[]` : `${item}[]`
    }
    case 'object':
      return objectType(schema, indent)
    default:
      return 'unknown'
  }
}

function ownType(schema: Members, indent: string): string | undefined {
  const { type, enum: words, properties } = schema
  if (Array.isArray(words)) return join(words.map(literal), '|')
  if ('const' in schema) return literal(schema['const'])
  if (Array.isArray(type))
    return join(
      type.map((one) => typeNamed(one, schema, indent)),
      '|',
    )
  if (type !== undefined) return typeNamed(type, schema, indent)
  return properties === undefined ? undefined : objectType(schema, indent)
}

/** What a schema admits, as far as TypeScript can say it: formats, bounds and conditions are the gateway's to check. */
function typeOf(schema: unknown, indent: string): string {
  if (schema === false) return 'never'
  if (!isMembers(schema)) return 'unknown'
  const { $ref: reference, allOf, anyOf, oneOf } = schema
  const parts = [ownType(schema, indent)]
  if (typeof reference === 'string') {
    parts.push(`components['schemas'][${quote(reference.split('/').at(-1) ?? '')}]`)
  }
  if (Array.isArray(allOf)) parts.push(...allOf.map((part) => typeOf(part, indent)))
  for (const some of [anyOf, oneOf]) {
    if (Array.isArray(some))
      parts.push(
        join(
          some.map((part) => typeOf(part, indent)),
          '|',
        ),
      )
  }
  const known = parts.filter((part) => part !== undefined && part !== 'unknown')
  return join(known as string[], '&')
}

/** The media types of a body or an answer. @param wrap around a JSON body. */
function contentType(
  document: BundledDocument,
  place: Members,
  indent: string,
  wrap = (type: string) => type,
): string {
  const inner = `${indent}  `
  const lines = membersOf(place['content']).map(([media, content]) => {
    const type = typeOf(follow(document, content)['schema'], inner)
    return `${inner}${quote(media)}: ${wrap(type)}\n`
  })
  return lines.length === 0 ? 'never' : `{\n${lines.join('')}${indent}}`
}

/** What is written, and which headers the client adds itself. */
interface Writing {
  readonly document: BundledDocument
  readonly supplied: ReadonlySet<string>
}

function parametersType({ document, supplied }: Writing, listed: readonly unknown[], indent: string): string {
  const inner = `${indent}  `
  const lines = ['query', 'header', 'path', 'cookie'].map((place) => {
    const here = listed
      .map((each) => follow(document, each))
      .filter((each) => each['in'] === place)
      .map((each) => (supplied.has(String(each['name'])) ? { ...each, required: false } : each))
    if (here.length === 0) return `${inner}${place}?: never\n`
    const members = here.map(
      ({ name, required, description, schema }) =>
        comment(description, `${inner}  `) +
        `${inner}  ${memberName(String(name))}${required === true ? '' : '?'}: ${typeOf(schema, `${inner}  `)}\n`,
    )
    const isOptional = here.every(({ required }) => required !== true)
    return `${inner}${place}${isOptional ? '?' : ''}: {\n${members.join('')}${inner}}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

function operationType(writing: Writing, operation: Members, shared: readonly unknown[]): string {
  const { document } = writing
  const own = Array.isArray(operation['parameters']) ? operation['parameters'] : []
  const body = follow(document, operation['requestBody'])
  const answers = membersOf(operation['responses']).map(([status, response]) => {
    const answer = follow(document, response)
    const isGiven = /^2/.test(status)
    const content = contentType(
      document,
      answer,
      '        ',
      isGiven ? (type) => `Agreed<${type}>` : undefined,
    )
    return (
      comment(answer['description'], '        ') +
      `        ${status}: {\n          headers: { [name: string]: unknown }\n          content: ${content.replaceAll('\n', '\n  ')}\n        }\n`
    )
  })
  const isOptional = body['required'] !== true
  const requestBody =
    body['content'] === undefined
      ? '      requestBody?: never\n'
      : `      requestBody${isOptional ? '?' : ''}: {\n        content: ${contentType(document, body, '        ')}\n      }\n`
  return `{\n      parameters: ${parametersType(writing, [...shared, ...own], '      ')}\n${requestBody}      responses: {\n${answers.join('')}      }\n    }`
}

/** Sets that are ordered as a package: nothing of `paths`, but their lines are worth a type. */
function setsType(document: BundledDocument): readonly string[] {
  const sets = membersOf(document['x-sets']).map(([id, set]) => {
    const { scope, row } = isMembers(set) ? set : {}
    return `  ${memberName(id)}: {\n    scope: ${typeOf(scope, '    ')}\n    row: ${typeOf(row, '    ')}\n  }\n`
  })
  if (sets.length === 0) return []
  const how =
    'Tập ẩn danh, không gọi được: đặt bằng `lienthong package order` hoặc POST /jobs/bulk (`scope`); gói có các dòng `row`. Anonymised sets cannot be called: order one with its `scope`, and the package has lines of `row`.'
  return [`${comment(how, '')}export interface sets {\n${sets.join('')}}\n`]
}

/**
 * Writes a contract's operations and schemas as TypeScript, in the form that openapi-fetch reads (`paths`, as
 * openapi-typescript writes it). Members of a 2xx answer may all be absent: what leaves is the agreement's to say.
 * @param document as consumers call it.
 * @param supplied headers that whoever calls need not name.
 */
export function writeClientTypes(
  document: BundledDocument,
  supplied: ReadonlySet<string> = new Set(),
): string {
  const writing = { document, supplied }
  const paths = membersOf(document.paths).map(([path, item]) => {
    const members = isMembers(item) ? item : {}
    const shared = Array.isArray(members['parameters']) ? members['parameters'] : []
    const operations = METHODS.map((method) => {
      const operation = members[method]
      if (!isMembers(operation)) return `    ${method}?: never\n`
      const told = operation['summary'] ?? operation['description']
      return `${comment(told, '    ')}    ${method}: ${operationType(writing, operation, shared)}\n`
    })
    return `  ${quote(path)}: {\n${operations.join('')}  }\n`
  })
  const schemas = membersOf(document.components.schemas).map(
    ([name, schema]) =>
      comment(isMembers(schema) ? schema['description'] : undefined, '    ') +
      `    ${memberName(name)}: ${typeOf(schema, '    ')}\n`,
  )
  return [
    ...setsType(document),
    `/** What can be asked, by path and method. */\nexport interface paths {\n${paths.join('')}}\n`,
    `export interface components {\n  schemas: {\n${schemas.join('')}  }\n}\n`,
    'export type Agreed<Given> = Given extends readonly (infer Item)[]\n  ? Agreed<Item>[]\n  : Given extends object\n    ? { [Name in keyof Given]?: Agreed<Given[Name]> }\n    : Given\n',
  ].join('\n')
}

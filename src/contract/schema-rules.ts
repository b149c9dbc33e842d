import { BOUND_RULES } from './bound-rules.ts'
import { isDictionary, isMembers, type Location, membersOf, uriOf } from './document.ts'
import { memberNames, referenceOf } from './schema.ts'
import { type RuleContext, type SchemaNode, type SchemaRule, typesOf } from './schema-rule.ts'

/** Keywords that have a meaning for ajv and are safe. */
const ALLOWED: ReadonlySet<string> = new Set(
  (
    'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern ' +
    'maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required ' +
    'dependentRequired allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains ' +
    'properties additionalProperties format title description default deprecated readOnly writeOnly ' +
    'examples example $comment $ref $defs'
  ).split(' '),
)

/**
 * Known keywords that are refused: ajv gets some wrong or lets them change what a validator is (`$async`
 * makes it answer with a promise), some make a schema's meaning depend on data or place, and under the
 * last two names of members are data.
 */
const FORBIDDEN: ReadonlySet<string> = new Set(
  (
    '$data $async $id $anchor $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary ' +
    'unevaluatedProperties unevaluatedItems discriminator nullable definitions dependencies additionalItems ' +
    'contentSchema contentEncoding contentMediaType patternProperties propertyNames'
  ).split(' '),
)

/** Own annotations, as ajv can take them for keywords. */
export const ANNOTATION = /^x-[A-Za-z0-9-]+$/

/** At the top of a dictionary document these only say what it is. */
const DOCUMENT_KEYWORDS: ReadonlySet<string> = new Set(['$schema', '$id'])

function isOfDocument(keyword: string, { pointer }: Location): boolean {
  return pointer === '' && DOCUMENT_KEYWORDS.has(keyword)
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** @returns whether the value's type follows from the schema itself. */
function isTyped(schema: unknown): boolean {
  if (schema === false) return true
  if (!isMembers(schema)) return false
  const all = schema['allOf']
  const some = schema['anyOf'] ?? schema['oneOf']
  return (
    ['type', 'enum', 'const', '$ref'].some((keyword) => schema[keyword] !== undefined) ||
    (Array.isArray(all) && all.some(isTyped)) ||
    (Array.isArray(some) && some.every(isTyped))
  )
}

/** @returns whether a format for `judged` looks at every value of a type; `null` needs no look. */
function isJudged(type: unknown, judged: 'string' | 'number'): boolean {
  return type === judged || type === 'null' || (type === 'integer' && judged === 'number')
}

function undeclaredRequired({ schema, location, around }: SchemaNode, { documents }: RuleContext): string[] {
  const required = schema['required']
  if (!Array.isArray(required)) return []
  const declared = [{ schema, location }, ...around].map((outer) => memberNames(documents, outer))
  return required.every((name) => declared.some((names) => names.has(name))) ? [] : ['required']
}

function isConsistentPerson(
  rule: unknown,
  { schema, location }: SchemaNode,
  { documents }: RuleContext,
): boolean {
  const described = memberNames(documents, { schema, location })
  const names = membersOf(rule)
  return (
    names.every(([role, name]) => /^(?:id|birthDate|sex)$/.test(role) && described.has(String(name))) &&
    names.some(([role]) => role === 'id') &&
    names.length > 1
  )
}

function dialectFaults({ schema, location }: SchemaNode): string[] {
  if (location.pointer !== '') return []
  const { $schema = DIALECT, $id = uriOf(location) } = schema
  return [...($schema === DIALECT ? [] : ['$schema']), ...($id === uriOf(location) ? [] : ['$id'])]
}

/**
 * Every rule that a schema has to keep, one entry each. They make validating cheap (every size is bounded),
 * certain (nothing is let through by a keyword that does not do what it says) and closed (a request holds
 * nothing the contract does not name).
 */
export const SCHEMA_RULES: readonly SchemaRule[] = [
  {
    rule: 'keyword_forbidden',
    scope: 'all',
    find: ({ schema, location }) =>
      Object.keys(schema).filter((keyword) => FORBIDDEN.has(keyword) && !isOfDocument(keyword, location)),
    detail: {
      vi: 'Từ khóa này không được dùng trong hợp đồng.',
      en: 'This keyword is not used in contracts.',
    },
  },
  {
    rule: 'keyword_unknown',
    scope: 'all',
    find: ({ schema, location }) =>
      Object.keys(schema).filter(
        (keyword) =>
          !ALLOWED.has(keyword) &&
          !FORBIDDEN.has(keyword) &&
          !ANNOTATION.test(keyword) &&
          !isOfDocument(keyword, location),
      ),
    detail: {
      vi: 'Không có từ khóa này; chú thích riêng bắt đầu bằng x-, chỉ gồm chữ cái ASCII, chữ số và -.',
      en: 'There is no such keyword; own annotations are x- and ASCII letters, digits and hyphens.',
    },
  },
  {
    rule: 'dialect_wrong',
    scope: 'all',
    find: dialectFaults,
    detail: {
      vi: '$schema phải là JSON Schema 2020-12, $id phải là lienthong:///đường/dẫn của tài liệu.',
      en: "$schema must be JSON Schema 2020-12, and $id the document's own lienthong:///path.",
    },
  },
  {
    rule: 'reference_foreign',
    scope: 'all',
    find: ({ schema, location }, { documents }) => {
      const target = referenceOf(schema, location)?.path
      const isOther = target !== undefined && target !== location.path && documents.has(target)
      return isOther && !isDictionary(target) ? ['$ref'] : []
    },
    detail: {
      vi: 'Chỉ được tham chiếu trong tài liệu này hoặc tới từ điển dữ liệu (dictionary/).',
      en: 'References stay in this document or lead to the data dictionary (dictionary/).',
    },
  },
  {
    rule: 'reference_unknown',
    scope: 'all',
    // A place that is no schema (an example, say) has not been looked at by these rules.
    find: ({ schema, location }, { isSchema }) => {
      if (schema['$ref'] === undefined) return []
      const target = referenceOf(schema, location)
      return target !== undefined && isSchema(target) ? [] : ['$ref']
    },
    detail: {
      vi: 'Tham chiếu không trỏ tới lược đồ nào; dạng đúng: đường/dẫn.yaml#/con/trỏ, không có địa chỉ mạng.',
      en: 'The reference leads to no schema; it is written path.yaml#/pointer, without a network address.',
    },
  },
  ...BOUND_RULES,
  {
    rule: 'format_unknown',
    scope: 'all',
    find: ({ schema: { format } }, { formats }) =>
      format === undefined || formats.has(String(format)) ? [] : ['format'],
    detail: { vi: 'Không có định dạng này.', en: 'There is no such format.' },
  },
  {
    // ajv leaves a value of another type unjudged.
    rule: 'format_type_wrong',
    scope: 'all',
    find: ({ schema }, { formats }) => {
      const judged = formats.get(String(schema['format']))
      return judged === undefined || typesOf(schema).every((type) => isJudged(type, judged)) ? [] : ['format']
    },
    detail: {
      vi: 'Định dạng này dành cho kiểu khác; ghi type bên cạnh format.',
      en: 'This format is for another type; type must stand beside format.',
    },
  },
  {
    rule: 'required_undeclared',
    scope: 'all',
    find: undeclaredRequired,
    detail: {
      vi: 'Thành phần bắt buộc phải có trong properties.',
      en: 'A required member must stand under properties.',
    },
  },
  {
    rule: 'consistent_person_malformed',
    scope: 'all',
    find: (node, context) => {
      const { schema } = node
      const keyword = 'x-consistent-person'
      return schema[keyword] === undefined || isConsistentPerson(schema[keyword], node, context)
        ? []
        : [keyword]
    },
    detail: {
      vi: 'x-consistent-person phải nêu id cùng birthDate hoặc sex, mỗi tên có trong properties.',
      en: 'x-consistent-person names id with birthDate or sex, each of them under properties.',
    },
  },
  {
    rule: 'object_open',
    scope: 'request',
    find: ({ schema, around }) =>
      typesOf(schema).includes('object') &&
      ![schema, ...around.map((outer) => outer.schema)].some(
        (outer) => outer['additionalProperties'] === false,
      )
        ? ['type']
        : [],
    detail: {
      vi: 'Đối tượng trong yêu cầu phải có additionalProperties: false.',
      en: 'An object in a request needs additionalProperties: false.',
    },
  },
  {
    rule: 'type_missing',
    scope: 'request',
    find: ({ schema, around }) => (around.length > 0 || isTyped(schema) ? [] : ['']),
    detail: {
      vi: 'Dữ liệu trong yêu cầu phải có kiểu (type, enum, const hoặc $ref).',
      en: 'Data in a request needs a type (type, enum, const or $ref).',
    },
  },
  {
    rule: 'items_missing',
    scope: 'request',
    find: ({ schema }) =>
      typesOf(schema).includes('array') && schema['items'] === undefined ? ['type'] : [],
    detail: {
      vi: 'Danh sách trong yêu cầu phải có items.',
      en: 'An array in a request needs items.',
    },
  },
]

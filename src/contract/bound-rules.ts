import { type BoundedPattern, isCostly, isLinear, isPattern } from './pattern.ts'
import { isBounded, type SchemaNode, type SchemaRule, typesOf } from './schema-rule.ts'

const MAX_UNIQUE_ITEMS = 100
const MAX_PATTERN_LENGTH = 512
const MAX_ENUM = 1_000
const LONGEST_TEXT = 65_536

/** What one value may hold; a bound beyond these bounds nothing that a message could carry. */
const LARGEST: readonly (readonly [keyword: string, limit: number])[] = [
  ['maxItems', 10_000],
  ['maxContains', 10_000],
  ['maxLength', LONGEST_TEXT],
  ['maxProperties', 10_000],
]

/** Pairs of which the first must not be beyond the second. */
const ORDERED: readonly (readonly [least: string, most: string])[] = [
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['minContains', 'maxContains'],
  ['minContains', 'maxItems'],
  ['minProperties', 'maxProperties'],
  ['minimum', 'maximum'],
  ['exclusiveMinimum', 'maximum'],
  ['minimum', 'exclusiveMaximum'],
  ['exclusiveMinimum', 'exclusiveMaximum'],
]

/** @returns the pattern of a schema with its bounds; of one that is no pattern, another rule tells. */
function patternOf({ schema, around }: SchemaNode): readonly BoundedPattern[] {
  const { pattern: source, maxLength } = schema
  if (!isPattern(source, MAX_PATTERN_LENGTH)) return []
  const bounds = [maxLength, ...around.map((outer) => outer.schema['maxLength'])]
  const longest = Math.min(...bounds.filter((bound) => typeof bound === 'number'), LONGEST_TEXT)
  return [{ source, own: typeof maxLength === 'number' ? maxLength : undefined, longest }]
}

/** @returns whether a value is of one of a schema's types; true where it names none. */
function isOfType(value: unknown, types: readonly unknown[]): boolean {
  return types.some((type) => {
    switch (type) {
      case 'null':
        return value === null
      case 'array':
        return Array.isArray(value)
      case 'object':
        return typeof value === 'object' && value !== null && !Array.isArray(value)
      case 'integer':
        return Number.isInteger(value)
      case 'string':
        return typeof value === 'string'
      case 'number':
        return typeof value === 'number'
      case 'boolean':
        return typeof value === 'boolean'
      default:
        return true
    }
  })
}

/** @returns the keywords which, together with others of the schema, no value can keep. */
function contradictions({ schema }: SchemaNode): string[] {
  const types = typesOf(schema)
  const listed = schema['enum']
  const crossed = ORDERED.filter(([least, most]) => {
    const [low, high] = [schema[least], schema[most]]
    if (typeof low !== 'number' || typeof high !== 'number') return false
    return least.startsWith('exclusive') || most.startsWith('exclusive') ? low >= high : low > high
  }).map(([least]) => least)
  const unmeant = Array.isArray(listed) && !listed.every((value) => isOfType(value, types)) ? ['enum'] : []
  const constant = 'const' in schema && !isOfType(schema['const'], types) ? ['const'] : []
  return [...new Set([...crossed, ...unmeant, ...constant])]
}

/** The rules that bound what validating one value costs, and refuse bounds that bound nothing. */
export const BOUND_RULES: readonly SchemaRule[] = [
  {
    rule: 'array_unbounded',
    scope: 'all',
    find: (node) => (typesOf(node.schema).includes('array') && !isBounded(node, 'maxItems') ? ['type'] : []),
    detail: { vi: 'Danh sách phải có maxItems.', en: 'An array needs maxItems.' },
  },
  {
    rule: 'unique_items_unbounded',
    scope: 'all',
    find: ({ schema: { uniqueItems, maxItems } }) =>
      uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MAX_UNIQUE_ITEMS)
        ? ['uniqueItems']
        : [],
    detail: {
      vi: 'uniqueItems phải đi với maxItems không quá 100.',
      en: 'uniqueItems needs maxItems of at most 100 beside it.',
    },
  },
  {
    rule: 'string_unbounded',
    scope: 'all',
    find: (node) =>
      typesOf(node.schema).includes('string') &&
      !isBounded(node, 'maxLength', 'format', 'enum', 'const', 'pattern')
        ? ['type']
        : [],
    detail: {
      vi: 'Chuỗi phải có maxLength, format, enum hoặc const.',
      en: 'A string needs maxLength, format, enum or const.',
    },
  },
  {
    rule: 'pattern_unbounded',
    scope: 'all',
    find: (node) =>
      node.schema['pattern'] !== undefined && !isBounded(node, 'maxLength') ? ['pattern'] : [],
    detail: { vi: 'pattern phải đi với maxLength.', en: 'pattern needs maxLength beside it.' },
  },
  {
    rule: 'pattern_invalid',
    scope: 'all',
    find: ({ schema: { pattern } }) =>
      pattern === undefined || isPattern(pattern, MAX_PATTERN_LENGTH) ? [] : ['pattern'],
    detail: {
      vi: 'Mẫu phải là biểu thức chính quy hợp lệ với cờ u, dài không quá 512 ký tự.',
      en: 'The pattern must be a valid regular expression under the flag u of at most 512 characters.',
    },
  },
  {
    rule: 'pattern_not_linear',
    scope: 'all',
    find: (node) => (patternOf(node).every(isLinear) ? [] : ['pattern']),
    detail: {
      vi:
        'Mẫu không so được trong thời gian tuyến tính: bỏ nhìn trước/sau, tham chiếu ngược, cờ bên trong, ' +
        'tên dài của \\p{…}, và lặp quá 1.000 lần.',
      en:
        'The pattern cannot be matched in linear time: no looking around, back references, inner flags, ' +
        'long names in \\p{…}, nor more than 1,000 repetitions.',
    },
  },
  {
    rule: 'pattern_costly',
    scope: 'all',
    find: (node) => (isBounded(node, 'maxLength') && patternOf(node).some(isCostly) ? ['pattern'] : []),
    detail: {
      vi: 'So mẫu này với chuỗi dài nhất được phép tốn quá nhiều thời gian: giảm số lần lặp hoặc maxLength.',
      en: 'Matching this pattern against the longest text allowed takes too long: repeat less, or lower maxLength.',
    },
  },
  {
    rule: 'bound_too_large',
    scope: 'all',
    find: ({ schema }) =>
      LARGEST.flatMap(([keyword, limit]) => {
        const bound = schema[keyword]
        return typeof bound === 'number' && bound > limit ? [keyword] : []
      }),
    detail: {
      vi: 'Giới hạn quá lớn: maxItems, maxContains, maxProperties nhiều nhất 10.000; maxLength nhiều nhất 65.536.',
      en: 'The bound is too large: maxItems, maxContains and maxProperties at most 10,000; maxLength at most 65,536.',
    },
  },
  {
    rule: 'enum_too_long',
    scope: 'all',
    find: ({ schema }) => {
      const listed = schema['enum']
      if (!Array.isArray(listed)) return []
      const isPlain = listed.every((value) => typeof value !== 'object' || value === null)
      return listed.length <= MAX_ENUM && isPlain ? [] : ['enum']
    },
    detail: {
      vi: 'enum có nhiều nhất 1.000 giá trị, không phải danh sách hay đối tượng; danh mục dài hơn thì dùng mẫu mã.',
      en: 'An enum lists at most 1,000 values, none an array or object; for a longer list give the form of its codes.',
    },
  },
  {
    // ajv divides: 0.3 is no multiple of 0.1 to it.
    rule: 'multiple_of_fraction',
    scope: 'all',
    find: ({ schema: { multipleOf } }) =>
      multipleOf === undefined || Number.isSafeInteger(multipleOf) ? [] : ['multipleOf'],
    detail: {
      vi: 'multipleOf phải là số nguyên: phép chia số lẻ không chính xác.',
      en: 'multipleOf must be a whole number: fractions are not divided exactly.',
    },
  },
  {
    rule: 'contradictory',
    scope: 'all',
    find: contradictions,
    detail: {
      vi: 'Không giá trị nào đúng với từ khóa này cùng các từ khóa bên cạnh.',
      en: 'No value can keep this keyword together with those beside it.',
    },
  },
]

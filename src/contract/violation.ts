import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { FORMAT_TITLES } from './formats.ts'
import { parsePointer, pointerTo } from './minimise.ts'

/** One fault of a schema document: where it stands and which rule it breaks. */
export interface DocumentFault {
  /** Path of the document below the schemas folder. */
  readonly path: string
  /** JSON Pointer into the document. */
  readonly pointer: string
  readonly rule: string
  readonly detail: Bilingual
}

/** No list of violations is longer; who mends twenty faults can ask again. */
export const MAX_VIOLATIONS = 20

const MAX_LISTED_VALUES = 20

type Parameters = Readonly<Record<string, unknown>>

/** A name that a programmer chose; anything else might be data used as a name, and is not repeated. */
const MEMBER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,40}$/

/** @returns the name quoted after a space where it can't be personal data, else nothing. */
export function quoteName(name: string): string {
  return MEMBER_NAME.test(name) ? ` "${name}"` : ''
}

const TYPE_NAMES: ReadonlyMap<string, Bilingual> = new Map([
  ['string', { vi: 'chuỗi', en: 'a string' }],
  ['integer', { vi: 'số nguyên', en: 'an integer' }],
  ['number', { vi: 'số', en: 'a number' }],
  ['boolean', { vi: 'true hoặc false', en: 'true or false' }],
  ['object', { vi: 'đối tượng', en: 'an object' }],
  ['array', { vi: 'danh sách', en: 'an array' }],
  ['null', { vi: 'null', en: 'null' }],
])

function typeDetail({ type }: Parameters): Bilingual {
  const names = [type]
    .flat()
    .map((name) => TYPE_NAMES.get(String(name)) ?? { vi: String(name), en: String(name) })
  return {
    vi: `Phải là ${names.map((name) => name.vi).join(' hoặc ')}.`,
    en: `Must be ${names.map((name) => name.en).join(' or ')}.`,
  }
}

/** The values stand in the contract, which is no secret. */
function enumDetail({ allowedValues }: Parameters): Bilingual {
  const values = Array.isArray(allowedValues) ? allowedValues : []
  const shown = values.slice(0, MAX_LISTED_VALUES).map((value) => JSON.stringify(value))
  const list = `${shown.join(', ')}${values.length > shown.length ? ', …' : ''}`
  return { vi: `Phải là một trong: ${list}.`, en: `Must be one of: ${list}.` }
}

function formatDetail({ format }: Parameters): Bilingual {
  const titles: Readonly<Record<string, Bilingual>> = FORMAT_TITLES
  const title = titles[String(format)] ?? { vi: String(format), en: String(format) }
  return { vi: `Phải là ${title.vi} hợp lệ.`, en: `Must be ${title.en}, and a valid one.` }
}

function consistentPersonDetail({ against }: Parameters): Bilingual {
  return against === 'sex'
    ? {
        vi: 'Số định danh cá nhân không khớp với giới tính.',
        en: 'The personal id does not agree with the sex.',
      }
    : {
        vi: 'Số định danh cá nhân không khớp với năm sinh.',
        en: 'The personal id does not agree with the year of birth.',
      }
}

function containsDetail({ minContains = 1, maxContains }: Parameters): Bilingual {
  const most = maxContains === undefined ? undefined : String(maxContains)
  return {
    vi: `Phải có ít nhất ${minContains}${most === undefined ? '' : `, nhiều nhất ${most}`} phần tử đúng mẫu.`,
    en: `Must contain at least ${minContains}${most === undefined ? '' : ` and at most ${most}`} matching items.`,
  }
}

function limit(vi: string, en: string): (parameters: Parameters) => Bilingual {
  return (parameters) => ({
    vi: vi.replace('#', () => String(parameters['limit'])),
    en: en.replace('#', () => String(parameters['limit'])),
  })
}

function plain(vi: string, en: string): () => Bilingual {
  return () => ({ vi, en })
}

/**
 * What is said of each broken rule. A message is made of the schema's side only (limits, allowed values,
 * names of members); ajv's parameters hold no value of the data but under `additionalProperties` and
 * `propertyNames`, whose names are repeated only where they can't be data.
 */
const DETAILS: Readonly<Record<string, (parameters: Parameters) => Bilingual>> = {
  type: typeDetail,
  enum: enumDetail,
  const: ({ allowedValue }) => enumDetail({ allowedValues: [allowedValue] }),
  format: formatDetail,
  pattern: ({ pattern }) => ({
    vi: `Không đúng mẫu ${pattern}.`,
    en: `Does not match the pattern ${pattern}.`,
  }),
  minLength: limit('Phải có ít nhất # ký tự.', 'Must have at least # characters.'),
  maxLength: limit('Phải có nhiều nhất # ký tự.', 'Must have at most # characters.'),
  minimum: limit('Phải từ # trở lên.', 'Must be at least #.'),
  maximum: limit('Phải từ # trở xuống.', 'Must be at most #.'),
  exclusiveMinimum: limit('Phải lớn hơn #.', 'Must be greater than #.'),
  exclusiveMaximum: limit('Phải nhỏ hơn #.', 'Must be less than #.'),
  multipleOf: ({ multipleOf }) => ({
    vi: `Phải là bội số của ${multipleOf}.`,
    en: `Must be a multiple of ${multipleOf}.`,
  }),
  minItems: limit('Phải có ít nhất # phần tử.', 'Must have at least # items.'),
  maxItems: limit('Phải có nhiều nhất # phần tử.', 'Must have at most # items.'),
  items: limit('Không được có quá # phần tử.', 'Must not have more than # items.'),
  uniqueItems: plain('Các phần tử không được trùng nhau.', 'The items must differ from one another.'),
  contains: containsDetail,
  minProperties: limit('Phải có ít nhất # thành phần.', 'Must have at least # members.'),
  maxProperties: limit('Phải có nhiều nhất # thành phần.', 'Must have at most # members.'),
  required: ({ missingProperty }) => ({
    vi: `Thiếu thành phần "${missingProperty}".`,
    en: `The member "${missingProperty}" is missing.`,
  }),
  dependentRequired: ({ missingProperty, property }) => ({
    vi: `Có "${property}" thì phải có "${missingProperty}".`,
    en: `The member "${missingProperty}" must stand beside "${property}".`,
  }),
  additionalProperties: ({ additionalProperty }) => ({
    vi: `Có thành phần${quoteName(String(additionalProperty))} ngoài lược đồ.`,
    en: `A member${quoteName(String(additionalProperty))} is not in the contract.`,
  }),
  propertyNames: plain('Tên thành phần không hợp lệ.', 'The name of a member is not valid.'),
  oneOf: plain(
    'Phải đúng với đúng một trong các dạng của lược đồ.',
    'Must have exactly one of the forms given.',
  ),
  anyOf: plain('Phải đúng với một trong các dạng của lược đồ.', 'Must have one of the forms given.'),
  not: plain('Có dạng mà lược đồ cấm.', 'Has a form that the contract forbids.'),
  if: plain('Không thỏa điều kiện của lược đồ.', 'Does not meet a condition of the contract.'),
  'false schema': plain('Không được có giá trị ở đây.', 'There must be no value here.'),
  'x-consistent-person': consistentPersonDetail,
}

const UNKNOWN_RULE: Bilingual = { vi: 'Không đúng lược đồ.', en: 'Does not meet the contract.' }

const INDEX = /^\d{1,6}$/

/**
 * A member that the contract does not name may have data for a name (a map by personal id): its place in
 * the pointer is told as `*`.
 */
function maskPointer(instancePath: string, names: ReadonlySet<string> | undefined): string {
  if (names === undefined) return instancePath
  return parsePointer(instancePath).reduce(
    (pointer, token) => pointerTo(pointer, names.has(token) || INDEX.test(token) ? token : '*'),
    '',
  )
}

/**
 * @param names every name of a member in the contract and its dictionary; absent for a document that holds
 * no personal data, where every name may be told.
 * @returns what ajv found as violations, each once, at most `MAX_VIOLATIONS`; no value of the data in them.
 */
export function violationsOf(
  errors: readonly ErrorObject[],
  names?: ReadonlySet<string>,
): readonly Violation[] {
  const found = new Map<string, Violation>()
  for (const { keyword, instancePath, params } of errors) {
    // A failed `if` only repeats what the branch it chose has said.
    if (keyword === 'if' && errors.length > 1) continue
    const pointer = maskPointer(instancePath, names)
    const detail = DETAILS[keyword]?.(params) ?? UNKNOWN_RULE
    const missing: unknown = keyword === 'required' ? params['missingProperty'] : undefined
    const member = typeof missing === 'string' && names?.has(missing) ? { member: missing } : {}
    found.set(`${pointer} ${keyword} ${detail.en}`, { pointer, rule: keyword, detail, ...member })
    if (found.size === MAX_VIOLATIONS) break
  }
  return [...found.values()]
}

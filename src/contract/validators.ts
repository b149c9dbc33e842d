import { _, Ajv2020, type ErrorObject, nil, type ValidateFunction } from 'ajv/dist/2020.js'
import type { DataValidateFunction } from 'ajv/dist/types/index.js'
import { type Documents, isMembers, type Location, membersOf, referredBy, uriOf } from './document.ts'
import { agreesWithBirth, createFormats } from './formats.ts'
import { compileLinear, compilePattern, type Matcher } from './pattern.ts'
import { ANNOTATION } from './schema-rules.ts'

/** Compiled schemas of a set of documents; each is compiled when it is first asked for. */
export interface Validators {
  /** @throws Error where ajv can't compile the schema; admission with a full check rules that out. */
  validatorAt(location: Location): ValidateFunction
}

/** What stands at the top of a contract beside its schemas; ajv has to know it means nothing there. */
const OPENAPI_MEMBERS = [
  'openapi',
  'info',
  'jsonSchemaDialect',
  'servers',
  'security',
  'tags',
  'externalDocs',
  'paths',
  'webhooks',
  'components',
  'example',
]

/** As ajv takes an engine; `code` is what it would write into a standalone file, which nobody asks for. */
const LINEAR = Object.assign((pattern: string) => compileLinear(pattern), { code: 'RE2' })

const CONSISTENT_PERSON = 'x-consistent-person'

function textAt(data: object, name: unknown): string | undefined {
  if (typeof name !== 'string' || !isMembers(data)) return undefined
  const value = Object.hasOwn(data, name) ? data[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/**
 * The keyword `x-consistent-person: { id, birthDate, sex }`: the members of those names belong to one
 * person, so the century, year and sex in the id must agree with the others. Absent members are not compared.
 */
function compileConsistentPerson(roles: unknown): DataValidateFunction {
  const { id, birthDate, sex } = isMembers(roles) ? roles : {}
  const judge = (data: object): 'birthDate' | 'sex' | undefined => {
    const number = textAt(data, id)
    if (number === undefined) return undefined
    if (!agreesWithBirth(number, textAt(data, birthDate), undefined)) return 'birthDate'
    return agreesWithBirth(number, undefined, textAt(data, sex)) ? undefined : 'sex'
  }
  const check: DataValidateFunction = (data: object) => {
    const against = judge(data)
    if (against !== undefined) check.errors = [disagreement(against)]
    return against === undefined
  }
  return check
}

function disagreement(against: string): Partial<ErrorObject> {
  return { keyword: CONSISTENT_PERSON, params: { against } }
}

/** Unicode code points, as JSON Schema counts: a surrogate pair is one. */
function countCodePoints(text: string): number {
  let count = text.length
  for (let index = 0; index < text.length; index += 1) {
    if ((text.codePointAt(index) ?? 0) > 0xffff) {
      count -= 1
      index += 1
    }
  }
  return count
}

/**
 * `minLength` and `maxLength` that count code points only where the number of UTF-16 units leaves the answer
 * open. ajv counts every text, which is a fifth of the time of validating an answer full of names.
 */
function replaceLengthKeywords(ajv: Ajv2020): void {
  for (const keyword of ['minLength', 'maxLength'] as const) {
    ajv.removeKeyword(keyword)
    ajv.addKeyword({
      keyword,
      type: 'string',
      schemaType: 'number',
      // A text that is too long must not reach a pattern.
      before: 'pattern',
      error: { message: '', params: ({ schemaCode }) => _`{limit: ${schemaCode}}` },
      code: (context) => {
        const { gen, data, schemaCode: limit } = context
        const count = gen.scopeValue('func', { ref: countCodePoints })
        const fails =
          keyword === 'maxLength'
            ? _`${data}.length > ${limit} && ${count}(${data}) > ${limit}`
            : _`${data}.length < ${limit} * 2 && ${count}(${data}) < ${limit}`
        context.fail(fails)
      },
    })
  }
}

/** `pattern` matched by an engine whose time is bounded, and only on texts that `maxLength` lets through. */
function replacePatternKeyword(ajv: Ajv2020): void {
  const matchers = new Map<string, Matcher>()
  const matcherOf = (pattern: string, longest: number | undefined): Matcher => {
    const key = `${longest} ${pattern}`
    const matcher = matchers.get(key) ?? compilePattern(pattern, longest)
    matchers.set(key, matcher)
    return matcher
  }
  ajv.removeKeyword('pattern')
  ajv.addKeyword({
    keyword: 'pattern',
    type: 'string',
    schemaType: 'string',
    error: { message: '', params: ({ schemaCode }) => _`{pattern: ${schemaCode}}` },
    code: (context) => {
      const { gen, data, schema, parentSchema } = context
      const { maxLength } = parentSchema
      const longest = typeof maxLength === 'number' ? maxLength : undefined
      const matcher = gen.scopeValue('pattern', { ref: matcherOf(String(schema), longest) })
      const isReached = longest === undefined ? nil : _`${data}.length <= ${longest * 2} && `
      context.fail(_`${isReached}!${matcher}.test(${data})`)
    },
  })
}

/** @returns every `x-…` name in a document; as a keyword it is an annotation. */
function annotationsIn(content: unknown): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    for (const [name, member] of membersOf(value)) {
      if (name.startsWith('x-')) names.add(name)
      visit(member)
    }
  }
  visit(content)
  return names
}

/**
 * @param options.allErrors whether a validator goes on after the first error.
 * @param options.inline whether what is referred to is copied into each user: a third faster to call, and more to compile.
 * Off for those compiled to see whether they can be, or to explain a failure.
 */
export function createValidators(
  documents: Documents,
  options: { readonly syntheticPersons: boolean; readonly allErrors: boolean; readonly inline: boolean },
): Validators {
  const ajv = new Ajv2020({
    strict: true,
    // Admission has a rule of its own, which sees members declared around a combination.
    strictRequired: false,
    ownProperties: true,
    allErrors: options.allErrors,
    $data: false,
    discriminator: false,
    coerceTypes: false,
    validateFormats: true,
    messages: false,
    // Checked by admission, once, and not at every start.
    validateSchema: false,
    meta: false,
    addUsedSchema: false,
    inlineRefs: options.inline,
    logger: false,
    // V8 makes as much of the code as it is: ajv's own passes take longer than the rest of compiling, for 3 % of a check.
    // Whatever else ajv might match, it matches in linear time.
    code: { optimize: false, regExp: LINEAR },
  })
  for (const [name, format] of Object.entries(createFormats(options))) ajv.addFormat(name, format)
  replaceLengthKeywords(ajv)
  replacePatternKeyword(ajv)
  ajv.addVocabulary(OPENAPI_MEMBERS)
  ajv.addKeyword({
    keyword: CONSISTENT_PERSON,
    type: 'object',
    schemaType: 'object',
    errors: true,
    compile: compileConsistentPerson,
  })

  const keywords = new Set([CONSISTENT_PERSON])
  const added = new Set<string>()
  function add(path: string): void {
    if (added.has(path)) return
    added.add(path)
    const content = documents.get(path)
    if (!isMembers(content)) return
    for (const name of annotationsIn(content)) {
      if (keywords.has(name) || !ANNOTATION.test(name)) continue
      keywords.add(name)
      ajv.addKeyword(name)
    }
    ajv.addSchema(content, uriOf({ path, pointer: '' }))
    for (const referred of referredBy(path, documents)) add(referred)
  }

  return {
    validatorAt: (location) => {
      add(location.path)
      const validate = ajv.getSchema(uriOf(location))
      if (validate === undefined) throw new Error(`there is no schema at ${uriOf(location)}`)
      // `$async` is refused by admission: what is left answers at once.
      return validate as ValidateFunction
    },
  }
}

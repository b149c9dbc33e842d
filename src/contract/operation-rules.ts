import type { Bilingual } from '../model/identifier.ts'
import { isAnonymisedForm } from './anonymised-rules.ts'
import { type Documents, inside, isMembers, type Location } from './document.ts'
import { parsePointer } from './minimise.ts'
import type { ContractDescription, OperationDescription, ParameterDescription } from './openapi.ts'
import { isParameterType, parameterTypeOf } from './parameters.ts'
import { createMemberLookUp, reachableFrom } from './schema.ts'

/** What makes an operation one that can't be carried, or not safely. */
export interface OperationRule {
  readonly rule: string
  /** Of operations alone where absent: an event has neither path nor parameters nor answers. */
  readonly of?: 'all' | 'events'
  /** @returns where the faults are. */
  readonly find: (
    operation: OperationDescription,
    contract: ContractDescription,
    documents: Documents,
  ) => readonly Location[]
  readonly detail: Bilingual
}

const TEMPLATE = /^\/$|^(?:\/(?:[A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9_-]*\}))+$/

/** Header parameters that the gateway itself reads; they may be documented, others would never arrive. */
const HEADERS: ReadonlySet<string> = new Set([
  'accept-language',
  'exchange-dossier',
  'exchange-fields',
  'exchange-note',
  'exchange-officer',
  'exchange-procedure',
  'exchange-purpose',
  'idempotency-key',
  'traceparent',
])

function when(broken: boolean, ...locations: readonly Location[]): readonly Location[] {
  return broken ? locations : []
}

function parametersThat(
  { parameters }: OperationDescription,
  isBroken: (parameter: ParameterDescription) => boolean,
): readonly Location[] {
  return parameters.filter(isBroken).map(({ location }) => location)
}

function templateNames(pathTemplate: string): readonly string[] {
  return [...pathTemplate.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '')
}

/** Two templates that differ only in the names of their parameters match the same paths. */
function shapeOf({ method, pathTemplate }: OperationDescription): string {
  return `${method} ${pathTemplate.replaceAll(/\{[^}]*\}/g, '{}')}`
}

function isPersonal(documents: Documents, { schema }: ParameterDescription): boolean {
  return reachableFrom(documents, [schema]).some(
    (reached) => isMembers(reached.schema) && reached.schema['x-personal'] === true,
  )
}

function isRepeated(parameter: ParameterDescription, { parameters }: OperationDescription): boolean {
  return (
    parameters.find(({ name, in: place }) => name === parameter.name && place === parameter.in) !== parameter
  )
}

function isSubjectDescribed(documents: Documents, { subjectPointer, body }: OperationDescription): boolean {
  if (subjectPointer === undefined) return true
  if (body === undefined) return false
  return createMemberLookUp(documents, [body.schema], { throughArrays: false })(parsePointer(subjectPointer))
}

function areCodesDescribed(documents: Documents, { codes = {}, body }: OperationDescription): boolean {
  const pointers = Object.keys(codes)
  if (body === undefined) return pointers.length === 0
  const has = createMemberLookUp(documents, [body.schema], { throughArrays: false })
  return pointers.every((pointer) => has(parsePointer(pointer)))
}

/** A batch stands for a verification by POST whose subject is known, and both list what they carry under fixed names. */
function isBatchForm(
  documents: Documents,
  { batch, kind, method, body, responses }: OperationDescription,
  { operations }: ContractDescription,
): boolean {
  if (batch === undefined) return true
  const single = operations.find(({ id }) => id === batch.of)
  if (single?.kind !== 'verify' || single.method !== 'POST' || single.subjectPointer === undefined)
    return false
  const answer = responses.get('200')
  if (kind !== 'verify' || method !== 'POST' || body === undefined || answer === undefined) return false
  const has = (schema: Location, member: string) =>
    createMemberLookUp(documents, [schema], { throughArrays: false })([member])
  return has(body.schema, 'items') && has(answer, 'results')
}

/** The name under `webhooks` of an event's `post`. */
function webhookOf({ pointer }: Location): string | undefined {
  return parsePointer(pointer).at(-2)
}

/** Every rule that an operation has to keep, one entry each. */
export const OPERATION_RULES: readonly OperationRule[] = [
  {
    rule: 'operation_id_repeated',
    of: 'all',
    find: (operation, { operations }) =>
      when(
        operations.find(({ id }) => id === operation.id) !== operation,
        inside(operation.location, 'operationId'),
      ),
    detail: { vi: 'operationId bị lặp trong hợp đồng.', en: 'The operationId is repeated in the contract.' },
  },
  {
    rule: 'title_missing',
    of: 'all',
    find: ({ title, location }) => when(title === undefined, location),
    detail: { vi: 'Cần x-exchange.title hoặc summary.', en: 'x-exchange.title or a summary is needed.' },
  },
  {
    rule: 'path_malformed',
    find: ({ pathTemplate, location }) => when(!TEMPLATE.test(pathTemplate), location),
    detail: {
      vi: 'Đường dẫn chỉ gồm chữ cái ASCII, chữ số, . _ ~ - và tham số {ten} chiếm trọn một đoạn.',
      en: 'A path consists of ASCII letters, digits, . _ ~ - and parameters {name} that fill a whole segment.',
    },
  },
  {
    rule: 'path_ambiguous',
    find: (operation, { operations }) =>
      when(
        operations.find((other) => shapeOf(other) === shapeOf(operation)) !== operation,
        operation.location,
      ),
    detail: {
      vi: 'Một thao tác khác có cùng phương thức và đường dẫn.',
      en: 'Another operation has the same method and path.',
    },
  },
  {
    rule: 'path_parameters_differ',
    find: ({ pathTemplate, parameters, location }) => {
      const named = templateNames(pathTemplate)
      const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      const same =
        new Set(named).size === named.length && [...named].sort().join() === [...described].sort().join()
      return when(!same, location)
    },
    detail: {
      vi: 'Tham số trong đường dẫn và tham số in: path phải như nhau.',
      en: 'The parameters in the path and those with in: path must be the same.',
    },
  },
  {
    rule: 'path_parameter_optional',
    find: (operation) =>
      parametersThat(operation, (parameter) => parameter.in === 'path' && !parameter.required),
    detail: { vi: 'Tham số đường dẫn phải có required: true.', en: 'A path parameter needs required: true.' },
  },
  {
    rule: 'parameter_repeated',
    find: (operation) => parametersThat(operation, (parameter) => isRepeated(parameter, operation)),
    detail: { vi: 'Tham số bị lặp.', en: 'The parameter is repeated.' },
  },
  {
    rule: 'parameter_header',
    find: (operation) =>
      parametersThat(
        operation,
        ({ in: place, name }) => place === 'header' && !HEADERS.has(name.toLowerCase()),
      ),
    detail: {
      vi: 'Cổng không chuyển tiêu đề này; đưa dữ liệu vào nội dung yêu cầu.',
      en: 'The gateway does not carry this header; put the data into the body.',
    },
  },
  {
    rule: 'parameter_type',
    find: (operation, _contract, documents) =>
      parametersThat(
        operation,
        ({ in: place, schema }) => place !== 'header' && !isParameterType(parameterTypeOf(documents, schema)),
      ),
    detail: {
      vi: 'Tham số phải có đúng một kiểu: string, integer, number hoặc boolean.',
      en: 'A parameter needs exactly one type: string, integer, number or boolean.',
    },
  },
  {
    rule: 'parameter_personal',
    find: (operation, _contract, documents) =>
      parametersThat(operation, (parameter) => isPersonal(documents, parameter)),
    detail: {
      vi: 'Dữ liệu cá nhân không được nằm trong địa chỉ hay tiêu đề; đưa vào nội dung của một thao tác POST.',
      en: 'Personal data must not stand in an address or header; put it into the body of a POST.',
    },
  },
  {
    rule: 'body_unexpected',
    find: ({ method, body, location }) =>
      when((method === 'GET' || method === 'DELETE') && body !== undefined, inside(location, 'requestBody')),
    detail: { vi: 'GET và DELETE không có nội dung.', en: 'GET and DELETE have no body.' },
  },
  {
    rule: 'submit_by_get',
    find: ({ method, kind, location }) => when(method === 'GET' && kind === 'submit', location),
    detail: { vi: 'Thao tác submit không dùng GET.', en: 'A submit operation does not use GET.' },
  },
  {
    rule: 'request_form',
    find: ({ method, kind, pathTemplate, responses, location }) =>
      when(
        kind === 'request' &&
          (method !== 'POST' || pathTemplate.includes('{') || !responses.has('200') || !responses.has('202')),
        location,
      ),
    detail: {
      vi: 'Thao tác request dùng POST, đường dẫn không tham số, có trả lời 202 (đã nhận) và 200 (kết quả).',
      en: 'A request operation is a POST to a path without parameters, with the answers 202 (taken) and 200 (the result).',
    },
  },
  {
    rule: 'subject_unknown',
    of: 'all',
    find: (operation, _contract, documents) =>
      when(!isSubjectDescribed(documents, operation), inside(operation.location, 'x-exchange', 'subject')),
    detail: {
      vi: 'Con trỏ subject phải trỏ tới một thành phần của nội dung yêu cầu hoặc sự kiện.',
      en: 'The subject pointer must lead to a member of the request body or of the event.',
    },
  },
  {
    rule: 'codes_unknown',
    find: (operation, _contract, documents) =>
      when(!areCodesDescribed(documents, operation), inside(operation.location, 'x-exchange', 'codes')),
    detail: {
      vi: 'Con trỏ trong codes phải trỏ tới một thành phần của nội dung yêu cầu.',
      en: 'A pointer in codes must lead to a member of the request body.',
    },
  },
  {
    rule: 'batch_form',
    find: (operation, contract, documents) =>
      when(!isBatchForm(documents, operation, contract), inside(operation.location, 'x-exchange', 'batch')),
    detail: {
      vi: 'batch.of phải là một thao tác verify (POST, có subject) của hợp đồng; nội dung có items, câu trả lời 200 có results.',
      en: 'batch.of must be a verify operation (POST, with a subject) of the contract; the body has items, the 200 answer has results.',
    },
  },
  {
    rule: 'anonymised_form',
    find: (operation, _contract, documents) =>
      when(!isAnonymisedForm(documents, operation), inside(operation.location, 'x-exchange', 'anonymised')),
    detail: {
      vi: 'Tập ẩn danh là một thao tác lookup (POST, không subject): nội dung có from và most, câu trả lời 200 có rows; columns nêu đúng từng thành phần của một dòng, ít nhất một quasi, và trường x-personal không để nguyên.',
      en: 'An anonymised set is a lookup (POST, no subject): the body has from and most, the 200 answer has rows; columns name each member of a row and no other, at least one quasi, and an x-personal one is not told as it is.',
    },
  },
  {
    rule: 'response_status',
    find: ({ responses, location }) =>
      [...responses.keys()]
        .filter((status) => !/^[245](?:\d\d|XX)$/.test(status))
        .map((status) => inside(location, 'responses', status)),
    detail: {
      vi: 'Trạng thái phải là một mã 2xx, 4xx, 5xx hoặc khoảng như 4XX; default che giấu nên không được dùng.',
      en: 'A status is a code 2xx, 4xx, 5xx or a range such as 4XX; default would hide the unlisted.',
    },
  },
  {
    rule: 'response_success_missing',
    find: ({ responses, location }) =>
      when(![...responses.keys()].some((status) => status.startsWith('2')), inside(location, 'responses')),
    detail: { vi: 'Cần ít nhất một trạng thái 2xx.', en: 'At least one 2xx status is needed.' },
  },
  {
    rule: 'event_name_differs',
    of: 'events',
    find: ({ id, location }) => when(webhookOf(location) !== id, inside(location, 'operationId')),
    detail: {
      vi: 'operationId của sự kiện phải trùng tên của nó trong webhooks.',
      en: 'The operationId of an event must be its name among the webhooks.',
    },
  },
  {
    rule: 'event_data_optional',
    of: 'events',
    find: ({ body, location }) => when(body?.required !== true, inside(location, 'requestBody')),
    detail: {
      vi: 'Sự kiện cần requestBody.required: true.',
      en: 'An event needs requestBody.required: true.',
    },
  },
]

/** @returns the rules that an operation, or an event, has to keep. */
export function rulesFor({ kind }: OperationDescription): readonly OperationRule[] {
  const own = kind === 'event' ? 'events' : undefined
  return OPERATION_RULES.filter(({ of }) => of === 'all' || of === own)
}

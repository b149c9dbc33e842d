import type { AnonymityRules } from '../model/anonymity.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { OperationKind } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import { type BundledDocument, bundleDocument } from './bundle.ts'
import { type CheckFactory, type LazyCheck, lazy } from './checks.ts'
import { compileDeclared } from './declared.ts'
import type { Documents } from './document.ts'
import { type OperationMembers, viewMembers } from './members.ts'
import { isPointer, type Projection, parsePointer } from './minimise.ts'
import type {
  BatchForm,
  ContractDescription,
  Freshness,
  OperationDescription,
  PersonalDataClass,
} from './openapi.ts'
import {
  type CompiledParameter,
  createParameterCheck,
  isParameterType,
  parameterTypeOf,
} from './parameters.ts'
import { createRoutes, type PathParameters, type RouteMatch } from './routes.ts'
import { createMemberLookUp } from './schema.ts'

/** The parts of a request that a contract speaks of; nothing in them is trusted. */
export interface RequestParts {
  /** As `Contract.match` gave them. */
  readonly pathParameters: PathParameters
  readonly query: URLSearchParams | undefined
  /** Parsed JSON; `undefined` where there was no body. */
  readonly body: unknown
}

/** One method and path of a contract, or one of its event types, ready for exchanges. */
export interface Operation {
  readonly id: string
  /** Upper case. */
  readonly method: string
  readonly pathTemplate: string
  readonly title: Bilingual
  readonly kind: OperationKind
  /** Whether a record must be durable before the provider is called. */
  readonly durableBefore: boolean
  /** Whether it may be sent to the provider again after a failure. */
  readonly idempotent: boolean
  readonly personalData: PersonalDataClass
  /** JSON Pointer to the data subject in the request body; of an event to whom or what its data tell of. */
  readonly subjectPointer: string | undefined
  /** Where it does for many at once what another operation does for one. */
  readonly batch: BatchForm | undefined
  /** Of a data set that leaves as an anonymised package alone: by which rules. */
  readonly anonymised?: AnonymityRules | undefined
  /** By JSON Pointer into the body: the list whose national codes stand there; a consumer's own are mapped to them. */
  readonly codes?: Readonly<Record<string, string>> | undefined
  /** Of an event whose contract promises it. */
  readonly freshness?: Freshness | undefined
  /** @throws GatewayError `request_invalid` with what the request breaks. */
  checkRequest(request: RequestParts): void
  /** @returns what a body breaks; undefined where it keeps the contract. For many bodies: it throws nothing. */
  judgeBody(body: unknown): readonly Violation[] | undefined
  /** @throws GatewayError `response_invalid` with what the answer breaks; an unlisted status is one. */
  checkResponse(status: number, body: unknown): void
  /** @returns what the contract declares of an answer that passed `checkResponse`; the rest nobody agreed to. */
  keepDeclared(status: number, body: unknown): unknown
  /** @returns whether a 2xx answer describes the member; arrays are passed through, as in agreements. */
  hasField(pointer: string): boolean
  /** What its bodies consist of; absent of what has no document. */
  readonly members?: () => OperationMembers
}

/** What may be said between a consumer and a provider: an OpenAPI document, compiled. */
export interface Contract {
  /** Of the document, relative to `schemas/`. */
  readonly path: string
  /**
   * SHA-256, hex, of the canonical JSON (RFC 8785) of an object whose members are the document and those it
   * refers to, directly or not, by path: the same digest, the same meaning.
   */
  readonly digest: string
  readonly title: Bilingual
  readonly version: string
  /** Whether there is no document: messages are passed whole. */
  readonly isOpaque?: boolean
  readonly operations: ReadonlyMap<string, Operation>
  /** @param path inside the service, `/` first, decoded once. */
  match(method: string, path: string): RouteMatch<Operation> | undefined
  /** The document with what it uses of the dictionary in it, made anew at each call. */
  bundle(): BundledDocument
}

const BODY_MISSING: Violation = {
  pointer: '',
  rule: 'required',
  detail: { vi: 'Thiếu nội dung.', en: 'The body is missing.' },
}
const BODY_UNEXPECTED: Violation = {
  pointer: '',
  rule: 'body_unexpected',
  detail: { vi: 'Không được có nội dung.', en: 'There must be no body.' },
}
const STATUS_UNLISTED: Violation = {
  pointer: '',
  rule: 'status_unlisted',
  detail: { vi: 'Trạng thái này không có trong hợp đồng.', en: 'This status is not in the contract.' },
}

/** What is compiled for one operation. */
interface Parts {
  readonly documents: Documents
  readonly createCheck: CheckFactory
  /** Called with each step that can be taken before the first exchange. */
  readonly onLazy: (prepare: () => void) => void
}

function compileParameters({ parameters }: OperationDescription, parts: Parts): readonly CompiledParameter[] {
  return parameters.flatMap(({ name, in: place, required, schema }): CompiledParameter[] => {
    const type = parameterTypeOf(parts.documents, schema)
    if (place === 'header' || !isParameterType(type)) return []
    const { check, prepare } = parts.createCheck(schema)
    parts.onLazy(prepare)
    return [{ name, in: place, required, type, check: (value) => check(value) ?? [] }]
  })
}

function compileRequestCheck(
  description: OperationDescription,
  parts: Parts,
): Pick<Operation, 'checkRequest' | 'judgeBody'> {
  const checkParameters = createParameterCheck(compileParameters(description, parts))
  const { body } = description
  const content = body && parts.createCheck(body.schema)
  if (content !== undefined) parts.onLazy(content.prepare)
  const isRequired = body?.required === true

  const judgeBody = (value: unknown): readonly Violation[] | undefined => {
    if (content === undefined) return value === undefined ? undefined : [BODY_UNEXPECTED]
    if (value === undefined) return isRequired ? [BODY_MISSING] : undefined
    return content.check(value)
  }
  return {
    judgeBody,
    checkRequest(request) {
      checkParameters({ path: request.pathParameters, query: request.query })
      const errors = judgeBody(request.body)
      if (errors !== undefined) throw new GatewayError('request_invalid', { errors })
    },
  }
}

/** The check of an answer's content and what may leave of it; `undefined` where the status has none. */
type Answer = { readonly content: (LazyCheck & { readonly keep: () => Projection }) | undefined }

function judgeAnswer(answer: Answer | undefined, body: unknown): readonly Violation[] | undefined {
  if (answer === undefined) return [STATUS_UNLISTED]
  if (answer.content === undefined) return body === undefined ? undefined : [BODY_UNEXPECTED]
  return body === undefined ? [BODY_MISSING] : answer.content.check(body)
}

/** How a provider named a member nobody declared may be data, and is told to the consumer by nobody. */
function withoutName(violation: Violation): Violation {
  if (violation.rule !== 'additionalProperties') return violation
  const detail = { vi: 'Có thành phần ngoài lược đồ.', en: 'A member is not in the contract.' }
  return { ...violation, detail }
}

function compileAnswers(
  { responses }: OperationDescription,
  parts: Parts,
): Pick<Operation, 'checkResponse' | 'keepDeclared'> {
  const exact = new Map<number, Answer>()
  const byHundred = new Map<number, Answer>()
  for (const [status, schema] of responses) {
    const content = schema && {
      ...parts.createCheck(schema),
      keep: lazy(() => compileDeclared(parts.documents, schema)),
    }
    if (content !== undefined) {
      parts.onLazy(content.prepare)
      parts.onLazy(content.keep)
    }
    if (status.endsWith('XX')) byHundred.set(Number(status[0]), { content })
    else exact.set(Number(status), { content })
  }
  const answerOf = (status: number) => exact.get(status) ?? byHundred.get(Math.floor(status / 100))
  return {
    checkResponse(status, body) {
      const errors = judgeAnswer(answerOf(status), body)
      if (errors !== undefined)
        throw new GatewayError('response_invalid', { errors: errors.map(withoutName) })
    },
    keepDeclared: (status, body) => answerOf(status)?.content?.keep()(body),
  }
}

function createFieldLookUp({ responses }: OperationDescription, documents: Documents): Operation['hasField'] {
  const answers = [...responses].flatMap(([status, schema]) =>
    status.startsWith('2') && schema !== undefined ? [schema] : [],
  )
  const lookUp = lazy(() => createMemberLookUp(documents, answers, { throughArrays: true }))
  return (pointer) => isPointer(pointer) && lookUp()(parsePointer(pointer))
}

function describeMembers(
  { parameters, body, responses }: OperationDescription,
  documents: Documents,
): () => OperationMembers {
  const answer = responses.get('200')
  return lazy(() => ({
    hasParameters: parameters.some((parameter) => parameter.in !== 'header'),
    request: body && viewMembers(documents, body.schema),
    answer: answer && viewMembers(documents, answer),
  }))
}

function createOperation(description: OperationDescription, parts: Parts): Operation {
  const { id, method, pathTemplate, title = { vi: id, en: id } } = description
  const { kind, durableBefore, personalData, subjectPointer, batch, codes, freshness } = description
  const { anonymised } = description
  return Object.freeze({
    id,
    method,
    pathTemplate,
    title,
    kind,
    durableBefore,
    idempotent: kind !== 'submit' && kind !== 'request',
    personalData,
    subjectPointer,
    batch,
    anonymised,
    codes,
    freshness,
    ...compileRequestCheck(description, parts),
    ...compileAnswers(description, parts),
    hasField: createFieldLookUp(description, parts.documents),
    members: describeMembers(description, parts.documents),
  })
}

/**
 * Makes a contract of a description that was admitted. Nothing is compiled yet: each validator is, at its
 * first use or when its preparation is called.
 */
export function createContract(description: ContractDescription, digest: string, parts: Parts): Contract {
  const operations = description.operations.map((operation) => createOperation(operation, parts))
  return Object.freeze({
    path: description.path,
    digest,
    title: description.title,
    version: description.version,
    operations: new Map(operations.map((operation) => [operation.id, operation])),
    match: createRoutes(operations.filter(({ kind }) => kind !== 'event')),
    bundle: () => bundleDocument(parts.documents, description.path),
  })
}

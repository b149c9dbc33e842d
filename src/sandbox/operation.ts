import { type Person, parsePersonalId } from './person-number.ts'
import type { Entry, Register } from './register.ts'
import { ANSWERED_ENDINGS } from './scenarios.ts'

/** What one agency of the sandbox was asked. */
export interface SandboxRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly idempotencyKey: string | undefined
}

export interface SandboxAnswer {
  readonly status: number
  readonly body: unknown
}

/** One thing an agency answers, at `POST {path}`. */
export interface SandboxOperation {
  readonly path: string
  readonly kind: 'lookup' | 'verify' | 'submit' | 'request'
  /** Members of the request whose endings provoke faults. */
  readonly identifiers: readonly string[]
  answer(request: SandboxRequest): SandboxAnswer
}

/** @returns a member of a request where it is a text, else the empty text, which identifies nothing. */
export function textOf(request: SandboxRequest, member: string): string {
  const value = request.body[member]
  return typeof value === 'string' ? value : ''
}

/** An answer other than 200, of the shape `dictionary/refusal.yaml` gives it. */
export function refuse(status: number, code: string, message: string): SandboxAnswer {
  return { status, body: { code, message } }
}

/** The answer about what the agency does not hold; it repeats nothing of the request. */
export function notFound(): SandboxAnswer {
  return refuse(404, 'not_found', 'Không có dữ liệu theo thông tin đã cho.')
}

/** The answer to what contradicts what the agency holds. */
export function conflict(): SandboxAnswer {
  return refuse(409, 'conflict', CONFLICTS.content)
}

const CONFLICTS = {
  key: 'Idempotency-Key đã dùng cho nội dung khác.',
  content: 'Đã nhận nội dung khác cho cùng việc này.',
} as const

/** Takes a claim down. @returns what `tell` says of its entry, or 409. */
export function enter<T>(
  register: Register<T>,
  claim: T,
  { idempotencyKey }: SandboxRequest,
  tell: (entry: Entry<T>) => object,
): SandboxAnswer {
  const submission = register.submit(claim, idempotencyKey)
  if ('conflict' in submission) return refuse(409, 'conflict', CONFLICTS[submission.conflict])
  return { status: 200, body: tell(submission.entry) }
}

/** @returns the person of a request who is in the register. */
export function personIn(request: SandboxRequest, member = 'personalId'): Person | undefined {
  return parsePersonalId(textOf(request, member), ANSWERED_ENDINGS)
}

/** An answer of 200 with the time of its data; 404 where nothing was found. */
export function answer(body: object | undefined, now: () => Date): SandboxAnswer {
  return body === undefined ? notFound() : { status: 200, body: { ...body, dataAsOf: now().toISOString() } }
}

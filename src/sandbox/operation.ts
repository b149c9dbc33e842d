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
  readonly kind: 'lookup' | 'verify' | 'submit'
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

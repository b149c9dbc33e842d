import { setTimeout as wait } from 'node:timers/promises'
import { refuse, type SandboxAnswer, type SandboxOperation, type SandboxRequest } from './operation.ts'
import { type Misconduct, misconductFor, SCENARIOS } from './scenarios.ts'

/** How a whole agency can be made to fail. `down` refuses connections; the others answer badly. */
export type BreakMode = 'down' | 'slow' | 'garbage' | 'error'

/** Waits for so many milliseconds. */
export type Delay = (ms: number) => Promise<void>

/** Bytes to send, or `undefined` where no answer is ever given. */
export type Reply =
  | {
      readonly status: number
      readonly text: string /** JSON where absent. */
      readonly contentType?: string
    }
  | undefined

/** How late a slow answer is. */
const SLOW_MS = 3_000

/** The real delay. It does not keep the process alive. */
export const waitFor: Delay = (ms) => wait(ms, undefined, { ref: false })

/** What old systems do: HTTP 200, and the error inside. */
const OUTSIDE_SCHEMA = { error_code: '-1', message: 'Lỗi hệ thống', data: 'null' }

function toReply({ status, body }: SandboxAnswer): Reply {
  return { status, text: JSON.stringify(body) }
}

function misconductOf(operation: SandboxOperation, request: SandboxRequest): Misconduct | undefined {
  for (const member of operation.identifiers) {
    const identifier = request.body[member]
    const misconduct = typeof identifier === 'string' ? misconductFor(identifier) : undefined
    if (misconduct !== undefined) return misconduct
  }
  return undefined
}

/** Answers one request to an agency that works, with the faults that its numbers ask for. */
export async function respond(
  operation: SandboxOperation,
  request: SandboxRequest,
  delay: Delay,
): Promise<Reply> {
  switch (misconductOf(operation, request)) {
    case 'not_found':
      return toReply(refuse(404, 'not_found', 'Không có dữ liệu theo thông tin đã cho.'))
    case 'conflict':
      if (operation.kind !== 'submit' && operation.kind !== 'request') break
      return toReply(refuse(409, 'conflict', 'Đã có dữ liệu trái với nội dung nộp.'))
    case 'answer_invalid':
      return toReply({ status: 200, body: OUTSIDE_SCHEMA })
    case 'unavailable':
      return toReply(refuse(503, 'unavailable', 'Hệ thống đang tạm ngừng.'))
    case 'no_answer':
      return undefined
    case 'slow':
      await delay(SLOW_MS)
      break
    case undefined:
      break
  }
  return toReply(operation.answer(request))
}

/** Answers where the agency as a whole is broken; `undefined` where it works, perhaps late. */
export async function respondBroken(mode: BreakMode | undefined, delay: Delay): Promise<Reply> {
  if (mode === 'garbage') return { status: 200, text: '<html><body>Bảo trì hệ thống</body></html>' }
  if (mode === 'error') return toReply(refuse(500, 'internal_error', 'Lỗi hệ thống.'))
  if (mode === 'slow') await delay(SLOW_MS)
  return undefined
}

/** What `GET /` tells: the operations and the numbers that provoke faults. */
export function describe(agency: string, operations: readonly SandboxOperation[]): Reply {
  return toReply({
    status: 200,
    body: {
      agency,
      operations: operations.map(({ path, kind }) => ({ method: 'POST', path, kind })),
      scenarios: SCENARIOS,
    },
  })
}

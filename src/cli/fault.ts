import type { Fault } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Terminal } from './terminal.ts'

/** Exit codes of every command; 130 is the shell's own for Ctrl-C. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  unreachable: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Whose side has to act; `you` is whoever typed the command. */
export type Side = Fault | 'you'

interface FaultParticulars {
  readonly title: Bilingual
  readonly detail?: Bilingual
  readonly side?: Side
  readonly fix?: Bilingual
  readonly retryAfterSeconds?: number | undefined
  /** Shown with `--debug` only. */
  readonly cause?: unknown
}

/** What went wrong in a command, in words for whoever typed it. */
export class CliFault extends Error {
  override readonly name = 'CliFault'
  readonly exit: ExitCode
  readonly code: string
  readonly particulars: FaultParticulars

  /** @param code stable `snake_case`, for `--json`. */
  constructor(exit: ExitCode, code: string, particulars: FaultParticulars) {
    super(`${code}: ${particulars.title.en}`, { cause: particulars.cause })
    this.exit = exit
    this.code = code
    this.particulars = particulars
  }
}

/** A command line that cannot be carried out as it was typed. */
export function usageFault(title: Bilingual, fix?: Bilingual): CliFault {
  return new CliFault(EXIT.usage, 'usage', { title, side: 'you', ...(fix && { fix }) })
}

export function interrupted(): CliFault {
  return new CliFault(EXIT.interrupted, 'interrupted', {
    title: { vi: 'Đã dừng theo yêu cầu.', en: 'Stopped as asked.' },
  })
}

const SIDES: Readonly<Record<Side, Bilingual>> = {
  you: { vi: 'bạn', en: 'yours' },
  consumer: { vi: 'bên hỏi (hệ thống của bạn)', en: 'the consumer (your system)' },
  provider: { vi: 'bên cung cấp dữ liệu', en: 'the provider of the data' },
  gateway: { vi: 'cổng liên thông', en: 'the gateway' },
}

const LABELS = {
  side: { vi: 'Bên cần xử lý', en: 'Whose side' },
  fix: { vi: 'Cách khắc phục', en: 'How to fix' },
  retry: { vi: 'Thử lại sau', en: 'Try again after' },
  seconds: { vi: 'giây', en: 's' },
} as const satisfies Record<string, Bilingual>

/** System errors an operator can do something about. */
const SYSTEM_ERRORS: Readonly<Record<string, Bilingual>> = {
  ENOENT: { vi: 'Không có tệp hoặc thư mục này', en: 'There is no such file or folder' },
  EACCES: { vi: 'Không có quyền truy cập', en: 'Access is denied' },
  EPERM: { vi: 'Thao tác không được phép', en: 'The operation is not permitted' },
  EISDIR: { vi: 'Đây là thư mục, không phải tệp', en: 'This is a folder, not a file' },
  ENOTDIR: { vi: 'Đây không phải thư mục', en: 'This is not a folder' },
  EEXIST: { vi: 'Đã có tệp này', en: 'The file is there already' },
  ENOSPC: { vi: 'Hết chỗ trên đĩa', en: 'The disk is full' },
  EROFS: { vi: 'Đĩa chỉ cho đọc', en: 'The disk is read-only' },
  EADDRINUSE: { vi: 'Cổng mạng đã có chương trình khác dùng', en: 'The port is taken by another program' },
}

function systemFault(error: Error & { readonly code?: unknown }): CliFault | undefined {
  const title = typeof error.code === 'string' ? SYSTEM_ERRORS[error.code] : undefined
  if (title === undefined) return undefined
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  return new CliFault(EXIT.failed, 'system', {
    title,
    ...(path !== undefined && { detail: { vi: path, en: path } }),
    side: 'you',
    cause: error,
  })
}

function gatewayFault(error: GatewayError): CliFault {
  const { entry, detail, retryAfterSeconds } = error
  return new CliFault(EXIT.failed, error.code, {
    title: entry.title,
    ...(detail && { detail }),
    side: entry.fault,
    fix: entry.fix,
    retryAfterSeconds,
    cause: error,
  })
}

/** Whatever was thrown, as a fault that can be shown. */
export function asFault(thrown: unknown): CliFault {
  if (thrown instanceof CliFault) return thrown
  if (thrown instanceof GatewayError) return gatewayFault(thrown)
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return (
    systemFault(error) ??
    new CliFault(EXIT.failed, 'failed', {
      title: { vi: 'Lệnh không làm được', en: 'The command failed' },
      detail: { vi: error.message, en: error.message },
      fix: {
        vi: 'Chạy lại với --debug để xem thêm.',
        en: 'Run it again with --debug to see more.',
      },
      cause: error,
    })
  )
}

/** Lines under a heading, indented. */
function labelled(terminal: Terminal, label: Bilingual, text: string): string {
  return `  ${terminal.style('dim', `${terminal.pick(label)}:`)} ${text}`
}

/** Whose side and how to fix, as every fault and problem document shows them. */
export function adviceLines(
  terminal: Terminal,
  advice: {
    readonly side?: Side | undefined
    readonly fix?: string | undefined
    readonly retryAfterSeconds?: number | undefined
  },
): string[] {
  const { side, fix, retryAfterSeconds } = advice
  const lines: string[] = []
  if (side !== undefined) lines.push(labelled(terminal, LABELS.side, terminal.pick(SIDES[side])))
  if (fix !== undefined) lines.push(labelled(terminal, LABELS.fix, fix))
  if (retryAfterSeconds !== undefined) {
    lines.push(labelled(terminal, LABELS.retry, `${retryAfterSeconds} ${terminal.pick(LABELS.seconds)}`))
  }
  return lines
}

/** Shows a fault on stderr: what, where, whose side, how to fix; with `--json` as one object. */
export function showFault(terminal: Terminal, fault: CliFault, debug: boolean): void {
  const { title, detail, side, fix, retryAfterSeconds } = fault.particulars
  if (terminal.json) {
    const error = {
      code: fault.code,
      exit: fault.exit,
      title: terminal.pick(title),
      ...(detail && { detail: terminal.pick(detail) }),
      ...(side && { side }),
      ...(fix && { fix: terminal.pick(fix) }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    }
    terminal.complain(JSON.stringify({ error }))
  } else {
    const advice = { side, fix: fix && terminal.pick(fix), retryAfterSeconds }
    terminal.complain(
      [
        `${terminal.style('red', '✘')} ${terminal.style('bold', terminal.pick(title))}`,
        ...(detail
          ? terminal
              .pick(detail)
              .split('\n')
              .map((line) => `  ${line}`)
          : []),
        ...adviceLines(terminal, advice),
      ].join('\n'),
    )
  }
  if (debug) terminal.complain(String((fault.cause instanceof Error ? fault.cause : fault).stack))
}

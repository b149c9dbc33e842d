import type { Bilingual } from '../model/identifier.ts'
import { pad, widthOf } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What is looked at, as programs know it, with its name in Vietnamese; in English the two are one. */
const CHECKS = {
  node: 'Node.js',
  settings: 'cấu hình',
  disk: 'ổ đĩa',
  port: 'cổng giao dịch',
  'management port': 'cổng quản trị',
  database: 'cơ sở dữ liệu',
  clock: 'đồng hồ',
  registry: 'danh bạ',
  agreements: 'thỏa thuận',
  sunset: 'phiên bản sắp bỏ',
  keys: 'khóa',
  witnesses: 'nhân chứng',
  witness: 'nhân chứng',
  provider: 'bên cung cấp',
  certificate: 'chứng thư',
  key: 'khóa',
  contract: 'hợp đồng',
  tls: 'TLS',
  'unknown path': 'địa chỉ lạ',
  sample: 'ví dụ',
  time: 'thời gian',
  repeated: 'gửi lại',
  malformed: 'nội dung hỏng',
  dpop: 'DPoP',
  mtls: 'mTLS',
  token: 'mã truy cập',
  headers: 'tiêu đề',
  '429': '429',
  '503': '503',
  problem: 'lỗi 4xx',
  'no answer': 'không trả lời',
  'token ended': 'mã hết hạn',
} as const satisfies Readonly<Record<string, string>>

/** Something that is looked at, of one operation where that stands before it. */
export type Check = keyof typeof CHECKS | `${string}: ${keyof typeof CHECKS}`

/** What one look at something found. */
export interface Finding {
  /** Stable, for programs. */
  readonly check: Check
  /** `warning` needs somebody soon, `failed` now; `skipped` could not be looked at. */
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly detail: Bilingual
  /** What to do, where there is something to do. */
  readonly fix?: Bilingual
}

const MARKS = {
  ok: ['green', '✔'],
  warning: ['yellow', '!'],
  failed: ['red', '✘'],
  skipped: ['dim', '–'],
} as const

function titleOf(check: Check, { pick }: Terminal): string {
  const titles: Readonly<Record<string, string>> = CHECKS
  const [last = '', ...before] = check.split(': ').toReversed()
  return pick({ vi: [...before.toReversed(), titles[last] ?? last].join(': '), en: check })
}

/** One line for each finding, and under it what to do. */
export function showFindings(findings: readonly Finding[], terminal: Terminal): void {
  const { pick, style } = terminal
  const width = Math.max(...findings.map(({ check }) => widthOf(titleOf(check, terminal))))
  for (const { check, state, detail, fix } of findings) {
    const [colour, mark] = MARKS[state]
    terminal.result(
      `${style(colour, mark, 'stdout')} ${pad(titleOf(check, terminal), width)}  ${pick(detail)}`,
    )
    if (fix !== undefined && state !== 'ok') terminal.result(`  ${' '.repeat(width)}  → ${pick(fix)}`)
  }
}

/** Findings in one language, for `--json`. */
export function findingsJson(findings: readonly Finding[], { pick }: Terminal): readonly object[] {
  return findings.map(({ check, state, detail, fix }) => ({
    check,
    state,
    detail: pick(detail),
    ...(fix !== undefined && { fix: pick(fix) }),
  }))
}

export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'failed')
}

/** The word of a system error, `ECONNREFUSED`; of another one its name. */
export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown'
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
}

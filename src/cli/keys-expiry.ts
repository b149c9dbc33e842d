import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import type { Settings } from '../settings.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode } from './fault.ts'
import { requireSettings } from './settings-file.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Liệt kê chứng thư của cổng và số ngày còn lại; mã thoát 1 nếu có cái sắp hết hạn',
    en: "List the gateway's certificates with their days left; exit code 1 where one ends soon",
  },
  days: { vi: 'sắp hết hạn là còn ít hơn số ngày này', en: 'fewer days left than this is soon' },
  notDays: { vi: '--days phải là số ngày, từ 0 đến 3650', en: '--days must be a number of days, 0 to 3650' },
  none: {
    vi: 'Cấu hình không nêu chứng thư nào (TLS do máy chủ trung gian kết thúc).',
    en: 'The settings name no certificate (a proxy terminates TLS).',
  },
  head: {
    vi: ['dùng cho', 'tên', 'hết hạn', 'còn', 'tệp'],
    en: ['use', 'subject', 'ends', 'days', 'file'],
  },
  soon: (count: number, days: number): Bilingual => ({
    vi: `${count} chứng thư còn ít hơn ${days} ngày.`,
    en: `${count} certificates have fewer than ${days} days left.`,
  }),
} as const

const DEFAULT_DAYS = 30
const DAY_MS = 86_400_000
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

interface CertificateRow {
  readonly use: 'server' | 'authority' | 'issuer'
  readonly subject: string
  readonly file: string
  readonly notAfterMs: number
  /** Whole days, rounded down; negative once it has ended. */
  readonly daysLeft: number
}

/** Every certificate that the settings name, the one that ends first at the top. */
export function listCertificates({ listen, tokens }: Settings, nowMs: number): readonly CertificateRow[] {
  const files: (readonly [CertificateRow['use'], string | undefined])[] = [
    ['server', listen.tls?.certificateFile],
    ['authority', listen.tls?.clientAuthoritiesFile],
    ...tokens.issuers.map(({ caFile }) => ['issuer', caFile] as const),
  ]
  return files
    .flatMap(([use, file]) =>
      file === undefined
        ? []
        : (readFileSync(file, 'utf8').match(PEM) ?? []).map((pem): CertificateRow => {
            const { subject, validToDate } = new X509Certificate(pem)
            const notAfterMs = validToDate.getTime()
            const daysLeft = Math.floor((notAfterMs - nowMs) / DAY_MS)
            return { use, subject: subject.replaceAll('\n', ', '), file, notAfterMs, daysLeft }
          }),
    )
    .toSorted((a, b) => a.notAfterMs - b.notAfterMs)
}

function readDays(text: string): number {
  const days = Number(text)
  if (/^\d{1,4}$/.test(text) && days <= 3650) return days
  throw new CliFault(EXIT.usage, 'days_malformed', { title: TEXTS.notDays, side: 'you' })
}

function tellExpiry(days: number, { terminal, outside, ...rest }: Tools): ExitCode {
  const rows = listCertificates(requireSettings({ terminal, outside, ...rest }), outside.now())
  const soon = rows.filter(({ daysLeft }) => daysLeft < days)
  if (terminal.json) {
    const certificates = rows.map(({ notAfterMs, ...row }) => ({
      ...row,
      notAfter: new Date(notAfterMs).toISOString(),
      isSoon: row.daysLeft < days,
    }))
    terminal.resultJson({ certificates })
  } else if (rows.length > 0) {
    const cells = rows.map((row) => [
      row.use,
      row.subject,
      formatInstant(row.notAfterMs),
      String(row.daysLeft),
      row.file,
    ])
    for (const line of formatTable(TEXTS.head[terminal.language], cells)) terminal.result(line)
  } else terminal.talk(terminal.pick(TEXTS.none))
  if (soon.length === 0) return EXIT.ok
  terminal.talk(`${terminal.style('yellow', '!')} ${terminal.pick(TEXTS.soon(soon.length, days))}`)
  return EXIT.failed
}

/** `lienthong keys expiry`: for a timer that tells its operator. */
export function defineExpiry(command: Command, tools: Tools): void {
  const { terminal } = tools
  const { pick } = terminal
  const expiry = command
    .command('expiry')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .option('--days <n>', pick(TEXTS.days), String(DEFAULT_DAYS))
    .action(tools.act(async (options: { days: string }) => tellExpiry(readDays(options.days), tools)))
  addGuide(expiry, terminal, {
    examples: [
      ['keys expiry', { vi: 'cảnh báo trước 30 ngày', en: 'warns 30 days before' }],
      ['keys expiry --days 60', { vi: 'cảnh báo trước 60 ngày', en: 'warns 60 days before' }],
    ],
    json: '{ "certificates": [ { "use", "subject", "file", "daysLeft", "isSoon", "notAfter" }, … ] }',
  })
}

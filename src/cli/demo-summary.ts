import { relative } from 'node:path'
import type { Bilingual } from '../model/identifier.ts'
import type { Layout } from './demo-layout.ts'
import { type Growth, growthOf } from './demo-metrics.ts'
import { formatMs, OUTCOMES } from './demo-show.ts'
import type { DemoCase } from './demo-story.ts'
import type { SteadyReport, TourReport } from './demo-tour.ts'
import type { DemoWorld } from './demo-world.ts'
import { formatInstant, formatTable, widthOf } from './table.ts'
import type { Terminal } from './terminal.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  metrics: { vi: 'Chỉ số đã tăng (Prometheus, /metrics)', en: 'Metrics that moved (Prometheus, /metrics)' },
  metricColumns: { vi: ['Chỉ số', 'Nhãn', 'Trước', 'Sau'], en: ['Metric', 'Labels', 'Before', 'After'] },
  steady: ({ exchanges }: SteadyReport, own: string, ledger: string): Bilingual => ({
    vi: `Các bước trên là lần chạy đầu, còn nguội. Thêm ${exchanges} giao dịch liên tiếp: trung vị riêng cổng ${own}\u00a0ms, trong đó ghi sổ xuống đĩa ${ledger}\u00a0ms.`,
    en: `The steps above ran cold, each for the first time. ${exchanges} exchanges more, one after the other: median ${own}\u00a0ms in the gateway, ${ledger}\u00a0ms of that to write the ledger to disk.`,
  }),
  short: (exchanges: number, own: string, ledger: string): Bilingual => ({
    vi: `Mỗi giao dịch một bản ghi trong sổ, kể cả khi bị từ chối. Thêm ${exchanges} giao dịch liên tiếp: trung vị riêng cổng ${own}\u00a0ms, trong đó ghi sổ xuống đĩa ${ledger}\u00a0ms. Mọi chi tiết: lienthong demo --full.`,
    en: `Each exchange has its record in the ledger, refused ones too. ${exchanges} exchanges more, one after the other: median ${own}\u00a0ms in the gateway, ${ledger}\u00a0ms of that to write the ledger to disk. Every detail: lienthong demo --full.`,
  }),
  steadyHow: {
    vi: 'Riêng cổng = thời gian ở trong cổng trừ lúc chờ bên cung cấp (lienthong_overhead_seconds).',
    en: "The gateway's own time is all but the wait for the provider (lienthong_overhead_seconds).",
  },
  records: { vi: 'Bản ghi vừa viết vào sổ giao dịch', en: 'Records written to the ledger' },
  recordColumns: {
    vi: ['Số', 'Giờ', 'Bên hỏi', 'Thao tác', 'Kết quả', 'Mã lỗi', 'Dấu băm'],
    en: ['No.', 'Time', 'Consumer', 'Operation', 'Outcome', 'Code', 'Leaf hash'],
  },
  recordsHow: {
    vi: 'Mỗi giao dịch một bản ghi, kể cả khi bị từ chối. Bản ghi chỉ giữ dấu băm và nhãn mã hóa, không giữ họ tên hay số định danh của ai; dấu băm làm mọi sửa đổi về sau lộ ra.',
    en: "One record for each exchange, refused ones too. It keeps digests and keyed tags, nobody's name or number; the hashes make any later change show.",
  },
  serving: { vi: 'Cổng vẫn đang chạy', en: 'The gateway keeps serving' },
  addresses: {
    console: { vi: 'Bảng điều khiển', en: 'Console' },
    reference: { vi: 'Tài liệu, gọi thử', en: 'Reference, try-it' },
    exchange: { vi: 'Giao dịch', en: 'Exchanges' },
    metrics: { vi: 'Chỉ số', en: 'Metrics' },
    ready: { vi: 'Sức khỏe', en: 'Health' },
    population: { vi: 'Dân cư (thử)', en: 'Population (sandbox)' },
    land: { vi: 'Đất đai (thử)', en: 'Land (sandbox)' },
    tax: { vi: 'Thuế (thử)', en: 'Tax (sandbox)' },
    log: { vi: 'Nhật ký cổng', en: "Gateway's log" },
  },
  tryCall: {
    vi: 'Thử từ cửa sổ dòng lệnh khác, cũng ở thư mục này. Bằng lệnh lienthong (tự xin mã, tự ký):',
    en: 'From another terminal, in this same folder. By lienthong, which gets tokens and signs by itself:',
  },
  tryCurl: {
    vi: 'Bằng curl, với mã trong tệp token (tự thay mới; mã không gắn khóa chỉ có trong bản thử):',
    en: 'By curl, with a token from a file, renewed for you (bound to no key: in sandboxes only):',
  },
  tryRecords: { vi: 'Xem sổ giao dịch:', en: 'Read the ledger:' },
  stop: { vi: 'Ctrl-C để dừng.', en: 'Ctrl-C to stop.' },
} as const

const MOVED: readonly (readonly [name: string, by: readonly string[]])[] = [
  ['lienthong_transactions_total', ['provider', 'outcome']],
  ['lienthong_refusals_total', ['code']],
  ['lienthong_schema_violations_total', ['direction']],
  ['lienthong_provider_retries_total', ['provider']],
  ['lienthong_ledger_records_total', ['outcome']],
]

/** @returns the counters that people read first, where they moved. */
export function movedMetrics({ readings }: TourReport): readonly Growth[] {
  return MOVED.flatMap(([name, by]) => growthOf(name, by, readings))
}

function section(title: string, { style }: Terminal): readonly string[] {
  return ['', style('bold', title, 'stdout')]
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}

function headed([head = '', ...rows]: readonly string[], { style }: Terminal): readonly string[] {
  return indent([style('dim', head, 'stdout'), ...rows])
}

/** The gateway's median, and where to see more. */
export function showSteady({ steady }: TourReport, terminal: Terminal, layout: Layout): readonly string[] {
  const own = formatMs(steady.ownP50Ms, terminal)
  const told = TEXTS.short(steady.exchanges, own, formatMs(steady.ledgerP50Ms, terminal))
  return [...layout.paragraph(terminal.pick(told), 0)]
}

/** The counters that moved, and the gateway's median. */
export function showMetrics(tour: TourReport, terminal: Terminal, layout: Layout): readonly string[] {
  const { language, pick } = terminal
  let shownName = ''
  const rows = movedMetrics(tour).map(({ name, labels, before, after }) => {
    const first = name === shownName ? '' : name
    shownName = name
    return [first, Object.values(labels).join(', '), String(before), String(after)]
  })
  const { steady } = tour
  const told = TEXTS.steady(
    steady,
    formatMs(steady.ownP50Ms, terminal),
    formatMs(steady.ledgerP50Ms, terminal),
  )
  return [
    ...section(pick(TEXTS.metrics), terminal),
    ...headed(formatTable(TEXTS.metricColumns[language], rows), terminal),
    '',
    ...layout.paragraph(pick(told), 2),
    ...layout.paragraph(pick(TEXTS.steadyHow), 2),
  ]
}

/** The tour's part of the ledger. */
export function showRecords({ steps }: TourReport, terminal: Terminal, layout: Layout): readonly string[] {
  const { language, pick } = terminal
  const entries = steps.flatMap(({ entry }) => entry ?? [])
  const rows = entries.map(({ leafIndex, leafHash, record }) => [
    String(leafIndex),
    formatInstant(record.at).slice(11),
    record.consumer,
    record.operation ?? '',
    pick(OUTCOMES[record.outcome]),
    record.code ?? '',
    `${leafHash.slice(0, 8)}…`,
  ])
  const table = formatTable(TEXTS.recordColumns[language], rows)
  // In a narrow window the one column that says the same in every row makes room.
  const isTooWide = table.some((line) => widthOf(line) + 2 > layout.width)
  const narrow = (row: readonly string[]) => row.toSpliced(2, 1)
  const fit = isTooWide ? formatTable(narrow(TEXTS.recordColumns[language]), rows.map(narrow)) : table
  return [
    ...section(pick(TEXTS.records), terminal),
    ...headed(fit, terminal),
    ...layout.paragraph(pick(TEXTS.recordsHow), 2),
  ]
}

/** A path as it can be typed in the working directory. */
function typed(path: string, folder: string): string {
  const near = relative(folder, path)
  return near === '' || near.startsWith('..') ? path : near
}

/** One shell word: bare where nothing in it means anything to a shell. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Shell lines for one command, cut where a reader would cut them. */
function shellLines(...parts: readonly string[]): readonly string[] {
  return parts.map(
    (part, place) => `    ${place === 0 ? '' : '  '}${part}${place === parts.length - 1 ? '' : ' \\'}`,
  )
}

/** Where everything is, and lines ready to be pasted. */
export function showReady(world: DemoWorld, demoCase: DemoCase, tools: Tools): readonly string[] {
  const { terminal, outside } = tools
  const { pick, style } = terminal
  const { gateway, sandbox, files } = world
  const { purpose, dossier, officer, applicant } = demoCase
  const near = (path: string) => word(typed(path, outside.workingDirectory))
  const { addresses } = TEXTS
  const places = formatTable(
    [pick(addresses.console), `${gateway.managementUrl}/console`],
    [
      [pick(addresses.reference), `${gateway.publicUrl}/docs`],
      [pick(addresses.exchange), `${gateway.publicUrl}/exchange/…`],
      [pick(addresses.metrics), `${gateway.managementUrl}/metrics`],
      [pick(addresses.ready), `${gateway.managementUrl}/readyz?verbose`],
      [pick(addresses.population), sandbox.agencies.population.url],
      [pick(addresses.land), sandbox.agencies.land.url],
      [pick(addresses.tax), sandbox.agencies.tax.url],
      [pick(addresses.log), near(files.log)],
    ],
  )
  const person = `personalId=${applicant.personalId}`
  const body = JSON.stringify({ personalId: applicant.personalId })
  return [
    ...section(pick(TEXTS.serving), terminal),
    ...indent(places),
    '',
    `  ${pick(TEXTS.tryCall)}`,
    ...shellLines(
      'npx lienthong call G01/dan-cu/cong-dan/v1 lookUpCitizen',
      `--profile ${near(files.profile)} --purpose ${purpose}`,
      `--dossier ${dossier} --officer ${officer} ${person}`,
    ),
    '',
    `  ${pick(TEXTS.tryCurl)}`,
    ...shellLines(
      `curl -s ${gateway.publicUrl}/exchange/G01/dan-cu/cong-dan/v1/tra-cuu`,
      `-H "Authorization: Bearer $(cat ${near(files.token)})"`,
      `-H 'Exchange-Purpose: ${purpose}'`,
      `-H 'Exchange-Dossier: ${dossier}' -H 'Exchange-Officer: ${officer}'`,
      `-H 'Content-Type: application/json' -d '${body}'`,
    ),
    '',
    `  ${pick(TEXTS.tryRecords)}`,
    ...shellLines(`LIENTHONG_DATADIR=${near(files.folder)} npx lienthong records --limit 5`),
    ...shellLines(`npx lienthong audit search --profile ${near(files.auditor)} limit:=5`),
    '',
    style('bold', pick(TEXTS.stop), 'stdout'),
  ]
}

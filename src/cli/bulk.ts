import { existsSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { createFormat } from '../reporting/format.ts'
import { type BulkClient, type BulkStatus, createBulkClient, statusOf } from './bulk-client.ts'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import { isMembers } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, interrupted, usageFault } from './fault.ts'
import { bulkStateWords, recordOutcomeWords } from './state-words.ts'
import { formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  submit: {
    vi: 'nộp một tệp NDJSON hoặc CSV và theo dõi đến khi xong',
    en: 'submit an NDJSON or CSV file and follow it',
  },
  status: { vi: 'xem một công việc', en: 'show a job' },
  list: { vi: 'các công việc gần đây', en: 'the latest jobs' },
  result: { vi: 'lấy kết quả từng bản ghi (NDJSON)', en: "fetch each record's result (NDJSON)" },
  report: {
    vi: 'lấy báo cáo và chỉ số chất lượng dữ liệu',
    en: 'fetch the report with the data-quality index',
  },
  pause: { vi: 'tạm dừng', en: 'pause it' },
  resume: { vi: 'làm tiếp từ chỗ đã dừng', en: 'go on from where it stopped' },
  cancel: { vi: 'hủy và xóa tệp cùng kết quả', en: 'cancel it and delete file and results' },
  file: { vi: 'tệp .ndjson hoặc .csv', en: 'file, .ndjson or .csv' },
  index: { vi: 'Chỉ số chất lượng dữ liệu', en: 'DQI' },
  job: { vi: 'mã công việc', en: 'id of the job' },
  dossier: { vi: 'mã hồ sơ', en: 'dossier code' },
  officer: { vi: 'mã cán bộ', en: "officer's code" },
  purpose: {
    vi: 'mục đích khai thác, theo thỏa thuận (bắt buộc)',
    en: 'purpose, as the agreement says (required)',
  },
  operation: {
    vi: 'thao tác nhận theo lô (mặc định verifyCitizens)',
    en: 'operation that takes batches (default verifyCitizens)',
  },
  service: {
    vi: 'dịch vụ (mặc định G01/dan-cu/cong-dan/v1)',
    en: 'service (default G01/dan-cu/cong-dan/v1)',
  },
  continues: { vi: 'gửi tiếp tệp của một công việc đã tạo', en: "go on with the upload of a job's file" },
  detach: { vi: 'gửi xong thì thôi, không theo dõi', en: 'end after the upload' },
  out: { vi: 'ghi vào tệp mới (quyền 600)', en: 'write to a new file (mode 600)' },
  noPurpose: { vi: 'Thiếu --purpose.', en: '--purpose is missing.' },
  noFile: { vi: 'Không có tệp này, hoặc tệp rỗng.', en: 'There is no such file, or it is empty.' },
  there: { vi: 'Tệp kết quả đã có; không ghi đè.', en: 'The file is there already; it is not overwritten.' },
  uploading: { vi: 'Gửi tệp', en: 'Upload' },
  running: { vi: 'Bản ghi', en: 'Records' },
} as const

interface SubmitOptions extends ConsumerOptions {
  readonly purpose?: string
  readonly service?: string
  readonly operation?: string
  readonly dossier?: string
  readonly officer?: string
  readonly continue?: string
  readonly detach?: boolean
}

const COLUMNS = {
  vi: ['Mã công việc', 'Trạng thái', 'Bản ghi', 'Lý do'],
  en: ['Job', 'State', 'Records', 'Reason'],
} as const

/** Results of millions of records. */
const MAX_ANSWER_BYTES = 1024 ** 3
const LOOK_MS = 1000
const BAR_WIDTH = 30
const ENDED: ReadonlySet<string> = new Set(['done', 'paused', 'stopped', 'failed', 'cancelled'])

export function openBulk(options: ConsumerOptions, tools: Tools): BulkClient {
  const wanted = { resource: '/jobs', maxAnswerBytes: MAX_ANSWER_BYTES }
  return createBulkClient(openConsumer(options, tools, wanted).client)
}

/** One line that is written over where people look at it; nothing where nobody does. */
function createBar({ outside, terminal }: Tools): (text: string, share: number | undefined) => void {
  const { stderr } = outside
  if (stderr.isTTY !== true || terminal.json) return () => {}
  return (text, share) => {
    const full = Math.round((share ?? 0) * BAR_WIDTH)
    const bar = share === undefined ? '' : `[${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}] `
    stderr.write(`\r\u001b[K${bar}${text}`)
    if (share === 1) stderr.write('\n')
  }
}

function show(status: BulkStatus, { terminal }: Tools): ExitCode {
  const { id, state, records, code } = status
  if (terminal.json) terminal.resultJson(status)
  else
    terminal.result(
      `${id} ${terminal.pick(bulkStateWords(state))}${code === undefined ? '' : ` (${code})`} ${records}`,
    )
  return state === 'failed' || state === 'stopped' ? EXIT.failed : EXIT.ok
}

/** Looks at a job until it has ended. */
export async function follow(client: BulkClient, id: string, tools: Tools): Promise<BulkStatus> {
  const bar = createBar(tools)
  const { pick, language } = tools.terminal
  for (;;) {
    const status = await client.show(id)
    const isEnd = ENDED.has(status.state)
    bar(
      `${pick(TEXTS.running)} ${createFormat(language).number(status.records)} ${pick(bulkStateWords(status.state))}`,
      isEnd ? 1 : undefined,
    )
    if (isEnd) return status
    await pause(LOOK_MS, undefined, { signal: tools.outside.signal }).catch(() => {
      throw interrupted()
    })
  }
}

async function submit(typed: string, options: SubmitOptions, tools: Tools): Promise<ExitCode> {
  const file = resolve(tools.outside.workingDirectory, typed)
  const {
    purpose,
    dossier,
    officer,
    service = 'G01/dan-cu/cong-dan/v1',
    operation = 'verifyCitizens',
  } = options
  if (purpose === undefined && options.continue === undefined) throw usageFault(TEXTS.noPurpose)
  const sizeBytes = existsSync(file) ? statSync(file).size : 0
  if (sizeBytes === 0) throw usageFault(TEXTS.noFile)
  const client = openBulk(options, tools)
  const format = /\.csv$/i.test(file) ? 'csv' : 'ndjson'
  const headers = {
    'exchange-purpose': purpose ?? '',
    ...(dossier !== undefined && { 'exchange-dossier': dossier }),
    ...(officer !== undefined && { 'exchange-officer': officer }),
  }
  const id = options.continue ?? (await client.create({ service, operation, format, sizeBytes }, headers)).id
  // Told before the upload: whatever happens then, it can be gone on with.
  tools.terminal.talk(id)
  const bar = createBar(tools)
  const label = tools.terminal.pick(TEXTS.uploading)
  await client.upload(file, id, (bytes) => bar(label, bytes / sizeBytes))
  return show(options.detach === true ? await client.show(id) : await follow(client, id, tools), tools)
}

async function list(options: ConsumerOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const listed = await openBulk(options, tools).list()
  if (terminal.json) terminal.resultJson(listed)
  else {
    const jobs = Array.isArray(listed['jobs']) ? listed['jobs'].filter(isMembers) : []
    const rows = jobs.map((job) => {
      const { id, state, records, code } = statusOf(job)
      return [id, terminal.pick(bulkStateWords(state)), String(records), code ?? '']
    })
    for (const line of formatTable(COLUMNS[terminal.language], rows)) terminal.result(line)
  }
  return EXIT.ok
}

async function fetchResult(
  id: string,
  options: ConsumerOptions & { out?: string },
  tools: Tools,
): Promise<ExitCode> {
  const out = options.out === undefined ? undefined : resolve(tools.outside.workingDirectory, options.out)
  if (out !== undefined && existsSync(out)) throw usageFault(TEXTS.there)
  const body = await openBulk(options, tools).result(id)
  if (out !== undefined) await writeFile(out, body, { mode: 0o600, flag: 'wx' })
  else tools.outside.stdout.write(body)
  return EXIT.ok
}

async function fetchReport(id: string, options: ConsumerOptions, tools: Tools): Promise<ExitCode> {
  const report = await openBulk(options, tools).report(id)
  const { outcomes, quality } = report
  if (tools.terminal.json || !isMembers(outcomes)) tools.terminal.resultJson(report)
  else {
    const { pick } = tools.terminal
    for (const [outcome, records] of Object.entries(outcomes))
      tools.terminal.result(`${pick(recordOutcomeWords(outcome))}\t${records}`)
    if (isMembers(quality)) tools.terminal.result(`${pick(TEXTS.index)}\t${quality['index']}`)
  }
  return EXIT.ok
}

export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  addGuide(command, tools.terminal, {
    examples: [
      [
        'bulk submit can-bo.csv --purpose lam-sach-du-lieu --consumer G09/can-bo',
        { vi: 'nộp tệp và theo dõi', en: 'submit a file and follow it' },
      ],
      ['bulk result "$ID" --out ket-qua.ndjson', { vi: 'lấy kết quả', en: 'fetch the results' }],
      ['bulk report "$ID" --json', { vi: 'lấy báo cáo', en: 'fetch the report' }],
    ],
    json: {
      vi: '{"id", "state", "records", "sizeBytes", "receivedBytes", "code"?}; report: như cổng trả về',
      en: '{"id", "state", "records", "sizeBytes", "receivedBytes", "code"?}; report: as the gateway gives it',
    },
  })
  const sub = (name: string, key: keyof typeof TEXTS) =>
    addConsumerOptions(command.command(name).description(pick(TEXTS[key])), tools)
  sub('submit', 'submit')
    .argument('<file>', pick(TEXTS.file))
    .option('--purpose <code>', pick(TEXTS.purpose))
    .option('--service <id>', pick(TEXTS.service))
    .option('--operation <name>', pick(TEXTS.operation))
    .option('--dossier <code>', pick(TEXTS.dossier))
    .option('--officer <code>', pick(TEXTS.officer))
    .option('--continue <job>', pick(TEXTS.continues))
    .option('--detach', pick(TEXTS.detach))
    .action(tools.act((file: string, options: SubmitOptions) => submit(file, options, tools)))
  sub('list', 'list').action(tools.act((options: ConsumerOptions) => list(options, tools)))
  sub('status', 'status')
    .argument('<job>', pick(TEXTS.job))
    .action(
      tools.act(async (id: string, options: ConsumerOptions) =>
        show(await openBulk(options, tools).show(id), tools),
      ),
    )
  sub('result', 'result')
    .argument('<job>', pick(TEXTS.job))
    .option('--out <file>', pick(TEXTS.out))
    .action(
      tools.act((id: string, options: ConsumerOptions & { out?: string }) => fetchResult(id, options, tools)),
    )
  sub('report', 'report')
    .argument('<job>', pick(TEXTS.job))
    .action(tools.act((id: string, options: ConsumerOptions) => fetchReport(id, options, tools)))
  for (const action of ['pause', 'resume', 'cancel'] as const) {
    sub(action, action)
      .argument('<job>', pick(TEXTS.job))
      .action(
        tools.act(async (id: string, options: ConsumerOptions) => {
          const status = await openBulk(options, tools).act(id, action)
          show(status, tools)
          return EXIT.ok
        }),
      )
  }
}

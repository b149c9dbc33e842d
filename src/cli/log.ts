import type { Command } from 'commander'
import { openLogSigner } from '../credentials.ts'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { createAnchorFile } from '../ledger/anchor-file.ts'
import { encodeBase64, equalBytes } from '../ledger/base64.ts'
import { type Checkpoint, openCheckpoint } from '../ledger/checkpoint.ts'
import { createLogAudit } from '../ledger/verify.ts'
import type { Bilingual } from '../model/identifier.ts'
import { createLogReader, type LogReader, newestCheckpoint } from '../storage/log.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, interrupted } from './fault.ts'
import { recordLocalReading } from './local-reading.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'
import { createProgress } from './verify-findings.ts'

const TEXTS = {
  accept: {
    vi: 'Nhận lại điểm kiểm gần nhất khi tệp giữ ngoài cơ sở dữ liệu bị mất',
    en: 'Take the newest checkpoint for the last word where the file outside the database was lost',
  },
  root: {
    vi: 'gốc mà người vận hành đã đối chiếu với nơi khác (nhân chứng, kiểm toán, bản xuất)',
    en: 'the root, as the operator compared it with one kept elsewhere (witness, auditor, export)',
  },
} as const satisfies Record<string, Bilingual>

const refuse = (code: string, vi: string, en: string, fix?: Bilingual) =>
  new CliFault(EXIT.failed, code, { title: { vi, en }, side: 'you', ...(fix && { fix }) })

const PIECE = 2048

/** @throws CliFault where the leaves do not lead to the checkpoint's root. */
async function assertLeaves(reader: LogReader, head: Checkpoint, tools: Tools): Promise<void> {
  const log = createLogAudit([], NODE_CRYPTO)
  const progress = createProgress(head.size, tools)
  for (let start = 0; start < head.size; start += PIECE) {
    if (tools.outside.signal.aborted) throw interrupted()
    for (const leaf of await reader.readEntries(start, Math.min(head.size, start + PIECE)))
      await log.add(leaf)
    progress(log.size())
  }
  if (log.size() === head.size && equalBytes(await log.root(), head.root)) return
  throw refuse(
    'log_changed',
    'Các bản ghi không cho ra gốc đã ký: không nhận',
    'The records do not lead to the signed root: nothing is accepted',
    { vi: 'Giữ nguyên hiện trạng và báo kiểm toán.', en: 'Keep everything as it is and tell the auditors.' },
  )
}

async function accept({ root }: { readonly root?: string }, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const settings = requireSettings(tools)
  const { key } = await openLogSigner(settings)
  const anchor = createAnchorFile(settings.ledger.anchorFile)
  const kept = await anchor.read()
  if (kept !== undefined && (await openCheckpoint(kept, key, NODE_CRYPTO))) {
    throw refuse(
      'anchor_present',
      'Tệp giữ ngoài cơ sở dữ liệu vẫn còn và đúng khóa: không có gì để nhận lại',
      'The file outside the database is there and of the right key: there is nothing to accept',
    )
  }
  return withDatabase(settings, tools, async (database) => {
    const note = await newestCheckpoint(database.pool)
    const head = note === undefined ? undefined : await openCheckpoint(note, key, NODE_CRYPTO)
    if (note === undefined || head === undefined) {
      throw refuse(
        'checkpoint_foreign',
        'Cơ sở dữ liệu không có điểm kiểm nào do khóa của sổ ký',
        "The database has no checkpoint signed by the log's key",
      )
    }
    await assertLeaves(createLogReader(database.pool), head, tools)
    const found = encodeBase64(head.root)
    if (root !== found) {
      throw refuse(
        root === undefined ? 'root_missing' : 'root_other',
        `Điểm kiểm gần nhất: ${head.size} bản ghi, gốc ${found}`,
        `The newest checkpoint: ${head.size} records, root ${found}`,
        {
          vi: 'Đối chiếu với điểm kiểm giữ ở nơi khác; nếu không nơi nào có số lớn hơn, chạy lại với --root và gốc ấy.',
          en: 'Compare it with checkpoints kept elsewhere; where none is larger, run this again with --root and that root.',
        },
      )
    }
    const query = { size: head.size, root: found, lost: kept === undefined }
    await recordLocalReading(database, settings, {
      found: head.size,
      query,
      subject: undefined,
      nowMs: outside.now(),
      operation: 'accept-anchor',
    })
    await anchor.write(note)
    if (terminal.json) terminal.resultJson({ accepted: true, size: head.size, root: found })
    else {
      terminal.result(
        terminal.pick({
          vi: `Đã nhận điểm kiểm ${head.size} bản ghi làm mốc; việc này đã được ghi vào sổ.`,
          en: `The checkpoint over ${head.size} records is the last word again; this was recorded in the log.`,
        }),
      )
    }
    return EXIT.ok
  })
}

/** `lienthong log`: what an operator may decide about the exchange log, each decision recorded in it. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  const made = command
    .command('accept')
    .summary(terminal.pick(TEXTS.accept))
    .description(terminal.pick(TEXTS.accept))
    .option('--root <base64>', terminal.pick(TEXTS.root))
    .action(tools.act((options: { root?: string }) => accept(options, tools)))
  addGuide(made, terminal, {
    examples: [
      ['log accept', { vi: 'xem điểm kiểm gần nhất', en: 'see the newest checkpoint' }],
      [
        'log accept --root mZ0…=',
        { vi: 'nhận, sau khi đã đối chiếu', en: 'accept it, after having compared it' },
      ],
    ],
    json: '{ "accepted", "size", "root" }',
    notes: {
      vi: 'Chỉ khi tệp đã mất hoặc của khóa khác. Sổ bị lùi hay rẽ nhánh thì không nhận được.',
      en: 'Only where the file is gone, or of another key. A log that was rolled back or forked cannot be accepted.',
    },
  })
}

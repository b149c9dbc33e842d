import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openLogSigner } from '../credentials.ts'
import { parseCheckpoint } from '../ledger/checkpoint.ts'
import { formatVerifierKey } from '../ledger/note.ts'
import type { Bilingual } from '../model/identifier.ts'
import { createLogReader } from '../storage/log.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode } from './fault.ts'
import { writeFiles, writeInstructions, writeTiles } from './log-bundle.ts'
import { readTimestamps, timestampFiles } from './log-timestamps.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'
import { createProgress } from './verify-findings.ts'

const TEXTS = {
  export: {
    vi: 'Xuất toàn bộ sổ thành thư mục tự kiểm tra được',
    en: 'Export the whole log as a folder that verifies by itself',
  },
  folder: { vi: 'thư mục mới', en: 'a new folder' },
} as const satisfies Record<string, Bilingual>

async function exportLog(folder: string, tools: Tools): Promise<ExitCode> {
  const settings = requireSettings(tools)
  const { key } = await openLogSigner(settings)
  return withDatabase(settings, tools, async ({ pool }) => {
    const reader = createLogReader(pool)
    const checkpoint = await reader.latestCheckpoint()
    const head = checkpoint === undefined ? undefined : parseCheckpoint(checkpoint)
    if (checkpoint === undefined || head === undefined) {
      throw new CliFault(EXIT.failed, 'log_unsigned', {
        title: { vi: 'Sổ chưa có điểm kiểm nào', en: 'The log has no checkpoint yet' },
        side: 'you',
      })
    }
    const { witnesses, timestamps } = settings.ledger
    const files = new Map<string, string | Uint8Array>([
      ['vkey', `${formatVerifierKey(key)}\n`],
      ['checkpoint', checkpoint],
      ...(await timestampFiles(readTimestamps(reader, head.size))),
    ])
    if (witnesses.policyFile) files.set('policy', await readFile(witnesses.policyFile, 'utf8'))
    for (const { name, certificatesFile } of timestamps.authorities)
      files.set(`timestamps/${name}.pem`, await readFile(certificatesFile))
    await writeFiles(folder, files)
    await writeTiles(folder, head.size, reader, createProgress(head.size, tools))
    await writeInstructions(folder)
    if (tools.terminal.json) tools.terminal.resultJson({ folder, size: head.size })
    else {
      const said = {
        vi: `Đã xuất ${head.size} bản ghi vào ${folder}.`,
        en: `${head.size} records exported to ${folder}.`,
      }
      tools.terminal.result(tools.terminal.pick(said))
    }
    return EXIT.ok
  })
}

/** `lienthong records export`: records, hashes, checkpoint and how to check them. */
export function defineExport(command: Command, tools: Tools): void {
  const { terminal } = tools
  const made = command
    .command('export')
    .summary(terminal.pick(TEXTS.export))
    .description(terminal.pick(TEXTS.export))
    .argument('<folder>', terminal.pick(TEXTS.folder))
    .action(tools.act((folder: string) => exportLog(resolve(tools.outside.workingDirectory, folder), tools)))
  addGuide(made, terminal, {
    examples: [
      [
        'records export so-giao-dich',
        { vi: 'rồi đọc so-giao-dich/VERIFY.md', en: 'then read so-giao-dich/VERIFY.md' },
      ],
    ],
    json: '{ "folder", "size" }',
  })
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { openManifest } from '../identity/manifest.ts'
import { parseVerifierKey } from '../ledger/note.ts'
import { type Finding, verifyCheckpoint } from '../ledger/verify.ts'
import type { Bilingual } from '../model/identifier.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import type { Tools } from './tools.ts'
import { concludeFindings } from './verify-findings.ts'

const TEXTS = {
  report: {
    vi: 'Kiểm tra một tệp báo cáo hoặc kết xuất cùng bản kê có chữ ký',
    en: 'Check a report or an export with its signed manifest',
  },
  file: { vi: 'tệp đã tải', en: 'the file' },
  manifest: {
    vi: 'bản kê (mặc định: <tệp>.jws, hoặc manifest.jws bên cạnh)',
    en: 'the manifest (default: <file>.jws, or manifest.jws beside it)',
  },
  jwks: { vi: 'tệp khóa của cổng (/oauth/jwks)', en: "file of the gateway's keys (/oauth/jwks)" },
  key: {
    vi: 'khóa của sổ (/log/vkey): kiểm cả điểm kiểm trong bản kê',
    en: "the log's key (/log/vkey): the manifest's checkpoint is checked too",
  },
} as const satisfies Record<string, Bilingual>

interface ReportOptions {
  readonly jwks: string
  readonly manifest?: string
  readonly key?: string
}

/** What a manifest says; it was signed, so its form is the gateway's. */
interface Manifest {
  readonly file: { readonly name: string; readonly bytes: number; readonly sha256: string }
  readonly madeAt: string
  readonly checkpoint: string | null
}

async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    const title = { vi: `Không đọc được ${file}`, en: `${file} cannot be read` }
    throw new CliFault(EXIT.usage, 'file_unreadable', { title, side: 'you', cause })
  })
}

async function readManifestFile(file: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return (await read(given)).toString()
  const beside = await readFile(`${file}.jws`).catch(() => undefined)
  return (beside ?? (await read(join(dirname(file), 'manifest.jws')))).toString()
}

async function checkpointFindings(note: string | null, key: string | undefined): Promise<readonly Finding[]> {
  if (key === undefined || note === null) return []
  const text = await readFile(key, 'utf8').catch(() => key)
  const parsed = await parseVerifierKey(text.trim(), NODE_CRYPTO.hash)
  if (parsed === undefined)
    throw usageFault({ vi: '--key không phải khóa của sổ.', en: '--key is no key of a log.' })
  return verifyCheckpoint(note, { key: parsed, policy: undefined, crypto: NODE_CRYPTO })
}

async function checkReport(file: string, options: ReportOptions, tools: Tools): Promise<ExitCode> {
  const bytes = await read(file)
  const opened = await openManifest(
    await readManifestFile(file, options.manifest),
    JSON.parse((await read(options.jwks)).toString()),
  )
  if (opened === undefined) {
    const detail = {
      vi: 'Bản kê không do khóa nào của cổng ký.',
      en: "The manifest was signed by none of the gateway's keys.",
    }
    return concludeFindings([{ check: 'manifest', ok: false, detail }], tools)
  }
  const manifest = JSON.parse(opened) as Manifest
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const isSame = sha256 === manifest.file.sha256
  const findings: Finding[] = [
    {
      check: 'manifest',
      ok: true,
      detail: {
        vi: `Bản kê do cổng ký lúc ${manifest.madeAt}.`,
        en: `The gateway signed the manifest at ${manifest.madeAt}.`,
      },
    },
    {
      check: 'file',
      ok: isSame,
      detail: isSame
        ? {
            vi: `Tệp đúng từng byte như đã xuất (${manifest.file.name}).`,
            en: `The file is, byte by byte, what was exported (${manifest.file.name}).`,
          }
        : {
            vi: 'Tệp đã bị sửa, hoặc không phải tệp của bản kê này.',
            en: 'The file was changed, or is not the one of this manifest.',
          },
    },
  ]
  return concludeFindings(
    [...findings, ...(await checkpointFindings(manifest.checkpoint, options.key))],
    tools,
  )
}

/** `lienthong verify report`: a file of figures or records, against the manifest it came with. */
export function defineReport(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const at = (path: string) => resolve(tools.outside.workingDirectory, path)
  const report = command
    .command('report')
    .summary(pick(TEXTS.report))
    .description(pick(TEXTS.report))
    .argument('<file>', pick(TEXTS.file))
    .requiredOption('--jwks <file>', pick(TEXTS.jwks))
    .option('--manifest <file>', pick(TEXTS.manifest))
    .option('--key <vkey>', pick(TEXTS.key))
    .action(
      tools.act((file: string, { jwks, manifest, key }: ReportOptions) =>
        checkReport(
          at(file),
          {
            jwks: at(jwks),
            ...(manifest !== undefined && { manifest: at(manifest) }),
            ...(key !== undefined && { key }),
          },
          tools,
        ),
      ),
    )
  addGuide(report, tools.terminal, {
    examples: [
      [
        'verify report quy-3.xlsx --jwks jwks.json',
        { vi: 'báo cáo còn nguyên như khi xuất', en: 'the report is as it was made' },
      ],
    ],
    json: '{ "holds", "findings": [ { "check", "ok", "detail" } ] }',
  })
}

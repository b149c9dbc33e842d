import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import { canonicalJson } from '../model/canonical.ts'
import { csvLine, sheetRow } from '../reporting/export-rows.ts'
import { type Report, reportCells, reportJson, reportTitles } from '../reporting/report.ts'
import { createWorkbook } from './workbook.ts'

export const REPORT_FORMATS = ['xlsx', 'csv', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** Spreadsheets take a CSV file for UTF-8 where it begins with the byte order mark. */
const BOM = '\ufeff'

async function* sheetRows(report: Report): AsyncIterable<string> {
  for (const cells of [reportTitles(report), ...reportCells(report)]) yield sheetRow(cells)
}

/** A report as a file. */
export async function renderReport(report: Report, format: ReportFormat): Promise<Buffer> {
  if (format === 'xlsx') return buffer(createWorkbook(report.figures.period.id, sheetRows(report)))
  if (format === 'json') return Buffer.from(`${JSON.stringify(reportJson(report), null, 2)}\n`)
  return Buffer.from(BOM + [reportTitles(report), ...reportCells(report)].map(csvLine).join(''))
}

/** What a report is made under. */
export interface ReportContext {
  /** Unix milliseconds. */
  readonly madeAtMs: number
  readonly query: Readonly<Record<string, unknown>>
  /** Records in the log, and the latest checkpoint of it as signed note, where there is one. */
  readonly treeSize: number
  readonly checkpoint: string | undefined
  /** The reading of the log that it is: who, by what right, and where it stands in the log. */
  readonly reading?: Readonly<Record<string, unknown>>
}

/** The manifest of a file: what it holds, by digest, and the checkpoint its figures were taken at. */
export function reportManifest(name: string, bytes: Buffer, context: ReportContext): string {
  const { madeAtMs, query, treeSize, checkpoint, reading } = context
  return canonicalJson({
    ...reading,
    checkpoint: checkpoint ?? null,
    file: { bytes: bytes.length, name, sha256: createHash('sha256').update(bytes).digest('hex') },
    madeAt: new Date(madeAtMs).toISOString(),
    query,
    treeSize,
  })
}

/** A report and its manifest as one archive, as exports of records are. */
export async function archiveReport(
  report: Report,
  format: ReportFormat,
  context: ReportContext & { readonly sign: (manifest: string) => Promise<string> },
): Promise<Buffer> {
  const name = `${report.figures.period.id}-${report.by}.${format}`
  const bytes = await renderReport(report, format)
  const zip = new ZipFile()
  const made = { mtime: new Date(context.madeAtMs) }
  zip.addBuffer(bytes, name, made)
  zip.addBuffer(Buffer.from(await context.sign(reportManifest(name, bytes, context))), 'manifest.jws', made)
  zip.end()
  return buffer(zip.outputStream as unknown as AsyncIterable<Buffer>)
}

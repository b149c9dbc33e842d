import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import { canonicalJson } from '../model/canonical.ts'
import { csvLine, sheetRow } from '../reporting/export-rows.ts'
import { FORMS, type Form, fileRows, formJson } from '../reporting/form.ts'
import { createWorkbook } from './workbook.ts'

export const REPORT_FORMATS = ['xlsx', 'csv', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** Spreadsheets take a CSV file for UTF-8 where it begins with the byte order mark. */
const BOM = '\ufeff'

async function* sheetRows(form: Form): AsyncIterable<string> {
  for (const cells of fileRows(form)) yield sheetRow(cells)
}

/** What a sheet of a workbook is called: ECMA-376 forbids some signs in it. */
const sheetName = ({ id }: Form) => FORMS[id].number.replace('/', '-')

/** A form as a file. */
export async function renderForm(form: Form, format: ReportFormat): Promise<Buffer> {
  if (format === 'xlsx') return buffer(createWorkbook(sheetName(form), sheetRows(form)))
  if (format === 'json') return Buffer.from(`${JSON.stringify(formJson(form), null, 2)}\n`)
  return Buffer.from(BOM + fileRows(form).map(csvLine).join(''))
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
  form: Form,
  format: ReportFormat,
  context: ReportContext & {
    /** Of the file, without its ending. */
    readonly name: string
    readonly sign: (manifest: string) => Promise<string>
  },
): Promise<Buffer> {
  const name = `${context.name}.${format}`
  const bytes = await renderForm(form, format)
  const zip = new ZipFile()
  const made = { mtime: new Date(context.madeAtMs) }
  zip.addBuffer(bytes, name, made)
  zip.addBuffer(Buffer.from(await context.sign(reportManifest(name, bytes, context))), 'manifest.jws', made)
  zip.end()
  return buffer(zip.outputStream as unknown as AsyncIterable<Buffer>)
}

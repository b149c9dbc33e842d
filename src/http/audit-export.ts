import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { canonicalJson } from '../model/canonical.ts'
import { GatewayError } from '../model/errors.ts'
import type { Receipt } from '../model/exchange.ts'
import type { ExportWork, ShownEntry } from '../reporting/audit-desk.ts'
import { csvLine, EXPORT_TITLES, exportRow, sheetRow } from '../reporting/export-rows.ts'
import { addPart, createWorkbook } from './workbook.ts'

/** Rows of one sheet of a workbook, its head among them (Excel's own limit is 1,048,576). */
const SHEET_ROWS = 1_000_000
const BOM = '\ufeff'

/** What an export is made under; it goes into the manifest. */
export interface ExportContext {
  readonly exchangeId: string
  readonly receipt: Receipt
  readonly reader: string
  readonly right: string
  /** Unix milliseconds. */
  readonly madeAtMs: number
  /** The latest checkpoint of the log as signed note, where there is one. */
  readonly checkpoint: string | undefined
  /** @returns the manifest as a compact JWS. */
  readonly sign: (manifest: string) => Promise<string>
}

interface Tally {
  records: number
  bytes: number
  readonly digest: ReturnType<typeof createHash>
}

/** Counts and digests what passes. */
async function* counted(source: AsyncIterable<Buffer>, tally: Tally): AsyncIterable<Buffer> {
  for await (const chunk of source) {
    tally.bytes += chunk.length
    tally.digest.update(chunk)
    yield chunk
  }
}

async function* ndjson(pages: AsyncIterable<readonly ShownEntry[]>, tally: Tally): AsyncIterable<Buffer> {
  for await (const page of pages) {
    tally.records += page.length
    yield Buffer.from(page.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
}

/** Spreadsheets take a CSV file for UTF-8 where it begins with the byte order mark. */
async function* csv(pages: AsyncIterable<readonly ShownEntry[]>, tally: Tally): AsyncIterable<Buffer> {
  yield Buffer.from(BOM + csvLine(EXPORT_TITLES))
  for await (const page of pages) {
    tally.records += page.length
    yield Buffer.from(page.map((entry) => csvLine(exportRow(entry))).join(''))
  }
}

async function* sheetRows(pages: AsyncIterable<readonly ShownEntry[]>, tally: Tally): AsyncIterable<string> {
  yield sheetRow(EXPORT_TITLES)
  for await (const page of pages) {
    tally.records += page.length
    yield page.map((entry) => sheetRow(exportRow(entry))).join('')
  }
}

function workbook(pages: AsyncIterable<readonly ShownEntry[]>, tally: Tally): AsyncIterable<Buffer> {
  return createWorkbook('Giao dịch', sheetRows(pages, tally))
}

const WRITERS = { csv, ndjson, xlsx: workbook } as const

/** @throws GatewayError where a workbook could not hold the records. */
export function assertExportable({ format, found }: ExportWork): void {
  if (format !== 'xlsx' || found < SHEET_ROWS) return
  throw new GatewayError('search_too_wide', {
    detail: {
      vi: 'Một bảng tính không chứa hết; dùng csv hoặc ndjson.',
      en: 'A sheet cannot hold that many records; use csv or ndjson.',
    },
  })
}

/**
 * An archive of the records and of a manifest signed with the gateway's key: what was asked, by whom, under which
 * record of the log, how many records and the digest of their file. Memory is bounded: one page at a time.
 */
export function createExport(work: ExportWork, context: ExportContext): Readable {
  const zip = new ZipFile()
  const tally: Tally = { records: 0, bytes: 0, digest: createHash('sha256') }
  const file = `records.${work.format}`

  async function* manifest(): AsyncIterable<Buffer> {
    yield Buffer.from(await signedManifest())
  }

  async function signedManifest(): Promise<string> {
    return context.sign(
      canonicalJson({
        checkpoint: context.checkpoint ?? null,
        exchange: context.exchangeId,
        file: { bytes: tally.bytes, name: file, sha256: tally.digest.digest('hex') },
        leafHash: context.receipt.leafHash,
        leafIndex: context.receipt.leafIndex,
        madeAt: new Date(context.madeAtMs).toISOString(),
        query: work.query,
        reader: context.reader,
        records: tally.records,
        right: context.right,
        treeSize: work.treeSize,
      }),
    )
  }

  addPart(zip, file, counted(WRITERS[work.format](work.pages, tally), tally), work.format !== 'xlsx')
  // Parts are read one after the other: the digest is complete when the manifest's turn comes.
  addPart(zip, 'manifest.jws', manifest(), false)
  zip.end()
  return zip.outputStream as unknown as Readable
}

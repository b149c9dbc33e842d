import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'

const partsOf = (title: string) => ({
  '[Content_Types].xml': `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
  '_rels/.rels': `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${title}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
})

/** An error in a part has to end the archive, or whoever reads it would wait for ever. */
export function addPart(zip: ZipFile, name: string, source: AsyncIterable<Buffer>, compress: boolean): void {
  const part = Readable.from(source, { objectMode: false })
  part.once('error', (error) => Readable.prototype.destroy.call(zip.outputStream, error))
  zip.addReadStream(part, name, { compress, mtime: new Date(0) })
}

async function* sheet(rows: AsyncIterable<string>): AsyncIterable<Buffer> {
  yield Buffer.from(`${XML}<worksheet xmlns="${MAIN}"><sheetData>`)
  for await (const row of rows) yield Buffer.from(row)
  yield Buffer.from('</sheetData></worksheet>')
}

/**
 * A workbook of one sheet (ECMA-376), written while its rows are read.
 * @param title of the sheet: no XML signs.
 * @param rows as `sheetRow` writes them.
 */
export function createWorkbook(title: string, rows: AsyncIterable<string>): AsyncIterable<Buffer> {
  const zip = new ZipFile()
  for (const [name, text] of Object.entries(partsOf(title))) {
    zip.addBuffer(Buffer.from(XML + text), name, { mtime: new Date(0) })
  }
  addPart(zip, 'xl/worksheets/sheet1.xml', sheet(rows), true)
  zip.end()
  return zip.outputStream as unknown as AsyncIterable<Buffer>
}

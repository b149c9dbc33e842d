import type pg from 'pg'
import type { Submittable } from 'pg'

/** Before the rows: signature, flags, and the length of an extension that no version has. */
const HEADER_BYTES = 19

/** Runs a `COPY … TO STDOUT (FORMAT binary)` and gathers what comes. */
class CopyOut implements Submittable {
  readonly done: Promise<Buffer>
  readonly #text: string
  readonly #chunks: Buffer[] = []
  readonly #settle: PromiseWithResolvers<Buffer>

  constructor(text: string) {
    this.#text = text
    this.#settle = Promise.withResolvers()
    this.done = this.#settle.promise
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text)
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    // The driver uses its own buffer again.
    this.#chunks.push(Buffer.from(chunk))
  }

  handleError(error: Error): void {
    this.#settle.reject(error)
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(Buffer.concat(this.#chunks))
  }

  // What the server says between is of no use here; the driver asks that each be there.
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/**
 * Reads one row by binary COPY: a result of the driver's comes as text, in which bytes take five times their room on
 * the way (hex, a string of it, and the driver's buffers).
 * @param select of not more than one row, without parameters. @returns its fields as the type's binary form; undefined
 * where there is no row.
 */
export async function readRowBinary(pool: pg.Pool, select: string): Promise<readonly Buffer[] | undefined> {
  const client = await pool.connect()
  try {
    const copy = new CopyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`)
    client.query(copy)
    return fieldsOf(await copy.done)
  } finally {
    client.release()
  }
}

function fieldsOf(stream: Buffer): readonly Buffer[] | undefined {
  const columns = stream.readInt16BE(HEADER_BYTES)
  // The end of the stream.
  if (columns < 0) return undefined
  const fields: Buffer[] = []
  let at = HEADER_BYTES + 2
  for (let column = 0; column < columns; column += 1) {
    const length = Math.max(stream.readInt32BE(at), 0)
    fields.push(stream.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return fields
}

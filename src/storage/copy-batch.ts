import type { Connection, Submittable } from 'pg'

/** Writes rows of PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"). */
export interface CopyWriter {
  row(columns: number): void
  int64(value: number): void
  uuid(text: string): void
  timestamp(unixMs: number): void
  bytes(value: Uint8Array): void
  text(value: string | undefined): void
  /** @returns the whole stream; the writer is done with. */
  finish(): Buffer
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
/** Microseconds between PostgreSQL's epoch (2000-01-01) and Unix's. */
const EPOCH_MS = 946_684_800_000

export function createCopyWriter(sizeHint: number): CopyWriter {
  let buffer = Buffer.allocUnsafe(sizeHint + 64)
  let end = SIGNATURE.copy(buffer)

  function room(bytes: number): void {
    if (end + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes))
    buffer.copy(larger, 0, 0, end)
    buffer = larger
  }

  return {
    row(columns) {
      room(2)
      end = buffer.writeInt16BE(columns, end)
    },
    int64(value) {
      room(12)
      end = buffer.writeInt32BE(8, end)
      end = buffer.writeBigInt64BE(BigInt(value), end)
    },
    uuid(text) {
      room(20)
      end = buffer.writeInt32BE(16, end)
      end += buffer.write(text.replaceAll('-', ''), end, 'hex')
    },
    timestamp(unixMs) {
      room(12)
      end = buffer.writeInt32BE(8, end)
      end = buffer.writeBigInt64BE(BigInt(unixMs - EPOCH_MS) * 1000n, end)
    },
    bytes(value) {
      room(4 + value.length)
      end = buffer.writeInt32BE(value.length, end)
      buffer.set(value, end)
      end += value.length
    },
    text(value) {
      if (value === undefined) {
        room(4)
        end = buffer.writeInt32BE(-1, end)
        return
      }
      room(4 + value.length * 3)
      const written = buffer.write(value, end + 4)
      buffer.writeInt32BE(written, end)
      end += 4 + written
    },
    finish() {
      room(2)
      end = buffer.writeInt16BE(-1, end)
      return buffer.subarray(0, end)
    },
  }
}

/** The driver's part of the protocol for COPY, which its types leave out. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/**
 * Runs a simple query holding some `COPY … FROM STDIN (FORMAT binary)` and sends the data of each along, without
 * waiting to be asked for it: one round trip. Where a statement before a COPY fails, the server drops
 * the data (protocol documentation, "COPY Operations"). The statements are one transaction.
 */
export class CopyBatch implements Submittable {
  readonly done: Promise<void>
  readonly #text: string
  readonly #data: readonly Buffer[]
  readonly #settle: PromiseWithResolvers<void>

  constructor(text: string, data: readonly Buffer[]) {
    this.#text = text
    this.#data = data
    this.#settle = Promise.withResolvers()
    this.done = this.#settle.promise
  }

  submit(connection: Connection): void {
    const copy = connection as CopyConnection
    copy.stream.cork()
    copy.query(this.#text)
    for (const stream of this.#data) {
      copy.sendCopyFromChunk(stream)
      copy.endCopyFrom()
    }
    copy.stream.uncork()
  }

  handleError(error: Error): void {
    this.#settle.reject(error)
  }

  handleReadyForQuery(): void {
    this.#settle.resolve()
  }

  // What the server says between is of no use here; the driver asks that each be there.
  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

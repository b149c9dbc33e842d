import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  randomUUID,
} from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../model/errors.ts'
import type { BodySink, KeptBody, OpenSink } from '../model/whole.ts'

/** Bodies up to this stay in memory. */
const MEMORY_BYTES = 65_536
const READ_BYTES = 65_536
const ALGORITHM = 'aes-256-ctr'

/** A file without a name, of bytes that nobody can read without a key that is kept in memory alone. */
interface Hidden {
  readonly file: FileHandle
  readonly key: Buffer
  readonly iv: Buffer
  readonly cipher: Cipheriv
}

async function openHidden(directory: string): Promise<Hidden> {
  const path = join(directory, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  // From here on it ends with its last reader, also where the process is killed.
  await unlink(path)
  const [key, iv] = [randomBytes(32), randomBytes(16)]
  return { file, key, iv, cipher: createCipheriv(ALGORITHM, key, iv) }
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written)
    written += bytesWritten
  }
}

async function* readHidden({ file, key, iv }: Hidden, bytes: number): AsyncIterable<Buffer> {
  const decipher = createDecipheriv(ALGORITHM, key, iv)
  for (let place = 0; place < bytes; ) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, bytes - place))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, place)
    if (bytesRead === 0) throw new Error('a kept body is shorter than it was')
    place += bytesRead
    yield decipher.update(buffer.subarray(0, bytesRead))
  }
}

/** Hands on chunk by chunk, one held back until all of them are known to be those that were kept. */
async function* verified(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  salt: Uint8Array,
  digest: string,
): AsyncIterable<Buffer> {
  const hash = createHash('sha256').update(salt)
  let held: Buffer | undefined
  for await (const chunk of chunks) {
    if (held !== undefined) yield held
    hash.update(chunk)
    held = chunk
  }
  if (hash.digest('base64url') !== digest) throw new Error('a kept body is not what was kept')
  if (held !== undefined) yield held
}

/**
 * Keeps bodies aside while they are received, so that nothing of an answer leaves before its record is durable and
 * no size of one takes the process's memory: a small one in memory, a larger one in an encrypted file without name.
 * @param directory where the larger ones are laid down; it is made where it is not there.
 * @param maxTotalBytes what all of them together may take on the disk at one time.
 */
export function createSpool(directory: string, maxTotalBytes: number): OpenSink {
  let total = 0
  mkdirSync(directory, { recursive: true, mode: 0o700 })

  return (salt, maxBytes): BodySink => {
    const hash = createHash('sha256').update(salt)
    let memory: Buffer[] = []
    let hidden: Hidden | undefined
    let bytes = 0
    let laidDown = 0
    let ended = false

    async function discard(): Promise<void> {
      if (ended) return
      ended = true
      total -= laidDown
      memory = []
      await hidden?.file.close()
    }

    async function refuse(error: GatewayError): Promise<never> {
      await discard()
      throw error
    }

    async function layDown(chunk: Buffer): Promise<void> {
      hidden ??= await openHidden(directory)
      laidDown += chunk.length
      total += chunk.length
      await writeWhole(hidden.file, hidden.cipher.update(chunk))
    }

    return {
      discard,
      async write(chunk) {
        const piece = Buffer.from(chunk)
        bytes += piece.length
        if (bytes > maxBytes) {
          const detail = { vi: `Nhiều nhất ${maxBytes} byte.`, en: `At most ${maxBytes} bytes.` }
          await refuse(new GatewayError('body_too_large', { detail }))
        }
        hash.update(piece)
        if (hidden === undefined && bytes <= MEMORY_BYTES) {
          memory.push(piece)
          return
        }
        const waiting = [...memory, piece]
        memory = []
        if (total + bytes - laidDown > maxTotalBytes) {
          await refuse(new GatewayError('gateway_overloaded', { retryAfterSeconds: 1 }))
        }
        for (const each of waiting) await layDown(each)
      },
      end(): KeptBody {
        const digest = hash.digest('base64url')
        return {
          bytes,
          digest,
          read: () => verified(hidden === undefined ? memory : readHidden(hidden, bytes), salt, digest),
          discard,
        }
      },
    }
  }
}

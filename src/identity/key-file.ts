import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

/**
 * Reads a secret. The file's mode is read from the opened file, so that no other can take its place between.
 * @throws Error when the group or others may touch the file, naming the `chmod` that mends it.
 */
export function readSecretFile(path: string): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const mode = fstatSync(descriptor).mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw new Error(`${path} is open to others (mode ${mode.toString(8)}): run chmod 600 ${path}`)
    }
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Writes a secret, whole or not at all, readable by its owner alone; a file that is there is never replaced.
 * @returns false where another process was first.
 */
export function createSecretFile(path: string, content: string | Uint8Array): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = join(dirname(path), `.${randomUUID()}.draft`)
  try {
    const descriptor = openSync(draft, 'wx', 0o600)
    try {
      writeSync(descriptor, Buffer.from(content))
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    // A link fails where the name is taken; a rename would replace what another process just wrote.
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isAlreadyThere(error)) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * A random secret that all processes over one folder share, made by whichever comes first.
 * @param fresh the bytes to write where there is no file yet.
 */
export function openSecretFile(path: string, fresh: Uint8Array): Buffer {
  createSecretFile(path, fresh)
  const secret = readSecretFile(path)
  if (secret.length < 32) throw new Error(`${path} must hold at least 32 bytes`)
  return secret
}

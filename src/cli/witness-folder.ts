import { createHash } from 'node:crypto'
import { mkdir, readdir, unlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createAnchorFile } from '../ledger/anchor-file.ts'
import type { Anchor } from '../ledger/keeper.ts'
import { CliFault, EXIT } from './fault.ts'

/** The folder of a witness: its key, what it cosigned last of each log, and what contradicts that. */
export interface WitnessFolder {
  readonly keyFile: string
  readonly stateOf: (origin: string) => Anchor
  readonly keepEvidence: (origin: string, request: string) => Promise<void>
  /** Contradictions kept of a log. */
  readonly evidenceOf: (origin: string) => Promise<number>
  /** Gives the folder up for another process. */
  close(): Promise<void>
}

/** Kept of one log; the first ones say all there is to say. */
const MAX_EVIDENCE = 100

const nameOf = (text: string) => createHash('sha256').update(text).digest('hex')

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Whether somebody holds the socket; its file alone says nothing. */
function isHeld(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const tell = (held: boolean) => {
      socket.destroy()
      resolve(held)
    }
    socket.once('connect', () => tell(true)).once('error', () => tell(false))
  })
}

/** Two witnesses over one folder would each believe to be the only one. @returns the end of the lock. */
async function lock(path: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy())
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })
  try {
    await listen()
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE')) throw error
    if (await isHeld(path)) {
      throw new CliFault(EXIT.failed, 'witness_running', {
        title: {
          vi: 'Một nhân chứng khác đang dùng thư mục này',
          en: 'Another witness is using this folder',
        },
        side: 'you',
      })
    }
    await unlink(path)
    await listen()
  }
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

/** Opens the folder, made where it is not there, for this process alone. */
export async function openWitnessFolder(folder: string): Promise<WitnessFolder> {
  await mkdir(join(folder, 'logs'), { recursive: true, mode: 0o700 })
  const release = await lock(join(folder, 'lock'))
  const conflicts = (origin: string) => join(folder, 'conflicts', nameOf(origin))
  const evidenceOf = async (origin: string) => {
    try {
      return (await readdir(conflicts(origin))).length
    } catch (error) {
      if (isCode(error, 'ENOENT')) return 0
      throw error
    }
  }
  return {
    keyFile: join(folder, 'key'),
    stateOf: (origin) => createAnchorFile(join(folder, 'logs', nameOf(origin))),
    evidenceOf,
    async keepEvidence(origin, request) {
      if ((await evidenceOf(origin)) >= MAX_EVIDENCE) return
      await mkdir(conflicts(origin), { recursive: true, mode: 0o700 })
      await writeFile(join(conflicts(origin), nameOf(request)), request, { mode: 0o600 })
    },
    close: release,
  }
}

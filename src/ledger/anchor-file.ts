import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Anchor } from './keeper.ts'

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

/**
 * The anchor as a file: outside the database, and not part of the database's backups, so that a database put
 * back to an earlier state is seen to be behind.
 */
export function createAnchorFile(path: string): Anchor {
  return {
    async read() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    async write(note) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const draft = `${path}.draft`
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(note)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
      await flushFolder(dirname(path))
    },
  }
}

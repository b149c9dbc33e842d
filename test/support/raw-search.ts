import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The files below a folder that hold these bytes. */
export function filesWith(folder: string, bytes: Uint8Array): string[] {
  return filesBelow(folder).filter((file) => readFileSync(file).includes(Buffer.from(bytes)))
}

/** Which of these byte strings stand in some file below a folder; each file is read once. */
export function foundIn(folder: string, sought: readonly Uint8Array[]): readonly boolean[] {
  const found = sought.map(() => false)
  for (const file of filesBelow(folder)) {
    const content = readFileSync(file)
    for (const [place, bytes] of sought.entries()) found[place] ||= content.includes(Buffer.from(bytes))
  }
  return found
}

/** Everything a server holds to disk; what its own log no longer needs is removed, as time does otherwise. */
export async function settleFiles(superuserUrl: string): Promise<void> {
  const superuser = new Client({ connectionString: superuserUrl })
  await superuser.connect()
  for (const statement of [
    'ALTER SYSTEM SET wal_recycle = off',
    "ALTER SYSTEM SET min_wal_size = '32MB'",
    'SELECT pg_reload_conf()',
    'SELECT pg_switch_wal()',
    'CHECKPOINT',
    'SELECT pg_switch_wal()',
    'CHECKPOINT',
  ])
    await superuser.query(statement)
  await superuser.end()
}

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

const SWITCHES = 50

/**
 * Everything a server holds to disk; what its own log no longer needs is removed, as time does otherwise.
 * @throws Error where old files of its log stay
 */
export async function settleFiles(superuserUrl: string): Promise<void> {
  const superuser = new Client({ connectionString: superuserUrl })
  await superuser.connect()
  try {
    for (const setting of ['wal_recycle = off', "min_wal_size = '32MB'"])
      await superuser.query(`ALTER SYSTEM SET ${setting}`)
    await superuser.query('SELECT pg_reload_conf()')
    // Until it has read its settings anew the server keeps old files for later use, with what is in them.
    let fresh = 0
    for (let switches = 0; fresh < 2; switches += 1) {
      if (switches === SWITCHES) throw new Error('the server keeps old files of its log')
      await superuser.query('SELECT pg_switch_wal()')
      await superuser.query('CHECKPOINT')
      const { rows } = await superuser.query("SELECT name FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'")
      fresh = rows.length === 1 ? fresh + 1 : 0
    }
  } finally {
    await superuser.end()
  }
}

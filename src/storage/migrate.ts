import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import type { StorageLog } from './storage-event.ts'

/** The project's own migrations. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))

/** Held by the one process that migrates; advisory locks are per database. */
const MIGRATION_LOCK = 7414

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/

interface Migration {
  readonly number: number
  readonly title: string
  readonly sql: string
  /** SHA-256 of the file with LF line ends, so that a checkout under Windows has the same. */
  readonly digest: string
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const migrations: Migration[] = []
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()) {
    const [, digits, title] = FILE_NAME.exec(name) ?? []
    if (digits === undefined || title === undefined) {
      throw new Error(`${join(folder, name)} is not named as a migration, NNNN-title.sql.`)
    }
    const number = Number(digits)
    if (migrations.at(-1)?.number === number)
      throw new Error(`${folder} has two migrations numbered ${digits}.`)
    const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n')
    migrations.push({ number, title, sql, digest: createHash('sha256').update(sql).digest('hex') })
  }
  return migrations
}

interface Applied {
  readonly number: number
  readonly title: string
  readonly digest: string
}

function formatName({ number, title }: { readonly number: number; readonly title: string }): string {
  return `${String(number).padStart(4, '0')}-${title}.sql`
}

/**
 * The migrations still to apply.
 * @throws Error where an applied one was changed or is unknown here, or a new one would come before an applied one.
 */
function selectPending(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const row of applied) {
    const migration = known.get(row.number)
    if (migration === undefined) {
      throw new Error(
        `The database has had migration ${formatName(row)}, which this version does not know: it was written by ` +
          'a newer version, so start that one.',
      )
    }
    if (migration.digest !== row.digest) {
      throw new Error(
        `Migration ${formatName(migration)} was changed after it was applied: put it back as it was, and put the ` +
          'change into a new migration.',
      )
    }
  }
  const done = new Set(applied.map((row) => row.number))
  const latest = applied.at(-1)?.number ?? 0
  const pending = migrations.filter((migration) => !done.has(migration.number))
  const late = pending.find((migration) => migration.number < latest)
  if (late !== undefined) {
    throw new Error(
      `Migration ${formatName(late)} comes before ${latest}, which is applied: give it a higher number.`,
    )
  }
  return pending
}

/** Applies `migration` and notes it, or leaves the database as it was. */
async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN')
    await client.query(migration.sql)
    // 'T': still inside the transaction. Otherwise a COMMIT in the file has ended it.
    if (client.getTransactionStatus() !== 'T') throw new Error('it must not end its transaction')
    await client.query('INSERT INTO schema_migration (number, title, digest) VALUES ($1, $2, $3)', [
      migration.number,
      migration.title,
      migration.digest,
    ])
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {})
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Migration ${formatName(migration)} failed: ${reason}`, { cause })
  }
}

/**
 * Brings the database up to the migrations in `folder`, in order, each in a transaction of its own; processes that
 * start at once wait for each other. Nothing is applied where a check fails.
 * @param client a connection of its own, since its timeouts are lifted.
 */
export async function migrate(client: Client, folder: string, log: StorageLog): Promise<void> {
  const migrations = await readMigrations(folder)
  // The role or the server may set a limit that waiting for another process, or a large index, would meet.
  await client.query('SET statement_timeout = 0; SET lock_timeout = 0')
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migration (
      number int PRIMARY KEY,
      title text NOT NULL,
      digest text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`)
    const { rows } = await client.query<Applied>(
      'SELECT number, title, digest FROM schema_migration ORDER BY number',
    )
    for (const migration of selectPending(migrations, rows)) {
      const begun = performance.now()
      await apply(client, migration)
      const { number, title } = migration
      log({ event: 'migration_applied', number, title, durationMs: performance.now() - begun })
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
  }
}

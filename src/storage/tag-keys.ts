import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { type Tagger, type TagKeys, tagWith } from '../ledger/tag.ts'
import type { Open, Vault } from './vault.ts'

/** Keys of the ledger's tags, one a month, made at first use and shared by all processes. */
export function createTagKeys(pool: pg.Pool, vault: Vault): TagKeys {
  return async (month) => {
    const context = Buffer.from(`tag_key/${month}`)
    await pool.query('INSERT INTO tag_key (month, sealed_key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      month,
      vault.seal(randomBytes(32), context),
    ])
    const { rows } = await pool.query<{ sealed_key: Buffer | null }>(
      'SELECT sealed_key FROM tag_key WHERE month = $1',
      [month],
    )
    const [row] = rows
    if (!row?.sealed_key) throw new Error(`the tag key of ${month} is gone`)
    return vault.open(row.sealed_key, context)
  }
}

/** @returns undefined where the month has no key, or has it no more. */
export async function readTagger(pool: pg.Pool, open: Open, month: string): Promise<Tagger | undefined> {
  const { rows } = await pool.query<{ sealed_key: Buffer }>(
    'SELECT sealed_key FROM tag_key WHERE month = $1 AND sealed_key IS NOT NULL',
    [month],
  )
  const [row] = rows
  return row && tagWith(open(row.sealed_key, Buffer.from(`tag_key/${month}`)))
}

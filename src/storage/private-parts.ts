import type pg from 'pg'
import type { PrivateStore, StoredPart } from '../ledger/fsck-private.ts'
import type { KeptPart } from '../ledger/private-part.ts'
import { readTagger } from './tag-keys.ts'
import type { Open, Seal, Vault } from './vault.ts'

const contextOf = (exchange: string) => Buffer.from(`exchange_private/${exchange}`)
const BETWEEN = '~'

/** Sealed for the row of its exchange alone: moved to another's it does not open. */
export function sealDisclosures(exchange: string, disclosures: readonly string[], seal: Seal): Buffer {
  return seal(Buffer.from(disclosures.join(BETWEEN)), contextOf(exchange))
}

/** @throws Error where anything was changed or moved, or another key sealed it. */
export function openDisclosures(exchange: string, sealed: Uint8Array, open: Open): readonly string[] {
  return open(sealed, contextOf(exchange)).toString('latin1').split(BETWEEN)
}

interface PartRow {
  readonly exchange_id: string
  readonly subject_tag: string | null
  readonly officer_tag: string | null
  readonly dossier_tag: string | null
  readonly sealed: Buffer | null
  readonly erased_by: string | null
}

/** With the subjects' tags, where it is a batch's. */
interface WholeRow extends PartRow {
  readonly subjects: Buffer | null
  readonly subjects_erased_by: string | null
}

const PARTS = `SELECT part.*, batch.tags AS subjects, batch.erased_by AS subjects_erased_by
  FROM exchange_private AS part LEFT JOIN exchange_subjects AS batch USING (exchange_id)
 WHERE part.exchange_id = ANY ($1)`

function disclosuresOf({ exchange_id, sealed }: PartRow, open: Open | undefined): StoredPart['disclosures'] {
  if (sealed === null) return undefined
  if (open === undefined) return 'unread'
  try {
    return openDisclosures(exchange_id, sealed, open)
  } catch {
    return 'broken'
  }
}

/** @param vault undefined where the data key is not at hand. */
export function createPrivateStore(
  pool: pg.Pool,
  vault: Pick<Vault, 'open'> | undefined,
): Omit<PrivateStore, 'leafIndexOf'> {
  return {
    taggerOf: async (month) => vault && readTagger(pool, vault.open, month),
    async readParts(ids) {
      const { rows } = await pool.query<WholeRow>(PARTS, [ids])
      return new Map(
        rows.map((row) => [
          row.exchange_id,
          {
            tags: {
              subject: row.subject_tag ?? undefined,
              officer: row.officer_tag ?? undefined,
              dossier: row.dossier_tag ?? undefined,
            },
            disclosures: disclosuresOf(row, vault?.open),
            erasedBy: row.erased_by ?? undefined,
            subjects:
              row.subjects === null
                ? undefined
                : { tags: row.subjects, erasedBy: row.subjects_erased_by ?? undefined },
          },
        ]),
      )
    },
    async readErasedMonths() {
      const { rows } = await pool.query<{ month: string; erased_by: string }>(
        'SELECT month, erased_by FROM tag_key WHERE erased_by IS NOT NULL',
      )
      return new Map(rows.map(({ month, erased_by }) => [month, erased_by]))
    },
  }
}

const KEPT = `SELECT asked.exchange_id, kept.sealed, coalesce(kept.erased_by, key.erased_by) AS erased_by
  FROM unnest($1::uuid[]) AS asked (exchange_id)
  LEFT JOIN exchange_private AS kept ON kept.exchange_id = asked.exchange_id
  LEFT JOIN tag_key AS key ON kept.exchange_id IS NULL
   AND key.month = to_char(exchange_time(asked.exchange_id) AT TIME ZONE 'UTC', 'YYYY-MM')`

/** @returns what there is of the private parts of records that have one, by exchange id. */
export async function readKeptParts(
  pool: pg.Pool,
  exchanges: readonly string[],
  open: Open,
): Promise<ReadonlyMap<string, KeptPart>> {
  if (exchanges.length === 0) return new Map()
  const { rows } = await pool.query<Pick<PartRow, 'exchange_id' | 'sealed' | 'erased_by'>>(KEPT, [exchanges])
  return new Map(
    rows.map(({ exchange_id, sealed, erased_by }) => [
      exchange_id,
      sealed === null
        ? { erasedBy: erased_by ?? undefined }
        : { disclosures: openDisclosures(exchange_id, sealed, open) },
    ]),
  )
}

import type pg from 'pg'

export interface RecordLoad {
  readonly records: number
  readonly from: Date
  readonly until: Date
  /** Leaf index of the first; a log with records of its own goes on below it, and the loaded ones stand beside it. */
  readonly first?: number
}

/**
 * Fills the log's table with records of synthetic exchanges spread evenly over a span, as many consumers, services
 * and outcomes as a national platform has; leaves have the size of real ones but make no tree, so this is for plans
 * and times of searches alone. Subject `i` of 100,000 has the tag `subject-i`, officer `i` of 2,000 `officer-i`.
 */
const FILL = `INSERT INTO exchange_record
SELECT i, id, at + (20 + h % 180) * interval '1 ms',
       convert_to(jsonb_build_object('v', 1, 'exchange', id, 'receivedAt', ms, 'at', ms + 20 + h % 180,
         'consumer', consumer, 'provider', provider, 'service', service, 'operation', operation, 'outcome', outcome,
         'code', code, 'providerMs', 10 + h % 170, 'pad', repeat(md5(i::text), 10))::text, 'UTF8'),
       sha256(i::text::bytea), consumer, provider, service, operation, outcome, code, agreement, purpose
  FROM (
SELECT i, h, at, floor(extract(epoch FROM at) * 1000)::bigint AS ms,
       overlay(exchange_id_from(at)::text
               placing '7' || left(m, 3) || '-8' || substr(m, 4, 3) || '-' || substr(m, 7, 12) from 15)::uuid AS id,
       'H' || lpad((10 + c % 34)::text, 2, '0') || '/mot-cua' || CASE WHEN c >= 34 THEN '-' || c / 34 ELSE '' END
         AS consumer,
       'G' || lpad((1 + s % 12)::text, 2, '0') || '/he-thong-' || s % 20 AS provider,
       'G' || lpad((1 + s % 12)::text, 2, '0') || '/he-thong-' || s % 20 || '/dich-vu-' || s || '/v1' AS service,
       CASE WHEN r < 80 THEN 'lookUp' ELSE 'verify' END AS operation,
       CASE WHEN r < 94 THEN 'delivered' WHEN r < 98 THEN 'refused' ELSE 'failed' END AS outcome,
       CASE WHEN r < 94 THEN NULL WHEN r < 96 THEN 'field_not_agreed' WHEN r < 98 THEN 'request_invalid'
            WHEN r = 98 THEN 'provider_timeout' ELSE 'provider_unavailable' END AS code,
       'TT-' || c || '-' || s AS agreement, 'muc-dich-' || (c + s) % 6 AS purpose
  FROM generate_series($1::bigint, $2::bigint) AS i,
       LATERAL (SELECT (hashint8(i) & 2147483647) AS h, md5(i::text) AS m) AS hashed,
       LATERAL (SELECT (h / 100 % 200 * (h / 7 % 200) / 200) AS c, h % 100 AS r) AS drawn,
       LATERAL (SELECT (c * 5 + h / 11 % 8 * (h / 13 % 8) / 8) % 60 AS s) AS chosen,
       LATERAL (SELECT $3::timestamptz + (($4::timestamptz - $3::timestamptz) * (i - $1) / $5) AS at) AS placed
  ) AS made`

/** What is beside them: sealed parts as long as real ones. */
const FILL_PRIVATE = `INSERT INTO exchange_private
SELECT exchange_id, CASE WHEN substring(service FROM 'dich-vu-([0-9]+)')::int % 3 > 0 THEN 'subject-' || h % 100000 END,
       'officer-' || split_part(agreement, '-', 2)::int * 10 + h % 10, 'dossier-' || leaf_index / 3, leaf_hash
  FROM exchange_record, LATERAL (SELECT (hashint8(leaf_index) & 2147483647) AS h) AS hashed
 WHERE leaf_index BETWEEN $1 AND $2`

const STEP = 100_000
/** From here on it takes less time to make the indexes of searches anew than to keep them. */
const MANY = 1_000_000

/**
 * All but that of the place in the log: a gateway beside the load looks by it every second.
 * @returns the statements that make the indexes again.
 */
async function dropSearchIndexes(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string; text: string }>(
    `SELECT indexname AS name, indexdef AS text FROM pg_indexes
      WHERE tablename IN ('exchange_record', 'exchange_private') AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%leaf_index'`,
  )
  await pool.query(`DROP INDEX ${rows.map(({ name }) => name).join(', ')}`)
  return rows.map(({ text }) => text.replace(' ON ONLY ', ' ON '))
}

/** @param onStep told of how many are there so far. */
export async function loadRecords(
  pool: pg.Pool,
  { records, from, until, first: start }: RecordLoad,
  onStep: (done: number) => void = () => {},
): Promise<void> {
  const month = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth()))
  for (; month < until; month.setUTCMonth(month.getUTCMonth() + 1)) {
    for (const parent of ['exchange_record', 'exchange_private'])
      await pool.query('SELECT ensure_record_partition($1, $2)', [month, parent])
  }
  const indexes = records >= MANY ? await dropSearchIndexes(pool) : []
  const width = until.getTime() - from.getTime()
  const at = (place: number) => new Date(from.getTime() + (width * place) / records)
  let [begun, done] = [0, 0]
  async function fill(): Promise<void> {
    while (begun < records) {
      const place = begun
      const count = Math.min(STEP, records - place)
      begun += count
      const index = (start ?? 0) + place
      await pool.query(FILL, [index, index + count - 1, at(place), at(place + count), count])
      await pool.query(FILL_PRIVATE, [index, index + count - 1])
      done += count
      onStep(done)
    }
  }
  await Promise.all([fill(), fill()])
  if (start === undefined) await pool.query('UPDATE ledger_head SET size = $1', [records])
  for (const text of indexes) await pool.query(text)
}

import pg from 'pg'
import type { Attestation } from '../ledger/attestation.ts'
import type { LogStore, StoredLeaves } from '../ledger/keeper.ts'
import type { Tile, TilePlace } from '../ledger/tile.ts'
import type { StoredTimestamp } from '../ledger/timestamping.ts'
import type { WitnessStore } from '../ledger/witnessing.ts'

/** Held by the one process that signs the log; advisory locks are per database, and 7414 to 7417 others'. */
const SIGNER_LOCK = 7418

/** What is read of the log to answer those who check it. */
export interface LogReader {
  /** The newest attested checkpoint; the newest at all where there is none, undefined of an unsigned log. */
  latestCheckpoint(): Promise<string | undefined>
  attestation(): Promise<Attestation>
  /** Which time stamps there are, oldest first. */
  listTimestamps(): Promise<readonly Pick<StoredTimestamp, 'size' | 'authority' | 'at'>[]>
  readTimestamp(size: number, authority: string): Promise<StoredTimestamp | undefined>
  /** The newest that covers a leaf; one that a quorum of witnesses has cosigned before one that none has. */
  checkpointOver(leafIndex: number): Promise<{ readonly size: number; readonly note: string } | undefined>
  readTiles(places: readonly TilePlace[]): Promise<readonly Tile[]>
  /** The leaves' bytes, `end` not included. */
  readEntries(start: number, end: number): Promise<readonly Buffer[]>
  leafIndexOf(exchangeId: string): Promise<number | undefined>
}

/** The newest checkpoint that was signed, attested or not. */
export async function newestCheckpoint(pool: pg.Pool): Promise<string | undefined> {
  const { rows } = await pool.query<{ note: string }>(
    'SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1',
  )
  return rows[0]?.note
}

/** Of checkpoints this old one an hour stays, a cosigned one before others, and each that is time-stamped. */
const THINNING = `
  DELETE FROM log_checkpoint WHERE signed_at < $1
     AND size <> (SELECT max(size) FROM log_checkpoint)
     AND size <> (SELECT attested_size FROM log_standing)
     AND size NOT IN (SELECT size FROM log_timestamp)
     AND size NOT IN (
       SELECT DISTINCT ON (date_trunc('hour', signed_at)) size FROM log_checkpoint WHERE signed_at < $1
        ORDER BY date_trunc('hour', signed_at), cosigned DESC, size DESC)`

/**
 * A statement that a connection keeps: to plan a look into a log of many months costs more than the look itself (an
 * exchange's place among 15 months: 1.1 ms, and 0.4 ms where the plan is kept).
 */
export function planned(name: string, text: string, values: unknown[] = []): pg.QueryConfig {
  return { name: `log-${name}`, text, values }
}

export function createLogReader(pool: pg.Pool): LogReader {
  return {
    async latestCheckpoint() {
      const { rows } = await pool.query<{ note: string }>(
        planned(
          'latest',
          `(SELECT note, 1 AS rank FROM log_checkpoint WHERE size = (SELECT attested_size FROM log_standing))
         UNION ALL
         (SELECT note, 2 FROM log_checkpoint ORDER BY size DESC LIMIT 1)
         ORDER BY rank LIMIT 1`,
        ),
      )
      return rows[0]?.note
    },
    async attestation() {
      const { rows } = await pool.query<{ refused_since: Date | null; first_open_at: Date | null }>(
        planned(
          'attestation',
          `SELECT refused_since,
                (SELECT at FROM exchange_record WHERE leaf_index = attested_size) AS first_open_at
           FROM log_standing`,
        ),
      )
      return {
        refusedSince: rows[0]?.refused_since ?? undefined,
        firstOpenAt: rows[0]?.first_open_at ?? undefined,
      }
    },
    async listTimestamps() {
      const { rows } = await pool.query<Pick<StoredTimestamp, 'size' | 'authority' | 'at'>>(
        'SELECT size, authority, at FROM log_timestamp ORDER BY size, authority',
      )
      return rows
    },
    async readTimestamp(size, authority) {
      const { rows } = await pool.query<StoredTimestamp>(
        'SELECT size, authority, at, note, token FROM log_timestamp WHERE size = $1 AND authority = $2',
        [size, authority],
      )
      return rows[0]
    },
    async checkpointOver(leafIndex) {
      const { rows } = await pool.query<{ size: number; note: string }>(
        planned(
          'over',
          `(SELECT size, note, 1 AS rank FROM log_checkpoint WHERE cosigned AND size > $1 ORDER BY size DESC LIMIT 1)
         UNION ALL
         (SELECT size, note, 2 FROM log_checkpoint WHERE size > $1 ORDER BY size DESC LIMIT 1)
         ORDER BY rank LIMIT 1`,
          [leafIndex],
        ),
      )
      return rows[0] && { size: rows[0].size, note: rows[0].note }
    },
    async readTiles(places) {
      const { rows } = await pool.query<{ level: number; n: number; hashes: Buffer }>(
        planned(
          'tiles',
          `SELECT level, n, hashes FROM log_tile
          WHERE (level, n) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[]))`,
          [places.map(({ level }) => level), places.map(({ n }) => n)],
        ),
      )
      return rows
    },
    async readEntries(start, end) {
      const { rows } = await pool.query<{ leaf: Buffer }>(
        planned(
          'entries',
          'SELECT leaf FROM exchange_record WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index',
          [start, end],
        ),
      )
      return rows.map(({ leaf }) => leaf)
    },
    async leafIndexOf(exchangeId) {
      const { rows } = await pool.query<{ leaf_index: number }>(
        planned('index', 'SELECT leaf_index FROM exchange_record WHERE exchange_id = $1', [exchangeId]),
      )
      return rows[0]?.leaf_index
    },
  }
}

interface LogStoreParts {
  readonly pool: pg.Pool
  readonly url: string
}

/** How far the log is attested, for all processes to see. */
interface StandingStore {
  /** The checkpoint of this size is signed and, where there is a policy, cosigned. */
  attest(size: number): Promise<void>
  /** Whether the log is refused to be signed; since when is kept while it lasts. */
  setRefused(refused: boolean, atMs: number): Promise<void>
  /** Drops all but one checkpoint an hour, and those time-stamped, of what was signed before. @returns how many. */
  thinCheckpoints(before: Date): Promise<number>
  lastTimestamps(): Promise<ReadonlyMap<string, Pick<StoredTimestamp, 'size' | 'at'>>>
  addTimestamp(stamp: StoredTimestamp): Promise<void>
}

/** The log's tiles, checkpoints and witnesses in PostgreSQL, for the process that signs. */
export function createLogStore({
  pool,
  url,
}: LogStoreParts): LogStore & WitnessStore & StandingStore & { close(): Promise<void> } {
  const reader = createLogReader(pool)
  let leader: pg.Client | undefined

  /** The lock lasts as long as this connection. */
  async function takeLead(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'lienthong-log',
      connectionTimeoutMillis: 5000,
      keepAlive: true,
    })
    client.on('error', () => {
      if (leader === client) leader = undefined
    })
    try {
      await client.connect()
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
        SIGNER_LOCK,
      ])
      if (rows[0]?.taken) {
        leader = client
        return true
      }
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    await client.end()
    return false
  }

  return {
    lead: async () => leader !== undefined || takeLead(),
    async readHead() {
      const { rows } = await pool.query<{ size: number; root: Buffer }>('SELECT size, root FROM ledger_head')
      const [head] = rows
      if (head === undefined) throw new Error('the log has no head')
      return head
    },
    async readLeaves(start, end): Promise<StoredLeaves> {
      // The hashes are PostgreSQL's own, of the bytes as they are stored now.
      const { rows } = await pool.query<{ hashes: Buffer | null; changed: number | null }>(
        planned(
          'leaves',
          `SELECT string_agg(computed, '' ORDER BY leaf_index) AS hashes,
                min(leaf_index) FILTER (WHERE computed <> leaf_hash) AS changed
           FROM (SELECT leaf_index, leaf_hash, sha256('\\x00'::bytea || leaf) AS computed
                   FROM exchange_record WHERE leaf_index >= $1 AND leaf_index < $2) leaves`,
          [start, end],
        ),
      )
      return { hashes: rows[0]?.hashes ?? Buffer.alloc(0), changed: rows[0]?.changed ?? undefined }
    },
    readTiles: reader.readTiles,
    async writeTiles(tiles) {
      await pool.query(
        `INSERT INTO log_tile (level, n, hashes)
         SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
             ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes`,
        [tiles.map(({ level }) => level), tiles.map(({ n }) => n), tiles.map(({ hashes }) => hashes)],
      )
    },
    latestCheckpoint: reader.latestCheckpoint,
    async publish({ size, note, signedAtMs }) {
      await pool.query(
        `INSERT INTO log_checkpoint (size, note, signed_at, cosigned) VALUES ($1, $2, $3, false)
             ON CONFLICT (size) DO UPDATE SET note = excluded.note, cosigned = false
          WHERE NOT starts_with(log_checkpoint.note, excluded.note)`,
        [size, note, new Date(signedAtMs)],
      )
    },
    async addCosignatures({ size, note, cosigned }) {
      await pool.query('UPDATE log_checkpoint SET note = $2, cosigned = $3 WHERE size = $1', [
        size,
        note,
        cosigned,
      ])
    },
    async witnessSizes() {
      const { rows } = await pool.query<{ key: string; size: number }>('SELECT key, size FROM log_witness')
      return new Map(rows.map(({ key, size }) => [key, size]))
    },
    async noteWitness(key, size, atMs) {
      await pool.query(
        `INSERT INTO log_witness (key, size, cosigned_at) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET size = excluded.size, cosigned_at = excluded.cosigned_at`,
        [key, size, new Date(atMs)],
      )
    },
    async attest(size) {
      await pool.query('UPDATE log_standing SET attested_size = $1 WHERE attested_size <> $1', [size])
    },
    async setRefused(refused, atMs) {
      await pool.query(
        refused
          ? 'UPDATE log_standing SET refused_since = $1 WHERE refused_since IS NULL'
          : 'UPDATE log_standing SET refused_since = NULL WHERE refused_since IS NOT NULL',
        refused ? [new Date(atMs)] : [],
      )
    },
    async thinCheckpoints(before) {
      return (await pool.query(THINNING, [before])).rowCount ?? 0
    },
    async lastTimestamps() {
      const { rows } = await pool.query<Pick<StoredTimestamp, 'size' | 'authority' | 'at'>>(
        'SELECT DISTINCT ON (authority) authority, size, at FROM log_timestamp ORDER BY authority, size DESC',
      )
      return new Map(rows.map(({ authority, size, at }) => [authority, { size, at }]))
    },
    async addTimestamp({ size, authority, at, note, token }) {
      await pool.query(
        `INSERT INTO log_timestamp (size, authority, at, note, token) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING`,
        [size, authority, at, note, token],
      )
    },
    async close() {
      await leader?.end()
      leader = undefined
    },
  }
}

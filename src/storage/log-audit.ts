import type pg from 'pg'
import { COUNT_SEPARATOR } from '../ledger/count-sums.ts'
import type { FsckStore, IndexColumns } from '../ledger/fsck.ts'
import { createLogReader, planned } from './log.ts'
import { createPrivateStore } from './private-parts.ts'
import type { Vault } from './vault.ts'

type RecordRow = Omit<IndexColumns, 'at'> & {
  readonly leaf_index: number
  readonly leaf: Buffer
  readonly leaf_hash: Buffer
  readonly at: Date
}

const DIMENSIONS = 'consumer, provider, service, operation, outcome, code, agreement, purpose'

/** The sum of a table's counts but those under one agreement, each times the first 56 bits of the keyed hash of what it counts. */
function sumOf(table: string, time: string): string {
  const text = `convert_to(concat_ws($2, $1::text, ${time}, ${DIMENSIONS}), 'UTF8')`
  const bits = `('x' || encode(substring(sha256(${text}) FROM 1 FOR 7), 'hex'))::bit(56)::bigint`
  return `(SELECT coalesce(sum(count * ${bits}::numeric), 0)::text FROM ${table} WHERE agreement IS DISTINCT FROM $3)`
}

/** One statement sees one moment of the tables. */
const SUMS = `SELECT counted, ${sumOf('exchange_hour', '(extract(epoch FROM hour) / 3600)::bigint')} AS hours,
  ${sumOf('exchange_day', "(day - date '1970-01-01')")} AS days,
  rollup_holds() AS holds FROM rollup_progress`

interface FsckOptions {
  /** An agreement whose counts have no records behind them and are left out: of a sandbox, its synthetic history. */
  readonly unbacked?: string | undefined
}

/**
 * What a pass over the log reads, in PostgreSQL.
 * @param vault undefined where the data key is not at hand: private parts are then not looked into.
 */
export function createFsckStore(
  pool: pg.Pool,
  vault: Vault | undefined,
  { unbacked }: FsckOptions = {},
): FsckStore {
  const reader = createLogReader(pool)
  return {
    ...createPrivateStore(pool, vault),
    leafIndexOf: reader.leafIndexOf,
    readTiles: reader.readTiles,
    async readHead() {
      const { rows } = await pool.query<{
        size: number
        root: Buffer
        peaks: Buffer
        outside: number
        signed: number
      }>(
        `SELECT size, root, peaks, coalesce((SELECT max(size) FROM log_checkpoint), 0) AS signed, (SELECT count(*) FROM exchange_record WHERE leaf_index < 0)
                + (SELECT count(*) FROM exchange_record WHERE leaf_index >= size) AS outside
           FROM ledger_head`,
      )
      const [head] = rows
      if (head === undefined) throw new Error('the log has no head')
      return {
        size: Number(head.size),
        root: head.root,
        peaks: head.peaks,
        outside: Number(head.outside),
        signed: Number(head.signed),
      }
    },
    async readRecords(start, end) {
      const { rows } = await pool.query<RecordRow>(
        planned(
          'audit',
          `SELECT leaf_index, leaf, leaf_hash, exchange_id, at, consumer, provider, service, operation, outcome, code,
                agreement, purpose
           FROM exchange_record WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index`,
          [start, end],
        ),
      )
      return rows.map(({ leaf_index, leaf, leaf_hash, at, ...columns }) => ({
        index: Number(leaf_index),
        leaf,
        leafHash: leaf_hash,
        columns: { ...columns, at: at.getTime() },
      }))
    },
    async readCheckpoints(after, upTo) {
      const { rows } = await pool.query<{ size: number; note: string }>(
        `SELECT size, note FROM log_checkpoint WHERE size > $1 AND size <= $2
         UNION ALL
         SELECT size, note FROM log_timestamp WHERE size > $1 AND size <= $2
         ORDER BY size`,
        [after, upTo],
      )
      return rows.map(({ size, note }) => ({ size: Number(size), note }))
    },
    async readCounts(key) {
      const { rows } = await pool.query<{ counted: number; hours: string; days: string; holds: boolean }>(
        SUMS,
        [key, COUNT_SEPARATOR, unbacked ?? null],
      )
      const [sums] = rows
      if (sums === undefined) throw new Error('the counts have no progress')
      return {
        counted: Number(sums.counted),
        hours: BigInt(sums.hours),
        days: BigInt(sums.days),
        derivedHold: sums.holds,
      }
    },
  }
}

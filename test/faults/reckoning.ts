import { hash } from 'node:crypto'
import type pg from 'pg'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { createTileEdge } from '../../src/ledger/tile.ts'
import type { Acknowledged } from './load.ts'

/** What a journal and the log have to say to each other; every figure but the first three has to be 0. */
export interface Reckoning {
  readonly records: number
  readonly acknowledged: number
  /** Answers with data among them. */
  readonly delivered: number
  /** Acknowledged, and not in the log, or not where and what the receipt says. */
  readonly lost: number
  /** Answers with data that had no receipt. */
  readonly unrecorded: number
  /** Indexes of the log that no record has, or more than one. */
  readonly gaps: number
  /** Records whose bytes do not have the hash that stands beside them. */
  readonly changed: number
  /** Exchanges that have more than one record. */
  readonly doubled: number
  /** Roots that differ: the head's, the tree's, and the tree's by way of tiles. */
  readonly rootsApart: number
  /** Intents of processes that are gone. */
  readonly open: number
}

interface Row {
  readonly leaf_index: string
  readonly exchange_id: string
  readonly leaf: Buffer
  readonly leaf_hash: Buffer
}

/** Reads the whole log and holds the journal against it. */
export async function reckon(pool: pg.Pool, journal: readonly Acknowledged[]): Promise<Reckoning> {
  const { rows: heads } = await pool.query('SELECT size, root FROM ledger_head')
  const { rows } = await pool.query<Row>(
    'SELECT leaf_index, exchange_id, leaf, leaf_hash FROM exchange_record ORDER BY leaf_index',
  )
  const { rows: intents } = await pool.query('SELECT count(*) AS open FROM exchange_intent')
  const size = Number(heads[0].size)
  const known = new Map(
    rows.map((row) => [
      row.exchange_id,
      `${row.leaf_index} ${hashLeaf(row.leaf).toString('base64url')} ${JSON.parse(row.leaf.toString()).exchange}`,
    ]),
  )
  const leafHashes = rows.map(({ leaf }) =>
    Buffer.from(hash('sha256', Buffer.concat([Buffer.of(0), leaf]), 'buffer')),
  )
  const byTiles = createTileEdge(0, () => Buffer.alloc(0))
  byTiles.append(Buffer.concat(leafHashes))
  const roots = new Set(
    [heads[0].root, rootOf(extend(EMPTY_FRONTIER, leafHashes)), byTiles.root()].map((root) =>
      root.toString('hex'),
    ),
  )
  const withReceipt = journal.filter(({ receipt }) => receipt !== undefined)
  const delivered = journal.filter(({ status }) => status < 300)
  const places = new Set(rows.map(({ leaf_index }) => Number(leaf_index)).filter((place) => place < size))
  return {
    records: rows.length,
    acknowledged: withReceipt.length,
    delivered: delivered.length,
    lost: withReceipt.filter(
      ({ exchange, receipt }) => known.get(exchange) !== `${receipt?.index} ${receipt?.leafHash} ${exchange}`,
    ).length,
    unrecorded: delivered.filter(({ receipt }) => receipt === undefined).length,
    gaps: size - places.size + (rows.length - places.size),
    changed: rows.filter(({ leaf_hash }, place) => !leafHashes[place]?.equals(leaf_hash)).length,
    doubled: rows.length - known.size,
    rootsApart: roots.size - 1,
    open: Number(intents[0].open),
  }
}

/** What must not be: empty where nothing was lost. */
export function faultsOf(reckoning: Reckoning): Partial<Reckoning> {
  const { records, acknowledged, delivered, ...faults } = reckoning
  return Object.fromEntries(Object.entries(faults).filter(([, count]) => count !== 0))
}

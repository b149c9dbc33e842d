import pg from 'pg'
import type { Frontier } from '../ledger/merkle.ts'
import type { ExchangeRecord } from '../ledger/record.ts'
import {
  type Append,
  type AppendResult,
  DuplicateRecord,
  type Intent,
  type LedgerHead,
  type LedgerStore,
  type SequencedRecord,
} from '../ledger/store.ts'
import { CopyBatch, createCopyWriter } from './copy-batch.ts'
import { openDisclosures, sealDisclosures } from './private-parts.ts'
import { LIVING_PROCESSES, PROCESS_LOCK } from './process-lock.ts'
import type { Seal, Vault } from './vault.ts'

interface LedgerStoreParts {
  readonly pool: pg.Pool
  readonly url: string
  readonly vault: Vault
  /** Names this process among those of the database; its lock tells that it lives. */
  readonly processNumber: number
}

interface IntentRow {
  readonly exchange_id: string
  readonly record: string
  readonly sealed_private: Buffer | null
}

/** What an append is told by `ledger_advance`, by its SQLSTATE. */
const NOT_WRITTEN = new Map<string | undefined, AppendResult>([
  ['LT001', 'overtaken'],
  ['LT002', 'superseded'],
])
const UNIQUE_VIOLATION = '23505'
const HASH_BYTES = 32
const COLUMNS = [
  'leaf_index',
  'exchange_id',
  'at',
  'leaf',
  'leaf_hash',
  'consumer',
  'provider',
  'service',
  'operation',
  'outcome',
  'code',
  'agreement',
  'purpose',
]
const PRIVATE_COLUMNS = ['exchange_id', 'subject_tag', 'officer_tag', 'dossier_tag', 'sealed']
const SELECT_HEAD = 'SELECT size, last_at, peaks FROM ledger_head'

function encodeRecords(records: readonly SequencedRecord[]): Buffer {
  const writer = createCopyWriter(records.reduce((sum, { leaf }) => sum + leaf.length + 600, 0))
  for (const { index, record, leaf, leafHash } of records) {
    writer.row(COLUMNS.length)
    writer.int64(index)
    writer.uuid(record.exchange)
    writer.timestamp(record.at)
    writer.bytes(leaf)
    writer.bytes(leafHash)
    writer.text(record.consumer)
    writer.text(record.provider)
    writer.text(record.service)
    writer.text(record.operation)
    writer.text(record.outcome)
    writer.text(record.code)
    writer.text(record.agreement?.id)
    writer.text(record.purpose)
  }
  return writer.finish()
}

/** @returns the rows of what is kept beside those records that have a private part; none where none has. */
function encodePrivateParts(records: readonly SequencedRecord[], seal: Seal): readonly Buffer[] {
  const kept = records.filter(({ privatePart }) => privatePart !== undefined)
  if (kept.length === 0) return []
  const writer = createCopyWriter(kept.length * 700)
  for (const { record, privatePart } of kept) {
    if (privatePart === undefined) continue
    const { tags } = privatePart
    writer.row(PRIVATE_COLUMNS.length)
    writer.uuid(record.exchange)
    writer.text(tags.subject)
    writer.text(tags.officer)
    writer.text(tags.dossier)
    writer.bytes(sealDisclosures(record.exchange, privatePart.disclosures, seal))
  }
  return [writer.finish()]
}

function bytea(bytes: Uint8Array): string {
  return `'\\x${Buffer.from(bytes).toString('hex')}'`
}

/** Numbers, hex and UUIDs of our own making only: a simple query takes no parameters. */
function appendStatements(append: Append, seal: Seal): string {
  const { before, after } = append
  const peaks = Buffer.concat(after.frontier.peaks)
  const statements = [
    `SELECT ledger_advance(${before.frontier.size}, ${after.frontier.size}, ${after.lastAt}, ${bytea(append.root)}, ${bytea(peaks)}, ${append.authority ?? 'NULL'})`,
    `COPY exchange_record (${COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`,
  ]
  if (append.records.some(({ privatePart }) => privatePart !== undefined)) {
    statements.push(`COPY exchange_private (${PRIVATE_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`)
  }
  for (const { record, subjects } of append.records) {
    if (subjects === undefined || subjects.length === 0) continue
    const id = record.exchange.replaceAll(/[^0-9a-f-]/g, '')
    statements.push(`INSERT INTO exchange_subjects (exchange_id, tags) VALUES ('${id}', ${bytea(subjects)})`)
  }
  if (append.closedIntents.length > 0) {
    const ids = append.closedIntents.map((id) => `'${id.replaceAll(/[^0-9a-f-]/g, '')}'`)
    statements.push(`DELETE FROM exchange_intent WHERE exchange_id IN (${ids.join(', ')})`)
  }
  for (const { slot, status, body } of append.settledReplies) {
    const key = Buffer.from(slot, 'base64url')
    statements.push(
      `UPDATE submission SET status = ${Math.trunc(status)}, sealed_body = ${bytea(seal(Buffer.from(body), key))} WHERE slot = ${bytea(key)}`,
    )
  }
  return statements.join('; ')
}

function headOf(row: { size: unknown; last_at: unknown; peaks: Buffer }): LedgerHead {
  const peaks = Array.from({ length: row.peaks.length / HASH_BYTES }, (_, place) =>
    row.peaks.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES),
  )
  const frontier: Frontier = { size: Number(row.size), peaks }
  return { frontier, lastAt: Number(row.last_at) }
}

/**
 * A server that acknowledges a commit before it is on disk forgets, when it is killed, what has left the gateway
 * meanwhile: no log is written there.
 */
async function assertDurable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'",
  )
  if (rows.length === 0) return
  const names = rows.map(({ name }) => name).join(', ')
  throw new Error(`the database server would lose acknowledged records: switch on ${names}`)
}

/**
 * The log in PostgreSQL. All appends go through one connection, which also holds the process's advisory
 * lock; a connection lost is replaced at the next use.
 */
export function createLedgerStore(parts: LedgerStoreParts): LedgerStore & { close(): Promise<void> } {
  const { pool, processNumber } = parts
  let writer: Promise<pg.Client> | undefined
  let locked = false

  async function connect(onLost: () => void): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: parts.url,
      application_name: 'lienthong-ledger',
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
      // A process that hangs with the head's lock would keep all others from writing.
      idle_in_transaction_session_timeout: 3000,
      keepAlive: true,
    })
    client.on('error', onLost)
    try {
      await client.connect()
      await assertDurable(client)
      await client.query('SELECT pg_advisory_lock($1, $2)', [PROCESS_LOCK, processNumber])
      return client
    } catch (error) {
      onLost()
      await client.end().catch(() => {})
      throw error
    }
  }

  function connected(): Promise<pg.Client> {
    if (writer !== undefined) return writer
    // A connection may report its loss more than once, and late: only its own place is cleared.
    const own: Promise<pg.Client> = connect(() => {
      if (writer !== own) return
      writer = undefined
      locked = false
    })
    writer = own
    return own
  }

  async function rollBack(client: pg.Client): Promise<void> {
    locked = false
    await client.query('ROLLBACK').catch(() => {})
  }

  return {
    async readHead() {
      const client = await connected()
      const { rows } = await client.query(SELECT_HEAD)
      return headOf(rows[0])
    },
    async lockHead() {
      const client = await connected()
      await client.query('BEGIN')
      locked = true
      const { rows } = await client.query(`${SELECT_HEAD} FOR UPDATE`)
      return headOf(rows[0])
    },
    async append(append) {
      const client = await connected()
      const text = appendStatements(append, parts.vault.seal)
      const data = [encodeRecords(append.records), ...encodePrivateParts(append.records, parts.vault.seal)]
      const batch = new CopyBatch(locked ? `${text}; COMMIT` : text, data)
      try {
        client.query(batch)
        await batch.done
        locked = false
        return 'appended'
      } catch (error) {
        if (locked) await rollBack(client)
        const code = error instanceof pg.DatabaseError ? error.code : undefined
        const notWritten = NOT_WRITTEN.get(code)
        if (notWritten !== undefined) return notWritten
        if (code === UNIQUE_VIOLATION)
          throw new DuplicateRecord('an exchange has its record already', { cause: error })
        throw error
      }
    },
    async writeIntent({ exchangeId, record, disclosures }: Intent) {
      await connected()
      await pool.query(
        'INSERT INTO exchange_intent (exchange_id, process, record, sealed_private) VALUES ($1, $2, $3, $4)',
        [
          exchangeId,
          processNumber,
          JSON.stringify(record),
          disclosures.length === 0 ? null : sealDisclosures(exchangeId, disclosures, parts.vault.seal),
        ],
      )
    },
    async orphans() {
      const { rows } = await pool.query<IntentRow>(
        `SELECT exchange_id, record, sealed_private FROM exchange_intent
          WHERE process <> $1 AND process NOT IN (${LIVING_PROCESSES}) ORDER BY begun_at`,
        [processNumber],
      )
      return rows.map((row) => ({
        exchangeId: row.exchange_id,
        record: JSON.parse(row.record) as ExchangeRecord,
        disclosures:
          row.sealed_private === null
            ? []
            : openDisclosures(row.exchange_id, row.sealed_private, parts.vault.open),
      }))
    },
    async close() {
      const client = await writer?.catch(() => undefined)
      await client?.end()
    },
  }
}

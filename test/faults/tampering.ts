import { rm } from 'node:fs/promises'
import { createAnchorFile } from '../../src/ledger/anchor-file.ts'
import { formatTreeHead } from '../../src/ledger/checkpoint.ts'
import { formatNote, signNote } from '../../src/ledger/note.ts'
import { createTestSigner } from '../support/log-signer.ts'
import type { Drill, Found } from './drill.ts'

/** One way to falsify a log, and everybody who has to notice: nobody more, or the drill says so. */
export interface Tampering {
  readonly name: string
  readonly tamper: (drill: Drill) => Promise<unknown>
  readonly found: Found
}

/** The leaf of a delivered record becomes one of another official. */
const EDIT = `convert_to(replace(convert_from(leaf, 'UTF8'), '"attempts":1', '"attempts":2'), 'UTF8')`
const OF_TEN = 'WHERE exchange_id = (SELECT exchange_id FROM exchange_record WHERE leaf_index = 10)'
const REHASH = `sha256('\\x00'::bytea || leaf)`

const sql =
  (...statements: readonly string[]) =>
  async ({ query }: Drill) => {
    for (const statement of statements) await query(statement)
  }

/** A checkpoint that the log's key signs over something else. */
async function forgeNote({ signer, query }: Drill, root: Buffer): Promise<{ size: number; note: string }> {
  const [head] = await query<{ size: number }>('SELECT size FROM ledger_head')
  const size = head?.size ?? 0
  const text = formatTreeHead({ origin: signer.key.name, size, root })
  return { size, note: formatNote({ text, signatures: [await signNote(text, signer)] }) }
}

/** The state after the first growth: what a backup holds. */
const ROLL_BACK = [
  'DELETE FROM exchange_record WHERE leaf_index >= 300',
  'DELETE FROM log_checkpoint WHERE size > 300',
]

export const TAMPERING: readonly Tampering[] = [
  {
    name: 'a byte of a leaf is changed',
    tamper: sql(`UPDATE exchange_record SET leaf = ${EDIT} WHERE leaf_index = 10`),
    found: { audit: ['anchor', 'head', 'leaf', 'tiles', 'tree'] },
  },
  {
    name: 'a leaf is changed together with its hash',
    tamper: sql(
      `UPDATE exchange_record SET leaf = ${EDIT} WHERE leaf_index = 10`,
      `UPDATE exchange_record SET leaf_hash = ${REHASH} WHERE leaf_index = 10`,
    ),
    found: { audit: ['anchor', 'head', 'tiles', 'tree'] },
  },
  ...['consumer', 'provider', 'service', 'operation', 'purpose', 'agreement'].map((column) => ({
    name: `only the search column ${column} is changed`,
    tamper: sql(`UPDATE exchange_record SET ${column} = 'other' WHERE leaf_index = 10`),
    found: { audit: ['column'] as const },
  })),
  {
    name: 'a refusal is shown as delivered, in the column only',
    tamper: sql("UPDATE exchange_record SET outcome = 'delivered', code = NULL WHERE leaf_index = 12"),
    found: { audit: ['column'] },
  },
  {
    name: 'a person is hidden from searches',
    tamper: sql(`UPDATE exchange_private SET subject_tag = NULL ${OF_TEN}`),
    found: { audit: ['private'] },
  },
  {
    name: 'an officer is hidden from searches behind another',
    tamper: sql(
      `UPDATE exchange_private SET officer_tag = (SELECT max(dossier_tag) FROM exchange_private) ${OF_TEN}`,
    ),
    found: { audit: ['private'] },
  },
  {
    name: 'a private part is deleted',
    tamper: sql(`DELETE FROM exchange_private ${OF_TEN}`),
    found: { audit: ['private'] },
  },
  {
    name: 'a private part is said to be erased, which nobody recorded',
    tamper: sql(
      `UPDATE exchange_private SET subject_tag = NULL, officer_tag = NULL, dossier_tag = NULL, sealed = NULL, erased_by = gen_random_uuid() ${OF_TEN}`,
    ),
    found: { audit: ['erased'] },
  },
  {
    name: 'a private part is said to be erased by a record that is no erasure',
    tamper: sql(
      `UPDATE exchange_private SET subject_tag = NULL, officer_tag = NULL, dossier_tag = NULL, sealed = NULL, erased_by = exchange_id ${OF_TEN}`,
    ),
    found: { audit: ['erased'] },
  },
  {
    name: 'the salts of two records are swapped',
    tamper: sql(
      `UPDATE exchange_private SET sealed = (SELECT sealed FROM exchange_private WHERE exchange_id = (SELECT exchange_id FROM exchange_record WHERE leaf_index = 21)) ${OF_TEN}`,
    ),
    found: { audit: ['private'] },
  },
  {
    name: 'a person is taken out of a batch',
    tamper: sql(
      "UPDATE exchange_subjects SET tags = overlay(tags PLACING '\\x00000000000000000000000000000000' FROM 17)",
    ),
    found: { audit: ['private'] },
  },
  {
    name: 'whom a batch asked about is deleted',
    tamper: sql('DELETE FROM exchange_subjects'),
    found: { audit: ['private'] },
  },
  {
    name: 'a person is said to be erased from a batch, which nobody recorded',
    tamper: sql('UPDATE exchange_subjects SET erased_by = gen_random_uuid()'),
    found: { audit: ['erased'] },
  },
  {
    name: 'the time of a record is changed, in the column only',
    tamper: sql("UPDATE exchange_record SET at = at - interval '1 day' WHERE leaf_index = 10"),
    found: { audit: ['column'] },
  },
  {
    name: 'the exchange id of a record is changed, in the column only',
    tamper: sql('UPDATE exchange_record SET exchange_id = gen_random_uuid() WHERE leaf_index = 10'),
    found: { audit: ['column', 'private'], receipts: 'omitted' },
  },
  {
    name: 'the first record is deleted',
    tamper: sql('DELETE FROM exchange_record WHERE leaf_index = 0'),
    found: { audit: ['missing'], receipts: 'omitted' },
  },
  {
    name: 'a record in the middle is deleted',
    tamper: sql('DELETE FROM exchange_record WHERE leaf_index = 150'),
    found: { audit: ['missing'], receipts: 'omitted' },
  },
  {
    name: 'the last record is deleted',
    tamper: sql('DELETE FROM exchange_record WHERE leaf_index = 349'),
    found: { audit: ['missing'], receipts: 'omitted' },
  },
  {
    name: 'all records are deleted, and the head is set to nothing',
    tamper: sql(
      'TRUNCATE exchange_record, log_tile, log_checkpoint, exchange_hour, exchange_day, exchange_month, exchange_day_total, exchange_hour_total, exchange_connection',
      "UPDATE ledger_head SET size = 0, peaks = '', root = sha256('')",
      'UPDATE rollup_progress SET counted = 0',
    ),
    found: { audit: ['anchor'], signer: 'rolled_back', witness: 'rolled_back', receipts: 'omitted' },
  },
  {
    name: 'a record is put behind the end',
    tamper: sql(
      'INSERT INTO exchange_record SELECT 5000, gen_random_uuid(), at, leaf, leaf_hash, consumer, provider, service, operation, outcome, code, agreement, purpose FROM exchange_record WHERE leaf_index = 10',
    ),
    found: { audit: ['outside'] },
  },
  {
    name: 'a second record is put at a place',
    tamper: sql(
      'INSERT INTO exchange_record SELECT 10, gen_random_uuid(), at, leaf, leaf_hash, consumer, provider, service, operation, outcome, code, agreement, purpose FROM exchange_record WHERE leaf_index = 10',
    ),
    found: { audit: ['column', 'doubled'] },
  },
  {
    name: 'two records are swapped',
    tamper: sql('UPDATE exchange_record SET leaf_index = 330 - leaf_index WHERE leaf_index IN (10, 320)'),
    found: { audit: ['anchor', 'head', 'tiles', 'time', 'tree'], receipts: 'changed' },
  },
  {
    name: 'a record is deleted and those behind it are renumbered',
    tamper: sql(
      'DELETE FROM exchange_record WHERE leaf_index = 10',
      'UPDATE exchange_record SET leaf_index = leaf_index - 1 WHERE leaf_index > 10',
    ),
    found: { audit: ['missing', 'tiles', 'tree'], receipts: 'omitted' },
  },
  {
    name: 'the database is put back to a backup',
    async tamper(drill) {
      await sql(...ROLL_BACK)(drill)
      await drill.rebuild()
    },
    found: { audit: ['anchor'], signer: 'rolled_back', witness: 'rolled_back', receipts: 'omitted' },
  },
  {
    name: 'it is put back to a backup and has grown beyond it',
    async tamper(drill) {
      await sql(...ROLL_BACK)(drill)
      await drill.rebuild()
      await drill.log.append(1).catch(() => {})
      await drill.log.append(80)
    },
    found: { audit: ['anchor'], signer: 'tiles_changed', witness: 'rolled_back', receipts: 'omitted' },
  },
  {
    name: 'a copy of the database lives on beside it, with the key, and shows its own log',
    async tamper(drill) {
      await sql(...ROLL_BACK)(drill)
      await drill.rebuild()
      await drill.log.append(1).catch(() => {})
      await drill.log.append(80)
      await drill.rebuild()
      await drill.forge()
    },
    found: { audit: [], witness: 'inconsistent', receipts: 'omitted' },
  },
  {
    name: 'another checkpoint over as many records is shown to some (split view)',
    async tamper(drill) {
      const { size, note } = await forgeNote(drill, Buffer.alloc(32, 5))
      await drill.query('UPDATE log_checkpoint SET note = $2 WHERE size = $1', [size, note])
    },
    found: { audit: ['tree'], witness: 'inconsistent', receipts: 'changed' },
  },
  {
    name: 'a record is dated back, and the tree made anew',
    async tamper(drill) {
      await drill.query(
        `UPDATE exchange_record SET leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'), '"at":\\d+', '"at":1000'), 'UTF8') WHERE leaf_index = 10`,
      )
      await drill.rebuild()
    },
    found: { audit: ['anchor', 'time', 'tree'], signer: 'tiles_changed', receipts: 'changed' },
  },
  {
    name: 'a refusal is dropped, and the tree made anew',
    async tamper(drill) {
      await drill.query('DELETE FROM exchange_record WHERE leaf_index = 12')
      await drill.rebuild()
    },
    found: { audit: ['anchor', 'missing', 'tree'], signer: 'rolled_back', receipts: 'changed' },
  },
  {
    name: 'a refusal is dropped, everything made anew and signed with the log’s key',
    async tamper(drill) {
      await drill.query('DELETE FROM exchange_record WHERE leaf_index = 12')
      await drill.rebuild()
      await drill.forge()
    },
    found: { audit: [], witness: 'rolled_back', receipts: 'omitted' },
  },
  {
    name: 'an exchange is changed, everything made anew and signed with the log’s key',
    async tamper(drill) {
      await drill.query(`UPDATE exchange_record SET leaf = ${EDIT} WHERE leaf_index = 10`)
      await drill.rebuild()
      await drill.forge()
    },
    found: { audit: [], witness: 'inconsistent', receipts: 'changed' },
  },
  {
    name: 'a leaf is written in another form, everything made anew and signed with the log’s key',
    async tamper(drill) {
      await drill.query(
        `UPDATE exchange_record SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '"attempts":1', '"attempts": 1'), 'UTF8') WHERE leaf_index = 10`,
      )
      await drill.rebuild()
      await drill.forge()
    },
    found: { audit: ['form'], witness: 'inconsistent', receipts: 'changed' },
  },
  {
    name: 'database and checkpoint store are put back together',
    async tamper(drill) {
      const [row] = await drill.query<{ note: string }>('SELECT note FROM log_checkpoint WHERE size = 300')
      await sql(...ROLL_BACK)(drill)
      await drill.rebuild()
      await createAnchorFile(drill.anchorFile).write(row?.note ?? '')
    },
    found: { audit: [], witness: 'rolled_back', receipts: 'omitted' },
  },
  {
    name: 'the checkpoint store is deleted',
    tamper: ({ anchorFile }) => rm(anchorFile),
    found: { audit: [], signer: 'anchor_missing' },
  },
  {
    name: 'the checkpoint store is replaced by one of another key',
    async tamper(drill) {
      const other = await createTestSigner(drill.signer.key.name)
      const { note } = await forgeNote({ ...drill, signer: other }, Buffer.alloc(32, 5))
      await createAnchorFile(drill.anchorFile).write(note)
    },
    found: { audit: ['checkpoint'], signer: 'anchor_foreign' },
  },
  {
    name: 'the checkpoint store is replaced by a forgery with the log’s key',
    async tamper(drill) {
      const { note } = await forgeNote(drill, Buffer.alloc(32, 5))
      await createAnchorFile(drill.anchorFile).write(note)
    },
    found: { audit: ['anchor'], signer: 'tiles_changed' },
  },
  {
    name: 'a checkpoint of another key is put into the database',
    async tamper(drill) {
      const other = await createTestSigner(drill.signer.key.name)
      const { size, note } = await forgeNote({ ...drill, signer: other }, Buffer.alloc(32, 5))
      await drill.query('UPDATE log_checkpoint SET note = $2 WHERE size = $1', [size, note])
    },
    found: { audit: ['checkpoint'], witness: 'foreign', receipts: 'changed' },
  },
  {
    name: 'the tiles are truncated',
    tamper: sql('TRUNCATE log_tile'),
    found: { audit: ['tiles'], signer: 'tiles_changed', receipts: 'changed' },
  },
  {
    name: 'a hash of a tile is changed',
    tamper: sql(
      "UPDATE log_tile SET hashes = sha256('x') || substring(hashes FROM 33) WHERE level = 0 AND n = 0",
    ),
    found: { audit: ['tiles'], receipts: 'changed' },
  },
  {
    name: 'the head’s root is changed',
    tamper: sql("UPDATE ledger_head SET root = sha256('other')"),
    found: { audit: ['head'], signer: 'forked' },
  },
  {
    name: 'the head’s frontier is changed, so that what comes next makes another tree',
    tamper: sql("UPDATE ledger_head SET peaks = sha256('other') || substring(peaks FROM 33)"),
    found: { audit: ['head'] },
  },
  {
    name: 'a count of a day is lowered',
    tamper: sql(
      'UPDATE exchange_day SET count = count - 1 WHERE ctid = (SELECT min(ctid) FROM exchange_day)',
    ),
    found: { audit: ['counts'] },
  },
  {
    name: 'an hour’s counts are given to another consumer',
    tamper: sql("UPDATE exchange_hour SET consumer = 'H10/mot-cua'"),
    found: { audit: ['counts'] },
  },
  {
    name: 'a month’s total is raised',
    tamper: sql('UPDATE exchange_month SET count = count + 1'),
    found: { audit: ['counts'] },
  },
  {
    name: 'a connection’s last use is moved',
    tamper: sql('UPDATE exchange_connection SET last_delivered = last_delivered - 100'),
    found: { audit: ['counts'] },
  },
]

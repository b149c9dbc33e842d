import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Client } from 'pg'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/personal-data.md'), 'utf8')

/** Whatever stands in backquotes in the first cell of the page's tables. */
const NAMED = new Set(
  [...PAGE.matchAll(/^\| ([^|]*`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name),
  ),
)
NAMED.delete('table.column')

const TABLES = `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname NOT LIKE '%\\_default' ORDER BY 1`
const OPAQUE_COLUMNS = `SELECT c.relname || '.' || a.attname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
   AND (a.atttypid::regtype::text ~ '^(bytea|jsonb?|xml|text\\[\\])' OR a.attname LIKE 'sealed%') ORDER BY 1`
/** Names of services and fields, not bytes. */
const LISTS_OF_NAMES = new Set(['subscription.types', 'subscription.fields'])

describe('docs/personal-data.md', () => {
  let database: TestDatabase
  let client: Client

  before(async () => {
    database = await createTestDatabase()
    client = new Client({ connectionString: database.url })
    await client.connect()
  })
  after(async () => {
    await client.end()
    await database.drop()
  })

  const names = async (text: string) =>
    (await client.query<{ name: string }>(text)).rows.map(({ name }) => name)

  it('has a row for each table', async () => {
    const rowsOf = new Set([...NAMED].map((name) => name.split('.')[0]))
    const tables = await names(TABLES)
    expect(tables).to.include('exchange_private')
    expect(tables.filter((table) => !rowsOf.has(table))).to.deep.equal([])
  })

  it('says of each column of bytes or JSON what it holds and how it goes', async () => {
    const columns = (await names(OPAQUE_COLUMNS)).filter((name) => !LISTS_OF_NAMES.has(name))
    expect(columns).to.include('submission.sealed_body')
    expect(columns.filter((name) => !NAMED.has(name))).to.deep.equal([])
    const unknown = [...NAMED].filter((name) => name.includes('.') && !columns.includes(name))
    expect(unknown, 'not in the database').to.deep.equal([])
  })
})

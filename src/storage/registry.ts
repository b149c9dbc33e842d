import { Client, type Pool } from 'pg'
import type { SchemaDocument } from '../contract/catalogue.ts'
import {
  collectDocuments,
  type DocumentKind,
  EMPTY_DOCUMENTS,
  listDocuments,
  type RegistryDocument,
} from '../registry/documents.ts'
import type { HubVersion } from '../registry/hub-moves.ts'
import type {
  ChangeAuthor,
  ChangeOutcome,
  RegistryChange,
  RegistryStore,
  RegistryVersion,
  StoredRegistry,
} from '../registry/store.ts'
import { whenInForce } from './authority.ts'
import { createRegistryWatch, type Schedule } from './registry-watch.ts'
import type { StorageLog } from './storage-event.ts'

export interface RegistryStoreParts {
  readonly pool: Pool
  /** For the one connection that listens for changes. */
  readonly url: string
  readonly log: StorageLog
  /** Defaults to timers that do not keep the process alive. */
  readonly schedule?: Schedule
}

const CONNECT_TIMEOUT_MS = 5000

const EMPTY: StoredRegistry = { version: 0, digest: '', documents: EMPTY_DOCUMENTS }

const CURRENT_VERSION = 'SELECT version, digest FROM registry_version ORDER BY version DESC LIMIT 1'
const ONE_VERSION = 'SELECT version, digest FROM registry_version WHERE version = $1'
/** What stands at version $2 and did not at $1. */
const NEW_DOCUMENTS = `SELECT kind, id, body FROM registry_document
  WHERE since_version > $1 AND since_version <= $2 AND (until_version IS NULL OR until_version > $2)`
/** What stood at version $1 and does not at $2. */
const ENDED_DOCUMENTS = `SELECT kind, id FROM registry_document
  WHERE since_version <= $1 AND until_version > $1 AND until_version <= $2`
const HISTORY = `SELECT version, digest, applied_at AS "appliedAt", applied_by AS by, note
  FROM registry_version ORDER BY version DESC`

const HUBS = `SELECT id AS service, body::jsonb #>> '{binding,hub,name}' AS hub, applied_at AS "appliedAt", applied_by AS by
  FROM registry_document JOIN registry_version ON version = since_version
  WHERE kind = 'Service' ORDER BY id, since_version`

/** Of two writers that expect the same version, the second meets the primary key and writes nothing. */
const CLAIM_VERSION = `INSERT INTO registry_version (version, digest, applied_by, note)
  SELECT $1 + 1, $2, $3, $4 WHERE (SELECT coalesce(max(version), 0) FROM registry_version) = $1
  ON CONFLICT DO NOTHING`
const END_DOCUMENTS = `UPDATE registry_document SET until_version = $1
  FROM unnest($2::text[], $3::text[]) AS ended (kind, id)
  WHERE registry_document.kind = ended.kind AND registry_document.id = ended.id AND until_version IS NULL`
const ADD_DOCUMENTS = `INSERT INTO registry_document (kind, id, since_version, body, digest)
  SELECT kind, id, $1, body, digest FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
    AS added (kind, id, body, digest)`

interface DocumentRow {
  readonly kind: DocumentKind
  readonly id: string
  readonly body: string
}

interface VersionRow {
  readonly version: number
  readonly digest: string
}

type Contents = Map<string, RegistryDocument | SchemaDocument>

function keyOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind} ${id}`
}

/** Bodies were checked before they were written, and are again when they are compiled. */
function parseBody({ kind, id, body }: DocumentRow): RegistryDocument | SchemaDocument {
  const content: unknown = JSON.parse(body)
  return kind === 'Schema' ? { path: id, content } : (content as RegistryDocument)
}

function toStored({ version, digest }: VersionRow, contents: Contents): StoredRegistry {
  const documents: RegistryDocument[] = []
  const schemas: SchemaDocument[] = []
  for (const content of contents.values()) {
    if ('kind' in content) documents.push(content)
    else schemas.push(content)
  }
  return { version, digest, documents: collectDocuments(documents, schemas) }
}

function createReader(pool: Pool) {
  /** Documents are written once, so what is read of a version is the same at any time. */
  async function readFrom(known: StoredRegistry, target: VersionRow): Promise<StoredRegistry> {
    const span = [known.version, target.version]
    const ended = await pool.query<Omit<DocumentRow, 'body'>>(ENDED_DOCUMENTS, span)
    const added = await pool.query<DocumentRow>(NEW_DOCUMENTS, span)
    const contents: Contents = new Map(
      listDocuments(known.documents).map((named) => [keyOf(named), named.document]),
    )
    for (const row of ended.rows) contents.delete(keyOf(row))
    for (const row of added.rows) contents.set(keyOf(row), parseBody(row))
    return toStored(target, contents)
  }

  async function version(): Promise<number> {
    const { rows } = await pool.query<VersionRow>(CURRENT_VERSION)
    return rows[0]?.version ?? 0
  }

  return {
    version,
    async current(known: StoredRegistry = EMPTY): Promise<StoredRegistry> {
      const { rows } = await pool.query<VersionRow>(CURRENT_VERSION)
      const [row] = rows
      if (row === undefined) return EMPTY
      if (row.version === known.version && row.digest === known.digest) return known
      // A database put back from a copy may be behind what this process has seen, or have gone another way.
      return readFrom(row.version <= known.version ? EMPTY : known, row)
    },
    async at(version: number): Promise<StoredRegistry | undefined> {
      if (version === 0) return EMPTY
      const { rows } = await pool.query<VersionRow>(ONE_VERSION, [version])
      return rows[0] && readFrom(EMPTY, rows[0])
    },
    async history(): Promise<readonly RegistryVersion[]> {
      const { rows } = await pool.query<RegistryVersion>(HISTORY)
      return rows
    },
  }
}

/** @returns the number of the authority it makes; undefined where another version came first. */
async function writeChange(
  client: { query: Pool['query'] },
  change: RegistryChange,
  { expectedVersion, by, note }: ChangeAuthor,
): Promise<number | undefined> {
  const claim = await client.query(CLAIM_VERSION, [expectedVersion, change.digest, by, note])
  if (claim.rowCount === 0) return undefined
  const version = expectedVersion + 1
  const ended = [...change.changed, ...change.removed]
  const end = await client.query(END_DOCUMENTS, [
    version,
    ended.map(({ kind }) => kind),
    ended.map(({ id }) => id),
  ])
  if (end.rowCount !== ended.length)
    throw new Error('the registry in the database is not the one that was changed')
  const added = [...change.added, ...change.changed]
  await client.query(ADD_DOCUMENTS, [
    version,
    added.map(({ kind }) => kind),
    added.map(({ id }) => id),
    added.map(({ content }) => JSON.stringify(content)),
    added.map(({ digest }) => digest),
  ])
  // Last, because every append waits for the row it locks.
  const { rows } = await client.query<{ number: string | number }>('SELECT authority_advance() AS number')
  return Number(rows[0]?.number)
}

/** The registry's versions in PostgreSQL. */
export function createRegistryStore(parts: RegistryStoreParts): RegistryStore {
  const { pool, url, log, schedule } = parts
  const reader = createReader(pool)
  const watch = createRegistryWatch({
    connect: () =>
      new Client({
        connectionString: url,
        application_name: 'lienthong registry',
        keepAlive: true,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      }),
    readVersion: reader.version,
    log,
    ...(schedule && { schedule }),
  })

  async function apply(change: RegistryChange, author: ChangeAuthor): Promise<ChangeOutcome> {
    const authority = await write(change, author)
    if (authority === undefined) return { applied: false, version: await reader.version() }
    await whenInForce(pool, authority)
    return { applied: true, version: author.expectedVersion + 1 }
  }

  async function write(change: RegistryChange, author: ChangeAuthor): Promise<number | undefined> {
    const client = await pool.connect()
    let broken = false
    try {
      await client.query('BEGIN')
      const authority = await writeChange(client, change, author)
      await client.query(authority === undefined ? 'ROLLBACK' : 'COMMIT')
      return authority
    } catch (thrown) {
      broken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      )
      throw thrown
    } finally {
      client.release(broken)
    }
  }

  return { ...reader, apply, onChange: watch }
}

/** @returns by which hub each service was reached, version by version, oldest first. */
export async function readHubVersions(pool: Pool): Promise<readonly HubVersion[]> {
  const { rows } = await pool.query<HubVersion>(HUBS)
  return rows
}

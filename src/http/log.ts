import type { ServerResponse } from 'node:http'
import express, { type Router } from 'express'
import { HASH_BYTES, parseTilePath, type TileRequest } from '../ledger/tile.ts'
import type { StoredTimestamp } from '../ledger/timestamping.ts'
import { GatewayError } from '../model/errors.ts'
import { sendCached } from './cached.ts'
import { type ProofSource, proveInclusion } from './inclusion.ts'
import { createTurnstile } from './turnstile.ts'

/** What is read of the log to answer those who check it. */
export interface LogSource extends ProofSource {
  latestCheckpoint(): Promise<string | undefined>
  listTimestamps(): Promise<readonly Pick<StoredTimestamp, 'size' | 'authority' | 'at'>[]>
  readTimestamp(size: number, authority: string): Promise<StoredTimestamp | undefined>
}

interface LogRouterParts {
  readonly source: LogSource
  /** The log's verifier key (c2sp.org/signed-note). */
  readonly verifierKey: string
  /** Whether checkpoint and tiles are served: they tell how many exchanges there are, and nothing else. */
  readonly servesTiles: boolean
}

type HashTileRequest = TileRequest & { readonly level: number }

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'
const IMMUTABLE = 'public, max-age=31536000, immutable'
/** Whoever checks the log must not keep exchanges from the database. */
const READS_AT_ONCE = 2
const READS_WAITING = 64

function send(response: ServerResponse, type: string, caching: string, body: string | Buffer): void {
  const bytes = Buffer.from(body)
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'cache-control': caching })
  response.end(bytes)
}

/** What lets others check the log: `/log/vkey`, `/log/proof/{exchange id}`, `/log/checkpoint`, `/log/tile/…`,
 * `/log/timestamps`. */
export function createLogRouter({ source, verifierKey, servesTiles }: LogRouterParts): Router {
  const router = express.Router()
  const reading = createTurnstile(READS_AT_ONCE, READS_WAITING)

  async function readTile({ level, n, width }: HashTileRequest): Promise<Buffer | undefined> {
    const [tile] = await source.readTiles([{ level, n }])
    const bytes = width * HASH_BYTES
    return tile && tile.hashes.length >= bytes ? tile.hashes.subarray(0, bytes) : undefined
  }

  router.get('/log/vkey', (request, response) =>
    sendCached(request, response, { type: TEXT, body: `${verifierKey}\n`, caching: 'public, max-age=3600' }),
  )

  router.get('/log/proof/:exchange', async ({ params: { exchange } }, response) => {
    send(response, TEXT, 'no-store', await reading(() => proveInclusion(source, exchange)))
  })

  if (!servesTiles) return router

  router.get('/log/checkpoint', async (_request, response) => {
    const note = await reading(() => source.latestCheckpoint())
    if (note === undefined) throw new GatewayError('checkpoint_pending', { retryAfterSeconds: 1 })
    send(response, TEXT, 'no-cache', note)
  })

  router.get('/log/timestamps', async (_request, response) => {
    const stamps = await reading(() => source.listTimestamps())
    const lines = stamps.map(({ size, authority, at }) => `${size} ${authority} ${at.toISOString()}\n`)
    send(response, TEXT, 'no-cache', lines.join(''))
  })

  router.get('/log/timestamp/:size/:file', async ({ params: { size, file } }, response) => {
    const [, authority = '', kind] = /^([a-z0-9-]+)\.(tsr|checkpoint)$/.exec(file) ?? []
    const stamp = /^(?:0|[1-9]\d{0,14})$/.test(size)
      ? await reading(() => source.readTimestamp(Number(size), authority))
      : undefined
    if (stamp === undefined) throw new GatewayError('path_unknown')
    if (kind === 'tsr') send(response, 'application/timestamp-reply', IMMUTABLE, Buffer.from(stamp.token))
    else send(response, TEXT, IMMUTABLE, stamp.note)
  })

  router.get('/log/tile/*path', async (request, response, next) => {
    const tile = parseTilePath(request.path.slice('/log/tile/'.length))
    if (tile === undefined) throw new GatewayError('path_unknown')
    const { level } = tile
    // What is in a record is for its readers alone: another door, which records who reads.
    if (level === 'entries') return next()
    const bytes = await reading(() => readTile({ ...tile, level }))
    if (bytes === undefined) throw new GatewayError('path_unknown')
    send(response, BYTES, IMMUTABLE, bytes)
  })
  return router
}

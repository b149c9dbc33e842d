import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import type { StorageEvent } from '../storage/storage-event.ts'
import { CliFault, EXIT, interrupted } from './fault.ts'
import type { Tools } from './tools.ts'

const POOL_SIZE = 2

/** A read-only command changes no schema: what it reads may not be there yet. */
const UNDEFINED_TABLE = '42P01'
const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'EAI_AGAIN'])
/** SQLSTATE classes 28 (authorisation) and 3D (no such database). */
const ACCESS_CODES = /^(?:28|3D)/

function readCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function translate(error: unknown): unknown {
  const code = readCode(error)
  if (code === UNDEFINED_TABLE) {
    return new CliFault(EXIT.failed, 'database_empty', {
      title: { vi: 'Cơ sở dữ liệu này chưa có cổng nào dùng', en: 'No gateway has used this database yet' },
      side: 'you',
      fix: {
        vi: 'Khởi động cổng (lienthong serve) hoặc áp dụng danh bạ (lienthong registry apply) trước.',
        en: 'Start a gateway (lienthong serve) or apply a registry (lienthong registry apply) first.',
      },
      cause: error,
    })
  }
  const isAccess = ACCESS_CODES.test(code)
  const isTimeout =
    error instanceof Error && error.message.startsWith('timeout exceeded when trying to connect')
  if (!isAccess && !isTimeout && !CONNECTION_CODES.has(code)) return error
  return new CliFault(EXIT.failed, 'database_unreachable', {
    title: isAccess
      ? { vi: 'Cơ sở dữ liệu không cho vào', en: 'The database does not let us in' }
      : { vi: 'Không kết nối được tới cơ sở dữ liệu', en: 'The database cannot be reached' },
    ...(code !== '' && { detail: { vi: code, en: code } }),
    side: 'you',
    fix: {
      vi: 'Kiểm tra DATABASE_URL hoặc database.url trong cấu hình, và máy chủ PostgreSQL.',
      en: 'Check DATABASE_URL or database.url of the settings, and the PostgreSQL server.',
    },
    cause: error,
  })
}

/** Rejects when the operator asks for a stop. */
function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(interrupted())
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  // Nobody may be waiting for it any more.
  promise.catch(() => {})
  return { promise, forget: () => signal.removeEventListener('abort', stop) }
}

/** The embedded server takes a while to come up; whoever waits is told for what. */
function tellStart(event: StorageEvent, { terminal }: Tools): void {
  if (event.event !== 'cluster_initialised') return
  terminal.talk(terminal.pick({ vi: 'Đã tạo PostgreSQL nhúng.', en: 'The embedded PostgreSQL was made.' }))
}

/**
 * Works with the gateway's database and closes it whatever comes, Ctrl-C included; a server that was
 * started for it is stopped again.
 */
export async function withDatabase<Result>(
  settings: Settings,
  tools: Tools,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const abort = whenAborted(tools.outside.signal)
  let database: Database | undefined
  try {
    database = await openDatabase({
      url: settings.database.url,
      dataDir: settings.dataDir,
      poolSize: POOL_SIZE,
      log: (event) => tellStart(event, tools),
    })
    return await Promise.race([work(database), abort.promise])
  } catch (thrown) {
    throw translate(thrown)
  } finally {
    abort.forget()
    await database?.close()
  }
}

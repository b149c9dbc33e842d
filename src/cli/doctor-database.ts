import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { deprecationSpan } from '../model/agreement.ts'
import type { Language } from '../model/identifier.ts'
import type { RegistryDocuments } from '../registry/documents.ts'
import { createFormat } from '../reporting/format.ts'
import type { Settings } from '../settings.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { readServerFacts, type ServerFacts } from '../storage/server-facts.ts'
import { CliFault } from './fault.ts'
import { codeOf, type Finding } from './finding.ts'
import { withDatabase } from './open-database.ts'
import type { Tools } from './tools.ts'

const OLDEST_VERSION = 150_000
/** Tokens, proofs and certificates are judged by the clock; beyond this many seconds they begin to be refused. */
const SKEW_SECONDS = 5
const SOON_DAYS = 30
const DAY_MS = 86_400_000

function judgeServer({ version, connections, maxConnections }: ServerFacts, pingMs: number): Finding {
  const name = `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`
  const said = (language: Language) =>
    `${name}, ${createFormat(language).number(pingMs, 1)} ms, ${connections}/${maxConnections}`
  if (version < OLDEST_VERSION) {
    return {
      check: 'database',
      state: 'failed',
      detail: { vi: `${name}: quá cũ`, en: `${name}: too old` },
      fix: { vi: 'Cần PostgreSQL 15 trở lên.', en: 'PostgreSQL 15 or later is needed.' },
    }
  }
  const isFull = connections > maxConnections * 0.9
  return {
    check: 'database',
    state: isFull ? 'warning' : 'ok',
    detail: { vi: `${said('vi')} kết nối`, en: `${said('en')} connections` },
    ...(isFull && {
      fix: {
        vi: 'Tăng max_connections hoặc giảm database.poolSize.',
        en: 'Raise max_connections or lower database.poolSize.',
      },
    }),
  }
}

function judgeClock(clockMs: number, nowMs: number): Finding {
  const skew = Math.abs(clockMs - nowMs) / 1000
  const said = (language: Language) => `${createFormat(language).number(Math.round(skew * 10) / 10, 1)} s`
  return {
    check: 'clock',
    state: skew <= SKEW_SECONDS ? 'ok' : 'failed',
    detail: {
      vi: `lệch với cơ sở dữ liệu ${said('vi')}`,
      en: `${said('en')} apart from the database's`,
    },
    fix: {
      vi: 'Đồng bộ đồng hồ hai máy (NTP, chrony): lệch nhiều thì mã truy cập bị từ chối.',
      en: 'Keep both machines by NTP (chrony): far apart, tokens are refused.',
    },
  }
}

/** What of the registry ends soon or has ended. */
function judgeRegistry(version: number, documents: RegistryDocuments, nowMs: number): readonly Finding[] {
  if (version === 0) {
    return [
      {
        check: 'registry',
        state: 'warning',
        detail: { vi: 'chưa áp dụng danh bạ nào', en: 'none was applied yet' },
        fix: { vi: 'lienthong registry apply', en: 'lienthong registry apply' },
      },
    ]
  }
  const { agreements, services, subsystems } = documents
  const said = `${services.length} / ${agreements.length}`
  const findings: Finding[] = [
    {
      check: 'registry',
      state: 'ok',
      detail: {
        vi: `phiên bản ${version}; dịch vụ / thỏa thuận: ${said}; hệ thống: ${subsystems.length}`,
        en: `version ${version}; services / agreements: ${said}; subsystems: ${subsystems.length}`,
      },
    },
  ]
  const ends = agreements.filter(({ validity: { until } }) => {
    const leftMs =
      until === undefined ? Number.POSITIVE_INFINITY : Date.parse(`${until}T23:59:59+07:00`) - nowMs
    return leftMs > 0 && leftMs < SOON_DAYS * DAY_MS
  })
  if (ends.length > 0) {
    const ids = ends.map(({ id }) => id).join(', ')
    findings.push({
      check: 'agreements',
      state: 'warning',
      detail: {
        vi: `hết hạn trong ${SOON_DAYS} ngày: ${ids}`,
        en: `ending within ${SOON_DAYS} days: ${ids}`,
      },
      fix: { vi: 'Gia hạn hoặc báo các bên.', en: 'Renew them, or tell the parties.' },
    })
  }
  const over = services.filter(
    ({ deprecation, state }) =>
      state === 'active' && deprecation !== undefined && deprecationSpan(deprecation).untilMs < nowMs,
  )
  if (over.length > 0) {
    const ids = over.map(({ id }) => id).join(', ')
    findings.push({
      check: 'sunset',
      state: 'warning',
      detail: {
        vi: `đã quá ngày ngừng mà vẫn trả lời: ${ids}`,
        en: `beyond their last day, and still answering: ${ids}`,
      },
      fix: {
        vi: 'Xem lienthong registry callers, rồi đặt state: suspended.',
        en: 'See lienthong registry callers, then set state: suspended.',
      },
    })
  }
  return findings
}

/** Whether there is anything to open: a doctor makes no database. */
function isUnmade({ database, dataDir }: Settings): boolean {
  return database.url === undefined && !existsSync(join(dataDir, 'keys'))
}

export interface DatabaseLook {
  readonly findings: readonly Finding[]
  /** As applied; undefined where it could not be read. */
  readonly documents: RegistryDocuments | undefined
}

/** The database, its clock and the registry in it. */
export async function lookAtDatabase(settings: Settings, tools: Tools): Promise<DatabaseLook> {
  if (isUnmade(settings)) {
    const detail = {
      vi: 'chưa có; lần chạy đầu sẽ tạo bản nhúng',
      en: 'none yet; the first start makes an embedded one',
    }
    return { findings: [{ check: 'database', state: 'skipped', detail }], documents: undefined }
  }
  const { now } = tools.outside
  try {
    return await withDatabase(settings, tools, async ({ pool, url, ping }) => {
      await ping()
      const startedMs = performance.now()
      await ping()
      const pingMs = performance.now() - startedMs
      const facts = await readServerFacts(pool)
      const { version, documents } = await createRegistryStore({ pool, url, log: () => {} }).current()
      const findings = [
        judgeServer(facts, pingMs),
        judgeClock(facts.clockMs, now()),
        ...judgeRegistry(version, documents, now()),
      ]
      return { findings, documents }
    })
  } catch (thrown) {
    if (thrown instanceof CliFault && thrown.code === 'interrupted') throw thrown
    const particulars = thrown instanceof CliFault ? thrown.particulars : undefined
    const code = codeOf(thrown)
    const finding: Finding = {
      check: 'database',
      state: 'failed',
      detail: particulars?.title ?? { vi: code, en: code },
      fix: particulars?.fix ?? {
        vi: 'Kiểm tra DATABASE_URL và máy chủ PostgreSQL.',
        en: 'Check DATABASE_URL and the PostgreSQL server.',
      },
    }
    return { findings: [finding], documents: undefined }
  }
}

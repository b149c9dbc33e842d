import { type CliFault, usageFault } from './fault.ts'

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const RELATIVE = /^(\d{1,6})([mhd])$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/

function malformed(text: string): CliFault {
  return usageFault(
    { vi: `“${text}” không phải thời điểm.`, en: `'${text}' is not a time.` },
    {
      vi: 'Viết 2026-11-22 (ngày Việt Nam), 2026-11-22T08:00:00+07:00, hoặc 30m, 24h, 7d trước đây.',
      en: 'Write 2026-11-22 (a day in Vietnam), 2026-11-22T08:00:00+07:00, or 30m, 24h, 7d ago.',
    },
  )
}

/**
 * Reads a time as people type it.
 * @param edge a day given alone means its first instant, or for `end` the first that no longer belongs to it.
 * @throws CliFault with exit code 2.
 */
export function parseInstant(text: string, nowMs: number, edge: 'start' | 'end'): Date {
  const [, count, unit] = RELATIVE.exec(text) ?? []
  if (unit === 'm' || unit === 'h' || unit === 'd') return new Date(nowMs - Number(count) * UNIT_MS[unit])
  const isDay = DAY.test(text)
  if (!isDay && !INSTANT.test(text)) throw malformed(text)
  const atMs = Date.parse(isDay ? `${text}T00:00:00+07:00` : text)
  if (Number.isNaN(atMs)) throw malformed(text)
  // A day that no month has would roll over into the next one.
  const rolled = isDay && new Date(atMs + 7 * UNIT_MS.h).toISOString().slice(0, 10) !== text
  if (rolled) throw malformed(text)
  return new Date(isDay && edge === 'end' ? atMs + UNIT_MS.d : atMs)
}

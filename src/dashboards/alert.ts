import type { Bilingual } from '../model/identifier.ts'
import type { MetricName } from './promql.ts'

/** An alert and what whoever is woken by it reads: its page in docs/runbooks is written from this. */
export interface Alert {
  /** Begins with `Lienthong`. */
  readonly name: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly expr: string
  /** How long it has to hold, e.g. `5m`. */
  readonly for: string
  readonly summary: Bilingual
  readonly meaning: Bilingual
  /** Who is hurt, and how. */
  readonly harm: Bilingual
  readonly action: Bilingual
  readonly escalation: Bilingual
}

/** @returns a declared metric's name, so that an alert on another one does not compile. */
export const metric = (name: MetricName): string => name

/** The database first: most of what stops the log is there. */
export const CHECK_DATABASE: Bilingual = {
  vi: 'Xem `/readyz?verbose`, rồi tình trạng PostgreSQL: đĩa còn trống, kết nối, khóa đang giữ.',
  en: 'See `/readyz?verbose`, then PostgreSQL: free disk, connections, locks held.',
}
/** Not at once, but not left lying. */
export const CALL_OWNER: Bilingual = {
  vi: 'Báo phụ trách hệ thống sau 15 phút.',
  en: 'Tell the owner of the system after 15 minutes.',
}
/** Whatever the hour. */
export const CALL_AT_ONCE: Bilingual = {
  vi: 'Báo ngay phụ trách hệ thống và an toàn thông tin.',
  en: 'Tell the owner of the system and the security officer at once.',
}

import type { BulkState } from '../jobs/bulk.ts'
import type { RecordOutcome } from '../jobs/data-quality.ts'
import type { SubscriptionState } from '../model/event.ts'
import type { Outcome } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'

/** What words of the wire are called where people read them; in English they are those words. */

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  delivered: 'đã trả',
  refused: 'từ chối',
  failed: 'không được',
  interrupted: 'đứt quãng',
}

const BULK_STATES: Readonly<Record<BulkState, string>> = {
  uploading: 'đang tải lên',
  queued: 'đang chờ',
  running: 'đang làm',
  paused: 'tạm dừng',
  stopped: 'bị dừng',
  failed: 'không xong',
  cancelled: 'đã hủy',
  done: 'xong',
}

const SUBSCRIPTION_STATES: Readonly<Record<SubscriptionState, string>> = {
  active: 'đang nhận',
  paused: 'tạm dừng',
  stopped: 'đã dừng',
}

const RECORD_OUTCOMES: Readonly<Record<RecordOutcome, string>> = {
  matched: 'khớp',
  differs: 'sai lệch',
  not_found: 'không có',
  duplicate: 'trùng',
  invalid: 'không hợp lệ',
}

const RECONCILING: Readonly<Record<string, string>> = {
  consumer: 'bên hỏi',
  provider: 'bên cung cấp',
  matched: 'khớp',
  differs: 'sai lệch',
  onlyConsumer: 'chỉ bên hỏi có',
  onlyProvider: 'chỉ bên cung cấp có',
}

const inWords = (words: Readonly<Record<string, string>>, code: string): Bilingual => ({
  vi: words[code] ?? code,
  en: code,
})

/** @returns how an exchange ended. */
export function outcomeWords(outcome: string): Bilingual {
  return inWords(OUTCOMES, outcome)
}

/** @returns where a bulk job stands. */
export function bulkStateWords(state: string): Bilingual {
  return inWords(BULK_STATES, state)
}

/** @returns what became of one record of a bulk job. */
export function recordOutcomeWords(outcome: string): Bilingual {
  return inWords(RECORD_OUTCOMES, outcome)
}

/** @returns what two lists held against each other say. */
export function reconcilingWords(word: string): Bilingual {
  return inWords(RECONCILING, word)
}

/** @returns where a subscription stands. */
export function subscriptionStateWords(state: string): Bilingual {
  return inWords(SUBSCRIPTION_STATES, state)
}

import { hash } from 'node:crypto'
import { isOwnService } from './own-service.ts'
import type { ExchangeRecord } from './record.ts'

/**
 * Sums that stand for all counts of exchanges: each count times the keyed hash of what it counts. Two tables of
 * counts are the same where their sums are, but for a chance of 2⁻⁵⁶; the key is made for one comparison and known to
 * nobody before. `storage/log-audit.ts` computes the same of the tables.
 */
export interface CountSums {
  add(record: ExchangeRecord): void
  hours(): bigint
  days(): bigint
}

/** Between the parts of a key; no part holds it. */
export const COUNT_SEPARATOR = '\x1f'
const HOUR_MS = 3_600_000
const HOURS_OF_DAY = 24
/** Vietnam's hours before UTC's, all year. */
const ZONE_HOURS = 7

/** @returns the first 56 bits. */
function digest(text: string): bigint {
  return BigInt(`0x${hash('sha256', text).slice(0, 14)}`)
}

/** What a record is counted under; what a consumer made up is no part of it. */
function dimensionsOf(record: ExchangeRecord): string {
  const { provider, service, agreement } = record
  return [
    record.consumer,
    provider ?? '',
    provider === undefined && !isOwnService(service) ? '' : service,
    record.operation ?? '',
    record.outcome,
    record.code ?? '',
    agreement?.id ?? '',
    agreement === undefined ? '' : (record.purpose ?? ''),
  ].join(COUNT_SEPARATOR)
}

/** Counts kept before they are added up: neighbouring records mostly fall under the same ones. */
const MAX_HELD = 1000

export function createCountSums(key: string): CountSums {
  const held = new Map<string, { readonly hour: number; readonly dimensions: string; count: number }>()
  let hours = 0n
  let days = 0n

  /** Two hashes for each count, not for each record: a third of what the running audit cost. */
  function addUp(): void {
    for (const { hour, dimensions, count } of held.values()) {
      const day = Math.floor((hour + ZONE_HOURS) / HOURS_OF_DAY)
      hours += BigInt(count) * digest([key, hour, dimensions].join(COUNT_SEPARATOR))
      days += BigInt(count) * digest([key, day, dimensions].join(COUNT_SEPARATOR))
    }
    held.clear()
  }

  return {
    add(record) {
      const dimensions = dimensionsOf(record)
      const receivedMs = Number.parseInt(record.exchange.replace('-', '').slice(0, 12), 16)
      const hour = Math.floor(receivedMs / HOUR_MS)
      const name = hour + COUNT_SEPARATOR + dimensions
      const known = held.get(name)
      if (known !== undefined) {
        known.count += 1
        return
      }
      if (held.size >= MAX_HELD) addUp()
      held.set(name, { hour, dimensions, count: 1 })
    },
    hours() {
      addUp()
      return hours
    },
    days() {
      addUp()
      return days
    },
  }
}

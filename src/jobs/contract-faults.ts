import type { EndedExchange } from '../exchange/passage.ts'
import { dayOf } from '../model/calendar.ts'
import type { Violation } from '../model/errors.ts'

/** A rule of a contract that documents broke, and how often, on one day. */
export interface ContractFault {
  /** `yyyy-mm-dd`, Vietnam's. */
  readonly day: string
  readonly direction: 'request' | 'answer'
  readonly service: string
  readonly operation: string
  /** Whose document broke it. */
  readonly party: string
  /** JSON pointer, places in a list as `*`; '' is the document itself. */
  readonly field: string
  readonly rule: string
  readonly count: number
}

/** Counts what exchanges broke of their contracts, and writes it down from time to time. */
export interface FaultCounter {
  note(ended: EndedExchange): void
  /** Writes what was noted since; on a fault it is kept for the next time. */
  flush(): Promise<void>
}

/** More rules than this, broken within a few seconds, are somebody's experiment: what exceeds them goes uncounted by field. */
const MAX_KINDS = 2000
const OTHER = '/_other'
const PLACE = /\/\d+(?=\/|$)/g

/** The member a violation is about; only names of the contract stand in its pointer. */
export function fieldOf({ pointer, member }: Pick<Violation, 'pointer' | 'member'>): string {
  const field = pointer.replace(PLACE, '/*')
  return member === undefined ? field : `${field}/${member}`
}

/** What an answer breaks that could not be read at all. */
const UNREADABLE: readonly Pick<Violation, 'pointer' | 'rule' | 'member'>[] = [{ pointer: '', rule: 'json' }]

function faultsOf({ facts, error }: EndedExchange): readonly Omit<ContractFault, 'count'>[] {
  const { service, operation, provider, consumer } = facts
  const isAnswer = error?.code === 'response_invalid'
  if (error === undefined || !(isAnswer || error.code === 'request_invalid')) return []
  // What a consumer made up is no dimension.
  if (provider === undefined || operation === undefined) return []
  const direction = isAnswer ? 'answer' : 'request'
  const day = dayOf(facts.receivedAtMs)
  const seen = { day, direction, service, operation, party: isAnswer ? provider : consumer } as const
  const broken = error.errors.length > 0 ? error.errors : UNREADABLE
  const kinds = new Map(
    broken.map(({ rule, ...at }) => [`${fieldOf(at)} ${rule}`, { field: fieldOf(at), rule }]),
  )
  return [...kinds.values()].map((kind) => ({ ...seen, ...kind }))
}

/** @param add makes counts durable, all of them or none. */
export function createFaultCounter(add: (faults: readonly ContractFault[]) => Promise<void>): FaultCounter {
  let noted = new Map<string, ContractFault>()

  function count(fault: Omit<ContractFault, 'count'>, times: number): void {
    const told = Object.values(fault).join('\0')
    const isKept = noted.has(told) || noted.size < MAX_KINDS
    const kept = isKept ? fault : { ...fault, field: OTHER }
    const key = isKept ? told : Object.values(kept).join('\0')
    noted.set(key, { ...kept, count: times + (noted.get(key)?.count ?? 0) })
  }

  return {
    note(ended) {
      for (const fault of faultsOf(ended)) count(fault, 1)
    },
    async flush() {
      if (noted.size === 0) return
      const writing = noted
      noted = new Map()
      try {
        await add([...writing.values()])
      } catch (error) {
        for (const { count: times, ...fault } of writing.values()) count(fault, times)
        throw error
      }
    },
  }
}

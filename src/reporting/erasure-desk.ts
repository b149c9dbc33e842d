import type { AuditBodies, ReadAuditBody } from '../contract/audit-requests.ts'
import { countRecords, findSubject } from '../jobs/retention.ts'
import { dayInVietnam, type ErasureStore } from '../ledger/retention.ts'
import type { AuditStore } from './audit-query.ts'
import type { Answered, ReadingWork } from './reading.ts'

interface ErasureDeskParts {
  readonly store: Pick<ErasureStore, 'tracesOf' | 'holds' | 'eraseTraces' | 'eraseCopies'> &
    Pick<AuditStore, 'tagsOf'>
  readonly readBody: ReadAuditBody
  /** Unix milliseconds. */
  readonly now: () => number
  /** Has the tables written anew that something was erased in. */
  readonly tidy: () => Promise<unknown>
}

/** Erasing what is kept of one person, for a data-protection officer. */
export type ErasureDesk = (json: unknown) => ReadingWork<Answered>

/**
 * The person's number is in the request alone: neither the erasure's record nor anything else holds it, or a tag of
 * it, afterwards.
 */
export function createErasureDesk({ store, readBody, now, tidy }: ErasureDeskParts): ErasureDesk {
  return (json) => {
    let body: AuditBodies['Erasure'] = { subject: '', order: '' }
    return {
      ask() {
        body = readBody('Erasure', json)
        const { subject: value, order, dryRun } = body
        return {
          query: { class: 'subject', order, ...(dryRun === true && { dryRun }) },
          identifier: { kind: 'subject', value },
        }
      },
      async answer() {
        const today = dayInVietnam(now())
        const tags = await store.tagsOf('subject', body.subject, {})
        const { traces, kept } = await findSubject(store, tags, today)
        const found = countRecords(traces)
        if (body.dryRun === true) {
          const { erased: copies, left } = await store.eraseCopies(traces, today, true)
          return { found, json: { records: found, copies, left, kept, dryRun: true } }
        }
        return {
          found,
          json: undefined,
          async perform(by) {
            const { erased: copies, left } = await store.eraseCopies(traces, today, false)
            const records = await store.eraseTraces(traces, { by, today })
            await tidy()
            return { records, copies, left, kept, dryRun: false, erasedBy: by }
          },
        }
      },
    }
  }
}

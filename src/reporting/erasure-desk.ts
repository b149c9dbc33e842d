import type { AuditBodies, ReadAuditBody } from '../contract/audit-requests.ts'
import { findSubject } from '../jobs/retention.ts'
import { dayInVietnam, type ErasureStore } from '../ledger/retention.ts'
import type { AuditStore } from './audit-query.ts'
import type { Answered, ReadingWork } from './reading.ts'

interface ErasureDeskParts {
  readonly store: Pick<ErasureStore, 'exchangesOf' | 'holds' | 'eraseParts'> & Pick<AuditStore, 'tagsOf'>
  readonly readBody: ReadAuditBody
  /** Unix milliseconds. */
  readonly now: () => number
  /** Has the tables written anew that something was erased in. */
  readonly tidy: () => Promise<unknown>
}

/** Erasing what records say of one person, for a data-protection officer. */
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
        const { exchanges, kept } = await findSubject(store, tags, today)
        const found = exchanges.length
        if (body.dryRun === true) return { found, json: { records: found, kept, dryRun: true } }
        return {
          found,
          json: undefined,
          async perform(by) {
            const records = await store.eraseParts(exchanges, { by, today })
            await tidy()
            return { records, kept, dryRun: false, erasedBy: by }
          },
        }
      },
    }
  }
}

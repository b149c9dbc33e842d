import type { IncomingMessage } from 'node:http'
import type { Answered, ReadingAction, ReadingWork } from '../reporting/reading.ts'

/** One route of the readers' door and what it does. */
export interface AuditRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly action: ReadingAction
  readonly prepare: (json: unknown, request: IncomingMessage) => ReadingWork<Answered>
  /** 16 KiB where absent. */
  readonly maxBodyBytes?: number
}

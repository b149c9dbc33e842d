import type { Receipt } from '../../model/exchange.ts'
import type { ReadingRight } from '../../registry/readers.ts'
import type { Answered, ReadingAction, ReadingWork } from '../../reporting/reading.ts'
import type { Page, View } from './view.ts'

/** A file instead of a page. */
export interface Download {
  readonly content: string | Buffer
  readonly type: string
  readonly name: string
}

/** Reads the log for the person signed in; it is recorded before it resolves. */
export type ReadLog = <Result extends Answered>(
  action: ReadingAction,
  work: ReadingWork<Result>,
) => Promise<{
  readonly result: Result
  readonly right: ReadingRight
  /** Of the reading itself: under what it stands in the log. */
  readonly receipt: Receipt | undefined
  readonly exchangeId: string
  /** Unix milliseconds. */
  readonly receivedAtMs: number
}>

/** A page made of what it reads. */
export type PageMaker = (read: ReadLog, view: View) => Promise<Page | Download>

import { expect } from 'chai'
import {
  type Asked,
  datesOf,
  FIRST_PROGRESS,
  type RequestArchive,
  type RequestOrder,
  type RequestProgress,
  type StoredRequest,
} from '../../src/exchange/request.ts'
import { createRequestJob } from '../../src/jobs/requests.ts'
import { afterWorkingDays, type Calendar, workingDays } from '../../src/model/calendar.ts'

const TITLE = { vi: 'Nghỉ', en: 'Off' }
const CALENDAR: Calendar = {
  kind: 'Calendar',
  id: 'thu',
  title: TITLE,
  holidays: [{ from: '2026-09-01', until: '2026-09-02', title: TITLE }],
  workedDays: ['2026-08-29'],
}
const isWorkingDay = workingDays([CALENDAR])
const at = (text: string) => Date.parse(`${text}+07:00`)

describe('a deadline in working days', () => {
  it('does not count the day it runs from, weekends and holidays, and counts weekend days worked', () => {
    // Thursday; then Friday 28, the worked Saturday 29, Monday 31, Thursday 3 September.
    const days = [1, 2, 3, 4].map((count) => afterWorkingDays(isWorkingDay, at('2026-08-27T23:59:59'), count))
    expect(days).to.deep.equal([
      at('2026-08-29T00:00'),
      at('2026-08-30T00:00'),
      at('2026-09-01T00:00'),
      at('2026-09-04T00:00'),
    ])
  })

  it('goes by the day in Vietnam, whatever day it is in UTC', () => {
    const late = Date.parse('2026-11-22T18:00:00Z')
    expect(afterWorkingDays(isWorkingDay, late, 1)).to.equal(at('2026-11-25T00:00'))
  })

  it('has reminders before it, on it and on each working day after it, until the request is closed', () => {
    const terms = {
      withinWorkingDays: 5,
      remindWorkingDaysBefore: [1, 9],
      closeAfterWorkingDays: 2,
      keepDays: 1,
    }
    const dates = datesOf(terms, at('2026-11-16T09:00'), isWorkingDay)
    expect(dates.dueAtMs).to.equal(at('2026-11-24T00:00'))
    expect(dates.closeAtMs).to.equal(at('2026-11-26T00:00'))
    // What would have been nine days before lies before the request.
    expect(dates.remindAtMs).to.deep.equal([
      at('2026-11-21T00:00'),
      at('2026-11-24T00:00'),
      at('2026-11-25T00:00'),
    ])
  })
})

describe('a request that is answered later', () => {
  const HOUR = 3_600_000
  const ORDER = {
    remindAtMs: [10 * HOUR, 20 * HOUR],
    askEveryMs: undefined,
    keepDays: 1,
  } as unknown as RequestOrder

  /** Carries one on by a clock of its own. @param replies what the provider says, try by try; the last for good. */
  function bench(replies: readonly Asked[], order: Partial<RequestOrder> = {}) {
    let nowMs = 0
    let progress: RequestProgress = FIRST_PROGRESS
    const asked: { readonly atHours: number; readonly reminder: number | undefined }[] = []
    const found = (): StoredRequest => ({
      id: 'r',
      revision: 0,
      state: progress.state,
      consumer: 'a',
      service: 's',
      operation: 'o',
      receivedAtMs: 0,
      dueAtMs: 15 * HOUR,
      closeAtMs: 30 * HOUR,
      contents: { order: { ...ORDER, ...order }, progress },
    })
    const store = {
      find: async () => found(),
      async save(_: StoredRequest, next: RequestProgress) {
        progress = next
        return true
      },
    } as unknown as RequestArchive
    const late: boolean[] = []
    const told: number[] = []
    const job = createRequestJob({
      store,
      now: () => nowMs,
      async askAbout(_, reminder) {
        asked.push({ atHours: nowMs / HOUR, reminder })
        return replies[Math.min(asked.length, replies.length) - 1] ?? { outcome: 'failed' }
      },
      tellEnd: async () => told.length > 2 || !told.push(nowMs),
      onReminder: ({ isLate }) => late.push(isLate),
    })
    /** Lets the queue have its way until the job is done. */
    async function run(): Promise<RequestProgress> {
      for (let turns = 0; turns < 1000; turns += 1) {
        const result = await job('r', new AbortController().signal)
        if (result === 'done') return progress
        nowMs += result.againInSeconds * 1000
      }
      throw new Error('it never ends')
    }
    return { asked, late, told, run }
  }
  const taken: Asked = { outcome: 'answered', status: 202, content: { state: 'accepted', reference: 'N1' } }

  it('is handed over once, reminded of at its times, and closed where nothing comes', async () => {
    const { asked, late, run } = bench([taken])
    expect(await run()).to.include({ state: 'expired', reference: 'N1', reminders: 2 })
    expect(asked).to.deep.equal([
      { atHours: 0, reminder: 0 },
      { atHours: 10, reminder: 1 },
      { atHours: 20, reminder: 2 },
    ])
    expect(late).to.deep.equal([false, true])
  })

  it('is tried again with growing pauses while the provider cannot be reached', async () => {
    const { asked, run } = bench([{ outcome: 'failed' }, { outcome: 'failed' }, taken])
    await run()
    expect(asked.slice(0, 3).map(({ atHours }) => Math.round(atHours * 3600))).to.deep.equal([0, 1, 3])
    expect(asked.at(3)).to.deep.equal({ atHours: 10, reminder: 1 })
  })

  it('is asked for as often as the service says, and ends with what is told then', async () => {
    const certificate = { outcome: 'answered', status: 200, content: { number: '1' } } as const
    const { asked, run } = bench([taken, taken, certificate], { askEveryMs: HOUR })
    expect(await run()).to.deep.include({
      state: 'answered',
      answer: { status: 200, content: { number: '1' } },
    })
    expect(asked.map(({ atHours }) => atHours)).to.deep.equal([0, 1, 2])
  })

  it('has its end told until the receiver takes it', async () => {
    const certificate = { outcome: 'answered', status: 200, content: {} } as const
    const { told, run } = bench([certificate], { notifyUrl: 'https://mot-cua.example/bao' })
    expect(await run()).to.include({ state: 'answered', notified: 'done' })
    expect(told.map((atMs) => Math.round(atMs / 1000))).to.deep.equal([0, 1, 3])
  })

  it('ends where the provider or the gateway says no', async () => {
    const no = { outcome: 'answered', status: 422, content: { code: 'x' } } as const
    expect(await bench([no]).run()).to.deep.include({
      state: 'refused',
      answer: { status: 422, content: { code: 'x' } },
    })
    const ended = await bench([taken, { outcome: 'refused', code: 'agreement_not_in_force' }]).run()
    expect(ended).to.deep.include({ state: 'refused', code: 'agreement_not_in_force' })
  })
})

import { expect } from 'chai'
import type { Application } from '../../src/model/application.ts'
import type { ApplicationStore, NewApplication } from '../../src/reporting/application-desk.ts'
import { createApplicationStore } from '../../src/storage/applications.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.parse('2026-11-22T03:00:00Z')

describe('applications in PostgreSQL', () => {
  let database: TestDatabase
  let opened: Database
  let store: ApplicationStore
  const clock = { nowMs: START_MS }

  before(async () => {
    database = await createTestDatabase()
    opened = await openDatabase({ url: database.url, dataDir: '', poolSize: 2, log: () => {} })
    store = createApplicationStore({ pool: opened.pool, now: () => clock.nowMs })
  })
  after(async () => {
    await opened.close()
    await database.drop()
  })
  beforeEach(() => opened.pool.query('TRUNCATE connection_application'))

  const NEW = {
    consumer: 'H29/mot-cua',
    provider: 'G03/hoc-ba',
    service: 'G03/hoc-ba/hoc-ba-so/v1',
    filedAtMs: START_MS,
    dueAtMs: START_MS + HOUR_MS,
    content: { class: 'theo-yeu-cau' },
    events: [{ act: 'file' }],
  } as unknown as NewApplication

  const file = (change: Partial<NewApplication> = {}) => store.file({ ...NEW, ...change })
  /** Writes one more revision of it. */
  const save = (found: Application, change: Partial<Application>) =>
    store.save({ ...found, ...change, revision: found.revision + 1 })
  const decide = (found: Application, state: 'refused' | 'withdrawn') =>
    save(found, { state, dueAtMs: undefined })

  it('are found by their number as they were filed', async () => {
    const filed = await file()
    expect(filed).to.deep.include({ ...NEW, revision: 1, state: 'filed', decision: undefined })
    expect(filed.number).to.match(/^DN-\d{6}$/)
    expect(await store.find(filed.number)).to.deep.equal(filed)
    expect(await store.find('DN-999999')).to.equal(undefined)
  })

  it('are written over by the revision that comes next, and by no other nor that of another', async () => {
    const [filed, other] = [await file(), await file()]
    const change = { state: 'incomplete' as const, dueAtMs: undefined, decision: { text: '{}' } }
    expect(await store.save({ ...filed, ...change, revision: 1 })).to.equal(false)
    expect(await store.save({ ...filed, ...change, revision: 3 })).to.equal(false)
    expect([await save(filed, change), await save(filed, change)]).to.deep.equal([true, false])
    expect(await store.find(filed.number)).to.deep.equal({ ...filed, ...change, revision: 2 })
    expect(await store.find(other.number)).to.deep.equal(other)
  })

  it('keep the decision that waits, and the signature that it got', async () => {
    const filed = await file()
    const signed = { signature: Buffer.from([1, 2, 3]), chain: 'PEM' }
    await save(filed, { state: 'approved', dueAtMs: undefined, decision: { text: '{}', signed } })
    const found = await store.find(filed.number)
    expect(found?.decision?.signed?.chain).to.equal('PEM')
    expect(Buffer.from(found?.decision?.signed?.signature ?? []).toString('hex')).to.equal('010203')
    const [listed] = await store.list({ parties: undefined, state: undefined })
    expect(listed).to.include({ number: filed.number, decision: undefined })
  })

  it('are listed to whoever asks or is asked, those due first at the head, then the latest', async () => {
    const late = await file({ dueAtMs: START_MS + 3 * HOUR_MS })
    const soon = await file({ dueAtMs: START_MS + HOUR_MS })
    const foreign = await file({ consumer: 'H26/mot-cua', provider: 'G01/dan-cu' })
    const [older, newer] = [await file(), await file()]
    for (const each of [older, newer]) await decide(each, 'withdrawn')
    const numbers = async (filter: Parameters<ApplicationStore['list']>[0]) =>
      (await store.list(filter)).map(({ number }) => number)
    const waiting = [foreign, soon, late].map(({ number }) => number)
    const ended = [newer, older].map(({ number }) => number)
    expect(await numbers({ parties: undefined, state: undefined })).to.deep.equal([...waiting, ...ended])
    expect(await numbers({ parties: undefined, state: 'filed' })).to.deep.equal(waiting)
    expect(await numbers({ parties: ['H26/mot-cua'], state: undefined })).to.deep.equal([foreign.number])
    expect(await numbers({ parties: ['G01/dan-cu'], state: undefined })).to.deep.equal([foreign.number])
    expect(await numbers({ parties: ['G03/hoc-ba'], state: 'withdrawn' })).to.deep.equal(ended)
    expect(await numbers({ parties: [], state: undefined })).to.deep.equal([])
  })

  it('are counted while they wait, and as overdue from the moment they are due', async () => {
    const [first, second, third] = [
      await file(),
      await file({ dueAtMs: START_MS + 2 * HOUR_MS }),
      await file(),
    ]
    await save(second, { state: 'incomplete', dueAtMs: undefined })
    await decide(third, 'refused')
    const counted = async (nowMs: number) => {
      clock.nowMs = nowMs
      return (await store.counts()).toSorted((a, b) => a.state.localeCompare(b.state))
    }
    const incomplete = { state: 'incomplete', count: 1, overdue: 0 }
    const due = first.dueAtMs ?? 0
    expect(await counted(due - 1)).to.deep.equal([{ state: 'filed', count: 1, overdue: 0 }, incomplete])
    expect(await counted(due)).to.deep.equal([{ state: 'filed', count: 1, overdue: 1 }, incomplete])
  })
})

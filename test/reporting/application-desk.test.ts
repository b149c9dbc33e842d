import { expect } from 'chai'
import type { Application } from '../../src/model/application.ts'
import type { ReadingRight } from '../../src/registry/readers.ts'
import type { Registry } from '../../src/registry/snapshot.ts'
import { createApplicationDesk } from '../../src/reporting/application-desk.ts'

const RIGHT = {
  reader: { document: { subsystem: 'H29/kiem-soat' } },
  parties: undefined,
} as unknown as ReadingRight

const FILED = {
  number: 'DN-000001',
  revision: 4,
  state: 'filed',
  consumer: 'H29/mot-cua',
  provider: 'G03/hoc-ba',
  service: 'G03/hoc-ba/hoc-ba-so/v1',
  filedAtMs: 0,
  dueAtMs: 1,
  content: { class: 'theo-yeu-cau', agreement: { title: { vi: 'Đề nghị', en: 'Wish' } } },
  events: [],
} as unknown as Application

/** A desk whose store holds one application; what was written comes to `saved`. */
function createDesk(saved: Application[]) {
  return createApplicationDesk({
    store: {
      file: () => Promise.reject(new Error('nothing is filed here')),
      find: async () => FILED,
      list: async () => [],
      counts: async () => [],
      async save(next) {
        if (next.revision !== FILED.revision + 1 + saved.length) return false
        saved.push(next)
        return true
      },
    },
    registry: () => ({}) as Registry,
    readBody: () => ({}) as never,
    now: () => Date.parse('2026-11-22T03:00:00Z'),
    signatures: { required: false, gateway: 'x', open: undefined },
  })
}

describe('the desk of applications', () => {
  it('writes down the first of two acts that come at once, and refuses the other', async () => {
    const saved: Application[] = []
    const desk = createDesk(saved)
    const withdraw = async () => {
      const answered = await desk.act(FILED.number, 'withdraw', {}).answer(RIGHT)
      return async (exchange: string) => answered.perform?.(exchange)
    }
    const [first, second] = [await withdraw(), await withdraw()]
    await first('one')
    const refused = await second('two').catch((thrown: unknown) => thrown)
    expect(refused).to.include({ code: 'application_state_unfit' })
    expect(saved).to.have.length(1)
    expect(saved[0]).to.deep.include({ revision: 5, state: 'withdrawn', dueAtMs: undefined })
    expect(saved[0]?.events).to.deep.equal([
      { act: 'withdraw', at: '2026-11-22T03:00:00.000Z', by: 'H29/kiem-soat', exchange: 'one' },
    ])
  })
})

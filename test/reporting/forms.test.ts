import { expect } from 'chai'
import fc from 'fast-check'
import { emptyTally, type Tally } from '../../src/jobs/data-quality.ts'
import { workingDays } from '../../src/model/calendar.ts'
import { indexOn, type ServiceIndex } from '../../src/model/service-index.ts'
import type { Task } from '../../src/model/task.ts'
import { type AgreedConnection, stateOf } from '../../src/reporting/connections.ts'
import { cellText, FORMS, type Form, fileRows, formJson, suppressed } from '../../src/reporting/form.ts'
import { createFormDesk } from '../../src/reporting/form-desk.ts'
import { createFormat } from '../../src/reporting/format.ts'
import { cleaningForm } from '../../src/reporting/forms/cleaning.ts'
import { connectionForm } from '../../src/reporting/forms/connections.ts'
import { countIncidents, incidentForm } from '../../src/reporting/forms/incidents.ts'
import { indexForm } from '../../src/reporting/forms/service-index.ts'
import { judgeTask, taskForm } from '../../src/reporting/forms/tasks.ts'
import { createNames } from '../../src/reporting/names.ts'
import {
  type Age,
  ageOf,
  type CleaningRow,
  countByProvider,
  type Incident,
  type IncidentRow,
  judgeIncidents,
  silenceOf,
  workingDaysBetween,
} from '../../src/reporting/quality.ts'
import { suppressTable } from '../../src/reporting/suppression.ts'
import { AGREEMENT } from '../support/small-registry.ts'

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const TAXES = 'G12/thue/nguoi-nop-thue/v1'
const names = createNames({ agencies: new Map(), subsystems: new Map(), services: new Map() })
const NAME = { vi: 'Tên', en: 'Name' }
const WEIGHTS = { accurate: 0.3, complete: 0.2, clean: 0.2, live: 0.15, consistent: 0.15 }

function tallyOf(outcomes: Partial<Tally['outcomes']>, groups: Partial<Tally['groups']> = {}): Tally {
  const tally = emptyTally()
  Object.assign(tally.outcomes, outcomes)
  Object.assign(tally.groups, groups)
  tally.records = Object.values(tally.outcomes).reduce((sum, count) => sum + count, 0)
  return tally
}

describe('incidents', () => {
  const isWorkingDay = workingDays([
    {
      kind: 'Calendar',
      id: 'nghi',
      title: { vi: 'Nghỉ', en: 'Off' },
      holidays: [
        { from: '2026-09-01', until: '2026-09-02', title: { vi: 'Quốc khánh', en: 'National Day' } },
      ],
    },
  ])
  const deadlines = [5, 10, 15] as const
  const row = (opened: string, closed?: string): IncidentRow => ({
    service: CITIZENS,
    operation: 'lookUpCitizen',
    field: '/fullName',
    rule: 'required',
    opened,
    last: opened,
    closed,
    count: 3,
  })

  it('age by working days: the first does not count, nor do weekends and holidays', () => {
    // Friday 28 August to Friday 4 September: Monday, (two holidays), Thursday, Friday.
    expect(workingDaysBetween(isWorkingDay, '2026-08-28', '2026-09-04')).to.equal(3)
    expect(workingDaysBetween(isWorkingDay, '2026-08-28', '2026-08-28')).to.equal(0)
    expect([5, 6, 10, 11, 15, 16].map((days) => ageOf(days, deadlines))).to.deep.equal([
      'explain',
      'mend',
      'mend',
      'check',
      'check',
      'over',
    ])
  })

  it('grow old until they are closed, and stand with the open ones first, the oldest before', () => {
    const ground = { isWorkingDay, deadlines, today: '2026-11-20' }
    const judged = judgeIncidents(
      [row('2026-11-02', '2026-11-10'), row('2026-11-18'), row('2026-10-05')],
      ground,
    )
    expect(judged.map(({ opened, workingDays: days, age }) => [opened, days, age])).to.deep.equal([
      ['2026-10-05', 34, 'over'],
      ['2026-11-18', 2, 'explain'],
      ['2026-11-02', 6, 'mend'],
    ])
    expect(judged[0]?.group).to.equal(1)
    const counts = countIncidents(judged)
    expect(counts).to.deep.include({ open: 2, closed: 1 })
    expect(counts.ages).to.deep.equal({ explain: 1, mend: 0, check: 0, over: 1 })
    const form = incidentForm(judged, names, deadlines)
    expect(form.notes[0]?.vi).to.match(/^2 sự cố đang mở .*, 1 đã đóng trong kỳ\.$/)
  })

  it('are also sources of events that are silent for longer than they promised: stale data', () => {
    const newestMs = Date.parse('2026-11-18T03:00:00Z')
    const of = { service: CITIZENS, type: 'citizenMoved', newestMs }
    const nowMs = newestMs + 26 * 3_600_000
    expect(silenceOf(of, undefined, nowMs)).to.equal(undefined)
    expect(silenceOf(of, 26 * 3_600_000, nowMs)).to.equal(undefined)
    const silence = silenceOf(of, 24 * 3_600_000, nowMs)
    expect(silence).to.include({ opened: '2026-11-19', closed: undefined })
    const [judged] = judgeIncidents(silence ? [silence] : [], {
      isWorkingDay,
      deadlines,
      today: '2026-11-20',
    })
    expect(judged).to.include({ group: 7, workingDays: 1 })
  })
})

describe('open incidents as a metric', () => {
  it('count each provider at each age, zeros too, and none that is closed', () => {
    const of = (service: string, age: Age, closed?: string) => ({ service, age, closed }) as Incident
    const counts = countByProvider(
      [of(CITIZENS, 'over'), of(CITIZENS, 'over'), of(CITIZENS, 'mend', '2026-11-10'), of(TAXES, 'explain')],
      ['G01/dan-cu', 'G10/dat-dai'],
    )
    expect(counts.filter(({ count }) => count > 0)).to.deep.equal([
      { provider: 'G01/dan-cu', age: 'over', count: 2 },
      { provider: 'G12/thue', age: 'explain', count: 1 },
    ])
    expect(counts.map(({ provider }) => provider)).to.include('G10/dat-dai')
    expect(counts).to.have.length(12)
  })
})

describe('assigned tasks', () => {
  const task = (id: string, due: string): Task => ({
    kind: 'Task',
    id,
    title: { vi: id, en: id },
    agency: 'H29',
    assigned: '2026-01-15',
    due,
    measuredBy: [{ service: CITIZENS, consumer: 'H29/mot-cua' }, { service: 'G12/thue/nguoi-nop-thue/v1' }],
    state: 'active',
  })

  it('are done once every connection carries exchanges, in time or late, and late only while they are not', () => {
    const due = '2026-06-30'
    expect(judgeTask(task('a', due), ['2026-02-01', '2026-06-30'], '2026-11-22').state).to.equal('done')
    expect(judgeTask(task('a', due), ['2026-02-01', '2026-07-01'], '2026-11-22')).to.include({
      state: 'done_late',
      doneOn: '2026-07-01',
    })
    expect(judgeTask(task('a', due), ['2026-02-01', undefined], '2026-06-30')).to.include({
      state: 'in_hand',
      carried: 1,
    })
    expect(judgeTask(task('a', due), ['2026-02-01', undefined], '2026-07-01').state).to.equal('late')
  })

  it('are counted, and what is late comes first', () => {
    const judged = [
      judgeTask(task('xong', '2026-12-31'), ['2026-02-01', '2026-02-01'], '2026-11-22'),
      judgeTask(task('dang', '2026-12-31'), [undefined, undefined], '2026-11-22'),
      judgeTask(task('muon', '2026-02-28'), [undefined, '2026-02-01'], '2026-11-22'),
    ]
    const form = taskForm(judged, names)
    expect(form.rows.map(([, id]) => id)).to.deep.equal(['muon', 'dang', 'xong'])
    expect(formJson(form)['counts']).to.deep.equal({ total: 3, done: 1, doneLate: 0, inHand: 1, late: 1 })
  })
})

describe('cleaning results', () => {
  const rows: readonly CleaningRow[] = [
    {
      consumer: 'H29/mot-cua',
      service: CITIZENS,
      unit: '79',
      jobs: 0,
      tally: tallyOf({ matched: 900, differs: 50 }, { 8: 50 }),
    },
    {
      consumer: 'H26/mot-cua',
      service: CITIZENS,
      unit: '01',
      jobs: 0,
      tally: tallyOf({ matched: 400, invalid: 4 }, { 1: 3, 4: 1 }),
    },
    {
      consumer: 'H29/mot-cua',
      service: CITIZENS,
      unit: '',
      jobs: 1,
      tally: tallyOf({ not_found: 20 }, { 5: 20 }),
    },
    { consumer: 'H26/mot-cua', service: CITIZENS, unit: '', jobs: 1, tally: tallyOf({}) },
  ]
  const make = (by: 'unit' | 'group' | 'agency' | 'service') =>
    cleaningForm(rows, { by, names, weights: WEIGHTS })

  it('are told by unit and by agency, each adding up to the total', () => {
    for (const by of ['unit', 'agency', 'service'] as const) {
      const { rows: told, total = [] } = make(by)
      const sum = (place: number) => told.reduce((all, row) => all + Number(row[place]), 0)
      expect([2, 3, 4, 5, 6, 7].map(sum), by).to.deep.equal(total.slice(2, 8))
      expect(total.slice(2, 8), by).to.deep.equal([1374, 1300, 50, 20, 0, 4])
    }
    expect(make('unit').rows.map(([name]) => name)).to.deep.equal([
      { vi: 'TP. Hồ Chí Minh', en: 'Ho Chi Minh City' },
      { vi: 'Hà Nội', en: 'Hanoi' },
      { vi: 'Không ghi đơn vị', en: 'No unit named' },
    ])
  })

  it('are told by the eight error groups', () => {
    const { rows: told, total } = make('group')
    expect(told.map(([, group, records]) => [group, records])).to.deep.equal([
      ['1', 3],
      ['2', 0],
      ['3', 0],
      ['4', 1],
      ['5', 20],
      ['6', 0],
      ['7', 0],
      ['8', 50],
    ])
    // A record may count in several groups: they add up to nothing.
    expect(total).to.equal(undefined)
  })

  it('show outside the roles no small count, nor what gives one away', () => {
    const told = formJson(suppressed(make('unit')))['rows'] as readonly Record<string, unknown>[]
    const [, hanoi] = told
    expect(hanoi).to.deep.include({ matched: undefined, invalid: undefined, dataQuality: undefined })
    expect(told.filter(({ matched }) => matched === undefined)).to.have.length.at.least(2)
    expect(JSON.stringify(told)).not.to.match(/"invalid":4\b/)
  })
})

describe('suppression in a table', () => {
  it('leaves nobody a small count to see or to work out from its row or its column', () => {
    const part = fc.nat({ max: 40 })
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part, part), { maxLength: 6 }), (parts) => {
        const rows = parts.map((own) => [own.reduce((sum, count) => sum + count, 0), ...own])
        const shown = suppressTable(rows, 0)
        const isHidden = (line: number, place: number) => shown[line]?.[place] === undefined
        for (const [line, row] of rows.entries()) {
          for (const [place, count] of row.entries()) {
            if (count > 0 && count < 10) expect(isHidden(line, place)).to.equal(true)
          }
          expect(row.filter((_, place) => isHidden(line, place))).to.not.have.length(1)
        }
        for (let place = 0; place < 4; place += 1) {
          const hidden = rows.filter((_, line) => isHidden(line, place))
          if (hidden.length === 1) expect(rows.filter((row) => (row[place] ?? 0) > 0)).to.have.length(1)
        }
      }),
    )
  })
})

describe('the connection form', () => {
  const connection = (consumer: string, over: Partial<AgreedConnection>): AgreedConnection => ({
    agreement: `TT-${consumer}`,
    title: NAME,
    consumer,
    service: CITIZENS,
    state: 'active',
    until: undefined,
    use: undefined,
    unused: false,
    ending: false,
    ...over,
  })
  const use = {
    consumer: 'H29/a',
    provider: 'G01/dan-cu',
    service: CITIZENS,
    delivered: 7,
    lastDelivered: '2026-11-20',
  }

  it('counts states, and its matrix takes the best of an agency’s agreements', () => {
    const all = [
      connection('H29/a', { use }),
      connection('H29/b', { unused: true }),
      connection('H26/a', { state: 'suspended' }),
    ]
    expect(all.map((each) => stateOf([each]))).to.deep.equal(['used', 'unused', 'suspended'])
    const { counts, matrix } = formJson(connectionForm(all, names))
    expect(counts).to.deep.equal({
      used: 1,
      unused: 1,
      never: 0,
      suspended: 1,
      unusedFor90Days: 1,
      endingSoon: 0,
    })
    expect(matrix).to.deep.equal([
      { agency: 'H29', service: CITIZENS, state: 'used', lastUse: '2026-11-20' },
      { agency: 'H26', service: CITIZENS, state: 'suspended', lastUse: undefined },
    ])
  })
})

describe('the desk of forms', () => {
  const agreement = (id: string, consumer: string, service: string) => [
    id,
    { document: { ...AGREEMENT, id, consumer, service, state: 'active' }, bases: [] },
  ]
  const incident = (service: string): IncidentRow => ({
    service,
    operation: 'x',
    field: '/a',
    rule: 'enum',
    opened: '2026-11-16',
    last: '2026-11-16',
    closed: undefined,
    count: 1,
  })
  const desk = createFormDesk({
    figures: {} as never,
    count: async () => [],
    store: { firstDelivered: async (asked: readonly unknown[]) => asked.map(() => undefined) } as never,
    quality: {
      faults: async () => [],
      incidents: async () => [incident(CITIZENS), incident(TAXES)],
      newest: async () => [],
      cleaning: async () => [],
      freshness: async () => [],
    },
    registry: () =>
      ({
        agencies: new Map(),
        subsystems: new Map(),
        services: new Map(),
        agreements: new Map([
          agreement('a', 'H29/mot-cua', CITIZENS),
          agreement('b', 'H26/mot-cua', TAXES),
        ] as never),
        isWorkingDay: () => true,
        tasks: [
          { id: 'cua-h29', agency: 'H29', measuredBy: [{ service: TAXES }] },
          { id: 'do-bang-g12', agency: 'H26', measuredBy: [{ service: TAXES }] },
          { id: 'rut', agency: 'H29', measuredBy: [{ service: TAXES }], state: 'withdrawn' },
        ].map((each) => ({
          state: 'active',
          title: NAME,
          assigned: '2026-01-01',
          due: '2026-12-31',
          ...each,
        })),
      }) as never,
    deadlines: [5, 10, 15],
    weights: WEIGHTS,
    now: () => Date.parse('2026-11-22T03:00:00Z'),
  })
  const period = { id: '2026', from: '2026-01-01', until: '2027-01-01' }
  const asked = {
    period,
    by: undefined,
    compare: 'same-period',
    agency: undefined,
    service: undefined,
  } as const

  it('shows incidents to who provides the service and to who may use it, and to nobody else', async () => {
    const seen = async (parties: readonly string[] | undefined) =>
      (await desk.incidents(period, { parties })).map(({ service }) => service)
    expect(await seen(undefined)).to.deep.equal([CITIZENS, TAXES])
    expect(await seen(['H29/mot-cua'])).to.deep.equal([CITIZENS])
    expect(await seen(['G12/thue'])).to.deep.equal([TAXES])
    expect(await seen(['H29/mot-cua', 'G12/thue'])).to.deep.equal([CITIZENS, TAXES])
    expect(await seen([])).to.deep.equal([])
  })

  it('tells tasks to the responsible agency and to whom they are measured by, and none that were withdrawn', async () => {
    const seen = async (parties?: readonly string[]) =>
      (await desk.make({ ...asked, form: 'tasks' }, { parties, suppressed: false })).rows.map(([, id]) => id)
    expect(await seen()).to.have.members(['cua-h29', 'do-bang-g12'])
    expect(await seen(['H29/mot-cua'])).to.deep.equal(['cua-h29'])
    expect(await seen(['G12/thue'])).to.have.members(['cua-h29', 'do-bang-g12'])
    expect(await seen(['H14/mot-cua'])).to.deep.equal([])
  })

  it('says of which period or of which moment a form is', async () => {
    const of = async (form: 'incidents' | 'tasks') =>
      formJson(await desk.make({ ...asked, form }, { suppressed: false }))
    expect((await of('incidents'))['period']).to.deep.equal(period)
    expect(await of('tasks'))
      .to.include({ asOf: '2026-11-22T03:00:00.000Z' })
      .and.not.to.have.property('period')
  })
})

describe('the inputs of the index', () => {
  const index = (
    id: string,
    from: string,
    until: string | undefined,
    inputs: ServiceIndex['inputs'],
  ): ServiceIndex => ({
    kind: 'ServiceIndex',
    id,
    title: NAME,
    legalBasis: 'qd-766-2022',
    validity: { from, ...(until !== undefined && { until }) },
    inputs,
  })

  it('count by purpose, mark what is not confirmed, and say what a gateway does not measure', () => {
    const count = (purpose: string, outcome: string, n: number) => ({ values: [purpose, outcome], count: n })
    const input = (purposes: readonly string[], unverified?: boolean) => ({
      title: NAME,
      group: NAME,
      points: 20,
      purposes,
      ...(unverified !== undefined && { unverified }),
    })
    const ground = {
      index: index('hien-hanh', '2022-08-01', undefined, [
        input(['dong-bo-trang-thai'], true),
        input(['giai-quyet-thu-tuc-hanh-chinh', 'cat-giam-giay-to']),
        input([]),
      ]),
      legalBasis: undefined,
    }
    const { rows, notes } = indexForm(ground, {
      closed: [
        count('dong-bo-trang-thai', 'delivered', 90),
        count('dong-bo-trang-thai', 'failed', 10),
        count('dong-bo-trang-thai', 'refused', 5),
        count('cat-giam-giay-to', 'delivered', 40),
        count('giai-quyet-thu-tuc-hanh-chinh', 'delivered', 60),
      ],
      base: [count('dong-bo-trang-thai', 'delivered', 60)],
      covered: true,
    })
    const [sync = [], reuse = [], satisfaction = []] = rows
    expect(sync.slice(3)).to.deep.equal([
      90,
      10,
      0.9,
      60,
      { kind: 'ratio', ratio: 0.5 },
      'dong-bo-trang-thai',
    ])
    expect(JSON.stringify(sync[0])).to.include('(?)')
    expect(reuse[3]).to.equal(100)
    expect(JSON.stringify(reuse[0])).not.to.include('(?)')
    expect(satisfaction.slice(3)).to.deep.equal(Array(6).fill(undefined))
    expect(notes).to.deep.equal([
      { vi: 'Tên, áp dụng từ 01/08/2022.', en: 'Name, in force from 01/08/2022.' },
    ])
  })

  it('are those of the index in force on the last day, and of none where none is', () => {
    const indexes = [index('cu', '2022-08-01', '2026-06-30', []), index('moi', '2026-07-01', undefined, [])]
    const on = (day: string) => indexOn(indexes, day)?.id
    expect(['2022-07-31', '2022-08-01', '2026-06-30', '2026-07-01', '2030-01-01'].map(on)).to.deep.equal([
      undefined,
      'cu',
      'cu',
      'moi',
      'moi',
    ])
    const none = indexForm(undefined, { closed: [], base: [], covered: false })
    expect(none.rows).to.deep.equal([])
    expect(none.notes[0]?.vi).to.include('không có bộ chỉ số nào có hiệu lực')
  })
})

describe('a form', () => {
  const form: Form = {
    id: 'refusals',
    columns: [
      { id: 'name', title: { vi: 'Tên', en: 'Name' }, kind: 'name' },
      { id: 'count', title: { vi: 'Số', en: 'Count' }, kind: 'count' },
      { id: 'share', title: { vi: 'Tỷ lệ', en: 'Share' }, kind: 'share' },
      { id: 'day', title: { vi: 'Ngày', en: 'Day' }, kind: 'day' },
    ],
    rows: [[{ vi: '=A1', en: 'A' }, 1234, 0.98765, '2026-11-22']],
    total: [{ vi: 'Tổng', en: 'Total' }, 1234, undefined, null],
    notes: [],
    suppressed: false,
    facts: {},
  }

  it('has numbers for spreadsheets, days as people write them, and both languages in its head', () => {
    expect(fileRows(form)).to.deep.equal([
      ['STT / No.', 'Tên / Name', 'Số / Count', 'Tỷ lệ / Share (%)', 'Ngày / Day'],
      [1, '=A1', 1234, 98.8, '22/11/2026'],
      [undefined, 'Tổng', 1234, undefined, '…'],
    ])
    const format = createFormat('en')
    const shown = form.rows[0]?.map((cell, place) =>
      cellText(cell, form.columns[place]?.kind ?? 'text', format, 'en'),
    )
    expect(shown).to.deep.equal(['A', '1,234', '98.8 %', '22/11/2026'])
  })

  it('has a number, a title and a unit of its own', () => {
    const definitions = Object.values(FORMS)
    expect(new Set(definitions.map(({ number }) => number)).size).to.equal(definitions.length)
    for (const { title, unit } of definitions)
      for (const text of [title.vi, title.en, unit.vi, unit.en]) expect(text).not.to.equal('')
  })
})

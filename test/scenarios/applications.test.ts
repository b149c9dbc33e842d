import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { AUDIT_DESCRIPTION } from '../../src/contract/audit-requests.ts'
import type { Agreement } from '../../src/model/agreement.ts'
import { afterWorkingDays, workingDays } from '../../src/model/calendar.ts'
import type { ReaderRole } from '../../src/model/reader.ts'
import { overlay } from '../../src/registry/documents.ts'
import { createApplicationStore } from '../../src/storage/applications.ts'
import { createJobTelemetry } from '../../src/telemetry/job-metrics.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { findBarriers, launchChromium } from '../support/chromium.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { makeReadingSystems, readGuideApplication, runApplications } from '../support/reading-systems.ts'

const ROLES = {
  'H29/kiem-soat': 'agency',
  'H26/kiem-soat': 'agency',
  'G03/kiem-soat': 'agency',
  'G22/tham-dinh': 'appraiser',
  'G22/van-hanh': 'operator',
} as const satisfies Record<string, ReaderRole>
type Party = keyof typeof ROLES
const SERVICE = 'G03/hoc-ba/hoc-ba-so/v1'
const PUPIL = '099212010001'

interface Told {
  readonly number: string
  readonly state: string
  readonly dueAt?: string
  readonly isOverdue: boolean
  readonly agreement: Agreement
  readonly events: readonly Record<string, string>[]
}

describe('applications for connection', () => {
  let world: GatewayWorld
  let folder: string
  let application: Record<string, unknown>

  before(async () => {
    folder = await createTestFolder()
    const systems = await makeReadingSystems(ROLES, folder)
    world = await startWorld({ change: (documents) => overlay(documents, systems) })
    application = await writeGuide()
  })
  after(() => world?.close())

  /** The application of the guide for integrators, with papers and a list of today. */
  async function writeGuide(): Promise<Record<string, unknown>> {
    const made = await readGuideApplication()
    await writeFile(join(folder, 'de-nghi.yaml'), stringify(made))
    const conformance = {
      ok: true,
      kind: 'consumer',
      id: 'H29/mot-cua',
      address: world.gateway.publicUrl,
      at: new Date().toISOString(),
      version: '1.0.0',
      findings: [{ check: 'key', state: 'ok', detail: 'ES256' }],
    }
    await writeFile(join(folder, 'kiem-tra.json'), JSON.stringify(conformance))
    return made
  }

  const run = (party: Party, ...argv: readonly string[]) => runApplications(world, folder, party, ...argv)
  async function told(party: Party, ...argv: readonly string[]): Promise<Told> {
    const { exit, out, err } = await run(party, ...argv, '--json')
    expect(exit, err).to.equal(0)
    return JSON.parse(out)
  }
  async function refused(party: Party, ...argv: readonly string[]): Promise<string> {
    const { exit, err } = await run(party, ...argv, '--json')
    expect(exit, err).to.equal(1)
    return JSON.parse(err).error.code
  }
  const file = (party: Party = 'H29/kiem-soat') =>
    told(party, 'file', 'de-nghi.yaml', '--conformance', 'kiem-tra.json')
  const lastRecord = async () => (await world.records()).at(-1)

  function assertDescribed(name: string, json: unknown): void {
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...AUDIT_DESCRIPTION, $id: 'audit' })
    const validate = ajv.compile({ $ref: `audit#/components/schemas/${name}` })
    expect(validate(json), JSON.stringify(validate.errors)).to.equal(true)
  }

  it('are filed with what their class asks for, and are due in its working days', async () => {
    const filed = await file()
    assertDescribed('ApplicationTold', filed)
    expect(filed).to.include({ state: 'filed', isOverdue: false })
    expect(filed.number).to.match(/^DN-\d{6}$/)
    const [event] = filed.events
    const filedAtMs = Date.parse(event?.['at'] ?? '')
    const isWorkingDay = workingDays(world.documents.calendars)
    expect(filed.dueAt).to.equal(new Date(afterWorkingDays(isWorkingDay, filedAtMs, 14)).toISOString())
    const record = await lastRecord()
    expect(record).to.deep.include({
      exchange: event?.['exchange'],
      consumer: 'H29/kiem-soat',
      service: 'application',
      operation: 'file',
      outcome: 'delivered',
    })
    expect(record?.['reading']).to.deep.equal({
      found: 1,
      query: `{"class":"theo-yeu-cau","consumer":"H29/mot-cua","service":"${SERVICE}"}`,
    })
  })

  it('are told all that is wrong or missing, and are not filed so', async () => {
    await writeFile(join(folder, 'thieu.yaml'), stringify({ ...application, documents: [] }))
    const { exit, err } = await run('H29/kiem-soat', 'file', 'thieu.yaml')
    expect(exit).to.equal(1)
    expect(err).to.include('/documents: van-ban-de-nghi is missing')
    expect(err).to.include('/conformance: The result of lienthong check consumer --json is needed')
    expect(await lastRecord()).to.include({ operation: 'file', outcome: 'refused', code: 'request_invalid' })
  })

  it("are an agency's for its own subsystems, and seen by it, the provider and who watches over all", async () => {
    expect(await refused('H26/kiem-soat', 'file', 'de-nghi.yaml', '--conformance', 'kiem-tra.json')).to.equal(
      'reading_denied',
    )
    expect(await refused('G22/tham-dinh', 'file', 'de-nghi.yaml')).to.equal('reading_denied')
    const { number } = await file()
    for (const party of ['H29/kiem-soat', 'G03/kiem-soat', 'G22/tham-dinh', 'G22/van-hanh'] as const) {
      expect((await told(party, 'show', number)).state, party).to.equal('filed')
    }
    expect(await refused('H26/kiem-soat', 'show', number)).to.equal('application_unknown')
    expect(await refused('H29/kiem-soat', 'show', 'DN-999999')).to.equal('application_unknown')
    const listed = async (party: Party) => {
      const { exit, out, err } = await run(party, 'list', '--state', 'filed', '--json')
      expect(exit, err).to.equal(0)
      const json = JSON.parse(out)
      assertDescribed('Applications', json)
      return json.applications.map((each: Told) => each.number)
    }
    expect(await listed('G03/kiem-soat')).to.include(number)
    expect(await listed('H26/kiem-soat')).to.deep.equal([])
    const { out } = await run('G22/tham-dinh', 'list')
    expect(out).to.match(
      new RegExp(`${number} +under appraisal +\\d{4}-\\d\\d-\\d\\d +H29/mot-cua +${SERVICE}`),
    )
    expect(await refused('G03/kiem-soat', 'withdraw', number)).to.equal('reading_denied')
  })

  it('are decided by an appraiser alone', async () => {
    const { number } = await file()
    for (const party of ['H29/kiem-soat', 'G03/kiem-soat', 'G22/van-hanh'] as const) {
      expect(await refused(party, 'approve', number, '--agreement', 'TT-2026-900')).to.equal('reading_denied')
    }
    expect((await told('H29/kiem-soat', 'withdraw', number)).state).to.equal('withdrawn')
    expect(await refused('G22/tham-dinh', 'approve', number, '--agreement', 'TT-2026-900')).to.equal(
      'application_state_unfit',
    )
  })

  it('wait for their applicant while something is missing, and their days count anew from then', async () => {
    const { number } = await file()
    const asked = await told('G22/tham-dinh', 'ask', number, '--reason', 'Thiếu phương án gián đoạn.')
    expect(asked.state).to.equal('incomplete')
    expect(asked).not.to.have.property('dueAt')
    const other = {
      ...application,
      agreement: { ...Object(application['agreement']), consumer: 'H29/kiem-soat' },
    }
    await writeFile(join(folder, 'khac.yaml'), stringify(other))
    const conformance = ['--conformance', 'kiem-tra.json']
    expect(await refused('H29/kiem-soat', 'supplement', number, 'khac.yaml', ...conformance)).to.equal(
      'application_state_unfit',
    )
    const supplied = await told('H29/kiem-soat', 'supplement', number, 'de-nghi.yaml', ...conformance)
    expect(supplied.state).to.equal('filed')
    expect(supplied.dueAt).to.be.a('string')
    const { out } = await run('H29/kiem-soat', 'show', number)
    expect(out).to.include('asked for more  Thiếu phương án gián đoạn.')
  })

  it('are refused with a reason and a legal ground that the registry has', async () => {
    const { number } = await file()
    const why = ['--reason', 'Dữ liệu ngoài thẩm quyền.']
    expect(await refused('G22/tham-dinh', 'refuse', number, '--legal-basis', 'nd-0', ...why)).to.equal(
      'request_invalid',
    )
    const ended = await told('G22/tham-dinh', 'refuse', number, '--legal-basis', 'nd-194-2025', ...why)
    expect(ended.state).to.equal('refused')
    expect(ended.events.at(-1)).to.include({ act: 'refuse', by: 'G22/tham-dinh', legalBasis: 'nd-194-2025' })
    expect(await lastRecord()).to.deep.include({ operation: 'refuse', outcome: 'delivered' })
  })

  it('give, once approved, an agreement that the registry takes and exchanges go by', async () => {
    const { number } = await file()
    const ask = () =>
      world.consumer.call(`${SERVICE}/tra-cuu`, { body: { personalId: PUPIL }, headers: PURPOSE })
    expect((await ask()).json['code']).to.equal('agreement_missing')
    expect(await refused('G22/tham-dinh', 'approve', number, '--agreement', 'TT-2026-119')).to.equal(
      'request_invalid',
    )
    const early = await run('H29/kiem-soat', 'agreement', number)
    expect([early.exit, early.err]).to.satisfy(
      ([exit, err]: [number, string]) => exit === 2 && err.includes('not approved'),
    )
    const approved = await told('G22/tham-dinh', 'approve', number, '--agreement', 'TT-2026-900')
    expect(approved.state).to.equal('approved')
    expect((await lastRecord())?.['exchange']).to.equal(approved.events.at(-1)?.['exchange'])
    const { exit, out, err } = await run('H29/kiem-soat', 'agreement', number)
    expect(exit, err).to.equal(0)
    const agreement: Agreement = parse(out)
    expect(agreement).to.include({ kind: 'Agreement', id: 'TT-2026-900', state: 'active' })
    await world.apply(overlay(world.documents, { agreements: [agreement] }))
    const answer = await ask()
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    expect(answer.json).to.have.all.keys('fullName', 'years', 'dataAsOf')
  })

  /** A browser's cookies, and what it is answered without following redirects. */
  async function signIn(party: Party) {
    const cookies = new Map<string, string>()
    const open = async (address: string | URL, form?: Record<string, string>) => {
      const response = await fetch(new URL(address, world.gateway.managementUrl), {
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form && { method: 'POST', body: new URLSearchParams(form) }),
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=')
        cookies.set(name, value)
      }
      return {
        status: response.status,
        to: response.headers.get('location') ?? '',
        text: await response.text(),
      }
    }
    const { to: provider } = await open('/console/sign-in')
    const chosen = new URL(provider)
    chosen.pathname = '/choose'
    chosen.searchParams.set('as', party)
    const { to: back } = await open(chosen)
    expect((await open(back)).status).to.equal(303)
    return open
  }

  it('are seen in the console by who may, and decided there under the name of whoever is signed in', async () => {
    const { number } = await file()
    const page = `/console/applications/${number}`
    const appraiser = await signIn('G22/tham-dinh')
    expect((await appraiser('/console/applications')).text).to.include(`href="${page}"`)
    const shown = await appraiser(page)
    expect(shown.text).to.include('1204/UBND-VX').and.include(`action="${page}/approve"`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(shown.text)?.[1] ?? ''
    expect((await appraiser(`${page}/approve`, { csrf: 'x', agreement: 'TT-2026-901' })).status).to.equal(400)
    expect((await appraiser(`${page}/approve`, { csrf, agreement: '' })).status).to.equal(422)
    expect((await appraiser(`${page}/withdraw`, { csrf })).status).to.equal(404)
    const decided = await appraiser(`${page}/approve`, { csrf, agreement: 'TT-2026-901' })
    expect([decided.status, decided.to]).to.deep.equal([303, page])
    const approved = await told('H29/kiem-soat', 'show', number)
    expect(approved.events.at(-1)).to.include({
      act: 'approve',
      by: 'G22/tham-dinh',
      agreement: 'TT-2026-901',
    })
    const record = (await world.records()).find(
      (each) => each['exchange'] === approved.events.at(-1)?.['exchange'],
    )
    expect(record).to.deep.include({ operation: 'approve', outcome: 'delivered' })
    expect(Object(record?.['private'])).to.have.property('officer')
    const operator = await signIn('G22/van-hanh')
    const seen = (await operator(page)).text
    expect(seen).to.include('TT-2026-901').and.not.include(`action="${page}`)
  })

  it('have a page with forms that no barrier axe-core knows keeps anybody from, on a telephone and on a desk', async function () {
    requireProgram(this, 'chromium', 'chromium')
    const { number } = await file()
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.goto(`${world.gateway.managementUrl}/console/applications/${number}`)
      await page.click('a.button')
      await page.click(`a[href*="${encodeURIComponent('G22/tham-dinh')}"]`)
      await page.locator('form[action$="/approve"]').waitFor()
      const faults: string[] = []
      for (const [width, colorScheme] of [
        [320, 'light'],
        [1320, 'dark'],
      ] as const) {
        await page.setViewportSize({ width, height: 800 })
        await page.emulateMedia({ colorScheme })
        expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width)
        faults.push(...(await findBarriers(page)))
      }
      expect(faults).to.deep.equal([])
    } finally {
      await browser.close()
    }
  })

  it('wait for no signature where no authority of leaders is configured', async () => {
    const { number } = await file()
    const handUp = ['--decision', 'approve', '--agreement', 'TT-2026-902', '--approver', 'pd-1'] as const
    expect(await refused('G22/tham-dinh', 'propose', number, ...handUp)).to.equal(
      'decision_signatures_closed',
    )
    const { exit, err } = await run('G22/tham-dinh', 'decision', number)
    expect([exit, err]).to.satisfy(
      ([code, said]: [number, string]) => code === 2 && said.includes('no decision'),
    )
  })

  it('are decided once, whoever comes first', async () => {
    const { number } = await file()
    const store = createApplicationStore({ pool: world.pool, now: Date.now })
    const found = await store.find(number)
    if (found === undefined) throw new Error('not found')
    const next = { ...found, revision: found.revision + 1, state: 'withdrawn' as const, dueAtMs: undefined }
    expect([await store.save(next), await store.save(next)]).to.deep.equal([true, false])
  })

  it('are counted while they wait, and as overdue from the first moment after their last day', async () => {
    const { number } = await file()
    const due = Date.parse((await told('H29/kiem-soat', 'show', number)).dueAt ?? '')
    const overdueAt = async (nowMs: number) => {
      const metrics = createMetrics()
      const store = createApplicationStore({ pool: world.pool, now: () => nowMs })
      createJobTelemetry(metrics, () => {}).applicationCounts(await store.counts())
      return metrics.gauge('lienthong_applications_overdue').child({}).value
    }
    expect(await overdueAt(due - 86_400_000)).to.equal(0)
    expect(await overdueAt(due)).to.be.above(0)
  })

  it('serve what their document describes, and refuse other methods', async () => {
    const url = `${world.gateway.managementUrl}/audit/applications`
    const response = await fetch(url, { method: 'DELETE' })
    expect([response.status, response.headers.get('allow')]).to.deep.equal([405, 'GET, POST'])
    const { paths } = AUDIT_DESCRIPTION as { paths: Record<string, object> }
    const described = Object.entries(paths)
      .filter(([path]) => path.startsWith('/audit/applications'))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
    expect(described).to.have.length(10)
    for (const each of described) {
      const [method = '', path = ''] = each.split(' ')
      const address = `${world.gateway.managementUrl}${path.replace('{number}', 'DN-000001')}`
      expect((await fetch(address, { method: method.toUpperCase() })).status, each).to.equal(401)
    }
  })
})

const PURPOSE = { 'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh' }

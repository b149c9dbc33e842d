import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Browser, BrowserContext } from 'playwright-core'
import type { Subsystem } from '../../src/model/party.ts'
import type { ReaderRole } from '../../src/model/reader.ts'
import { overlay } from '../../src/registry/documents.ts'
import { ruleWords } from '../../src/reporting/forms/incidents.ts'
import { samplePerson, sampleScenario } from '../../src/sandbox/samples.ts'
import { findBarriers, launchChromium } from '../support/chromium.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { foreignProse, proseOf } from '../support/page-words.ts'
import { readerOf } from '../support/reading-systems.ts'
import { unzip } from '../support/unzip.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const ROLES = {
  'G22/thanh-tra': 'auditor',
  'G22/bao-ve-du-lieu': 'data-protection-officer',
  'H26/kiem-soat': 'agency',
  'G22/van-hanh': 'operator',
  'G22/cong-dan': 'citizen-portal',
} as const satisfies Record<string, ReaderRole>
type ReaderId = keyof typeof ROLES
const LANGUAGES = ['en', 'vi'] as const
const LOOKS = [
  [320, 'dark'],
  [1320, 'dark'],
  [1320, 'light'],
] as const

function system(id: ReaderId): Subsystem {
  const name = { vi: `Hệ thống <b>${id}</b>`, en: `System <b>${id}</b>` }
  return { kind: 'Subsystem', id, name, state: 'active', securityLevel: 3, contact: 'Trực vận hành' }
}

describe("the readers' console in Chromium", () => {
  let world: GatewayWorld
  let browser: Browser
  let delivered = ''
  let receipt = ''
  const person = samplePerson(23)
  const contexts = new Map<string, BrowserContext>()
  const address = (path: string) => world.gateway.managementUrl + path

  async function signIn(id: ReaderId, options: { readonly javaScriptEnabled?: boolean } = {}) {
    const key = id + JSON.stringify(options)
    const known = contexts.get(key)
    if (known) return known
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await page.goto(address('/console/search'))
    await page.click('a.button')
    await page.click(`a[href*="${encodeURIComponent(id)}"]`)
    await page.waitForURL('**/console/**')
    await page.close()
    contexts.set(key, context)
    return context
  }

  before(async function () {
    requireProgram(this, 'chromium', 'chromium')
    const ids = Object.keys(ROLES) as ReaderId[]
    world = await startWorld({
      change: (documents) =>
        overlay(documents, {
          subsystems: ids.map(system),
          readers: ids.map((id) => readerOf(id, ROLES[id])),
        }),
    })
    const asked = { body: person.lookUp }
    const answer = await world.consumer.call(`${SERVICE}/tra-cuu`, asked)
    expect(answer.status).to.equal(200)
    delivered = answer.headers.get('exchange-id') ?? ''
    receipt = answer.headers.get('exchange-receipt') ?? ''
    await world.consumer.call(`${SERVICE}/tra-cuu`, { body: { personalId: '1' } })
    // The sandbox's agency answers about this person against its contract.
    const { personalId } = sampleScenario('000422')
    await world.consumer.call(`${SERVICE}/tra-cuu`, { body: { personalId } })
    for (let broken = 0; broken === 0; )
      broken = (await world.pool.query('SELECT FROM data_incident')).rowCount ?? 0
    browser = await launchChromium()
  })

  after(async () => {
    await browser?.close()
    await world?.close()
  })

  const pages = () => [
    '/console/search',
    `/console/exchanges/${delivered}`,
    `/console/exchanges/${delivered}/proof`,
    '/console/statistics',
    '/console/statistics?map=growth',
    '/console/quality',
    '/console/agencies',
    '/console/agencies/H29',
    '/console/services',
    `/console/services/${SERVICE}`,
    '/console/connections',
    '/console/applications',
    '/console/own?system=H29%2Fmot-cua',
    '/console/reports',
    '/console/reports?period=2026-H1&by=service&compare=previous-period&public=true',
    '/console/reports?form=cleaning&by=group&public=true',
    '/console/reports?form=connections&by=province',
    '/console/reports?form=tasks',
    '/console/status',
    '/console/access',
    '/console/verify',
  ]

  it('has no barrier axe-core knows by day and by night, fits 320 px and a desktop, and runs nothing on reading pages', async function () {
    this.timeout(300_000)
    const context = await signIn('G22/thanh-tra')
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    for (const path of pages()) {
      const response = await page.goto(address(path))
      expect(response?.status(), path).to.equal(200)
      const policy = response?.headers()['content-security-policy'] ?? ''
      expect(policy).to.match(/^default-src 'none'; /)
      expect(policy).not.to.include('unsafe')
      const isProof = path.endsWith('/proof') || path.endsWith('/verify')
      expect(policy.includes('script-src'), path).to.equal(isProof)
      expect(await page.locator('script').count(), path).to.equal(isProof ? 1 : 0)
      for (const [width, colorScheme] of LOOKS) {
        const look = `${path} at ${width}, ${colorScheme}`
        await page.setViewportSize({ width, height: 800 })
        await page.emulateMedia({ colorScheme })
        expect(await page.evaluate('document.documentElement.scrollWidth'), look).to.equal(width)
        faults.push(...(await findBarriers(page)).map((each) => `${look}: ${each}`))
      }
    }
    expect(faults).to.deep.equal([])
    await page.close()
  })

  it('is all there in English, in another language attribute', async () => {
    const context = await signIn('G22/van-hanh')
    const page = await context.newPage()
    await page.goto(address('/console/statistics'))
    await page.click('a.language')
    expect(await page.locator('html').getAttribute('lang')).to.equal('en')
    expect(await page.locator('h1').textContent()).to.match(/^Statistics: /)
    expect(page.url()).to.equal(address('/console/statistics'))
    await page.close()
  })

  it('says everything in one language, and by its name what has one', async () => {
    const { request } = await signIn('G22/thanh-tra')
    for (const language of LANGUAGES) {
      await request.get(address(`/console/language/${language}?back=/console/verify`))
      for (const path of [...pages(), '/console/search?readings=1', '/console/search?outcome=refused']) {
        const page = await (await request.get(address(path))).text()
        expect(page, path).to.include(`<html lang="${language}"`)
        expect(foreignProse(page, language), path).to.deep.equal([])
        const identifiers = proseOf(page).filter((text) => /^[a-z]+(?:[A-Z]\w*|_[a-z_]+)$/.test(text))
        expect(identifiers, path).to.deep.equal([])
      }
    }
  })

  it('verifies a record in the browser, and tells when one character was changed', async () => {
    const context = await signIn('G22/thanh-tra')
    const page = await context.newPage()
    const proof = address(`/console/exchanges/${delivered}/proof`)
    await page.goto(proof)
    while ((await page.locator('#proof').count()) === 0) await page.goto(proof)
    await page.click('#verify')
    await page.locator('#verdict.good').waitFor()
    expect(await page.locator('#checks .good').count()).to.equal(5)
    expect(await page.locator('#checks [data-check="private"] .finding').textContent()).to.include(
      'officer: ',
    )
    await page.click('#tamper')
    await page.locator('#verdict.bad').waitFor()
    expect(await page.locator('#checks [data-check="leaf"].bad').count()).to.equal(1)
    await page.click('#restore')
    await page.locator('#verdict.good').waitFor()
    await page.close()
  })

  it('verifies files that somebody kept, without a session and without asking the gateway', async () => {
    const { request } = await signIn('G22/thanh-tra')
    const material = (name: string) => request.get(address(`/console/exchanges/${delivered}/${name}`))
    const proof = await (await material('proof.txt')).text()
    const record = await (await material('record.json')).text()
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(address('/console/verify'))
    await page.click('#verify')
    await page.locator('#verdict', { hasText: 'Chưa có gì để kiểm' }).waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
    await page.setInputFiles('#files', [file('receipt.txt', `${receipt}\n`)])
    await page.locator('#verdict.good').waitFor()
    expect(await page.locator('#checks .good').count()).to.equal(1)
    await page.setInputFiles('#files', [file('a.txt', proof), file('b.json', record)])
    await page.locator('[data-check="memory"].good').waitFor()
    expect(await page.locator('#checks .good').count()).to.equal(5)
    await page.click('#tamper')
    await page.locator('#verdict.bad').waitFor()
    expect(await page.locator('[data-check="leaf"].bad, [data-check="inclusion"].bad').count()).to.equal(2)
    await page.setInputFiles('#files', [file('receipt.txt', receipt.replace(/due=\d/, 'due=9'))])
    await page.locator('[data-check="receipt"].bad').waitFor()
    expect(asked).to.deep.equal([])
    await context.close()
  })

  it('finds by trace and by place in the log in the same box', async () => {
    const records = await world.records()
    const index = records.findIndex(({ exchange }) => exchange === delivered)
    const trace = String(records[index]?.['trace'])
    const context = await signIn('G22/thanh-tra', { javaScriptEnabled: false })
    const page = await context.newPage()
    for (const typed of [trace, `00-${trace}-00f067aa0ba902b7-01`]) {
      await page.goto(address('/console/search'))
      await page.fill('#identifier', typed)
      await page.click('.find button')
      expect(page.url()).to.include(`trace=${trace}`)
      expect(await page.locator('a.id').count()).to.equal(1)
      expect(await page.locator(`a[href="/console/exchanges/${delivered}"]`).count()).to.equal(1)
    }
    for (const typed of [`#${index}`, String(index)]) {
      await page.goto(address('/console/search'))
      await page.fill('#identifier', typed)
      await page.click('.find button')
      expect(page.url()).to.equal(address(`/console/exchanges/${delivered}`))
    }
    await page.goto(address(`/console/search?trace=${'0'.repeat(31)}1`))
    expect(await page.locator('p.empty').count()).to.equal(1)
    // Once the job has counted the record, its own table tells.
    await world.pool.query('SELECT rollup_advance(1000)')
    await page.goto(address(`/console/search?trace=${trace}`))
    expect(await page.locator('a.id').count()).to.equal(1)
    await page.close()
  })

  it('finds by an identifier without JavaScript, and never puts it into an address', async () => {
    const context = await signIn('G22/thanh-tra', { javaScriptEnabled: false })
    const page = await context.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(address('/console/search'))
    await page.fill('#identifier', person.lookUp.personalId)
    await page.click('.find button')
    expect(await page.locator('a.id').count()).to.be.at.least(1)
    expect(await page.locator(`a[href="/console/exchanges/${delivered}"]`).count()).to.equal(1)
    expect(asked.join(' ')).not.to.include(person.lookUp.personalId)
    await page.goto(address('/console/search'))
    await page.fill('#identifier', delivered.toUpperCase())
    await page.click('.find button')
    expect(page.url()).to.equal(address(`/console/exchanges/${delivered}`))
    await page.goto(address('/console/search?outcome=refused'))
    expect(await page.locator('.badge.good').count()).to.equal(0)
    await page.goto(address('/console/access'))
    expect(await page.locator('main').innerText()).to.include('theo số định danh của người, mã số thuế')
    expect(await page.locator('main').innerText()).not.to.include('theo subject')
    await page.goto(address(`/console/exchanges/${delivered}/proof`))
    expect(await page.locator('#verify').isVisible(), 'a button that would do nothing').to.equal(false)
    await page.close()
  })

  it('says of a refused exchange that nothing passed, and of a delivered one what was kept back', async () => {
    const { request } = await signIn('G22/thanh-tra')
    const refused = (await world.records()).find(({ outcome }) => outcome === 'refused')
    const lifeOf = async (id: unknown) => (await request.get(address(`/console/exchanges/${id}`))).text()
    expect(refused?.['fields']).to.include('/fullName')
    expect(await lifeOf(refused?.['exchange'])).not.to.include('<code>/fullName</code>')
    const [passed = '', kept = ''] = (await lifeOf(delivered)).split('class="withheld"')
    expect(passed).to.include('<code>/fullName</code>').and.not.to.include('<code>/religion</code>')
    expect(kept).to.include('<code>/religion</code>').and.not.to.include('<code>/fullName</code>')
  })

  it('shows each role what its right allows', async function () {
    this.timeout(180_000)
    const seen: Record<string, number[]> = {}
    for (const id of Object.keys(ROLES) as ReaderId[]) {
      const { request } = await signIn(id)
      const statuses: number[] = []
      for (const path of [...pages(), `/console/exchanges/${delivered}/record.json`]) {
        statuses.push((await request.get(address(path))).status())
      }
      seen[id] = statuses
    }
    const all = pages().map(() => 200)
    expect(seen['G22/thanh-tra']).to.deep.equal([...all, 200])
    expect(seen['G22/bao-ve-du-lieu']).to.deep.equal([...all, 200])
    // An operator sees no tags, so not the bytes of a record.
    expect(seen['G22/van-hanh']).to.deep.equal([...all, 403])
    // Another agency's exchange does not exist for this one.
    expect(seen['H26/kiem-soat']).to.deep.equal([
      ...pages().map((path) =>
        path.includes(delivered) ? 404 : path.startsWith('/console/own') ? 403 : 200,
      ),
      404,
    ])
    // Figures are for every role, small counts left out; the page for files kept asks nobody who they are.
    const open = (path: string) => path.startsWith('/console/reports') || path === '/console/verify'
    expect(seen['G22/cong-dan']).to.deep.equal([...pages().map((path) => (open(path) ? 200 : 403)), 403])
  })

  it('asks whoever has no session to sign in, and takes no form of another site', async () => {
    const bare = await fetch(address('/console/search'))
    expect(bare.status).to.equal(401)
    const { request } = await signIn('G22/thanh-tra')
    const form = { identifier: person.lookUp.personalId, kind: 'subject' }
    expect((await request.post(address('/console/search'), { form })).status()).to.equal(400)
    expect((await request.post(address('/console/sign-out'), { form: { csrf: 'x' } })).status()).to.equal(400)
    expect(
      (await fetch(address('/console/search'), { headers: { cookie: '__Host-lienthong=AAAA' } })).status,
    ).to.equal(401)
  })

  it('keeps its session in a cookie that scripts and other sites do not get', async () => {
    const cookies = await (await signIn('G22/thanh-tra')).cookies()
    const session = cookies.find(({ name }) => name === '__Host-lienthong')
    expect(session).to.include({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
  })

  it('makes a report whose archive has a manifest over its very bytes, and is a reading itself', async () => {
    const { request } = await signIn('G22/van-hanh')
    const path = '/console/reports/download?by=service&format=json'
    const archive = await (await request.get(address(path))).body()
    const files = unzip(archive)
    const [name = ''] = [...files.keys()].filter((each) => each.endsWith('-service.json'))
    const bytes = files.get(name) ?? Buffer.alloc(0)
    expect(JSON.parse(bytes.toString())).to.include({
      by: 'service',
      compare: 'same-period',
      suppressed: false,
    })
    const [, signed = ''] = String(files.get('manifest.jws')).split('.')
    const manifest = JSON.parse(Buffer.from(signed, 'base64url').toString())
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(manifest.file).to.deep.equal({ bytes: bytes.length, name, sha256 })
    const last = (await world.records()).at(-1)
    expect(last).to.include({ service: 'audit', operation: 'export', exchange: manifest.exchange })
    const wrong = await request.get(address('/console/reports?period=2026-Q7'))
    expect(wrong.status()).to.equal(422)
  })

  it('tells by field what went against a contract, and as an incident whose age runs', async () => {
    const { request } = await signIn('G22/thanh-tra')
    const quality = await (await request.get(address('/console/quality'))).text()
    const { rows } = await world.pool.query('SELECT field, rule FROM data_incident')
    expect(quality).to.include(`<dd>${rows.length}<small>sự cố đang mở`)
    for (const { field, rule } of rows) {
      expect(quality).to.include(`<code>${field === '' ? '/' : field}</code>`)
      expect(quality).to.include(ruleWords(rule).vi)
    }
  })

  it('tells a system what went wrong with its own exchanges, how to mend it, and where its webhooks stand', async () => {
    const { pool } = world
    const id = '019a0000-0000-7000-8000-00000000aa01'
    await pool.query(
      `INSERT INTO subscription (id, consumer, service, types, purpose, binding, token, mode, url, state, created_at, cursor, failures)
       VALUES ($1, 'H29/mot-cua', $2, '{personMoved}', 'p', 'dpop', 't', 'push', 'https://nhan.example/bi-mat', 'active', now(), 0, 3)`,
      [id, SERVICE],
    )
    await pool.query(
      `INSERT INTO event (slot, exchange_id, digest, sequence, service, type, order_key, happened_at, sealed)
       VALUES ('a', gen_random_uuid(), 'd', 77, $1, 'personMoved', 'k', now(), 's')`,
      [SERVICE],
    )
    await pool.query(
      `INSERT INTO event_delivery (subscription, sequence, order_key, state, attempts, code, ended_at)
       VALUES ($1, 77, 'k', 'dead', 10, 'webhook_refused', now())`,
      [id],
    )
    const { request } = await signIn('G22/van-hanh')
    const text = await (await request.get(address('/console/own?system=H29%2Fmot-cua'))).text()
    expect(text).to.include('nhan.example').and.not.to.include('bi-mat')
    expect(text).to.include(`lienthong events resend ${id} 77`)
    expect(text).to.include('/problems/request_invalid')
    await pool.query('DELETE FROM subscription WHERE id = $1', [id])
  })

  it('leaves a record of each page with who looked, and no identifier', async () => {
    const { request } = await signIn('G22/thanh-tra')
    const before = (await world.records()).length
    await request.get(address('/console/statistics?period=2026-Q3'))
    const added = (await world.records()).slice(before)
    expect(added).to.have.length(1)
    expect(added[0]).to.include({
      service: 'audit',
      consumer: 'G22/thanh-tra',
      binding: 'session',
      operation: 'count',
    })
    expect(JSON.stringify(added[0])).to.include('2026-Q3')
    expect(added[0]?.['private']).to.have.property('officer')
  })

  it('escapes what the registry says', async () => {
    const { request } = await signIn('G22/thanh-tra')
    const page = await (await request.get(address('/console/access'))).text()
    expect(page).to.include('Hệ thống &lt;b&gt;').and.not.to.include('Hệ thống <b>')
  })
})

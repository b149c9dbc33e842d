import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { fold, type Subject, searchSubjects } from '../../src/http/reference-search.ts'
import { findBarriers, launchChromium } from '../support/chromium.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

type Json = Record<string, unknown>

const DOCUMENT = 'https://it.example/openapi.json'

/** Every member called `name` below a value, with the object that holds it. */
function holdersOf(value: unknown, name: string): readonly Json[] {
  if (Array.isArray(value)) return value.flatMap((item) => holdersOf(item, name))
  if (typeof value !== 'object' || value === null) return []
  const own = name in value ? [value as Json] : []
  return [...own, ...Object.values(value).flatMap((member) => holdersOf(member, name))]
}

describe("the gateway's own OpenAPI document", () => {
  let world: GatewayWorld
  let document: Json
  let ajv: Ajv2020

  before(async () => {
    world = await startWorld({ overrides: { ledger: { public: true } } })
    document = (await (await fetch(`${world.gateway.publicUrl}/docs/openapi.json`)).json()) as Json
    ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
    ajv.addSchema({ $id: DOCUMENT, ...document } as object)
  })
  after(() => world?.close())

  /** Faults of a value by one of the document's schemas. */
  function faultsOf(schema: string, value: unknown): unknown {
    const validate = ajv.compile({ $ref: `${DOCUMENT}#/components/schemas/${schema}` })
    return validate(value) ? undefined : validate.errors
  }

  it('has references that lead somewhere, and no component twice', () => {
    for (const { $ref: reference } of holdersOf(document, '$ref')) {
      expect(reference).to.match(/^#\/components\//)
      const found = String(reference)
        .split('/')
        .slice(1)
        .reduce<unknown>((at, token) => (at as Json | undefined)?.[token], document)
      expect(found, String(reference)).to.be.an('object')
    }
  })

  it('tells what the code of a unit means today, by the day it was right', async () => {
    const ask = async (path: string) => fetch(`${world.gateway.publicUrl}/docs/units/${path}`)
    const divided = await (await ask('82?asOf=2025-06-30')).json()
    expect(faultsOf('Unit', divided)).to.equal(undefined)
    expect(divided).to.deep.include({ resolution: 'several', scheme: 'DVHC-pre-2025-07', unverified: true })
    for (const path of ['82', '82?asOf=2025-02-30', '8?asOf=2025-06-30', 'x?asOf=2025-06-30']) {
      expect((await ask(path)).status, path).to.equal(400)
    }
  })

  it('has examples that hold against the schemas beside them', () => {
    const shown = holdersOf(document['paths'], 'example').concat(holdersOf(document['components'], 'example'))
    let checked = 0
    for (const { schema, example } of shown) {
      const reference = (schema as Json | undefined)?.['$ref']
      if (typeof reference !== 'string') continue
      expect(faultsOf(reference.split('/').at(-1) ?? '', example), reference).to.equal(undefined)
      checked += 1
    }
    expect(checked).to.be.above(8)
  })

  it('says what the gateway really answers', async () => {
    const { publicUrl } = world.gateway
    const jsonOf = async (path: string) => (await fetch(publicUrl + path)).json()
    expect(faultsOf('Metadata', await jsonOf('/.well-known/oauth-authorization-server'))).to.equal(undefined)
    expect(faultsOf('KeySet', await jsonOf('/oauth/jwks'))).to.equal(undefined)
    expect(faultsOf('Problem', await jsonOf('/nowhere'))).to.equal(undefined)
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const refused = await fetch(`${publicUrl}/oauth/token`, { method: 'POST', body })
    expect(faultsOf('TokenRefusal', await refused.json())).to.equal(undefined)
    const { json } = await world.consumer.call('G01/dan-cu/cong-dan/v1/tra-cuu', {
      body: { personalId: 'x' },
    })
    expect(json['code']).to.equal('request_invalid')
    expect(faultsOf('Problem', json)).to.equal(undefined)
    // It can find fault.
    expect(faultsOf('Problem', { ...json, fault: 'nobody' })).to.be.an('array')
  })

  it('describes nothing that is not there', async () => {
    const { publicUrl, managementUrl } = world.gateway
    for (const [path, item] of Object.entries(document['paths'] as Record<string, Json>)) {
      const base = item['servers'] === undefined ? publicUrl : managementUrl
      const filled = path
        .replace('{agency}/{subsystem}/{service}/{version}', 'G01/dan-cu/cong-dan/v1')
        .replace('{code}', 'quota_exceeded')
        .replaceAll(/\{\w+\}/g, '0197a1de-0000-7000-8000-000000000001')
      for (const method of ['get', 'post', 'put', 'patch', 'delete'].filter((each) => each in item)) {
        const answer = await fetch(base + filled, { method: method.toUpperCase() })
        const text = await answer.text()
        const code = text.startsWith('{') ? (JSON.parse(text) as Json)['code'] : undefined
        expect(['path_unknown', 'method_unsupported'], `${method} ${path}`).not.to.include(code)
      }
    }
  })

  it('is linked from a reference that finds services, problems, metrics and settings without a script', async () => {
    const { publicUrl } = world.gateway
    const pageOf = async (path: string) => (await fetch(publicUrl + path)).text()
    expect(await pageOf('/docs')).to.include('href="/docs/openapi.json"')
    const found: readonly (readonly [question: string, href: string])[] = [
      ['xac thuc cong dan', '/docs/services/G01/dan-cu/cong-dan/v1'],
      ['quota', '/problems/quota_exceeded'],
      ['lienthong_transactions', '/docs/metrics#lienthong_transactions_total'],
      ['LIENTHONG_LISTEN_PORT', '/docs/settings#listen.port'],
      ['so ngay giu moi diem kiem', '/docs/settings#ledger.checkpointDays'],
      ['every checkpoint is kept', '/docs/settings#ledger.checkpointDays'],
      ['nhan chung khong ky', '/docs/runbooks/LienthongWitnessSilent'],
    ]
    for (const [question, href] of found) {
      const page = await pageOf(`/docs?lang=vi&q=${encodeURIComponent(question)}`)
      expect(page, question).to.include(`href="${href}"`)
      expect(page).not.to.include('<script')
    }
    expect(await pageOf('/docs/metrics')).to.include('id="lienthong_transactions_total"')
    expect(await pageOf('/docs/settings'))
      .to.include('id="listen.port"')
      .and.include('Số cổng mạng của cổng')
    expect(await pageOf('/docs/settings?lang=en')).to.include('Port of the exchange listener')
    expect(await pageOf('/docs/problems')).to.include('href="/problems/quota_exceeded"')
    expect(await pageOf('/docs?q=%3Cscript%3Ekhong-co'))
      .to.include('Không có gì khớp')
      .and.not.to.include('<script')
  })

  describe('tried in a browser', () => {
    let browser: Browser

    before(async function () {
      requireProgram(this, 'chromium', 'chromium')
      browser = await launchChromium()
    })
    after(() => browser?.close())

    it('sends a request, and asks no other host for anything', async () => {
      const { publicUrl } = world.gateway
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      const asked: string[] = []
      const faults: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text())
      })
      page.on('pageerror', (error) => faults.push(String(error)))
      const opened = await page.goto(`${publicUrl}/docs/try?lang=en`)
      const policy = opened?.headers()['content-security-policy'] ?? ''
      expect(policy).to.include("default-src 'none'; script-src 'self';").and.not.to.include('unsafe-eval')
      // Its own words for "send a request", of the metadata's operation.
      await page
        .getByRole('button', { name: /test request/i })
        .first()
        .click({ timeout: 30_000 })
      const answered = page.waitForResponse((response) =>
        response.url().endsWith('/.well-known/oauth-authorization-server'),
      )
      await page.getByRole('button', { name: /^send/i }).first().click({ timeout: 30_000 })
      expect((await answered).status()).to.equal(200)
      const hosts = new Set(
        asked.filter((url) => /^(?:https?|wss?):/.test(url)).map((url) => new URL(url).origin),
      )
      expect([...hosts]).to.deep.equal([publicUrl])
      expect(faults).to.deep.equal([])
    })

    it('has no barriers in the reference itself, by day and by night', async () => {
      const { publicUrl } = world.gateway
      const page = await browser.newPage({ bypassCSP: true, viewport: { width: 320, height: 700 } })
      const faults: string[] = []
      for (const path of [
        '/docs?lang=vi',
        '/docs?q=cong&lang=en',
        '/docs/problems',
        '/docs/settings',
        '/docs/alerts',
        '/docs/runbooks/LienthongDataIncidentsOverdue',
        '/docs/services/G01/dan-cu/cong-dan/v1',
        '/problems/quota_exceeded',
      ]) {
        await page.goto(publicUrl + path)
        expect(await page.evaluate('document.documentElement.scrollWidth'), path).to.equal(320)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          faults.push(...(await findBarriers(page)).map((each) => `${path} ${colorScheme}: ${each}`))
        }
      }
      expect(faults).to.deep.equal([])
    })

    it('is let in by its own policy: its style, its fonts, and no script', async () => {
      const { publicUrl } = world.gateway
      const page = await browser.newPage()
      const faults: string[] = []
      page.on('console', (message) => faults.push(message.text()))
      const opened = await page.goto(`${publicUrl}/problems/quota_exceeded?lang=en`)
      const policy = opened?.headers()['content-security-policy'] ?? ''
      expect(policy)
        .to.match(/^default-src 'none'; style-src 'sha256-/)
        .and.not.to.include('script-src')
      expect(
        await page.evaluate(
          `document.fonts.ready.then(() => document.fonts.check('600 16px "Be Vietnam Pro"'))`,
        ),
      ).to.equal(true)
      expect(await page.locator('dl.facts code').textContent()).to.equal('quota_exceeded')
      expect(faults).to.deep.equal([])
    })
  })
})

describe('the search of the reference', () => {
  const subject = (name: string, title = ''): Subject => ({
    kind: 'setting',
    name,
    title: { vi: title, en: title },
    href: '',
    words: '',
  })

  it('takes letters without their marks, wants every word, and puts what is named so first', () => {
    expect(fold('Đắk Lắk')).to.equal('dak lak')
    const all = [subject('a', 'cổng nghe ở đâu'), subject('listen.cong', 'nghe'), subject('b', 'khác')]
    const namesOf = (question: string) => searchSubjects(all, question).map(({ name }) => name)
    expect(namesOf('cong')).to.deep.equal(['listen.cong', 'a'])
    expect(namesOf('cong dau')).to.deep.equal(['a'])
    expect(namesOf(' ')).to.deep.equal([])
  })
})

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { ALERTS } from '../../src/dashboards/alerts.ts'
import { writeRules } from '../../src/dashboards/rules.ts'
import { html } from '../../src/http/html.ts'
import { ERRORS } from '../../src/model/error-table.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { foreignProse } from '../support/page-words.ts'

type Json = Record<string, unknown>

/** Every `$ref` below a value. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === '$ref' && typeof member === 'string' ? [member] : referencesIn(member),
  )
}

function reach(document: Json, reference: string): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (at, token) => (at as Json | undefined)?.[token.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    )
}

function follow(document: Json, value: unknown): Json {
  const reference = (value as Json | undefined)?.['$ref']
  return typeof reference === 'string' ? follow(document, reach(document, reference)) : (value as Json)
}

describe('the reference for developers', () => {
  let world: GatewayWorld
  let services: readonly string[]

  before(async () => {
    world = await startWorld()
    services = [...world.documents.services].map(({ id }) => id)
  })
  after(() => world?.close())

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${world.gateway.publicUrl}${path}`, { headers })

  it('lists every service of the registry, in the reader’s language', async () => {
    const [vi, en] = await Promise.all(
      ['vi', 'en'].map(async (language) => (await get('/docs', { 'accept-language': language })).text()),
    )
    for (const service of services) expect(vi).to.include(`href="/docs/services/${service}"`)
    expect(vi).to.include('Xác thực công dân')
    expect(en).to.include('Verify a citizen')
    const switched = await get('/docs?lang=en', { 'accept-language': 'vi' })
    expect(await switched.text()).to.equal(en)
  })

  it('says everything in one language', async () => {
    const paths = [
      ...['', '/problems', '/metrics', '/alerts', '/settings', '?q=G01'].map((part) => `/docs${part}`),
      ...services.map((id) => `/docs/services/${id}`),
      ...ALERTS.map(({ name }) => `/docs/runbooks/${name}`),
      ...Object.keys(ERRORS).map((code) => `/problems/${code}`),
    ]
    for (const language of ['vi', 'en'] as const) {
      for (const path of paths) {
        const page = await (await get(path, { 'accept-language': language })).text()
        expect(page, path).to.include(`<html lang="${language}"`)
        expect(foreignProse(page, language), path).to.deep.equal([])
      }
    }
  })

  it('tells how a product is had: its form, its freshness, how it is made anonymous, and the classes of applications', async () => {
    const page = async (path: string) => (await get(path, { 'accept-language': 'en' })).text()
    const classes = await page('/docs')
    for (const { title, appraisalWorkingDays } of world.documents.applicationClasses) {
      expect(classes).to.include(title.en).and.include(`<td>${appraisalWorkingDays}</td>`)
    }
    const set = await page('/docs/services/G18/bao-tro/doi-tuong/v1')
    expect(set).to.include('anonymised package').and.include('under k = 10 rows')
    expect(set).to.match(/\/rows\/personalId<\/code><\/td><td>never leaves/)
    expect(set).to.match(/\/rows\/birthDate<\/code><\/td><td>a span of 10 years, counted for k/)
    const citizens = await page('/docs/services/G01/dan-cu/cong-dan/v1')
    expect(citizens).to.include('delivered within 86400 seconds').and.include('at most 1000 a batch')
  })

  it('tells of each operation which quotas are given, and not to whom', async () => {
    const noted = async (service: string) => {
      const page = await (await get(`/docs/services/${service}`, { 'accept-language': 'en' })).text()
      return (page.match(/Quota[^<]*/g) ?? []).join('\n')
    }
    expect(await noted('G18/bao-tro/doi-tuong/v1')).to.match(
      /^Quota of the agreements in force: 20 exchanges a second, 5,000 a day, over all .* Each page or batch counts once\./m,
    )
    const changed = world.documents.agreements.map((its) => {
      if (its.id === 'TT-2026-005') return { ...its, quota: { perSecond: 3, perDay: 2000 } }
      return its.service.startsWith('G18/bao-tro/') ? { ...its, state: 'suspended' as const } : its
    })
    await world.apply({ ...world.documents, agreements: changed })
    // The gateway is told of it in its own time.
    while (!(await noted('G01/dan-cu/cong-dan/v1')).includes(': 3–50 exchanges a second, 2,000–'));
    expect(await noted('G18/bao-tro/doi-tuong/v1')).to.match(
      /^(?:Quota: no agreement is in force\.[^\n]*\n?)+$/,
    )
    await world.apply(world.documents)
  })

  it('lists no set that leaves as a package among what can be called, and says how to order it', async () => {
    const service = 'G18/bao-tro/doi-tuong/v1'
    const document = (await (await get(`/docs/services/${service}/openapi.json`)).json()) as Json
    expect(Object.keys(document['paths'] as Json))
      .to.include('/tra-cuu')
      .and.not.include('/tap-an-danh')
    expect((document['info'] as Json)['description']).to.include('lienthong package order')
    const { order } = reach(document, '#/x-sets/exportBeneficiaries') as Json
    expect(order).to.deep.equal({
      method: 'POST',
      path: '/jobs/bulk',
      body: { service, operation: 'exportBeneficiaries', scope: { edition: '2026' } },
    })
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema({ $id: 'https://it.example/openapi.json', ...document } as object)
    const judge = (at: string) => {
      const validate = ajv.getSchema(`https://it.example/openapi.json#/x-sets/exportBeneficiaries/${at}`)
      if (validate === undefined) throw new Error(at)
      return (value: unknown) => validate(value)
    }
    const [isScope, isRow] = [judge('scope'), judge('row')]
    expect([isScope({ edition: '2026' }), isScope({ edition: '2026', from: 0 }), isScope({})]).to.deep.equal([
      true,
      false,
      false,
    ])
    const told = { birthDate: '1940-1949', sex: 'female', residence: '52', monthlyAllowanceVnd: null }
    expect(isRow({ ...told, household: 'poor' })).to.equal(true)
    expect(isRow({ ...told, household: 'poor', personalId: '099188010001' })).to.equal(false)
    expect(isRow(told)).to.equal(false)

    const page = await (await get(`/docs/services/${service}`)).text()
    expect(page)
      .to.include('--scope &#39;{&quot;edition&quot;:&quot;2026&quot;}&#39;')
      .and.not.include('&quot;most&quot;')
    expect(page).to.not.include(`/exchange/${service}/tap-an-danh`)
    const client = await (await get(`/services/${service}/client.ts`)).text()
    expect(client).to.not.include("'/tap-an-danh'")
    expect(client).to.match(
      /interface sets \{\n {2}exportBeneficiaries: \{\n {4}scope: \{\n {6}edition: string\n/,
    )
    expect(client).to.match(/\n {6}birthDate: string \| null\n/)
  })

  it('gives an OpenAPI document for each service whose every reference leads somewhere inside it', async () => {
    for (const service of services) {
      const response = await get(`/docs/services/${service}/openapi.json`)
      expect(response.status, service).to.equal(200)
      const document = (await response.json()) as Json
      expect(document['openapi']).to.match(/^3\.1\./)
      expect(document['servers']).to.deep.equal([{ url: `${world.gateway.publicUrl}/exchange/${service}` }])
      for (const reference of referencesIn(document)) {
        expect(reference, service).to.match(/^#\//)
        expect(reach(document, reference), `${service} ${reference}`).to.be.an('object')
      }
    }
  })

  it('gives examples that hold against the schemas beside them', async () => {
    let checked = 0
    for (const service of services) {
      const document = (await (await get(`/docs/services/${service}/openapi.json`)).json()) as Json
      // Formats are the gateway's own words; a plain validator passes them over.
      const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
      ajv.addSchema({ $id: 'https://it.example/openapi.json', ...document } as object)
      for (const [path, item] of Object.entries(document['paths'] as Json)) {
        const operation = (item as Json)['post'] as Json
        const medias = [
          follow(document, operation['requestBody']),
          ...Object.values(operation['responses'] as Json).map((answer) => follow(document, answer)),
        ].flatMap((place) => {
          const media = (place['content'] as Json | undefined)?.['application/json']
          return media ? [media as Json] : []
        })
        for (const { schema, examples } of medias) {
          const reference = (schema as Json)['$ref'] as string
          const validate = ajv.compile({ $ref: `https://it.example/openapi.json${reference}` })
          for (const example of Object.values(examples as Json)) {
            const { value } = follow(document, example)
            expect(validate(value), `${service}${path} ${JSON.stringify(validate.errors)}`).to.equal(true)
            checked += 1
          }
        }
      }
    }
    expect(checked).to.be.above(100)
  })

  it('leaves a place for a token that one has, and fills in what an agreement usually asks for', async () => {
    const response = await get('/docs/services/G01/dan-cu/cong-dan/v1/openapi.json')
    const { security, components } = (await response.json()) as {
      security: readonly Json[]
      components: { securitySchemes: Json; parameters: Record<string, Json> }
    }
    expect(security).to.deep.equal([{ token: [] }, { oauth: [] }])
    expect(components.securitySchemes['token']).to.include({ type: 'http', scheme: 'bearer' })
    const purpose = components.parameters['Exchange-Purpose']
    expect(purpose).to.include({ required: true, example: 'giai-quyet-thu-tuc-hanh-chinh' })
    expect(components.parameters['Exchange-Note']).not.to.have.property('example')
  })

  it('gives examples the purpose and the fields that an agreement in force asks for', async () => {
    const portal = await (await get('/docs/services/G22/dich-vu-cong/ho-so/v1')).text()
    expect(portal).to.include('Exchange-Purpose: dong-bo-trang-thai')
    expect(portal).to.not.include('Exchange-Purpose: giai-quyet-thu-tuc-hanh-chinh')
    const old = await (await get('/docs/services/G01/dan-cu/cong-dan-cu/v1')).text()
    expect(old).to.include('Exchange-Procedure: 1.004873').and.to.include('--procedure 1.004873')
    const { agreements } = world.documents
    const openApi = (await (
      await get('/docs/services/G22/dich-vu-cong/ho-so/v1/openapi.json')
    ).json()) as Json
    const operations = Object.values(openApi['paths'] as Json).flatMap((item) => Object.values(item as Json))
    const purposes = operations
      .flatMap((operation) => ((operation as Json)['parameters'] ?? []) as readonly Json[])
      .filter(({ name }) => name === 'Exchange-Purpose')
      .map(({ example }) => example)
    expect(purposes).not.to.have.length(0)
    const agreed = agreements.flatMap((agreement) =>
      agreement.service === 'G22/dich-vu-cong/ho-so/v1' ? agreement.purposes : [],
    )
    expect(agreed).to.include.members(purposes)
  })

  it('describes a service without a script, with what to ask and what comes back', async () => {
    const response = await get('/docs/services/G01/dan-cu/cong-dan/v1')
    expect(response.headers.get('content-security-policy')).to.match(
      /^default-src 'none'; style-src 'sha256-/,
    )
    const page = await response.text()
    expect(page).not.to.match(/<script|\son\w+=/)
    for (const word of ['/permanentResidence/ward', 'lookUpCitizen', '099188010001', 'bắt buộc']) {
      expect(page).to.include(word)
    }
    expect(page).to.include(`/exchange/G01/dan-cu/cong-dan/v1/tra-cuu&#39; \\\n`)
    expect(page).to.include('npx lienthong call G01/dan-cu/cong-dan/v1 lookUpCitizen @- \\\n')
  })

  it('has a page for each alert, to which Prometheus leads whoever is on duty', async () => {
    const list = await (await get('/docs/alerts')).text()
    const rules = writeRules()
    for (const { name, action } of ALERTS) {
      expect(list).to.include(`href="/docs/runbooks/${name}"`)
      expect(rules).to.include(`{{ $externalLabels.gateway_url }}/docs/runbooks/${name}"`)
      for (const language of ['vi', 'en'] as const) {
        const response = await get(`/docs/runbooks/${name}?lang=${language}`)
        expect(response.status, name).to.equal(200)
        const [first = ''] = action[language].split(/[`’']/)
        expect(await response.text(), name)
          .to.include(first)
          .and.not.to.match(/<script|\{\{|`/)
      }
    }
    expect((await get('/docs/runbooks/LienthongKhac')).status).to.equal(404)
  })

  it('is not sent again to whoever has it', async () => {
    const first = await get('/docs')
    const again = await get('/docs', { 'if-none-match': first.headers.get('etag') ?? '' })
    expect(again.status).to.equal(304)
  })

  it('knows nothing of services that are not there', async () => {
    const response = await get('/docs/services/G01/dan-cu/khong-co/v1')
    expect(response.status).to.equal(404)
    expect(((await response.json()) as Json)['code']).to.equal('service_unknown')
  })
})

describe('html', () => {
  it('escapes what stands in it, and nothing twice', () => {
    const name = `<b a="1">&'`
    expect(html`<p title="${name}">${name}${[html`<i>${1}</i>`, false, undefined]}</p>`.markup).to.equal(
      `<p title="&lt;b a=&quot;1&quot;&gt;&amp;&#39;">&lt;b a=&quot;1&quot;&gt;&amp;&#39;<i>1</i></p>`,
    )
  })
})

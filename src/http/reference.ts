import express, { type Response, type Router } from 'express'
import type { BundledDocument } from '../contract/bundle.ts'
import { isMembers, type Members } from '../contract/document.ts'
import { isWithin } from '../model/agreement.ts'
import { GatewayError } from '../model/errors.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { sendCached } from './cached.ts'
import { readFonts } from './fonts.ts'
import { gatewayOpenApi, SECURITY, securitySchemes } from './gateway-openapi.ts'
import { PROBLEM } from './gateway-schemas.ts'
import { askedLanguage } from './language.ts'
import { lifeCycleHeaders } from './life-cycle.ts'
import { bundleWithSetsApart } from './ordered-sets.ts'
import { alertSubjects, runbookPage } from './reference-alerts.ts'
import { foundPage, listPage } from './reference-lists.ts'
import { cataloguePage, servicePage } from './reference-page.ts'
import type { QuotasOf } from './reference-product.ts'
import { type SampleCall, type SampleOf, sampleFields, samplesIn, usualSample } from './reference-sample.ts'
import { fixedSubjects, searchSubjects, serviceSubjects } from './reference-search.ts'
import { settingsPage } from './reference-settings.ts'
import { REFERENCE_HEADERS } from './reference-style.ts'
import { readTryAssets, TRY_POLICY, tryPage } from './try-page.ts'
import { writeClient } from './typed-client/source.ts'

export interface ReferenceParts {
  readonly authority: () => { readonly registry: Registry }
  /** Unix milliseconds. */
  readonly now: () => number
  readonly publicUrl: () => string
  /** Where readers of the log ask; empty as long as it is not known. */
  readonly managementUrl: () => string
}

const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch'])
const CACHING = 'public, max-age=300'
const HTML = 'text/html; charset=utf-8'

const SERVICE = '/docs/services/:agency/:subsystem/:service/:version'
const MAX_QUESTION = 100
const NOT_INSTALLED = {
  vi: 'Cổng này được cài không kèm trang gọi thử.',
  en: 'This gateway was installed without the try-it page.',
} as const

const UNIT = /^\d{2}(?:\d{3})?$/
const NO_UNIT = {
  vi: 'Cần mã tỉnh (2 chữ số) hoặc xã (5 chữ số), và ?asOf=yyyy-mm-dd: ngày mà mã còn đúng.',
  en: 'The code of a province (2 digits) or commune (5) is needed, and ?asOf=yyyy-mm-dd: a day on which it was right.',
} as const

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(time || 0).toISOString().startsWith(text)
}

/** What every operation asks for besides its own parameters. */
const PARTICULARS = [
  ['Exchange-Purpose', true, 'Mục đích, như thỏa thuận nêu / the purpose, as the agreement names it'],
  ['Exchange-Dossier', false, 'Mã hồ sơ, nếu thỏa thuận đòi / the dossier, where the agreement asks for it'],
  ['Exchange-Procedure', false, 'Mã thủ tục / the procedure'],
  ['Exchange-Officer', false, 'Cán bộ yêu cầu / the officer who asks'],
  [
    'Exchange-Note',
    false,
    'Lý do tra cứu bằng lời của cán bộ, nhiều nhất 200 ký tự, dạng %"L%c3%bd do" (RFC 9651) / why the officer asks, in the officer\'s words, at most 200 characters, as a Display String',
  ],
  [
    'Exchange-Fields',
    false,
    'JSON Pointer các trường cần, cách nhau bằng dấu phẩy; mọi trường được phép nếu bỏ trống / JSON Pointers of the fields wanted, all agreed ones where absent',
  ],
  ['traceparent', false, 'W3C Trace Context'],
] as const

const ERROR_ANSWER = {
  description: 'Lỗi của cổng / an error of the gateway (RFC 9457); docs/errors.md lists every code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/GatewayProblem' } } },
} as const

function asObject(value: unknown): Members {
  return isMembers(value) ? value : {}
}

function describeField(
  [name, required, description]: (typeof PARTICULARS)[number],
  example: string | undefined,
): Members {
  const schema = { type: 'string', maxLength: 4096 }
  return { name, in: 'header', required, description, schema, ...(example && { example }) }
}

/** The fields of which an operation's own agreement asks for something else than most do. */
function samplesApart(sample: SampleCall): readonly Members[] {
  const usual = sampleFields(usualSample(''))
  const fields = sampleFields(sample)
  return PARTICULARS.filter(([name]) => fields[name] !== usual[name]).map((field) =>
    describeField(field, fields[field[0]]),
  )
}

/** A path with the gateway's headers, and its errors beside each operation's answers. */
function describePath(item: Members, isDeprecated: boolean, samples: SampleOf): Members {
  const operations = Object.entries(item)
    .filter(([method]) => METHODS.has(method))
    .map(([method, operation]) => {
      const described = asObject(operation)
      const responses = {
        ...asObject(described['responses']),
        default: { $ref: '#/components/responses/GatewayError' },
      }
      const own = Array.isArray(described['parameters']) ? described['parameters'] : []
      const parameters = [...own, ...samplesApart(samples(String(described['operationId'])))]
      const more = { responses, ...(parameters.length > 0 && { parameters }) }
      return [method, { ...described, ...more, ...(isDeprecated && { deprecated: true }) }]
    })
  const shared = Array.isArray(item['parameters']) ? item['parameters'] : []
  const parameters = PARTICULARS.map(([name]) => ({ $ref: `#/components/parameters/${name}` }))
  return { ...item, parameters: [...shared, ...parameters], ...Object.fromEntries(operations) }
}

/**
 * @param samples what examples say beside their bodies.
 * @returns the contract as consumers call it: at the gateway's address, with its headers, its authentication
 *   and its errors added to what the provider answers.
 */
export function openApiOf(
  service: CompiledService,
  publicUrl: string,
  samples: SampleOf = usualSample,
): BundledDocument {
  const usual = sampleFields(usualSample(''))
  const bundle = bundleWithSetsApart(service)
  const { components } = bundle
  return {
    ...bundle,
    servers: [{ url: `${publicUrl}/exchange/${service.document.id}` }],
    security: SECURITY,
    components: {
      ...components,
      parameters: {
        ...asObject(components['parameters']),
        ...Object.fromEntries(PARTICULARS.map((field) => [field[0], describeField(field, usual[field[0]])])),
      },
      securitySchemes: securitySchemes(publicUrl),
      schemas: { ...components.schemas, GatewayProblem: PROBLEM },
      responses: { ...asObject(components['responses']), GatewayError: ERROR_ANSWER },
    },
    paths: Object.fromEntries(
      Object.entries(bundle.paths).map(([path, item]) => [
        path,
        describePath(asObject(item), service.document.deprecation !== undefined, samples),
      ]),
    ),
  }
}

/** @returns by operation what agreements in force allow; nothing of whose they are. */
function quotasIn({ agreements }: Registry, service: ServiceId, nowMs: number): QuotasOf {
  const inForce = [...agreements.values()].filter(
    ({ document, span }) =>
      document.service === service && document.state === 'active' && isWithin(span, nowMs),
  )
  return (operation) =>
    inForce.filter(({ grants }) => grants.has(operation)).map(({ document }) => document.quota)
}

function questionOf({ req: { url } }: Response): string {
  return (new URLSearchParams(url.split('?')[1]).get('q') ?? '').slice(0, MAX_QUESTION)
}

function sendPage(response: Response, body: string, headers: Readonly<Record<string, string>> = {}): void {
  sendCached(response.req, response, {
    type: HTML,
    body,
    caching: CACHING,
    headers: { ...REFERENCE_HEADERS, ...headers },
  })
}

function sendJson(response: Response, value: unknown): void {
  const body = JSON.stringify(value, null, 2)
  sendCached(response.req, response, { type: 'application/json', body, caching: CACHING })
}

/**
 * The reference for agencies' developers, made from the very contracts that judge: `GET /docs` lists the services and
 * searches (`?q=`), `/docs/services/{id}` describes one, `…/openapi.json` is its OpenAPI 3.1 document,
 * `/services/{id}/client.ts` a typed client made from it; `/docs/openapi.json` is the gateway's own;
 * `/docs/runbooks/{alert}` says what to do about an alert;
 * `/docs/units/{code}?asOf=` tells what a code of an administrative unit means today.
 */
export function createReferenceRouter(parts: ReferenceParts): Router {
  const { publicUrl, managementUrl } = parts
  const registry = () => parts.authority().registry
  const router = express.Router()
  const fixed = [...fixedSubjects(), ...alertSubjects()]

  function find({ agency, subsystem, service, version }: Readonly<Record<string, string>>): CompiledService {
    const id = `${agency}/${subsystem}/${service}/${version}` as ServiceId
    const found = registry().services.get(id)
    if (found === undefined) throw new GatewayError('service_unknown')
    return found
  }

  router.get('/docs', (_request, response) => {
    const language = askedLanguage(response.req)
    const question = questionOf(response)
    const { services: byId, applicationClasses } = registry()
    const services = [...byId.values()]
    if (question === '') {
      return sendPage(response, cataloguePage(services, applicationClasses.values(), language))
    }
    const found = searchSubjects([...serviceSubjects(services), ...fixed], question)
    sendPage(response, foundPage(question, found, language))
  })
  for (const kind of ['problem', 'metric', 'alert'] as const) {
    router.get(`/docs/${kind}s`, (_request, response) => {
      sendPage(response, listPage(kind, fixed, askedLanguage(response.req)))
    })
  }
  router.get('/docs/settings', (_request, response) => {
    sendPage(response, settingsPage(askedLanguage(response.req)))
  })
  router.get('/docs/runbooks/:alert', ({ params }, response) => {
    const page = runbookPage(params.alert, askedLanguage(response.req))
    if (page === undefined) throw new GatewayError('path_unknown')
    sendPage(response, page)
  })
  router.get('/docs/openapi.json', (_request, response) => {
    sendJson(response, gatewayOpenApi(publicUrl(), managementUrl()))
  })
  router.get('/docs/units/:code', ({ params, url }, response) => {
    const asOf = new URLSearchParams(url.split('?')[1]).get('asOf') ?? ''
    if (UNIT.test(params.code) && isDay(asOf))
      return sendJson(response, registry().resolveUnit(params.code, asOf))
    throw new GatewayError('request_malformed', { detail: NO_UNIT })
  })
  router.get(`${SERVICE}/openapi.json`, ({ params }, response) => {
    const found = find(params)
    const samples = samplesIn(registry(), found.document.id, parts.now())
    sendJson(response, openApiOf(found, publicUrl(), samples))
  })
  router.get('/services/:agency/:subsystem/:service/:version/client.ts', ({ params }, response) => {
    const found = find(params)
    const gatewayUrl = publicUrl()
    const body = writeClient({
      service: found.document.id,
      document: openApiOf(found, gatewayUrl),
      gatewayUrl,
    })
    sendCached(response.req, response, { type: 'text/plain; charset=utf-8', body, caching: CACHING })
  })
  router.get(SERVICE, ({ params }, response) => {
    const found = find(params)
    const quotas = quotasIn(registry(), found.document.id, parts.now())
    const samples = samplesIn(registry(), found.document.id, parts.now())
    const language = askedLanguage(response.req)
    const page = servicePage(found, { publicUrl: publicUrl(), language, quotas, samples })
    sendPage(response, page, lifeCycleHeaders(found.document, publicUrl()))
  })
  addTryPages(router, find)
  return router
}

/** The pages that send requests from the reader's browser; they hold no token and ask no other host. */
function addTryPages(
  router: Router,
  find: (params: Readonly<Record<string, string>>) => CompiledService,
): void {
  // Four megabytes that most gateways are never asked for.
  let read: ReturnType<typeof readTryAssets> | undefined
  let fonts: ReturnType<typeof readFonts> | undefined
  const assets = () => {
    read ??= readTryAssets()
    return read
  }
  const show = (response: Response, document: string, page: string) => {
    if (!assets().has('reference.js')) throw new GatewayError('path_unknown', { detail: NOT_INSTALLED })
    const headers = { 'content-security-policy': TRY_POLICY }
    sendPage(response, tryPage(document, page, askedLanguage(response.req)), headers)
  }
  router.get('/docs/try', (_request, response) => show(response, '/docs/openapi.json', '/docs'))
  router.get('/docs/try/services/:agency/:subsystem/:service/:version', ({ params }, response) => {
    const page = `/docs/services/${find(params).document.id}`
    show(response, `${page}/openapi.json`, page)
  })
  router.get('/docs/assets/:file', (request, response) => {
    const { file } = request.params
    fonts ??= readFonts()
    const font = fonts.get(file)
    const asset = font === undefined ? assets().get(file) : { type: 'font/woff2', body: font }
    if (asset === undefined) throw new GatewayError('path_unknown')
    sendCached(request, response, { ...asset, caching: CACHING })
  })
}

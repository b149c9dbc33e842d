import { hash } from 'node:crypto'
import express, { type Response, type Router } from 'express'
import type { BundledDocument } from '../contract/bundle.ts'
import { isMembers, type Members } from '../contract/document.ts'
import { GatewayError } from '../model/errors.ts'
import type { Language, ServiceId } from '../model/identifier.ts'
import type { CompiledService, Registry } from '../registry/snapshot.ts'
import { sendCached } from './cached.ts'
import { preferredLanguage } from './language.ts'
import { lifeCycleHeaders } from './life-cycle.ts'
import { cataloguePage, REFERENCE_STYLE, servicePage } from './reference-page.ts'
import { writeClient } from './typed-client/source.ts'

export interface ReferenceParts {
  readonly registry: () => Registry
  readonly publicUrl: () => string
}

const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch'])
const STYLE_HASH = hash('sha256', REFERENCE_STYLE, 'base64')
const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`,
  vary: 'Accept-Language',
} as const
const CACHING = 'public, max-age=300'
const HTML = 'text/html; charset=utf-8'

/** What every operation asks for besides its own parameters. */
const PARTICULARS = [
  ['Exchange-Purpose', true, 'Mục đích, như thỏa thuận nêu / the purpose, as the agreement names it'],
  ['Exchange-Dossier', false, 'Mã hồ sơ, nếu thỏa thuận đòi / the dossier, where the agreement asks for it'],
  ['Exchange-Procedure', false, 'Mã thủ tục / the procedure'],
  ['Exchange-Officer', false, 'Cán bộ yêu cầu / the officer who asks'],
  [
    'Exchange-Fields',
    false,
    'JSON Pointer các trường cần, cách nhau bằng dấu phẩy; mọi trường được phép nếu bỏ trống / JSON Pointers of the fields wanted, all agreed ones where absent',
  ],
  ['traceparent', false, 'W3C Trace Context'],
] as const

const text = { type: 'string' } as const

/** RFC 9457, as `problem.ts` writes it. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'fault', 'fix'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: text,
    status: { type: 'integer' },
    detail: text,
    code: { ...text, description: 'Không bao giờ đổi tên / never renamed' },
    fault: { type: 'string', enum: ['consumer', 'provider', 'gateway'] },
    fix: text,
    instance: text,
    exchangeId: { type: 'string', format: 'uuid' },
    traceId: text,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'rule', 'detail'],
        properties: { pointer: text, rule: text, detail: text },
      },
    },
  },
} as const

const ERROR_ANSWER = {
  description: 'Lỗi của cổng / an error of the gateway (RFC 9457); docs/errors.md lists every code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/GatewayProblem' } } },
} as const

function asObject(value: unknown): Members {
  return isMembers(value) ? value : {}
}

/** A path with the gateway's headers, and its errors beside each operation's answers. */
function describePath(item: Members, isDeprecated: boolean): Members {
  const operations = Object.entries(item)
    .filter(([method]) => METHODS.has(method))
    .map(([method, operation]) => {
      const described = asObject(operation)
      const responses = {
        ...asObject(described['responses']),
        default: { $ref: '#/components/responses/GatewayError' },
      }
      return [method, { ...described, responses, ...(isDeprecated && { deprecated: true }) }]
    })
  const shared = Array.isArray(item['parameters']) ? item['parameters'] : []
  const parameters = PARTICULARS.map(([name]) => ({ $ref: `#/components/parameters/${name}` }))
  return { ...item, parameters: [...shared, ...parameters], ...Object.fromEntries(operations) }
}

/**
 * @returns the contract as consumers call it: at the gateway's address, with its headers, its authentication
 *   and its errors added to what the provider answers.
 */
export function openApiOf(service: CompiledService, publicUrl: string): BundledDocument {
  const bundle = service.contract.bundle()
  const { components } = bundle
  return {
    ...bundle,
    servers: [{ url: `${publicUrl}/exchange/${service.document.id}` }],
    security: [{ oauth: [] }],
    components: {
      ...components,
      parameters: {
        ...asObject(components['parameters']),
        ...Object.fromEntries(
          PARTICULARS.map(([name, required, description]) => [
            name,
            { name, in: 'header', required, description, schema: { type: 'string', maxLength: 4096 } },
          ]),
        ),
      },
      securitySchemes: {
        oauth: {
          type: 'oauth2',
          description:
            'client_credentials; private_key_jwt hoặc mTLS; token gắn DPoP (RFC 9449) hoặc chứng thư',
          flows: { clientCredentials: { tokenUrl: `${publicUrl}/oauth/token`, scopes: {} } },
        },
      },
      schemas: { ...components.schemas, GatewayProblem: PROBLEM },
      responses: { ...asObject(components['responses']), GatewayError: ERROR_ANSWER },
    },
    paths: Object.fromEntries(
      Object.entries(bundle.paths).map(([path, item]) => [
        path,
        describePath(asObject(item), service.document.deprecation !== undefined),
      ]),
    ),
  }
}

/**
 * The reference for agencies' developers, made from the very contracts that judge: `GET /docs` lists the services,
 * `/docs/services/{id}` describes one, `/docs/services/{id}/openapi.json` is its OpenAPI 3.1 document, and
 * `/services/{id}/client.ts` a typed client made from it.
 */
export function createReferenceRouter({ registry, publicUrl }: ReferenceParts): Router {
  const router = express.Router()
  function languageOf({ req: { url, headers } }: Response): Language {
    const asked = new URLSearchParams(url.split('?')[1]).get('lang')
    return asked === 'vi' || asked === 'en' ? asked : preferredLanguage(headers['accept-language'])
  }

  function find(id: string): CompiledService {
    const service = registry().services.get(id as ServiceId)
    if (service === undefined) throw new GatewayError('service_unknown')
    return service
  }

  router.get('/docs', (_request, response) => {
    const page = cataloguePage([...registry().services.values()], languageOf(response))
    sendCached(response.req, response, { type: HTML, body: page, caching: CACHING, headers: HEADERS })
  })
  router.get('/docs/services/:agency/:subsystem/:service/:version/openapi.json', ({ params }, response) => {
    const { agency, subsystem, service, version } = params
    const found = find(`${agency}/${subsystem}/${service}/${version}`)
    const text = JSON.stringify(openApiOf(found, publicUrl()), null, 2)
    sendCached(response.req, response, { type: 'application/json', body: text, caching: CACHING })
  })
  router.get('/services/:agency/:subsystem/:service/:version/client.ts', ({ params }, response) => {
    const { agency, subsystem, service, version } = params
    const found = find(`${agency}/${subsystem}/${service}/${version}`)
    const gatewayUrl = publicUrl()
    const document = openApiOf(found, gatewayUrl)
    const text = writeClient({ service: found.document.id, document, gatewayUrl })
    sendCached(response.req, response, { type: 'text/plain; charset=utf-8', body: text, caching: CACHING })
  })
  router.get('/docs/services/:agency/:subsystem/:service/:version', ({ params }, response) => {
    const { agency, subsystem, service, version } = params
    const found = find(`${agency}/${subsystem}/${service}/${version}`)
    const body = servicePage(found, publicUrl(), languageOf(response))
    const headers = { ...HEADERS, ...lifeCycleHeaders(found.document, publicUrl()) }
    sendCached(response.req, response, { type: HTML, body, caching: CACHING, headers })
  })
  return router
}

import { AUDIT_DESCRIPTION } from '../contract/audit-requests.ts'
import { isMembers, type Members, membersOf } from '../contract/document.ts'
import { EVENTS_DESCRIPTION } from '../contract/event-requests.ts'
import { GATEWAY_DESCRIPTION } from './gateway-description.ts'

const KINDS = ['schemas', 'parameters', 'responses', 'examples', 'headers'] as const

/** Names of a part's components get the part's own beginning, so that no two parts mean different things by one. */
function rename(value: unknown, prefix: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rename(item, prefix))
  if (!isMembers(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) =>
      name === '$ref' && typeof member === 'string'
        ? [name, member.replace(/^#\/components\/(\w+)\//, `#/components/$1/${prefix}`)]
        : [name, rename(member, prefix)],
    ),
  )
}

interface Part {
  readonly description: Members
  readonly prefix: string
  readonly tag: string
  /** Where it is served, if not at the public address. */
  readonly servers?: readonly object[]
}

function pathsOf({ description, prefix, tag, servers }: Part): Members {
  const tagged = membersOf(rename(description['paths'], prefix)).map(([path, item]) => {
    const operations = membersOf(item).map(([method, operation]) => [
      method,
      isMembers(operation) && 'responses' in operation
        ? { tags: [tag], ...operation, security: SECURITY }
        : operation,
    ])
    return [path, { ...Object.fromEntries(operations), ...(servers && { servers }) }]
  })
  return Object.fromEntries(tagged)
}

function componentsOf({ description, prefix }: Part, kind: (typeof KINDS)[number]): Members {
  const components = isMembers(description['components']) ? description['components'] : {}
  return Object.fromEntries(
    membersOf(components[kind]).map(([name, content]) => [prefix + name, rename(content, prefix)]),
  )
}

/** Either: a token that one has already stands first, so that a page to try things offers a place for it. */
export const SECURITY = [{ token: [] }, { oauth: [] }]

/** How callers prove themselves. There are no client secrets: a token is got with the system's key or certificate. */
export function securitySchemes(publicUrl: string) {
  return {
    token: {
      type: 'http',
      scheme: 'bearer',
      description:
        'Mã truy cập đã có; môi trường thử nhận mã không gắn khóa (tệp token của lienthong demo) / an access token that you have; a sandbox takes unbound ones (the file token of lienthong demo)',
    },
    oauth: {
      type: 'oauth2',
      description:
        'client_credentials; private_key_jwt hoặc mTLS; mã gắn DPoP (RFC 9449) hoặc chứng thư (RFC 8705) / tokens bound by DPoP or certificate',
      flows: { clientCredentials: { tokenUrl: `${publicUrl}/oauth/token`, scopes: {} } },
    },
  }
}

/**
 * The gateway's own OpenAPI 3.1 document: tokens, exchanges, bulk jobs, the log, events and the readers' interface,
 * from the schemas that judge their bodies.
 * @param managementUrl where the readers' interface is, as far as that is known.
 */
export function gatewayOpenApi(publicUrl: string, managementUrl: string): Members {
  const audit = managementUrl === '' ? {} : { servers: [{ url: managementUrl }] }
  const parts: readonly Part[] = [
    { description: EVENTS_DESCRIPTION, prefix: 'Events', tag: 'Sự kiện / Events' },
    { description: AUDIT_DESCRIPTION, prefix: 'Audit', tag: 'Kiểm toán / Audit', ...audit },
  ]
  const { paths, components } = GATEWAY_DESCRIPTION
  const merged = KINDS.map((kind) => {
    const own: Members = { ...components }
    const all = Object.assign({}, own[kind], ...parts.map((part) => componentsOf(part, kind)))
    return [kind, all] as const
  })
  return {
    openapi: '3.1.1',
    info: {
      title: 'Liên Thông',
      version: '1.0.0',
      description:
        'Giao diện của chính cổng; mỗi dịch vụ có tài liệu riêng. / The gateway’s own interface; each service has a document of its own.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: SECURITY,
    paths: Object.assign({}, paths, ...parts.map(pathsOf)),
    components: {
      ...Object.fromEntries(merged.filter(([, content]) => Object.keys(content).length > 0)),
      securitySchemes: {
        ...securitySchemes(publicUrl),
      },
    },
  }
}

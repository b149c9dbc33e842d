import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BundledDocument } from '../../contract/bundle.ts'
import { writeClientTypes } from '../../contract/client-types.ts'

/** What a consumer's program adds for the requests themselves; kept as the file it is, so that it is checked as one. */
const GATEWAY_FETCH = readFileSync(join(import.meta.dirname, 'gateway-fetch.ts'), 'utf8')

/** Headers that the client adds where the program names none. */
const SUPPLIED: ReadonlySet<string> = new Set(['Idempotency-Key'])

export interface ClientOf {
  /** `agency/subsystem/service/version`. */
  readonly service: string
  readonly document: BundledDocument
  readonly gatewayUrl: string
}

/**
 * A typed client of one service in one TypeScript file, made from the contract that judges. It needs
 * `openapi-fetch` and what Node.js 20, Deno, Bun and browsers have.
 */
export function writeClient({ service, document, gatewayUrl }: ClientOf): string {
  return `// ${service} · Liên Thông
//
// Tạo từ chính hợp đồng mà cổng dùng để kiểm; đừng sửa tay, hãy lấy lại: GET ${gatewayUrl}/services/${service}/client.ts
// Made from the very contract that the gateway judges by; do not edit it, fetch it again.
//
//   npm install openapi-fetch
//
//   import { createClient } from './client.ts'
//   const client = createClient({ clientId: 'H29/mot-cua', privateKey: JSON.parse(await readFile('consumer.jwk', 'utf8')) })
//   const { data, error } = await client.POST('/…', { params: { header: { 'Exchange-Purpose': '…' } }, body: { … } })
//
// \`data\` là phần thỏa thuận cho phép; \`error\` nói sai ở đâu, bên nào sửa. \`data\` is what the agreement lets
// through; \`error\` says what was wrong and who has to act.
import createFetchClient, { type FetchOptions, type FetchResponse } from 'openapi-fetch'

export const SERVICE = '${service}'
export const GATEWAY = ${JSON.stringify(gatewayUrl)}

type OperationAt<Path extends keyof paths, Method extends string> =
  paths[Path] extends Record<Method, infer Operation extends object> ? Operation : never
type PathsOf<Method extends string> = {
  [Path in keyof paths]: paths[Path] extends Record<Method, object> ? Path : never
}[keyof paths]

/** Sends one request; a member that the contract does not know is a fault for the compiler. */
type Ask<Method extends string> = <Path extends PathsOf<Method>>(
  path: Path,
  request: FetchOptions<OperationAt<Path, Method>>,
) => Promise<FetchResponse<OperationAt<Path, Method>, object, \`\${string}/\${string}\`>>

export interface ServiceClient {
  readonly GET: Ask<'get'>
  readonly PUT: Ask<'put'>
  readonly POST: Ask<'post'>
  readonly DELETE: Ask<'delete'>
  readonly PATCH: Ask<'patch'>
}

/** A client of ${service}, typed by its contract. */
export function createClient(options: GatewayOptions): ServiceClient {
  const gatewayUrl = (options.gatewayUrl ?? GATEWAY).replace(/\\/+$/, '')
  const baseUrl = \`\${gatewayUrl}/exchange/\${SERVICE}\`
  return createFetchClient<paths>({ baseUrl, fetch: createGatewayFetch(gatewayUrl, options) }) as unknown as ServiceClient
}

${writeClientTypes(document, SUPPLIED)}
${GATEWAY_FETCH}`
}

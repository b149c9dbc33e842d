import type { Operation } from '../contract/contract.ts'
import { parsePointer, readPointer } from '../contract/minimise.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { InboundRequest } from '../model/exchange.ts'
import type { Subsystem } from '../model/party.ts'

/** Local codes: what a system calls a status in its own words, put into the national list's. */

const UNMAPPED = {
  rule: 'code_unmapped',
  detail: {
    vi: 'Danh bạ chưa nêu mã riêng này ứng với mã quốc gia nào.',
    en: 'The registry does not say which national code this code of yours stands for.',
  },
} as const

function withValue(json: unknown, tokens: readonly string[], value: string): unknown {
  const [token, ...rest] = tokens
  if (token === undefined) return value
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const below = Object.hasOwn(json, token) ? (json as Readonly<Record<string, unknown>>)[token] : undefined
  return { ...json, [token]: withValue(below, rest, value) }
}

/**
 * @returns the request with the national codes in place of the consumer's own, where the contract says that there are
 * some and the registry has the consumer's; what the consumer signed and what the record's digest is over stays as sent.
 * @throws GatewayError `request_invalid` with a pointer to each code that is not mapped.
 */
export function mapCodes(
  request: InboundRequest,
  { codes }: Pick<Operation, 'codes'>,
  consumer: Subsystem | undefined,
): InboundRequest {
  if (codes === undefined || consumer?.codes === undefined) return request
  const errors: Violation[] = []
  let { json } = request
  for (const [pointer, list] of Object.entries(codes)) {
    const own = consumer.codes[list]
    const value = own && readPointer(json, pointer)
    if (own === undefined || typeof value !== 'string') continue
    const national = Object.hasOwn(own, value) ? own[value] : undefined
    if (national === undefined) errors.push({ pointer, ...UNMAPPED })
    else json = withValue(json, parsePointer(pointer), national)
  }
  if (errors.length > 0) throw new GatewayError('request_invalid', { errors })
  return json === request.json ? request : { ...request, json, body: Buffer.from(JSON.stringify(json)) }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { isMembers, type Members } from './consumer-reply.ts'
import { usageFault } from './fault.ts'
import { nearest } from './suggest.ts'

/** How an operation of a contract is called. */
export interface OperationAddress {
  readonly method: string
  /** Below the service; `{name}` stands for a parameter. */
  readonly pathTemplate: string
  /** `submit` needs an Idempotency-Key. */
  readonly kind: string
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

function operationsOf(contract: unknown): ReadonlyMap<string, OperationAddress> {
  const paths = isMembers(contract) && isMembers(contract['paths']) ? contract['paths'] : {}
  const operations = new Map<string, OperationAddress>()
  for (const [pathTemplate, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation: unknown = isMembers(item) ? item[method] : undefined
      if (!isMembers(operation) || typeof operation['operationId'] !== 'string') continue
      const exchange: Members = isMembers(operation['x-exchange']) ? operation['x-exchange'] : {}
      const kind = String(exchange['kind'])
      operations.set(operation['operationId'], { method: method.toUpperCase(), pathTemplate, kind })
    }
  }
  return operations
}

/**
 * Looks an operation up in the contract, kept where the catalogue keeps it:
 * `services/{agency}/{subsystem}/{service}.{version}.yaml`.
 * @throws CliFault with exit code 2 where there is none, naming the nearest.
 */
export function findOperation(schemasDir: string, service: string, name: string): OperationAddress {
  const file = join(schemasDir, 'services', `${service.replace(/\/(?=[^/]*$)/, '.')}.yaml`)
  let operations: ReadonlyMap<string, OperationAddress>
  try {
    operations = operationsOf(parse(readFileSync(file, 'utf8')))
  } catch {
    throw usageFault(
      { vi: `Không đọc được hợp đồng ${file}.`, en: `The contract ${file} cannot be read.` },
      {
        vi: 'Chỉ thư mục lược đồ bằng --schemas, hoặc gõ đường dẫn (bắt đầu bằng /) thay cho tên thao tác.',
        en: 'Name the schemas folder with --schemas, or give a path (beginning with /) for the operation.',
      },
    )
  }
  const found = operations.get(name)
  if (found !== undefined) return found
  const meant = nearest(name, operations.keys())
  const known = [...operations.keys()].join(', ')
  throw usageFault(
    { vi: `${service} không có thao tác “${name}”.`, en: `${service} has no operation '${name}'.` },
    meant === undefined
      ? { vi: `Có các thao tác: ${known}.`, en: `It has ${known}.` }
      : { vi: `Có phải bạn muốn: ${meant}?`, en: `Did you mean ${meant}?` },
  )
}

import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import {
  type CompiledCatalogue,
  compileCatalogue,
  type SchemaDocument,
} from '../../src/contract/catalogue.ts'
import type { Operation } from '../../src/contract/contract.ts'

const SCHEMAS = new URL('../../schemas/', import.meta.url)

/** The dictionary and the contracts as they stand in `schemas/`. */
export function readSchemas(): readonly SchemaDocument[] {
  return readdirSync(SCHEMAS, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(?:dictionary|services)\/.*\.yaml$/.test(path))
    .map((path) => ({ path, content: parse(readFileSync(new URL(path, SCHEMAS), 'utf8')) as unknown }))
}

/** They, compiled as the gateway compiles them. */
export function compileSchemas(syntheticPersons: boolean): CompiledCatalogue {
  return compileCatalogue(readSchemas(), { syntheticPersons, check: 'full' })
}

export const CONTRACTS = {
  population: 'services/G01/dan-cu/cong-dan.v1.yaml',
  land: 'services/G10/dat-dai/thua-dat.v1.yaml',
  tax: 'services/G12/thue/nguoi-nop-thue.v1.yaml',
} as const

/** @throws where there is no such operation. */
export function operationOf(
  { catalogue }: CompiledCatalogue,
  agency: keyof typeof CONTRACTS,
  id: string,
): Operation {
  const operation = catalogue.contract(CONTRACTS[agency])?.operations.get(id)
  if (operation === undefined) throw new Error(`no operation ${id}`)
  return operation
}

/** Checks a request body alone. */
export function checkBody(operation: Operation, body: unknown): void {
  operation.checkRequest({ pathParameters: {}, query: undefined, body })
}

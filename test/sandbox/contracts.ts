import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import {
  type CompiledCatalogue,
  compileCatalogue,
  type SchemaDocument,
} from '../../src/contract/catalogue.ts'
import type { Operation } from '../../src/contract/contract.ts'
import { AGENCIES, type AgencyName } from '../../src/sandbox/agencies.ts'

interface DescribedRequest {
  readonly operationId: string
  readonly requestBody: {
    readonly content: {
      readonly 'application/json': { readonly examples: Readonly<Record<string, { readonly $ref: string }>> }
    }
  }
}

interface ContractDocument {
  readonly paths: Readonly<Record<string, { readonly post: DescribedRequest }>>
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: object }>> }
}

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

/** @returns the path of the contract that an agency of the sandbox answers. */
export function contractOf(agency: AgencyName): string {
  return `services/${AGENCIES[agency].service.replace(/\/(v\d+)$/, '.$1')}.yaml`
}

/** @throws where there is no such operation. */
export function operationOf({ catalogue }: CompiledCatalogue, agency: AgencyName, id: string): Operation {
  const operation = catalogue.contract(contractOf(agency))?.operations.get(id)
  if (operation === undefined) throw new Error(`no operation ${id}`)
  return operation
}

/** Checks a request body alone. */
export function checkBody(operation: Operation, body: unknown): void {
  operation.checkRequest({ pathParameters: {}, query: undefined, body })
}

/** @returns the examples of an operation's request, as its contract gives them. */
export function examplesOf(agency: AgencyName, id: string): readonly object[] {
  const document = parse(readFileSync(new URL(contractOf(agency), SCHEMAS), 'utf8')) as ContractDocument
  const described = Object.values(document.paths).find(({ post }) => post.operationId === id)?.post
  const { examples = {} } = described?.requestBody.content['application/json'] ?? {}
  return Object.values(examples).map(({ $ref }) => {
    const example = document.components.examples[$ref.split('/').at(-1) ?? '']
    if (example === undefined) throw new Error(`no example ${$ref}`)
    return example.value
  })
}
